//! Commands: what they see, how they end, and that nothing of them is left.

use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use serde_json::json;

use crate::tools::tests::Bench;
use crate::tools::{builtin, call};

/// How soon everything is over after a call is dropped.
const END_WITHIN: Duration = Duration::from_millis(100);

async fn run(command: &str) -> Result<String, String> {
    Bench::new()
        .call("exec", json!({ "command": command }))
        .await
}

#[tokio::test]
async fn a_command_answers_with_what_it_puts_out() {
    assert_eq!(
        run("echo out; echo err >&2").await.unwrap().lines().count(),
        2
    );
    assert_eq!(run("printf 'a\\n\\n'").await, Ok("a".to_owned()));
    assert_eq!(run("true").await, Ok("[done, no output]".to_owned()));
    assert_eq!(
        run("echo no; exit 3").await,
        Err("no\n[exit code 3]".to_owned())
    );
    assert_eq!(run("exit 1").await, Err("[exit code 1]".to_owned()));
    assert_eq!(
        run("kill -9 $$").await,
        Err("[ended by a signal]".to_owned())
    );
    assert_eq!(run("cat").await, Ok("[done, no output]".to_owned()));
}

#[tokio::test]
async fn a_command_sees_no_variable_but_those_it_is_given() {
    let seen = run("env | grep -v -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD=").await;
    assert_eq!(seen, Ok("HOME=/home/ann".to_owned()));
}

#[tokio::test]
async fn a_command_runs_in_the_workspace_or_in_a_folder_of_it() {
    let bench = Bench::new();
    bench.write("inner/file", "");
    let listed = bench.call("exec", json!({ "command": "ls" })).await;
    assert_eq!(listed, Ok("inner".to_owned()));
    let listed = json!({ "command": "ls", "workdir": "inner" });
    assert_eq!(bench.call("exec", listed).await, Ok("file".to_owned()));
    for outside in ["..", "/", "missing"] {
        let outside = json!({ "command": "ls", "workdir": outside });
        assert!(bench.call("exec", outside).await.is_err());
    }
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_with_what_it_said() {
    let bench = Bench::new().tools(json!({ "exec": { "timeoutSec": 60 } }));
    let slow = json!({ "command": "echo begun; sleep 60", "timeout": 0.2 });
    assert_eq!(
        bench.call("exec", slow).await,
        Err("begun\n[ended: not done within 0.2 s]".to_owned())
    );
    let bench = Bench::new().tools(json!({ "exec": { "timeoutSec": 0.2 } }));
    let longer = json!({ "command": "sleep 60", "timeout": 100 });
    assert_eq!(
        bench.call("exec", longer).await,
        Err("[ended: not done within 0.2 s]".to_owned())
    );
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_with_it() {
    let began = Instant::now();
    let left = run("sleep 60 & echo $!").await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_gone(left.trim().parse().unwrap()).await;
}

#[tokio::test]
async fn a_flood_of_output_is_bounded_and_its_author_ended() {
    let text = run("yes flood").await.unwrap_err();
    assert!(text.len() <= crate::tools::MAX_RESULT_BYTES);
    assert!(text.starts_with("flood\nflood\n"));
    assert!(text.contains(" bytes of output left out]\n"));
    assert!(text.ends_with("\n[ended: too much output]"));
}

#[tokio::test]
async fn child_and_grandchild_are_gone_soon_after_a_call_is_dropped() {
    let bench = Bench::new();
    let context = bench.context();
    let command = "sleep 60 & echo $$ $! > pids.new; mv pids.new pids; wait";
    let arguments = json!({ "command": command }).to_string();
    let tools = builtin();
    let mut running = Box::pin(call(&tools, &context, "exec", &arguments));
    let pids = loop {
        tokio::select! {
            result = &mut running => panic!("over already: {result:?}"),
            () = tokio::task::yield_now() => {}
        }
        if bench.path("pids").exists() {
            break bench.text("pids");
        }
    };
    let dropped = Instant::now();
    drop(running);
    for pid in pids.split_whitespace() {
        assert_gone(pid.parse().unwrap()).await;
    }
    assert!(dropped.elapsed() < END_WITHIN, "{:?}", dropped.elapsed());
}

/// Waits until the process is no more, or only waits to be reaped by whoever is init here.
async fn assert_gone(pid: i32) {
    let began = Instant::now();
    let process = Pid::from_raw(pid).unwrap();
    while test_kill_process(process).is_ok() && !is_zombie(pid) {
        assert!(began.elapsed() < Duration::from_secs(5), "{pid} lives on");
        tokio::task::yield_now().await;
    }
}

fn is_zombie(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}
