//! When programs of servers end: never before their calls, and never later than the gateway.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{calling, hello, odd, told};
use crate::support::{
    Answer, House, Program, Scripted, Shell, TOKEN, config_for, http, merged, reply, within,
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
        let held = json!({ "mcp": { "servers": { "odd": { "env": { "LINE": place } } } } });
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

#[tokio::test]
async fn a_program_that_writes_without_end_is_ended() {
    let lines = Lines::open().await;
    let Some(changes) = lines.held(&["noisy"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    provider.push(Answer::chat_text("ok"));
    assert_eq!(house.chat(hello()).await.said(), "ok");
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

/// A command of a shell, which is at work with the server when its line comes.
struct Working {
    child: std::process::Child,
    line: Line,
    _shell: Shell,
    provider: Scripted,
}

impl Working {
    /// `command` with the server in this mode; a provider that is asked has it called `wait`, and then never answers.
    async fn start(command: &[&str], mode: &str) -> Option<Self> {
        Self::until(command, mode, Answer::hang()).await
    }

    /// The same with this answer in the end.
    async fn until(command: &[&str], mode: &str, last: Answer) -> Option<Self> {
        let lines = Lines::open().await;
        let changes = lines.held(&[mode])?;
        let provider = Scripted::start().await;
        provider.push(Answer::chat_tool_calls(&[("c1", "odd__wait", json!({}))]));
        provider.push(last);
        let shell = Shell::with(&merged(config_for(&provider), changes));
        let child = shell.command(command).stdout(Stdio::null()).spawn();
        Some(Self {
            child: child.unwrap(),
            line: lines.next().await,
            _shell: shell,
            provider,
        })
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The code of the command, once the server is gone.
    async fn ended(mut self) -> Option<i32> {
        assert_eq!(self.line.heard().await, None);
        let ended = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        ended.await.unwrap().code()
    }
}

#[tokio::test]
async fn no_program_outlives_an_agent_that_is_signalled() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let Some(mut working) = Working::start(&["agent", "hello"], "all").await else {
            return;
        };
        assert_eq!(working.line.heard().await, Some(b'w'));
        working.signal(signal);
        assert_eq!(working.ended().await, Some(code));
    }
}

#[tokio::test]
async fn no_program_outlives_a_probe_that_is_signalled() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let probe = ["mcp", "list", "--probe"];
        let Some(working) = Working::start(&probe, "silent").await else {
            return;
        };
        working.signal(signal);
        assert_eq!(working.ended().await, Some(code));
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_program_that_will_not_leave_at_once() {
    let Some(mut working) = Working::start(&["agent", "hello"], "deaf").await else {
        return;
    };
    assert_eq!(working.line.heard().await, Some(b'w'));
    working.line.0.write_all(b"g").await.unwrap();
    // It has answered: it would break at an answer that nobody reads any more.
    let _calling = working.provider.next_request().await;
    let _answered = working.provider.next_request().await;
    working.signal(Signal::INT);
    assert_eq!(working.line.heard().await, Some(b'e'), "its input ended");
    working.signal(Signal::INT);
    // It was not asked first, as it is in peace.
    assert_eq!(working.ended().await, Some(130));
}

#[tokio::test]
async fn one_signal_while_a_program_leaves_makes_no_failure_of_work_that_was_done() {
    let done = Answer::chat_auto("done");
    let Some(mut working) = Working::until(&["agent", "hello"], "deaf", done).await else {
        return;
    };
    assert_eq!(working.line.heard().await, Some(b'w'));
    working.line.0.write_all(b"g").await.unwrap();
    assert_eq!(working.line.heard().await, Some(b'e'), "its input ended");
    working.signal(Signal::INT);
    assert_eq!(working.line.heard().await, Some(b't'), "it is asked");
    assert_eq!(working.ended().await, Some(0));
}
