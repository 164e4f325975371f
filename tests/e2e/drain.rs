//! How the program ends: what runs is finished, cut with a word, or dropped; and what was acknowledged is kept.

use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{
    Answer, Frames, Gate, Program, Raw, Scripted, Shell, TOKEN, config_for, http, merged, reply,
    within,
};

const STOPPING: &str = "stopping: what runs may finish; a second signal ends it at once";

struct Served {
    shell: Shell,
    program: Program,
    client: Client,
}

impl Served {
    fn with(config: &Value) -> Self {
        let shell = Shell::with(config);
        Self {
            program: Program::serve_in(&shell),
            shell,
            client: http(),
        }
    }

    fn chat(&self, body: &Value) -> reqwest::RequestBuilder {
        let url = format!("http://{}/v1/chat/completions", self.program.address());
        let request = self.client.post(url).bearer_auth(TOKEN);
        request
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A stream of which the first frame is there.
    async fn streaming(&self) -> Frames {
        let body = json!({
            "model": "openclaw", "stream": true, "messages": [{ "role": "user", "content": "hello" }],
        });
        let response = within(|| "headers".to_owned(), self.chat(&body).send()).await;
        let mut frames = Frames::of(response.unwrap());
        frames.next().await.unwrap();
        frames
    }

    /// Tells it to stop and waits until it knows.
    async fn stop(&mut self) {
        self.program.signal(Signal::TERM);
        self.program.logged(STOPPING).await;
    }
}

async fn rest(frames: &mut Frames) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(frame) = frames.next().await {
        all.push(frame);
    }
    all
}

fn draining_for(provider: &Scripted, drain_ms: u64) -> Value {
    let drain = json!({ "gateway": { "http": { "drainMs": drain_ms } } });
    merged(config_for(provider), drain)
}

#[tokio::test]
async fn what_runs_is_finished_and_the_end_is_clean() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut served = Served::with(&draining_for(&provider, 60_000));
    let mut frames = served.streaming().await;
    served.stop().await;
    let late = json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "late" }] });
    assert_eq!(
        reply(served.chat(&late)).await.fault(),
        (503, "shutting_down".to_owned())
    );
    gate.open();
    let rest = rest(&mut frames).await;
    assert!(rest.iter().any(|frame| frame.contains("two")), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "data: [DONE]");
    assert_eq!(served.program.ended().await, Some(0));
}

#[tokio::test]
async fn what_outlasts_the_drain_ends_with_an_error_in_its_stream() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, Gate::new()));
    let mut served = Served::with(&draining_for(&provider, 1));
    let mut frames = served.streaming().await;
    served.stop().await;
    let rest = rest(&mut frames).await;
    let [.., error, done] = rest.as_slice() else {
        panic!("{rest:?}");
    };
    assert!(error.contains("shutting_down"), "{error}");
    assert_eq!(done, "data: [DONE]");
    assert_eq!(served.program.ended().await, Some(1));
}

#[tokio::test]
async fn a_request_that_is_never_sent_whole_is_refused_when_the_drain_is_over_and_cut_is_nothing() {
    let provider = Scripted::start().await;
    let mut served = Served::with(&draining_for(&provider, 1));
    let mut client = Raw::to(served.program.address()).await;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n"
    );
    client.send(head).await;
    // It has read the head, and waits for the body.
    client.begin().await;
    client.send("{").await;
    served.stop().await;
    let answer = String::from_utf8(client.rest().await).unwrap();
    let (_, refusal) = answer.split_once("\r\n\r\n").unwrap();
    assert!(refusal.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(refusal.contains("shutting_down"), "{answer}");
    assert_eq!(served.program.ended().await, Some(0));
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_what_runs() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, Gate::new()));
    let mut served = Served::with(&draining_for(&provider, 3_600_000));
    let mut frames = served.streaming().await;
    served.stop().await;
    served.program.signal(Signal::TERM);
    let rest = rest(&mut frames).await;
    assert_eq!(rest.last().unwrap(), "data: [DONE]");
    assert_eq!(served.program.ended().await, Some(130));
}

#[tokio::test]
async fn a_server_without_runs_ends_at_once_and_cleanly() {
    let provider = Scripted::start().await;
    let mut served = Served::with(&draining_for(&provider, 3_600_000));
    served.program.signal(Signal::INT);
    assert_eq!(served.program.ended().await, Some(0));
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_ends_nothing() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("heard"));
    let mut served = Served::with(&config_for(&provider));
    served.program.leave_the_log();
    let body = json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] });
    for _ in 0..3 {
        assert_eq!(reply(served.chat(&body)).await.said(), "heard");
    }
    served.program.signal(Signal::TERM);
    assert_eq!(served.program.ended().await, Some(0));
}

#[tokio::test]
async fn what_was_acknowledged_before_the_end_is_kept() {
    const SESSIONS: usize = 24;
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("kept"));
    let mut served = Served::with(&draining_for(&provider, 60_000));
    let said = async |number: usize| {
        let body = json!({
            "model": "openclaw", "user": format!("u{number}"),
            "messages": [{ "role": "user", "content": "keep this" }],
        });
        // Refused where the end came first: then nothing was acknowledged.
        let sent = served.chat(&body).send().await;
        sent.is_ok_and(|answer| answer.status() == 200)
            .then_some(number)
    };
    let first = said(0).await;
    assert_eq!(first, Some(0));
    let (acknowledged, ()) = tokio::join!(
        futures_util::future::join_all((1..SESSIONS).map(said)),
        async { served.program.signal(Signal::TERM) },
    );
    assert_eq!(served.program.ended().await, Some(0));
    for number in acknowledged.into_iter().chain([first]).flatten() {
        let key = format!("agent:main:openai-user:u{number}");
        let shown = served.shell.run(&["sessions", "show", &key]);
        assert_eq!(shown.out, "user: keep this\nassistant: kept\n", "{key}");
    }
}
