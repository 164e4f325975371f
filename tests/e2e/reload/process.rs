//! The same for the program: its file, its signals, its log.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{hello, streamed};
use crate::support::{
    Answer, Program, Ran, Scripted, Shell, TOKEN, config_for, http, merged, reply, within,
};

const RELOADED: &str = "the configuration was reloaded";
const KEPT: &str = "the configuration is not reloaded: the last good one stays in force";
const RESTART: &str = "this setting takes effect when the server is restarted";

/// A server in a home of its own, with its file and a client.
struct Served {
    shell: Shell,
    program: Program,
    client: Client,
}

impl Served {
    fn with(config: &Value, more: &[&str]) -> Self {
        let shell = Shell::with(config);
        let arguments = [&["gateway", "serve", "--port", "0"], more].concat();
        let program = Program::start(shell.command(&arguments));
        Self::of(shell, program)
    }

    fn of(shell: Shell, program: Program) -> Self {
        Self {
            shell,
            program,
            client: http(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.program.address())
    }

    /// The status of a list of models for this token.
    async fn status(&self, token: &str) -> u16 {
        let request = self.client.get(self.url("/v1/models")).bearer_auth(token);
        reply(request).await.status
    }

    /// Writes the file and has it read by SIGHUP; the log's line about that.
    async fn reload(&mut self, config: &str, outcome: &str) -> Value {
        self.shell.configure(config);
        self.program.signal(Signal::HUP);
        self.program.logged(outcome).await
    }
}

fn token(config: &Value, token: &str) -> Value {
    merged(
        config.clone(),
        json!({ "gateway": { "auth": { "token": token } } }),
    )
}

#[tokio::test]
async fn no_request_fails_while_the_file_is_rewritten_again_and_again() {
    const CALLERS: usize = 8;
    const REWRITES: usize = 40;
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("as always"));
    let config = config_for(&provider);
    let mut served = Served::with(&config, &[]);
    let (url, done) = (served.url("/v1/chat/completions"), AtomicBool::new(false));
    let caller = async |caller: usize| {
        let client = http();
        let mut answered = 0;
        while !done.load(Ordering::Relaxed) || answered < 40 {
            let body = &[hello(), streamed()][(answered + caller) % 2];
            let request = client.post(&url).bearer_auth(TOKEN);
            let request = request.header("content-type", "application/json");
            let answer = reply(request.body(body.to_string())).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let whole = answer.text().ends_with("data: [DONE]\n\n") || answer.text().ends_with('}');
            assert!(
                whole && answer.text().contains("as always"),
                "{}",
                answer.text()
            );
            answered += 1;
        }
        answered
    };
    let rewriting = async {
        for round in 0..REWRITES {
            let model = json!({ "agents": { "defaults": { "model": format!("mock/m{}", 1 + round % 2) } } });
            let text = merged(config.clone(), model).to_string();
            match round % 4 {
                3 => served.reload(&text[..text.len() / 2], KEPT).await,
                _ => served.reload(&text, RELOADED).await,
            };
        }
        done.store(true, Ordering::Relaxed);
    };
    let (answered, ()) = tokio::join!(join_all((0..CALLERS).map(caller)), rewriting);
    assert!(
        answered.iter().sum::<usize>() >= 40 * CALLERS,
        "{answered:?}"
    );
    let models: std::collections::BTreeSet<String> = provider
        .requests()
        .iter()
        .map(|request| request.json()["model"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(models.into_iter().collect::<Vec<_>>(), ["m1", "m2"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_without_being_told() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let mut served = Served::with(&config, &[]);
    served
        .shell
        .configure(&token(&config, "another").to_string());
    served.program.logged(RELOADED).await;
    assert_eq!(served.status(TOKEN).await, 401);
    assert_eq!(served.status("another").await, 200);
    // The variables beside it are watched too, though there were none when the server began.
    let text = token(&config, "${LATER}").to_string();
    std::fs::write(
        served.shell.config_file().with_file_name(".env"),
        "LATER=of-the-env\n",
    )
    .unwrap();
    served.shell.configure(&text);
    served.program.logged(RELOADED).await;
    assert_eq!(served.status("of-the-env").await, 200);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_with_its_place_and_changes_nothing() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let mut served = Served::with(&config, &[]);
    let invalid = "{\n  gateway: { port: 'abc' },\n  gatway: {},\n}";
    let line = served.reload(invalid, KEPT).await;
    let error = line["error"].as_str().unwrap();
    for part in [
        "openclaw.json:2:20",
        "expected a whole number from 0 to 65535",
        "^^^^^",
        "openclaw.json:3:3",
        "2 errors in ",
    ] {
        assert!(error.contains(part), "{part} is not in\n{error}");
    }
    assert_eq!(served.status(TOKEN).await, 200);

    // What only shows when everything is put together.
    let nowhere = json!({ "models": { "providers": { "lost": {} } } });
    let line = served
        .reload(&merged(config.clone(), nowhere).to_string(), KEPT)
        .await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("`lost` is no known vendor"), "{error}");

    std::fs::remove_file(served.shell.config_file()).unwrap();
    served.program.signal(Signal::HUP);
    let line = served.program.logged(KEPT).await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("there is no configuration file"), "{error}");
    assert_eq!(served.status(TOKEN).await, 200);

    served
        .reload(&token(&config, "another").to_string(), RELOADED)
        .await;
    assert_eq!(served.status("another").await, 200);
}

#[tokio::test]
async fn what_cannot_change_says_that_it_waits_for_a_restart() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let shell = Shell::with(&merged(config.clone(), json!({ "gateway": { "port": 0 } })));
    let program = Program::start(shell.command(&["gateway", "serve"]));
    let mut served = Served::of(shell, program);
    let changed = json!({
        "gateway": { "port": 1, "bind": "lan", "http": { "maxConnections": 7 } },
        "session": { "maxQueued": 3 },
    });
    served.shell.configure(&merged(config, changed).to_string());
    served.program.signal(Signal::HUP);
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let line = served.program.logged(RESTART).await;
        waiting.push(line["path"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        waiting,
        [
            "gateway.bind",
            "gateway.http.maxConnections",
            "gateway.port",
            "session.maxQueued"
        ]
    );
    served.program.logged(RELOADED).await;
    assert_eq!(served.status(TOKEN).await, 200);
}

#[tokio::test]
async fn the_address_that_is_listened_on_decides_who_may_be_let_in() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let mut served = Served::with(&config, &["--bind", "lan"]);
    let open = json!({ "gateway": { "bind": "loopback", "auth": { "mode": "none" } } });
    let line = served.reload(&merged(config, open).to_string(), KEPT).await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("serves only a loopback address"), "{error}");
    assert_eq!(served.status("wrong").await, 401);
}

#[tokio::test]
async fn the_command_line_wins_over_every_file() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let mut served = Served::with(&config, &["--token", "of-the-command-line"]);
    served
        .reload(&token(&config, "another").to_string(), RELOADED)
        .await;
    assert_eq!(served.status("another").await, 401);
    assert_eq!(served.status("of-the-command-line").await, 200);
}

#[tokio::test]
async fn a_token_file_is_read_again() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let shell = Shell::with(&config);
    let file = shell.home.path().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let arguments = [
        "gateway",
        "serve",
        "--port",
        "0",
        "--token-file",
        file.to_str().unwrap(),
    ];
    let program = Program::start(shell.command(&arguments));
    let mut served = Served::of(shell, program);
    assert_eq!(served.status("first").await, 200);
    std::fs::write(&file, "second\n").unwrap();
    served.program.logged(RELOADED).await;
    assert_eq!(served.status("first").await, 401);
    assert_eq!(served.status("second").await, 200);
}

#[tokio::test]
async fn a_token_that_was_made_for_this_run_stays() {
    let provider = Scripted::start().await;
    let mut config = config_for(&provider);
    config["gateway"]["auth"] = json!({});
    let shell = Shell::with(&config);
    let state = shell.home.path().join("state");
    let mut command = shell.command(&["gateway", "serve", "--port", "0"]);
    command.env("OPENCLAW_STATE_DIR", &state);
    let program = Program::start(command);
    let mut served = Served::of(shell, program);
    let made = || std::fs::read_to_string(state.join("gateway-token")).unwrap();
    let fresh = made().trim().to_owned();
    assert_eq!(served.status(&fresh).await, 200);
    served.reload(&config.to_string(), RELOADED).await;
    assert_eq!(served.status(&fresh).await, 200);
    served
        .reload(&token(&config, "of the file").to_string(), RELOADED)
        .await;
    assert_eq!(served.status(&fresh).await, 401);
    served.reload(&config.to_string(), RELOADED).await;
    assert_eq!(served.status(&fresh).await, 200);
    assert_eq!(made().trim(), fresh);
}

#[tokio::test]
async fn a_file_that_became_a_pipe_is_not_waited_for() {
    let provider = Scripted::start().await;
    let mut served = Served::with(&config_for(&provider), &[]);
    let file = served.shell.config_file();
    std::fs::remove_file(&file).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).unwrap();
    served.program.signal(Signal::HUP);
    let line = served.program.logged(KEPT).await;
    let error = line["error"].as_str().unwrap();
    assert!(
        error.contains("is no file that can be read again"),
        "{error}"
    );
}

#[test]
fn a_wish_to_reload_that_comes_while_it_starts_does_not_end_it() {
    let shell = Shell::new();
    let pipe = shell.home.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    let file = pipe.to_str().unwrap();
    let arguments = ["--config", file, "gateway", "serve", "--port", "0"];
    let mut command = shell.command(&arguments);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    // It opens when the program reads its configuration, which is not there before the signal.
    let mut config = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    config.write_all(b"{ gatway: {} }").unwrap();
    drop(config);
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(78), "{ran:?}");
    assert!(ran.err.contains("gatway"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_service_manager_hears_of_the_start_of_reloads_and_of_the_end() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let shell = Shell::with(&config);
    let socket = shell.home.path().join("notify");
    let manager = tokio::net::UnixDatagram::from_std({
        let manager = UnixDatagram::bind(&socket).unwrap();
        manager.set_nonblocking(true).unwrap();
        manager
    });
    let manager = manager.unwrap();
    let heard = async || {
        let mut buffer = [0; 512];
        let count = within(|| "a datagram".to_owned(), manager.recv(&mut buffer)).await;
        String::from_utf8(buffer[..count.unwrap()].to_vec()).unwrap()
    };
    let mut command = shell.command(&["gateway", "serve", "--port", "0"]);
    command
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "600000000");
    let mut served = Served::of(shell, Program::start(command));
    let listening = format!("READY=1\nSTATUS=listening on {}", served.program.address());
    assert_eq!(heard().await, listening);
    assert_eq!(heard().await, "WATCHDOG=1");

    served.reload(&config.to_string(), RELOADED).await;
    let reloading = heard().await;
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(heard().await, listening);
    served.reload("{", KEPT).await;
    heard().await;
    let status = format!("{listening}; the configuration is invalid, an earlier one is in force");
    assert_eq!(heard().await, status);

    served.program.signal(Signal::TERM);
    let stopping = heard().await;
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    assert_eq!(served.program.ended().await, Some(0));
}
