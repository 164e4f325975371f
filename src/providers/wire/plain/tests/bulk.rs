//! Large answers that are read without hyper.

use bytes::BytesMut;

use super::*;

const BYTES: usize = 3 << 20;

fn body() -> String {
    ('a'..='z').cycle().take(BYTES).collect()
}

fn answer(head: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\n{head}content-length: {BYTES}\r\n\r\n{}",
        body()
    )
}

/// The first piece of an answer, and all that is left of it in one go. Whether pieces were left after that.
async fn filled(plain: &Plain, request: Request<Bytes>) -> Result<(String, bool), Failure> {
    let mut body = plain.send(request).await?.into_body();
    let mut read = BytesMut::new();
    let next = async |body: &mut PlainBody| {
        let frame = poll_fn(|cx| body.poll_frame(cx)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
    };
    let first = next(&mut body).await.unwrap();
    read.extend_from_slice(&first.map_err(|_| Failure::Cut)?);
    body.fill(&mut read).await?;
    let mut has_pieces = false;
    while let Some(piece) = next(&mut body).await {
        has_pieces = true;
        read.extend_from_slice(&piece.map_err(|_| Failure::Cut)?);
    }
    Ok((String::from_utf8(read.to_vec()).unwrap(), has_pieces))
}

#[tokio::test]
async fn a_large_answer_is_filled_in_and_its_connection_is_used_again() {
    let (server, plain) = Server::start().await;
    let client = async {
        for _ in 0..3 {
            let (read, has_pieces) = filled(&plain, server.post("/", b"hi".to_vec()))
                .await
                .unwrap();
            assert!(read == body() && !has_pieces);
            assert_eq!(plain.idle.len(), 1);
        }
        assert_eq!(ask(&plain, server.request("/")).await, Ok("yes".to_owned()));
    };
    let serve = async {
        let mut peer = server.accept().await;
        for _ in 0..3 {
            peer.serve(&answer("")).await;
        }
        peer.serve(YES).await;
    };
    join!(client, serve);
}

#[tokio::test]
async fn a_large_answer_that_is_cut_is_an_error() {
    let (server, plain) = Server::start().await;
    let whole = answer("");
    for end in [20_000, BYTES] {
        let serve = async { server.accept().await.serve(&whole[..end]).await };
        let (read, _) = join!(filled(&plain, server.post("/", b"hi".to_vec())), serve);
        assert_eq!(read, Err(Failure::Cut));
        assert_eq!(plain.idle.len(), 0);
    }
}

#[tokio::test]
async fn a_connection_that_closes_or_says_more_than_it_announced_is_not_kept() {
    let (server, plain) = Server::start().await;
    for (answer, comes_in_pieces) in [
        (answer("connection: keep-alive, Close\r\n"), true),
        (answer("").replacen("1.1", "1.0", 1), true),
        (answer("") + "more", false),
    ] {
        let serve = async {
            let mut peer = server.accept().await;
            peer.serve(&answer).await;
            peer
        };
        let (read, mut peer) = join!(filled(&plain, server.post("/", b"hi".to_vec())), serve);
        let (read, has_pieces) = read.unwrap();
        assert!(read == body());
        assert_eq!(has_pieces, comes_in_pieces);
        // What was not announced may still be on its way: it ends the connection once it is there.
        peer.closed().await;
        assert_eq!(plain.idle.len(), 0);
    }
}

#[tokio::test]
async fn a_large_answer_before_the_end_of_its_request_is_heard_and_ends_the_connection() {
    let (server, plain) = Server::start().await;
    let serve = async {
        let mut peer = server.accept().await;
        peer.read_head().await;
        peer.write(&answer("")).await;
        peer
    };
    let request = server.post("/", vec![b'x'; 64 << 20]);
    let (read, mut peer) = join!(filled(&plain, request), serve);
    let (read, has_pieces) = read.unwrap();
    assert!(read == body() && has_pieces);
    assert_eq!(plain.idle.len(), 0);
    peer.closed().await;
}

#[tokio::test]
async fn a_large_answer_that_nobody_waits_for_any_more_closes_its_connection() {
    let (server, plain) = Server::start().await;
    let whole = answer("");
    let serve = async {
        let mut peer = server.accept().await;
        peer.serve(&whole[..BYTES]).await;
        peer
    };
    let reading = filled(&plain, server.post("/", b"hi".to_vec()));
    let mut peer = tokio::select! {
        peer = serve => peer,
        _ = reading => unreachable!("its end is missing"),
    };
    peer.closed().await;
    assert_eq!(plain.idle.len(), 0);
}
