//! How connections end: by the other end, by a caller that has gone, by age, by number.

use tokio::time::{Instant, pause};

use super::peer::Peer;
use super::*;

/// A connection that waits in the pool, and its other end.
async fn rested(server: &Server, plain: &Plain) -> Peer {
    let serve = async {
        let mut peer = server.accept().await;
        peer.serve(YES).await;
        peer
    };
    let (answered, peer) = join!(ask(plain, server.request("/")), serve);
    assert_eq!(answered, Ok("yes".to_owned()));
    assert_eq!(plain.idle.len(), 1);
    peer
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_that_its_server_closes_while_nobody_uses_it_goes_at_once() {
    let (server, plain) = Server::start().await;
    let peers = [rested(&server, &plain).await];
    drop(peers);
    until(|| plain.idle.len() == 0).await;
    rested(&server, &plain).await;
}

#[tokio::test]
async fn a_connection_that_says_something_unasked_goes_at_once() {
    let (server, plain) = Server::start().await;
    let mut peer = rested(&server, &plain).await;
    peer.write(YES).await;
    peer.closed().await;
    assert_eq!(plain.idle.len(), 0);
}

#[tokio::test]
async fn a_request_that_meets_the_end_of_its_connection_goes_over_a_fresh_one() {
    let (server, plain) = Server::start().await;
    let peer = rested(&server, &plain).await;
    let mut connection = plain.idle.take().unwrap();
    let mut peer = Some(peer);
    // Its end is there, and nobody has looked yet.
    let woken = poll_fn(|cx| match peer.take() {
        Some(_closed) if connection.is_free(cx) => Poll::Pending,
        _ => Poll::Ready(()),
    });
    woken.await;
    plain.idle.put(connection);
    let serve = async { server.accept().await.serve(YES).await };
    let (answered, path) = join!(ask(&plain, server.request("/again")), serve);
    assert_eq!(answered, Ok("yes".to_owned()));
    assert_eq!(path, "/again");
}

#[tokio::test]
async fn a_request_that_may_have_been_read_is_not_sent_again() {
    let (server, plain) = Server::start().await;
    let mut peer = rested(&server, &plain).await;
    let cut = async move {
        peer.read_head().await;
        drop(peer);
    };
    let (answered, ()) = join!(ask(&plain, server.request("/once")), cut);
    assert_eq!(answered, Err(Failure::Cut));

    let serve = async { server.accept().await.serve(YES).await };
    let (_, path) = join!(ask(&plain, server.request("/next")), serve);
    assert_eq!(path, "/next");
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error_and_not_its_end() {
    let (server, plain) = Server::start().await;
    for part in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nyes",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n",
    ] {
        let serve = async { server.accept().await.serve(part).await };
        let (response, _) = join!(plain.send(server.request("/")), serve);
        assert_eq!(whole(response.unwrap().into_body()).await, Err(()));
        assert_eq!(plain.idle.len(), 0);
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_told_apart_from_a_cut() {
    let (server, plain) = Server::start().await;
    let request = server.request("/");
    drop(server);
    let refused = Failure::Unreachable("connection refused".to_owned());
    assert_eq!(ask(&plain, request).await, Err(refused));
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_end_closes_its_connection() {
    let (server, plain) = Server::start().await;
    let begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n";
    let serve = async {
        let mut peer = server.accept().await;
        peer.serve(begun).await;
        peer
    };
    let (response, mut peer) = join!(plain.send(server.request("/")), serve);
    let mut body = response.unwrap().into_body();
    poll_fn(|cx| body.poll_frame(cx)).await.unwrap().unwrap();
    drop(body);
    assert_eq!(plain.idle.len(), 0);
    peer.closed().await;
}

#[tokio::test]
async fn a_request_whose_future_is_dropped_closes_its_connection() {
    let (server, plain) = Server::start().await;
    let mut peer = rested(&server, &plain).await;
    let read = tokio::select! {
        biased;
        _ = ask(&plain, server.request("/left")) => String::new(),
        read = peer.read() => read,
    };
    assert!(read.starts_with("POST /left "), "{read}");
    assert_eq!(plain.idle.len(), 0);
    peer.closed().await;
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_when_it_is_too_old() {
    let (server, plain) = Server::start().await;
    let mut peer = rested(&server, &plain).await;
    pause();
    let began = Instant::now();
    peer.closed().await;
    let waited = began.elapsed();
    assert!(
        waited.abs_diff(IDLE_LIMIT) < Duration::from_secs(1),
        "{waited:?}"
    );
    assert_eq!(plain.idle.len(), 0);
}

#[tokio::test]
async fn connections_go_with_their_pool() {
    let (server, plain) = Server::start().await;
    let mut peer = rested(&server, &plain).await;
    drop(plain);
    peer.closed().await;
}

#[tokio::test]
async fn no_more_connections_are_kept_than_the_limit_says() {
    let (server, plain) = Server::start().await;
    let all = MAX_IDLE_CONNECTIONS + 1;
    let asked = join_all((0..all).map(|_| ask(&plain, server.request("/"))));
    let serve = async {
        let mut peers = Vec::new();
        for _ in 0..all {
            peers.push(server.accept().await);
        }
        for peer in &mut peers {
            peer.serve(YES).await;
        }
        peers
    };
    let (answered, _peers) = join!(asked, serve);
    assert!(answered.iter().all(Result::is_ok));
    assert_eq!(plain.idle.len(), MAX_IDLE_CONNECTIONS);
}

#[test]
fn a_body_can_be_dropped_where_no_runtime_is() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (plain, bodies) = runtime.block_on(async {
        let (server, plain) = Server::start().await;
        let mut bodies = Vec::new();
        for _ in 0..2 {
            let serve = async { server.accept().await.serve(YES).await };
            let (response, _) = join!(plain.send(server.request("/")), serve);
            bodies.push(response.unwrap().into_body());
        }
        (plain, bodies)
    });
    let [outside, after] = <[PlainBody; 2]>::try_from(bodies).ok().unwrap();
    drop(outside);
    drop(runtime);
    drop(after);
    assert_eq!(plain.idle.len(), 0);
}
