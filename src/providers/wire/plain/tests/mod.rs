//! Over real sockets, with the other end in the test's hand.

mod bulk;
mod ends;
mod peer;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use peer::{Server, ask, whole};
use tokio::join;

use super::super::{IDLE_LIMIT, MAX_IDLE_CONNECTIONS};
use super::*;

const YES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes";

#[tokio::test]
async fn a_request_names_its_path_and_its_host() {
    let (server, plain) = Server::start().await;
    let answer = async {
        let mut peer = server.accept().await;
        let read = peer.read().await;
        peer.write(YES).await;
        read
    };
    let request = server.post("/v1/chat?a=1", "hi");
    let (answered, read) = join!(ask(&plain, request), answer);
    assert_eq!(answered, Ok("yes".to_owned()));
    let expected = format!(
        "POST /v1/chat?a=1 HTTP/1.1\r\nhost: {}\r\ncontent-length: 2\r\n\r\nhi",
        server.address
    );
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_connection_is_used_again_after_answers_of_every_form() {
    let (server, plain) = Server::start().await;
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nye\r\n1\r\ns\r\n0\r\n\r\n";
    let answers = [
        (YES, "yes"),
        (chunked, "yes"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno", "no"),
    ];
    let continued = format!("HTTP/1.1 100 Continue\r\n\r\n{YES}");
    let answers = answers.into_iter().chain([(&*continued, "yes")]);
    let client = async {
        for (_, expected) in answers.clone() {
            let answered = ask(&plain, server.request("/")).await;
            assert_eq!(answered.as_deref(), Ok(expected));
            assert_eq!(plain.idle.len(), 1, "after {expected:?}");
        }
    };
    let serve = async {
        let mut peer = server.accept().await;
        for (answer, _) in answers.clone() {
            peer.serve(answer).await;
        }
        peer
    };
    let ((), _peer) = join!(client, serve);
}

#[tokio::test]
async fn a_head_may_be_far_larger_than_what_is_read_at_once() {
    let (server, plain) = Server::start().await;
    let head = format!(
        "HTTP/1.1 200 OK\r\nx-large: {}\r\ncontent-length: 3\r\n\r\nyes",
        "x".repeat(100 << 10)
    );
    let serve = async {
        let mut peer = server.accept().await;
        for answer in [&head, YES] {
            peer.serve(answer).await;
        }
    };
    let client = async {
        for _ in 0..2 {
            let answered = ask(&plain, server.request("/")).await;
            assert_eq!(answered, Ok("yes".to_owned()));
        }
    };
    join!(client, serve);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole_and_the_connection_is_not_kept() {
    let (server, plain) = Server::start().await;
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\nyes",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nyes",
    ] {
        let serve = async { server.accept().await.serve(answer).await };
        let (answered, _) = join!(ask(&plain, server.request("/")), serve);
        assert_eq!(answered, Ok("yes".to_owned()));
        assert_eq!(plain.idle.len(), 0);
    }
}

#[tokio::test]
async fn a_thousand_streams_that_are_left_at_their_last_event_take_one_connection() {
    let (server, plain) = Server::start().await;
    let client = async {
        for _ in 0..1000 {
            let mut body = plain.send(server.request("/")).await.unwrap().into_body();
            for expected in ["data: 1\n\n", "data: [DONE]\n\n"] {
                let frame = poll_fn(|cx| body.poll_frame(cx)).await.unwrap().unwrap();
                assert_eq!(frame.into_data().unwrap(), expected);
            }
        }
    };
    let serve = async {
        let mut peer = server.accept().await;
        for _ in 0..1000 {
            let events = "9\r\ndata: 1\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            assert_eq!(peer.serve(&format!("{head}{events}")).await, "/");
        }
        peer
    };
    let ((), _peer) = join!(client, serve);
    assert_eq!(plain.idle.len(), 1);
}

/// How often a task is polled that asks over a connection which was used before, among so many requests at work.
async fn polls_among(requests: usize) -> usize {
    let (server, mut plain) = Server::start().await;
    plain.at_work = Box::leak(Box::default());
    let _at_work: Vec<_> = (0..requests).map(|_| plain.at_work.begin()).collect();
    let mut peer = {
        let (first, peer) = join!(ask(&plain, server.request("/")), async {
            let mut peer = server.accept().await;
            peer.serve(YES).await;
            peer
        });
        first.unwrap();
        peer
    };
    let request = server.request("/");
    let counted = tokio::spawn(async move {
        let mut polls = 0;
        let mut asked = std::pin::pin!(ask(&plain, request));
        let answered = poll_fn(|cx| {
            polls += 1;
            asked.as_mut().poll(cx)
        });
        (answered.await, polls)
    });
    peer.serve(YES).await;
    let (answered, polls) = counted.await.unwrap();
    assert_eq!(answered, Ok("yes".to_owned()));
    polls
}

#[tokio::test]
async fn a_task_is_polled_to_send_and_when_all_of_the_answer_is_there() {
    assert_eq!(polls_among(0).await, 2);
    assert_eq!(polls_among(1).await, 2);
}

#[tokio::test]
async fn a_task_is_polled_once_more_to_let_others_read() {
    assert_eq!(polls_among(2).await, 3);
}

#[tokio::test]
async fn a_large_request_is_written_as_the_other_end_takes_it() {
    const BYTES: usize = 16 << 20;
    let (server, plain) = Server::start().await;
    let serve = async {
        let mut peer = server.accept().await;
        let read = peer.read().await;
        peer.write(YES).await;
        (read.len(), peer)
    };
    let request = server.post("/", vec![b'x'; BYTES]);
    let (answered, (read, _peer)) = join!(ask(&plain, request), serve);
    assert_eq!(answered, Ok("yes".to_owned()));
    assert!(read > BYTES);
    assert_eq!(plain.idle.len(), 1);
}

#[tokio::test]
async fn an_answer_before_the_end_of_its_request_is_heard_and_ends_the_connection() {
    let (server, plain) = Server::start().await;
    let serve = async {
        let mut peer = server.accept().await;
        peer.read_head().await;
        peer.write(YES).await;
        peer
    };
    let request = server.post("/", vec![b'x'; 64 << 20]);
    let (answered, mut peer) = join!(ask(&plain, request), serve);
    assert_eq!(answered, Ok("yes".to_owned()));
    assert_eq!(plain.idle.len(), 0);
    peer.closed().await;
}

#[tokio::test]
async fn a_name_with_an_address_that_nobody_listens_at_leads_to_the_other() {
    let (server, _) = Server::start().await;
    let port = server.address.rsplit(':').next().unwrap();
    let place = Uri::try_from(format!("http://localhost:{port}/")).unwrap();
    let plain = Plain::new(&place, Duration::from_secs(10)).unwrap();
    let request = Request::get(place).body(Bytes::new()).unwrap();
    let serve = async { server.accept().await.serve(YES).await };
    let (answered, _) = join!(ask(&plain, request), serve);
    assert_eq!(answered, Ok("yes".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_get_each_its_own_answers_over_as_many_connections_as_tasks() {
    const TASKS: usize = 64;
    const REQUESTS: usize = 50;
    let (server, plain) = Server::start().await;
    let (server, plain) = (Arc::new(server), Arc::new(plain));
    let accepted = Arc::new(AtomicUsize::new(0));
    let accepting = tokio::spawn({
        let (server, accepted) = (Arc::clone(&server), Arc::clone(&accepted));
        async move {
            loop {
                let mut peer = server.accept().await;
                accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    loop {
                        let request = peer.read().await;
                        let Some(path) = request.split(' ').nth(1) else {
                            break;
                        };
                        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                            .await;
                        for byte in path.chars() {
                            peer.write(&format!("1\r\n{byte}\r\n")).await;
                        }
                        peer.write("0\r\n\r\n").await;
                    }
                });
            }
        }
    });
    let tasks = (0..TASKS).map(|task| {
        let (server, plain) = (Arc::clone(&server), Arc::clone(&plain));
        tokio::spawn(async move {
            for number in 0..REQUESTS {
                let path = format!("/{task}/{number}");
                assert_eq!(ask(&plain, server.request(&path)).await, Ok(path));
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    accepting.abort();
    assert!(accepted.load(Ordering::Relaxed) <= TASKS);
}
