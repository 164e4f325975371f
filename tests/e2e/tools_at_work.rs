//! Tools at work: long runs, tools that hang, flood, die or are left alone, what policies leave of them, and what the
//! tools for memory and sessions bring to light.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::support::{
    Answer, House, Program, Recorded, Scripted, Shell, TOKEN, config_for, http, merged, reply,
    within,
};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

/// A workspace, and a configuration whose agent may use every tool in it.
fn workspace() -> (tempfile::TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let agent = json!({ "workspace": dir.path(), "tools": { "profile": "full" } });
    (dir, json!({ "agents": { "defaults": agent } }))
}

fn offered(request: &Recorded) -> String {
    let tools = request.json()["tools"].as_array().cloned();
    let names: Vec<String> = tools
        .unwrap_or_default()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
        .collect();
    names.join(" ")
}

/// The ids and texts of the tool results that a request to the provider holds, in their order.
fn results(request: &Recorded) -> Vec<(String, String)> {
    let messages = request.json()["messages"].as_array().unwrap().clone();
    let text = |message: &Value, member: &str| message[member].as_str().unwrap().to_owned();
    messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| (text(message, "tool_call_id"), text(message, "content")))
        .collect()
}

/// What the model is told of a command, in a run that goes on to its answer.
async fn told_of(command: &str, changes: Value) -> String {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "exec",
        json!({ "command": command }),
    )]));
    provider.push(Answer::chat_text("went on"));
    let (_dir, usual) = workspace();
    let house = House::changed(&provider, merged(usual, changes)).await;
    assert_eq!(house.chat(hello()).await.said(), "went on");
    results(&provider.requests()[1]).remove(0).1
}

#[tokio::test]
async fn twelve_rounds_of_four_parallel_calls_end_with_all_results_in_order() {
    const ROUNDS: usize = 12;
    let provider = Scripted::start().await;
    let mut expected = Vec::new();
    for round in 0..ROUNDS {
        let [first, second, third, last] = [0, 1, 2, 3].map(|call| format!("c{round}-{call}"));
        // The first call of a round cannot end before the last has begun.
        let waits = format!("until [ -e {last} ]; do sleep 0.01; done; echo {first}");
        let frees = format!("touch {last}; echo {last}");
        let echo = |id: &String| json!({ "command": format!("echo {id}") });
        provider.push(Answer::chat_tool_calls(&[
            (&first, "exec", json!({ "command": waits })),
            (&second, "exec", echo(&second)),
            (&third, "exec", echo(&third)),
            (&last, "exec", json!({ "command": frees })),
        ]));
        expected.extend([first, second, third, last].map(|id| (id.clone(), id)));
    }
    provider.push(Answer::chat_text("all done"));
    let (_dir, changes) = workspace();
    let house = House::changed(&provider, changes).await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.said(), "all done");
    let requests = provider.requests();
    assert_eq!(requests.len(), ROUNDS + 1);
    assert_eq!(results(&requests[ROUNDS]), expected);
    assert_eq!(
        reply.json()["usage"]["total_tokens"],
        18 * requests.len() as u64
    );
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_at_its_limit() {
    let limit = json!({ "tools": { "exec": { "timeoutSec": 0.2 } } });
    assert_eq!(
        told_of("echo begun; sleep 600", limit).await,
        "begun\n[ended: not done within 0.2 s]"
    );
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_says_so() {
    let told = told_of("yes flood", json!({})).await;
    assert!(told.len() < 50_000, "{}", told.len());
    assert!(told.starts_with("flood\nflood\n"));
    assert!(told.contains(" bytes of output left out]\n"));
    assert!(told.ends_with("\n[ended: too much output]"));
}

#[tokio::test]
async fn a_command_that_dies_is_told_as_it_is() {
    assert_eq!(
        told_of("echo begun; kill -9 $$", json!({})).await,
        "begun\n[ended by a signal]"
    );
}

/// Tells when something has opened the named pipe and written a line, and when the last that held it open is gone.
fn watch(pipe: std::path::PathBuf) -> (oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (up, is_up) = oneshot::channel();
    let (gone, is_gone) = oneshot::channel();
    // Ends with the last holder of the pipe; nobody waits for it.
    std::thread::spawn(move || {
        let mut reader = BufReader::new(std::fs::File::open(pipe).unwrap());
        reader.read_line(&mut String::new()).unwrap();
        up.send(()).unwrap();
        reader.read_to_end(&mut Vec::new()).unwrap();
        gone.send(()).unwrap();
    });
    (is_up, is_gone)
}

#[tokio::test]
async fn a_hang_up_ends_the_command_and_all_that_it_started() {
    let provider = Scripted::start().await;
    let command =
        "exec 3>alive; (sleep 600; touch outlived) & echo up >&3; sleep 600; touch outlived";
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "exec",
        json!({ "command": command }),
    )]));
    let (dir, changes) = workspace();
    let house = House::changed(&provider, changes).await;
    let (is_up, is_gone) = watch(dir.path().join("alive"));

    {
        let waiting = house.posting("/v1/chat/completions", &hello()).send();
        tokio::select! {
            answered = waiting => panic!("over already: {answered:?}"),
            up = within(|| "the command".to_owned(), is_up) => up.unwrap(),
        }
    }

    let gone = within(|| "the end of the command".to_owned(), is_gone);
    gone.await.unwrap();
    assert!(!dir.path().join("outlived").exists());
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn policies_decide_what_the_model_is_offered() {
    let all = "edit exec grep ls memory_get memory_search read session_status sessions_history sessions_list web_fetch write";
    let cases = [
        (json!({}), json!({ "profile": "full" }), all),
        (
            json!({}),
            json!({ "allow": ["group:fs"], "deny": ["write", "edit"] }),
            "grep ls read",
        ),
        (
            json!({ "deny": ["group:runtime", "group:web"] }),
            json!({ "allow": ["exec", "web_*", "ls"] }),
            "ls",
        ),
        (
            json!({ "profile": "full" }),
            json!({ "profile": "messaging" }),
            "session_status sessions_history sessions_list",
        ),
        (
            json!({ "profile": "full", "byProvider": { "mock": { "allow": ["memory_*"] } } }),
            json!({}),
            "memory_get memory_search",
        ),
        (
            json!({ "profile": "full", "byProvider": { "mock/m1": { "deny": ["*"] } } }),
            json!({}),
            "",
        ),
        (
            json!({ "profile": "full" }),
            json!({ "profile": "minimal" }),
            "",
        ),
    ];
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    for (place, (global, own, expected)) in cases.into_iter().enumerate() {
        let (_dir, mut changes) = workspace();
        changes["tools"] = global.clone();
        changes["agents"]["defaults"]["tools"] = own.clone();
        let house = House::changed(&provider, changes).await;
        house.chat(hello()).await;
        let request = &provider.requests()[place];
        assert_eq!(offered(request), expected, "{global} {own}");
    }
}

#[tokio::test]
async fn sessions_are_shown_to_their_owner_alone() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("noted"));
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "session_status", json!({})),
        ("c2", "sessions_list", json!({})),
        (
            "c3",
            "sessions_history",
            json!({ "key": "agent:main:notes" }),
        ),
        (
            "c4",
            "sessions_history",
            json!({ "key": "agent:other:notes" }),
        ),
    ]));
    provider.always(Answer::chat_text("ok"));
    let (_dir, changes) = workspace();
    let house = House::changed(&provider, changes.clone()).await;
    let chat = |house: &House| house.posting("/v1/chat/completions", &hello());

    reply(chat(&house).header("x-openclaw-session-key", "notes")).await;
    reply(chat(&house).header("x-openclaw-session-key", "now")).await;

    let told: Vec<String> = results(&provider.requests()[2])
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert!(told[0].contains("\nsession: agent:main:now\n"), "{told:?}");
    assert!(
        told[1].starts_with("agent:main:notes: 1 turns, last used "),
        "{told:?}"
    );
    assert_eq!(told[1].lines().count(), 1);
    assert_eq!(told[2], "user: hello\nassistant: noted");
    assert_eq!(
        told[3],
        "you have no such session with this user; see sessions_list"
    );

    reply(chat(&house).header("x-openclaw-sender-is-owner", "false")).await;
    let public = json!({ "agents": { "defaults": { "publicMode": true } } });
    let public = House::changed(&provider, merged(changes, public)).await;
    reply(chat(&public).header("x-openclaw-sender-is-owner", "true")).await;
    for request in &provider.requests()[3..] {
        let offered = offered(request);
        assert!(offered.contains("session_status"), "{offered}");
        assert!(!offered.contains("sessions_"), "{offered}");
    }
}

/// Embeds a text as how often words of three subjects stand in it.
fn by_subject(request: &Recorded) -> Answer {
    let body = request.json();
    let inputs = body["input"].as_array().unwrap();
    let vector = |input: &Value| {
        let text = input.as_str().unwrap();
        ["tea", "cat", "bill"].map(|word| text.matches(word).count() as f32)
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| json!({ "object": "embedding", "index": index, "embedding": vector(input) }))
        .collect();
    Answer::json(
        200,
        json!({ "object": "list", "data": data, "model": "e1", "usage": { "prompt_tokens": 1, "total_tokens": 1 } }),
    )
}

#[tokio::test]
async fn memory_is_searched_by_meaning_and_embedded_once_over_restarts() {
    let provider = Scripted::start().await;
    provider.on("/embeddings", Answer::from_fn(by_subject));
    let (dir, changes) = workspace();
    std::fs::create_dir(dir.path().join("memory")).unwrap();
    for (file, text) in [
        ("MEMORY.md", "# Cats\nThe cat is called Mimi.\n"),
        ("memory/bills.md", "The bill is paid in May.\n"),
        ("memory/tea.md", "He drinks tea.\n"),
    ] {
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    let shell = Shell::with(&merged(config_for(&provider), changes));
    let client = http();
    for (query, found) in [
        (
            "which tea?",
            "memory/tea.md:1-1 (score 1.00)\nHe drinks tea.",
        ),
        (
            "whose cat?",
            "MEMORY.md:1-2 (score 1.00)\n# Cats\nThe cat is called Mimi.",
        ),
    ] {
        let arguments = json!({ "query": query, "max_results": 1 });
        provider.push(Answer::chat_tool_calls(&[(
            "c1",
            "memory_search",
            arguments,
        )]));
        provider.push(Answer::chat_text("ok"));
        let program = Program::serve_in(&shell);
        let request = client
            .post(format!("http://{}/v1/chat/completions", program.address()))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(hello().to_string());
        assert_eq!(reply(request).await.status, 200);
        let last = provider.requests().pop().unwrap();
        assert_eq!(results(&last), [("c1".to_owned(), found.to_owned())]);
    }

    let mut embedded: Vec<String> = provider
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/embeddings"))
        .flat_map(|request| request.json()["input"].as_array().unwrap().clone())
        .map(|input| input.as_str().unwrap().to_owned())
        .collect();
    embedded.sort();
    assert_eq!(
        embedded,
        [
            "# Cats\nThe cat is called Mimi.\n",
            "He drinks tea.\n",
            "The bill is paid in May.\n",
            "which tea?",
            "whose cat?"
        ]
    );
}
