//! Tools of MCP servers in runs: a real server, and one that misbehaves in every way.

mod address;
mod lifetime;
mod streams;
mod words;

use serde_json::{Value, json};

use super::support::{
    Answer, House, Recorded, Scripted, Shell, clients, config_for, merged, python,
};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

fn offered(request: &Recorded) -> Vec<String> {
    let tools = request.json()["tools"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

/// What the model was last told by a tool.
fn told(request: &Recorded) -> String {
    let messages = request.json()["messages"].clone();
    let last = messages.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["role"], "tool", "{last}");
    last["content"].as_str().unwrap().to_owned()
}

/// A configuration whose agent may use `allow` of the server `odd`.
fn odd(allow: &[&str], args: &[&str]) -> Option<Value> {
    let mut all = vec![clients().join("odd_mcp.py").display().to_string()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    Some(json!({
        "mcp": { "servers": { "odd": {
            "command": python()?, "args": all, "env": { "OWN": "1" },
            "startTimeoutSeconds": 60, "timeoutSeconds": 60,
        } } },
        "tools": { "allow": allow },
    }))
}

/// The same with half a second for a call.
fn impatient(allow: &[&str], args: &[&str]) -> Option<Value> {
    let limit = json!({ "mcp": { "servers": { "odd": { "timeoutSeconds": 0.5 } } } });
    Some(merged(odd(allow, args)?, limit))
}

/// One run in which the model calls this tool of the server; what the model was told.
async fn calling(provider: &Scripted, house: &House, tool: &str) -> String {
    let arguments = json!({ "text": "hi" });
    provider.push(Answer::chat_tool_calls(&[("c1", tool, arguments)]));
    provider.push(Answer::chat_text("done"));
    let reply = house.chat(hello()).await;
    assert_eq!(reply.said(), "done", "the run goes on");
    told(provider.requests().last().unwrap())
}

#[tokio::test]
async fn a_real_server_tells_the_time_and_its_tools_are_listed_by_the_command_line() {
    let Some(python) = python() else { return };
    let provider = Scripted::start().await;
    let config = json!({
        "mcp": { "servers": { "time": { "command": python, "args": ["-m", "mcp_server_time", "--local-timezone", "UTC"] } } },
        "tools": { "allow": ["time__*"] },
    });
    let shell = Shell::with(&merged(config_for(&provider), config));
    let listed = shell.run(&["mcp", "list", "--probe", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&listed.out).unwrap(),
        json!([{ "id": "time", "transport": "stdio", "enabled": true, "error": null,
                 "tools": ["time__get_current_time", "time__convert_time"] }])
    );

    let arguments =
        json!({ "source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo" });
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "time__convert_time",
        arguments,
    )]));
    provider.push(Answer::chat_text("It is nine in the evening."));
    let answer = shell.run(&["agent", "--no-stream", "what is noon in Tokyo?"]);
    assert_eq!(answer.out, "It is nine in the evening.\n", "{answer:?}");
    let result: Value = serde_json::from_str(&told(&provider.requests()[1])).unwrap();
    assert_eq!(result["time_difference"], "+9.0h");
}

#[tokio::test]
async fn a_tool_is_called_by_its_name_and_sees_only_its_own_variables() {
    let Some(changes) = odd(&["odd__*"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let told = calling(&provider, &house, "odd__exec").await;
    assert_eq!(
        offered(&provider.requests()[0]),
        [
            "echo", "exec", "die", "hang", "flood", "burst", "change", "no_space"
        ]
        .map(|name| format!("odd__{name}"))
    );
    let variables = told.strip_prefix("exec: hi ").unwrap();
    let variables: Vec<String> = serde_json::from_str(&variables.replace('\'', "\"")).unwrap();
    // What the C library and Python add of their own begins with LC_ or an underscore.
    let variables: Vec<&String> = variables
        .iter()
        .filter(|name| !name.starts_with(['L', '_']))
        .collect();
    assert_eq!(variables, ["OWN"]);
}

#[tokio::test]
async fn a_server_that_dies_in_a_call_is_started_again_after_a_rest() {
    let Some(changes) = odd(&["odd__*"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    assert_eq!(
        calling(&provider, &house, "odd__die").await,
        "the MCP server `odd` failed: it died during the call"
    );
    // It rests: what stands in for its tools says why.
    assert_eq!(
        calling(&provider, &house, "odd__unavailable").await,
        "the MCP server `odd` is not there: it has died"
    );
    super::support::within(|| "the server to be back".to_owned(), async {
        while !calling(&provider, &house, "odd__echo")
            .await
            .starts_with("echo: hi")
        {}
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_ends_the_call_by_its_limit() {
    let Some(changes) = impatient(&["odd__hang"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    assert_eq!(
        calling(&provider, &house, "odd__hang").await,
        "the MCP server `odd` did not answer within 0.5 s; what it did so far stays done"
    );
}

#[tokio::test]
async fn a_flood_is_cut_and_one_beyond_all_bounds_is_no_answer() {
    let Some(changes) = odd(&["odd__*"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let flood = calling(&provider, &house, "odd__flood").await;
    assert!(
        flood.len() <= 50_000 && flood.contains("[cut: "),
        "{}",
        flood.len()
    );
    assert_eq!(
        calling(&provider, &house, "odd__burst").await,
        "the MCP server `odd` failed: its answer cannot be used"
    );
}

#[tokio::test]
async fn a_server_that_hangs_is_started_again() {
    let Some(changes) = impatient(&["odd__*"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    calling(&provider, &house, "odd__hang").await;
    // It says nothing to a ping either, and was given up.
    super::support::within(|| "the server to be back".to_owned(), async {
        while !calling(&provider, &house, "odd__echo")
            .await
            .starts_with("echo: hi")
        {}
    })
    .await;
}

#[tokio::test]
async fn a_server_that_froze_while_nobody_used_it_is_started_again_unseen() {
    let Some(changes) = odd(&["odd__*"], &["freezing"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    assert!(
        calling(&provider, &house, "odd__echo")
            .await
            .starts_with("echo: hi")
    );
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    assert!(
        calling(&provider, &house, "odd__echo")
            .await
            .starts_with("echo: hi")
    );
}

#[tokio::test]
async fn a_server_that_changes_its_tools_offers_the_new_ones_in_the_next_run() {
    let Some(changes) = odd(&["odd__*"], &[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    assert_eq!(
        calling(&provider, &house, "odd__change").await,
        "there is more now"
    );
    assert!(
        calling(&provider, &house, "odd__later")
            .await
            .starts_with("later: hi")
    );
}

#[tokio::test]
async fn a_server_that_will_not_start_has_a_tool_that_says_so() {
    let provider = Scripted::start().await;
    let missing = json!({
        "mcp": { "servers": { "odd": { "command": "no-such-program-anywhere" } } },
        "tools": { "allow": ["odd__echo"] },
    });
    let house = House::changed(&provider, missing).await;
    assert_eq!(
        calling(&provider, &house, "odd__unavailable").await,
        "the MCP server `odd` is not there: its program `no-such-program-anywhere` cannot be started: there is no such program"
    );
    assert_eq!(offered(&provider.requests()[0]), ["odd__unavailable"]);

    let Some(silent) = odd(&["odd__*"], &["silent"]) else {
        return;
    };
    let hurried = json!({ "mcp": { "servers": { "odd": { "startTimeoutSeconds": 0.3 } } } });
    let house = House::changed(&provider, merged(silent, hurried)).await;
    assert_eq!(
        calling(&provider, &house, "odd__unavailable").await,
        "the MCP server `odd` is not there: it did not start within 0.3 s"
    );
}

#[tokio::test]
async fn nothing_is_started_for_agents_that_may_use_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("started");
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let with = |tools: Value, agent: Value| {
        json!({
            "mcp": { "servers": { "odd": { "command": "touch", "args": [mark], "startTimeoutSeconds": 5 } } },
            "tools": tools, "agents": { "defaults": agent },
        })
    };
    for (tools, agent) in [
        (json!({}), json!({})),
        (json!({ "profile": "coding" }), json!({})),
        (json!({ "allow": ["read", "oddity__*"] }), json!({})),
        (json!({ "profile": "full", "deny": ["odd__*"] }), json!({})),
        (json!({ "profile": "full" }), json!({ "publicMode": true })),
    ] {
        let house = House::changed(&provider, with(tools.clone(), agent)).await;
        house.chat(hello()).await;
        assert!(!mark.exists(), "{tools}");
    }
    let house = House::changed(&provider, with(json!({ "profile": "full" }), json!({}))).await;
    house.chat(hello()).await;
    assert!(mark.exists(), "where it may be used it is started");
}
