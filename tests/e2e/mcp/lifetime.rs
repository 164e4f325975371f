//! When programs of servers end: never before their calls, and never later than the gateway.

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{calling, hello, odd, told};
use crate::support::{
    Answer, House, Program, Scripted, TOKEN, config_for, http, merged, reply, within,
};

/// Where the program of a server, and its child, hold a connection for as long as they are there.
struct Lines(TcpListener);

impl Lines {
    async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A configuration whose server `odd` holds one.
    fn held(&self, args: &[&str]) -> Option<Value> {
        let place = self.0.local_addr().unwrap().to_string();
        let held = json!({ "mcp": { "servers": { "odd": { "env": { "LINE": place }, "timeoutSeconds": 60 } } } });
        Some(merged(odd(&["odd__*"], args)?, held))
    }

    async fn next(&self) -> Line {
        let accepted = within(|| "a program".to_owned(), self.0.accept());
        Line(accepted.await.unwrap().0)
    }
}

struct Line(TcpStream);

impl Line {
    /// The next byte; `None` when the program and its child are gone.
    async fn heard(&mut self) -> Option<u8> {
        let byte = within(|| "a byte or the end".to_owned(), self.0.read_u8());
        byte.await.ok()
    }
}

#[tokio::test]
async fn a_server_that_a_reload_takes_away_ends_when_its_calls_have() {
    let lines = Lines::open().await;
    let Some(changes) = lines.held(&["all"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let mut house = House::changed(&provider, changes).await;
    provider.push(Answer::chat_tool_calls(&[("c1", "odd__wait", json!({}))]));
    provider.push(Answer::chat_tool_calls(&[("c2", "odd__text", json!({}))]));
    provider.push(Answer::chat_text("done"));
    let run = tokio::spawn(reply(house.posting("/v1/chat/completions", &hello())));
    let mut line = lines.next().await;
    assert_eq!(line.heard().await, Some(b'w'));
    house.reconfigure(config_for(&provider));
    line.0.write_all(b"g").await.unwrap();
    assert_eq!(run.await.unwrap().said(), "done");
    let requests = provider.requests();
    assert_eq!(told(&requests[1]), "waited");
    assert_eq!(told(&requests[2]), "one\ntwo", "the run keeps its server");
    assert_eq!(line.heard().await, None);
}

#[tokio::test]
async fn a_server_that_is_at_a_call_is_not_taken_for_one_that_has_frozen() {
    let lines = Lines::open().await;
    let Some(changes) = lines.held(&["all"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    provider.push(Answer::chat_tool_calls(&[("c1", "odd__wait", json!({}))]));
    let run = tokio::spawn(reply(house.posting("/v1/chat/completions", &hello())));
    let mut line = lines.next().await;
    assert_eq!(line.heard().await, Some(b'w'));
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    provider.push(Answer::chat_text("another"));
    assert_eq!(house.chat(hello()).await.said(), "another");
    provider.push(Answer::chat_text("done"));
    line.0.write_all(b"g").await.unwrap();
    assert_eq!(run.await.unwrap().said(), "done");
    assert_eq!(told(provider.requests().last().unwrap()), "waited");
}

#[tokio::test]
async fn a_server_that_a_reload_leaves_as_it_is_goes_on_and_a_changed_one_is_another() {
    let lines = Lines::open().await;
    let Some(changes) = lines.held(&[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let mut house = House::changed(&provider, changes.clone()).await;
    calling(&provider, &house, "odd__echo").await;
    let mut line = lines.next().await;
    let same = merged(config_for(&provider), changes.clone());
    house.reconfigure(same.clone());
    house.reconfigure(same.clone());
    // It remembers what was done to it.
    calling(&provider, &house, "odd__change").await;
    house.reconfigure(same.clone());
    let later = calling(&provider, &house, "odd__later").await;
    assert!(later.starts_with("later: hi"), "{later}");

    let other = json!({ "mcp": { "servers": { "odd": { "env": { "OWN": "2" } } } } });
    house.reconfigure(merged(same, other));
    assert_eq!(line.heard().await, None);
    calling(&provider, &house, "odd__echo").await;
    lines.next().await;
}

#[tokio::test]
async fn a_program_that_died_leaves_nothing_behind() {
    let lines = Lines::open().await;
    let Some(changes) = lines.held(&[]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    calling(&provider, &house, "odd__die").await;
    assert_eq!(lines.next().await.heard().await, None);
}

/// Serves, has the server started, and sends a signal.
async fn signalled(args: &[&str], signal: Signal) -> Option<(Program, Line)> {
    let lines = Lines::open().await;
    let changes = lines.held(args)?;
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let program = Program::serve(&merged(config_for(&provider), changes));
    let request = http()
        .post(format!("http://{}/v1/chat/completions", program.address()))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json")
        .body(hello().to_string());
    assert_eq!(reply(request).await.said(), "ok");
    let line = lines.next().await;
    program.signal(signal);
    Some((program, line))
}

#[tokio::test]
async fn no_program_outlives_the_gateway() {
    for args in [&[][..], &["stubborn"]] {
        let Some((mut program, mut line)) = signalled(args, Signal::TERM).await else {
            return;
        };
        assert_eq!(program.ended().await, Some(0), "{args:?}");
        assert_eq!(line.heard().await, None);
    }
}

#[tokio::test]
async fn a_program_whose_gateway_was_killed_sees_the_end_of_its_input() {
    let Some((mut program, mut line)) = signalled(&[], Signal::KILL).await else {
        return;
    };
    assert_eq!(program.ended().await, None);
    assert_eq!(line.heard().await, None);
}
