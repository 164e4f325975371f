//! Sessions that last: what a run continues, what is kept of it, and who may have it.

use serde_json::{Value, json};

use super::support::{
    Answer, Frames, Gate, House, Program, Scripted, Shell, TOKEN, config_for, http, merged, reply,
};

fn say(text: &str) -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": text }] })
}

fn of_user(mut body: Value, user: &str) -> Value {
    body["user"] = json!(user);
    body
}

/// The conversation that a request to the provider held, as `role: text`.
fn context(provider: &Scripted, request: usize) -> Vec<String> {
    let body = provider.requests()[request].json();
    let messages = body["messages"].as_array().unwrap().clone();
    messages
        .iter()
        .map(|message| {
            format!(
                "{}: {}",
                message["role"].as_str().unwrap(),
                message["content"].as_str().unwrap_or("-")
            )
        })
        .collect()
}

#[tokio::test]
async fn a_client_that_sends_one_line_a_time_has_a_conversation() {
    let provider = Scripted::start().await;
    for text in ["A1", "A2", "A3"] {
        provider.push(Answer::chat_auto(text));
    }
    let house = House::before(&provider).await;

    let first = house.chat(of_user(say("Q1"), "ann")).await;
    assert_eq!(
        first.header("x-openclaw-session-key"),
        Some("agent:main:openai-user:ann")
    );
    let mut streamed = of_user(say("Q2"), "ann");
    streamed["stream"] = json!(true);
    house.chat(streamed).await;
    house.chat(of_user(say("Q3"), "ann")).await;

    assert_eq!(
        context(&provider, 2),
        [
            "user: Q1",
            "assistant: A1",
            "user: Q2",
            "assistant: A2",
            "user: Q3"
        ]
    );
    // The user names the session; the provider is told as well.
    assert_eq!(provider.requests()[0].json()["user"], "ann");
}

#[tokio::test]
async fn a_client_that_resends_everything_is_not_doubled_and_an_edit_is_a_branch() {
    let provider = Scripted::start().await;
    for text in ["A1", "A2", "B1", "C1"] {
        provider.push(Answer::chat_auto(text));
    }
    let house = House::before(&provider).await;
    let turn = |role: &str, text: &str| json!({ "role": role, "content": text });
    let chat = |messages: Value| house.chat(of_user(json!({ "messages": messages }), "ann"));

    chat(json!([turn("user", "Q1")])).await;
    chat(json!([
        turn("user", "Q1"),
        turn("assistant", " A1 "),
        turn("user", "Q2")
    ]))
    .await;
    assert_eq!(
        context(&provider, 1),
        ["user: Q1", "assistant: A1", "user: Q2"]
    );

    chat(json!([
        turn("user", "Q1"),
        turn("assistant", "edited"),
        turn("user", "Q3")
    ]))
    .await;
    assert_eq!(
        context(&provider, 2),
        ["user: Q1", "assistant: edited", "user: Q3"]
    );

    // The session goes on where it was last.
    chat(json!([turn("user", "Q4")])).await;
    assert_eq!(
        context(&provider, 3),
        [
            "user: Q1",
            "assistant: edited",
            "user: Q3",
            "assistant: B1",
            "user: Q4"
        ]
    );
}

#[tokio::test]
async fn a_session_key_is_scoped_to_the_agent_and_foreign_or_reserved_ones_are_refused() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let with_key = |key: &str| {
        reply(
            house
                .posting("/v1/chat/completions", &say("hi"))
                .header("x-openclaw-session-key", key),
        )
    };

    assert_eq!(
        with_key("notes").await.header("x-openclaw-session-key"),
        Some("agent:main:notes")
    );
    assert_eq!(with_key("agent:main:notes").await.status, 200);
    assert_eq!(context(&provider, 1).len(), 3);
    for key in [
        "agent:beta:notes",
        "SubAgent:x",
        "agent:main:cron:x",
        "acp:1",
    ] {
        assert_eq!(with_key(key).await.status, 400, "{key}");
    }
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_stateless_request_writes_nothing() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let reply = house.chat(say("hi")).await;
    assert_eq!(reply.header("x-openclaw-session-key"), None);
    assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);

    let not = House::changed(
        &provider,
        json!({ "gateway": { "http": { "sessions": { "fromUser": false } } } }),
    )
    .await;
    not.chat(of_user(say("hi"), "ann")).await;
    assert_eq!(std::fs::read_dir(not.state()).unwrap().count(), 0);
}

#[tokio::test]
async fn fifty_posts_at_once_to_one_session_are_fifty_whole_turns() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(|request| {
        let last = request.json()["messages"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["content"]
            .clone();
        Answer::chat_auto(&format!("answer to {}", last.as_str().unwrap()))
    }));
    let house = House::before(&provider).await;

    let posts = (0..50).map(|number| house.chat(of_user(say(&format!("Q{number}")), "ann")));
    for reply in futures_util::future::join_all(posts).await {
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    house.chat(of_user(say("end"), "ann")).await;
    let whole = context(&provider, 50);
    assert_eq!(whole.len(), 101);
    for pair in whole[..100].chunks(2) {
        assert_eq!(pair[1], pair[0].replace("user: ", "assistant: answer to "));
    }
}

#[tokio::test]
async fn what_was_said_before_a_hang_up_is_kept() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["half ", "an answer"]).pause_before(2, &gate));
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let mut body = of_user(say("Q1"), "ann");
    body["stream"] = json!(true);
    let mut frames = Frames::of(house.streaming(body).await);
    while !frames.next().await.unwrap().contains("half") {}
    drop(frames);
    provider.hung_up().await;

    house.chat(of_user(say("Q2"), "ann")).await;

    assert_eq!(
        context(&provider, 1),
        ["user: Q1", "assistant: half ", "user: Q2"]
    );
}

#[tokio::test]
async fn a_failed_run_keeps_no_turn() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(401, "no", "x"));
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    assert_eq!(house.chat(of_user(say("Q1"), "ann")).await.status, 502);
    house.chat(of_user(say("Q2"), "ann")).await;
    assert_eq!(context(&provider, 1), ["user: Q2"]);
}

#[tokio::test]
async fn the_oldest_turns_are_left_out_when_the_window_is_full_or_summed_up_where_that_is_wanted() {
    for mode in ["off", "summarize"] {
        let provider = Scripted::start().await;
        provider.always(Answer::from_fn(|request| {
            let system = request.json()["messages"][0]["content"]
                .as_str()
                .unwrap()
                .to_owned();
            Answer::chat_auto(if system.starts_with("You sum up") {
                "they talked of x"
            } else {
                "ok"
            })
        }));
        let changes = json!({ "agents": { "defaults": { "contextTokens": 400, "compaction": { "mode": mode } } } });
        let house = House::changed(&provider, changes).await;
        let long = |number: usize| format!("{number}{}", "x".repeat(399));
        for number in 0..4 {
            assert_eq!(
                house.chat(of_user(say(&long(number)), "ann")).await.status,
                200
            );
        }
        let last = context(&provider, provider.requests().len() - 1);
        let first = if mode == "off" {
            format!("user: {}", long(2))
        } else {
            "user: Summary of the conversation so far:\nthey talked of x".to_owned()
        };
        assert_eq!(last[0], first, "{mode}");
        assert_eq!(*last.last().unwrap(), format!("user: {}", long(3)));
    }
}

#[tokio::test]
async fn a_client_that_resends_everything_keeps_the_summary_of_its_session() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(|request| {
        let system = request.json()["messages"][0]["content"]
            .as_str()
            .unwrap()
            .to_owned();
        // Longer than it was asked for: it is cut.
        Answer::chat_auto(&if system.starts_with("You sum up") {
            "s".repeat(6000)
        } else {
            "ok".to_owned()
        })
    }));
    let changes = json!({ "agents": { "defaults": { "contextTokens": 400, "compaction": { "mode": "summarize" } } } });
    let house = House::changed(&provider, changes).await;
    let mut messages = Vec::new();
    for number in 0..30 {
        messages.push(
            json!({ "role": "user", "content": format!("question {number} {}", "x".repeat(40)) }),
        );
        let reply = house
            .chat(of_user(json!({ "messages": messages }), "ann"))
            .await;
        assert_eq!(reply.status, 200, "{number}: {}", reply.text());
        messages.push(json!({ "role": "assistant", "content": reply.said() }));
    }
    let last = context(&provider, provider.requests().len() - 1);
    assert!(
        last[0].starts_with("user: Summary of the conversation so far:\nsss"),
        "{}",
        last[0]
    );
    assert!(last.len() < 20, "{}", last.len());
    let summaries = provider.requests().len() - 30;
    assert!((1..15).contains(&summaries), "{summaries}");
}

#[tokio::test]
async fn a_tool_result_alone_answers_the_call_that_the_session_keeps() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[("c1", "weather", json!({}))]));
    provider.push(Answer::chat_auto("cold"));
    let house = House::before(&provider).await;
    let mut first = of_user(say("how is it?"), "ann");
    first["tools"] = json!([{ "type": "function", "function": { "name": "weather" } }]);
    house.chat(first).await;
    let result =
        |id: &str| json!({ "messages": [{ "role": "tool", "tool_call_id": id, "content": "-3" }] });

    assert_eq!(house.chat(result("c1")).await.status, 400);
    assert_eq!(
        house.chat(of_user(result("other"), "ann")).await.status,
        400
    );
    assert_eq!(
        house.chat(of_user(result("c1"), "ann")).await.said(),
        "cold"
    );
    assert_eq!(
        context(&provider, 1),
        ["user: how is it?", "assistant: -", "tool: -3"]
    );
}

#[tokio::test]
async fn what_cannot_fit_at_all_is_refused_before_anyone_is_asked() {
    let provider = Scripted::start().await;
    let house = House::changed(
        &provider,
        json!({ "agents": { "defaults": { "contextTokens": 100 } } }),
    )
    .await;
    let reply = house.chat(say(&"x".repeat(900))).await;
    assert_eq!(reply.fault(), (400, "context_length_exceeded".to_owned()));
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn the_command_line_and_the_server_share_sessions_across_a_restart() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let config = config_for(&provider);
    let shell = Shell::with(&config);
    let first = shell.run(&[
        "agent",
        "--json",
        "--session-key",
        "notes",
        "from the terminal",
    ]);
    assert_eq!(first.json()["sessionKey"], "agent:main:notes");

    for text in ["over HTTP", "after a restart"] {
        let program = Program::serve_in(&shell);
        let client = http();
        let request = client
            .post(format!("http://{}/v1/chat/completions", program.address()))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .header("x-openclaw-session-key", "notes");
        assert_eq!(reply(request.body(say(text).to_string())).await.status, 200);
    }

    let expected = [
        "user: from the terminal",
        "assistant: ok",
        "user: over HTTP",
        "assistant: ok",
        "user: after a restart",
    ];
    assert_eq!(context(&provider, 2), expected);
    let list = shell.run(&["sessions", "list", "--json"]).json();
    assert_eq!(list[0]["key"], "agent:main:notes");
    assert_eq!(list[0]["turns"], 3);
    assert!(
        shell
            .run(&["sessions", "show", "notes"])
            .out
            .contains("from the terminal")
    );
    assert_eq!(shell.run(&["sessions", "delete", "notes"]).code, Some(0));
    assert_eq!(shell.run(&["sessions", "list", "--json"]).json(), json!([]));
    assert_ne!(shell.run(&["sessions", "show", "notes"]).code, Some(0));
}

#[test]
fn the_command_line_says_what_it_has_deleted_when_another_session_is_not_there() {
    let shell = Shell::new();
    for key in ["a", "b", "c"] {
        let ran = shell.run(&["agent", "--session-key", key, "hi"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let ran = shell.run(&["sessions", "delete", "a", "nope", "b", "no"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    let told: Vec<&str> = ran.err.lines().collect();
    assert_eq!(told[..2], ["deleted agent:main:a", "deleted agent:main:b"]);
    assert!(
        told[2].starts_with("error: there is no session `nope`, `no`;"),
        "{ran:?}"
    );

    let ran = shell.run(&["sessions", "delete", "--json", "nope", "c"]);
    assert_eq!((ran.code, ran.json()), (Some(2), json!(["agent:main:c"])));
    let ran = shell.run(&["agent", "--session-key", "", "hi"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
}

#[test]
fn the_command_line_prints_json_of_sessions_and_says_where_there_is_none() {
    let shell = Shell::new();
    let kept = shell.run(&["agent", "--json", "--session-key", "a", "hi"]);
    assert_eq!(kept.json()["sessionKey"], "agent:main:a");
    let exported = shell.run(&["sessions", "export", "a", "--json"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    assert_eq!(exported, shell.run(&["sessions", "export", "a"]));

    let stateless = shell.run(&["agent", "--json", "hi"]).json();
    assert_eq!(stateless.get("sessionKey"), Some(&json!(null)));
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_503_and_says_nothing_of_its_place() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::start(merged(config_for(&provider), json!({}))).await;
    std::fs::create_dir(house.state().join("openclaw.sqlite")).unwrap();
    let reply = house.chat(of_user(say("Q1"), "ann")).await;
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.json()["error"]["type"], "server_error");
    assert!(!reply.text().contains(house.state().to_str().unwrap()));
    assert_eq!(house.chat(say("stateless")).await.status, 200);
}
