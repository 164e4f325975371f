//! Stores that were there and are lost while the server runs: files that were deleted, disks that are full.

use std::process::Command;

use serde_json::json;

use super::{file, hello, says};
use crate::support::{
    Answer, House, Program, Scripted, Shell, TOKEN, config_for, http, reply, within,
};

const REPLACED: &str = "the session store cannot be used: its file was deleted, moved or replaced while it was open: put it back, or restart this program to use what is there now";

#[tokio::test]
async fn a_store_that_was_deleted_takes_no_more_turns_and_is_not_ready() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let house = House::before(&provider).await;
    assert_eq!(house.chat(hello("ann")).await.status, 200);
    says(&house, "ok").await;
    for entry in std::fs::read_dir(house.state()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for _ in 0..2 {
        let answer = house.chat(hello("ann")).await;
        assert_eq!(answer.fault(), (503, "store_unavailable".to_owned()));
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        let told = json!({ "status": "unavailable", "reason": REPLACED });
        assert_eq!(says(&house, "unavailable").await, (503, told));
    }
    assert!(
        !file(house.state()).exists(),
        "nothing is begun in its place"
    );
}

/// A program that may be told how large its files may be, and is not ended for trying more.
#[cfg(target_os = "linux")]
fn limitable(shell: &Shell) -> Command {
    let served = shell.command(&["gateway", "serve", "--port", "0"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(served.get_program())
        .args(served.get_args())
        .env_clear()
        .env("OPENCLAW_STATE_DIR", shell.home.path());
    for (name, value) in served.get_envs() {
        command.env(name, value.unwrap());
    }
    command
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_has_room_for_a_word_and_none_for_a_turn_is_not_ready_until_it_has() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let shell = Shell::with(&config_for(&provider));
    let program = Program::start(limitable(&shell));
    let client = http();
    let chat = async |text: &str| {
        let mut body = hello("ann");
        body["messages"][0]["content"] = json!(text);
        let url = format!("http://{}/v1/chat/completions", program.address());
        let request = client.post(url).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        reply(request.body(body.to_string())).await
    };
    let says = async |status: &str| {
        let asking = async {
            loop {
                let url = format!("http://{}/readyz", program.address());
                let said = reply(client.get(url)).await.json();
                if said["status"] == status {
                    return said["reason"].clone();
                }
                tokio::task::yield_now().await;
            }
        };
        within(|| format!("{status} at /readyz"), asking).await
    };
    assert_eq!(chat("hello").await.status, 200);
    says("ok").await;

    let log = file(shell.home.path()).with_extension("sqlite-wal");
    let log_bytes = log.metadata().unwrap().len();
    // Pages that a small write needs, for longer than this test lasts.
    program.limit_files(Some(log_bytes + (64 << 10)));
    let long = "x".repeat(1 << 20);
    for _ in 0..2 {
        let refused = chat(&long).await;
        assert_eq!(refused.fault(), (503, "store_unavailable".to_owned()));
        let reason = "the session store cannot be used: file too large";
        assert_eq!(says("unavailable").await, reason);
    }
    program.limit_files(None);
    assert_eq!(chat(&long).await.status, 200);
    says("ok").await;
}
