use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::chat::{Delta, FinishReason, Finished};

const HEARTBEAT: Duration = Duration::from_secs(15);

/// Writes one word for each thing it is told.
struct Words;

impl Frames for Words {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"begin ");
    }

    fn event(&mut self, event: RunEvent, out: &mut Vec<u8>) {
        let word = match event {
            RunEvent::Delta(Delta::Text(text)) => text,
            RunEvent::Finished(_) => "end".to_owned(),
            other => format!("{other:?}"),
        };
        out.extend_from_slice(word.as_bytes());
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("failed {}", error.status().as_u16()).as_bytes());
    }
}

fn text(text: &str) -> Result<RunEvent, RunError> {
    Ok(RunEvent::Delta(Delta::Text(text.to_owned())))
}

fn finished() -> Result<RunEvent, RunError> {
    Ok(RunEvent::Finished(Finished {
        reason: FinishReason::Stop,
        usage: None,
    }))
}

fn opened(events: impl Stream<Item = Result<RunEvent, RunError>> + Send + 'static) -> Opened {
    Opened {
        started: Started {
            agent: "main".parse().unwrap(),
            model: "p/m".parse().unwrap(),
            session: None,
        },
        events: events.boxed(),
    }
}

fn stream_of(
    events: impl Stream<Item = Result<RunEvent, RunError>> + Send + 'static,
    drain: &Drain,
) -> EventStream<Words> {
    EventStream::new(
        Words,
        Opening::Opened(opened(events)),
        Some(HEARTBEAT),
        drain,
    )
    .0
}

async fn next(stream: &mut EventStream<Words>) -> Option<String> {
    stream
        .next()
        .await
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn what_is_ready_together_leaves_together() {
    let mut stream = stream_of(
        stream::iter([text("a "), text("b "), finished()]),
        &Drain::new(),
    );
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin a b end"));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn one_write_has_a_bound() {
    let long = "x".repeat(MAX_WRITE_BYTES);
    let mut stream = stream_of(
        stream::iter([text(&long), text("b"), finished()]),
        &Drain::new(),
    );
    assert_eq!(
        next(&mut stream).await.unwrap().len(),
        "begin ".len() + MAX_WRITE_BYTES
    );
    assert_eq!(next(&mut stream).await.as_deref(), Some("bend"));
}

#[tokio::test]
async fn a_run_that_breaks_ends_with_its_error_and_one_that_stops_short_too() {
    let events = stream::iter([
        text("a "),
        Err(RunError::Deadline { limit: HEARTBEAT }),
        text("late"),
    ]);
    let mut stream = stream_of(events, &Drain::new());
    assert_eq!(
        next(&mut stream).await.as_deref(),
        Some("begin a failed 504")
    );
    assert_eq!(next(&mut stream).await, None);
    let mut stream = stream_of(stream::iter([text("a ")]), &Drain::new());
    assert_eq!(
        next(&mut stream).await.as_deref(),
        Some("begin a failed 502")
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_comments_at_the_heartbeat() {
    let mut stream = stream_of(stream::pending(), &Drain::new());
    let began = Instant::now();
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin "));
    for beat in 1..=3 {
        assert_eq!(next(&mut stream).await.as_deref(), Some(": keep-alive\n\n"));
        assert_eq!(began.elapsed(), HEARTBEAT * beat);
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_counts_from_the_last_event() {
    let (said, first) = oneshot::channel();
    let events = stream::once(async move { first.await.unwrap() }).chain(stream::pending());
    let mut stream = stream_of(events, &Drain::new());
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin "));
    tokio::time::advance(HEARTBEAT * 2 / 3).await;
    said.send(text("a")).unwrap();
    assert_eq!(next(&mut stream).await.as_deref(), Some("a"));
    let spoken = Instant::now();
    assert_eq!(next(&mut stream).await.as_deref(), Some(": keep-alive\n\n"));
    assert_eq!(spoken.elapsed(), HEARTBEAT);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_slow_to_open_goes_on_opening_behind_the_stream() {
    let (open, waiting) = oneshot::channel();
    let opening = opening(async { waiting.await.unwrap() }, Some(HEARTBEAT))
        .await
        .unwrap();
    let (mut stream, started) = EventStream::new(Words, opening, Some(HEARTBEAT), &Drain::new());
    assert_eq!(started, None);
    assert_eq!(
        next(&mut stream).await.as_deref(),
        Some("begin : keep-alive\n\n")
    );
    open.send(Ok(opened(stream::iter([text("a "), finished()]))))
        .map_err(drop)
        .unwrap();
    assert_eq!(next(&mut stream).await.as_deref(), Some("a end"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_to_open_behind_the_stream_is_its_error_frame() {
    let open = async {
        sleep(HEARTBEAT * 2).await;
        Err(RunError::Unfinished)
    };
    let opening = opening(open, Some(HEARTBEAT)).await.unwrap();
    let (mut stream, _) = EventStream::new(Words, opening, None, &Drain::new());
    assert_eq!(
        next(&mut stream).await.as_deref(),
        Some("begin : keep-alive\n\n")
    );
    assert_eq!(next(&mut stream).await.as_deref(), Some("failed 502"));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_is_the_last_frame() {
    let drain = Drain::new();
    let mut stream = stream_of(stream::pending(), &drain);
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin "));
    drain.cut();
    assert_eq!(next(&mut stream).await.as_deref(), Some("failed 503"));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn a_run_that_was_not_woken_is_not_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (said, mut words) = mpsc::unbounded_channel();
    let count = Arc::clone(&asked);
    let events = stream::poll_fn(move |cx| {
        count.fetch_add(1, Ordering::Relaxed);
        words.poll_recv(cx)
    });
    let mut stream = stream_of(events, &Drain::new());
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin "));
    for _ in 0..3 {
        assert_eq!(stream.next().now_or_never(), None);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    said.send(text("a")).unwrap();
    assert_eq!(next(&mut stream).await.as_deref(), Some("a"));
    assert_eq!(stream.next().now_or_never(), None);
    assert_eq!(asked.load(Ordering::Relaxed), 3, "the word, and no other");
    drop(said);
    assert_eq!(next(&mut stream).await.as_deref(), Some("failed 502"));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_fires_amid_events_does_not_stop_the_heart() {
    let (said, mut words) = mpsc::unbounded_channel();
    let events = stream::poll_fn(move |cx| words.poll_recv(cx));
    let mut stream = stream_of(events, &Drain::new());
    assert_eq!(next(&mut stream).await.as_deref(), Some("begin "));
    for _ in 0..3 {
        tokio::time::advance(HEARTBEAT).await;
        said.send(text("a")).unwrap();
        assert_eq!(next(&mut stream).await.as_deref(), Some("a"));
    }
    let spoken = Instant::now();
    assert_eq!(next(&mut stream).await.as_deref(), Some(": keep-alive\n\n"));
    assert_eq!(spoken.elapsed(), HEARTBEAT);
}
