//! What is fetched over real sockets, and when it is given up.
//!
//! The servers of these tests are on loopback. So the guard is one of their own, for which 127.0.0.1 is the public
//! internet and everything else is not.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers each path with a whole HTTP answer of this table; `/endless` never ends, `/silent` never begins.
async fn serve(answers: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the runtime of its test.
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, answers));
        }
    });
    port
}

/// Plays the answer of the path; some paths have one of their own.
async fn answer(mut socket: TcpStream, answers: &[(&str, &str)]) -> io::Result<()> {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
    const BLANK: &[u8] = b"\r\n";
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default();
    match path {
        "/endless" => {
            socket.write_all(&[OK, BLANK].concat()).await?;
            loop {
                socket.write_all(&[b'x'; 1024]).await?;
            }
        }
        "/endless-head" => {
            socket.write_all(OK).await?;
            loop {
                socket.write_all(b"x-more: and more\r\n").await?;
            }
        }
        "/dribble" => {
            socket.write_all(&[OK, BLANK].concat()).await?;
            loop {
                socket.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        "/dribbled-head" => loop {
            socket.write_all(&OK[..1]).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        },
        // What was asked, as a body that claims to be compressed.
        "/asked" => {
            let coded = b"content-encoding: gzip\r\n\r\n";
            let whole = [OK, coded, head.as_bytes()].concat();
            return socket.write_all(&whole).await;
        }
        _ => {}
    }
    match answers.iter().find(|(known, _)| *known == path) {
        Some((_, answer)) => socket.write_all(answer.as_bytes()).await,
        None => std::future::pending().await,
    }
}

fn local(names: &Arc<Names>) -> Fetcher {
    Fetcher::with_guard(Guard {
        lookup: Arc::clone(names) as Arc<dyn Lookup>,
        is_public: |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
    })
}

const HELLO: (&str, &str) = (
    "/hello",
    "HTTP/1.1 200 OK\r\ncontent-type: Text/Plain; charset=utf-8\r\ncontent-length: 5\r\n\r\nhello",
);

#[tokio::test]
async fn a_public_page_is_read() {
    let port = serve(&[HELLO]).await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    let url = format!("http://public.test:{port}/hello");
    assert_eq!(
        local(&names).fetch(&url, &rules()).await,
        Ok(Fetched {
            url,
            status: 200,
            mime: "text/plain".to_owned(),
            body: Bytes::from_static(b"hello"),
            is_cut: false,
        })
    );
}

#[tokio::test]
async fn a_name_that_changes_between_check_and_use_gains_nothing() {
    let port = serve(&[HELLO]).await;
    let names = Names::new(&[("rebind.test", &["127.0.0.1", "127.0.0.2"])]);
    let fetcher = local(&names);
    let url = format!("http://rebind.test:{port}/hello");
    let first = fetcher.fetch(&url, &rules()).await.unwrap();
    assert_eq!(first.body, "hello");
    assert_eq!(*names.asked.lock().unwrap(), ["rebind.test"]);
    assert_eq!(fetcher.fetch(&url, &rules()).await, refused("rebind.test"));
}

#[tokio::test]
async fn every_redirect_is_checked_again() {
    let port = serve(&[
        (
            "/ip",
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2/\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/name",
            "HTTP/1.1 301 Moved\r\nlocation: //private.test/x\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/user",
            "HTTP/1.1 307 Go\r\nlocation: http://a:b@public.test/\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/file",
            "HTTP/1.1 308 Go\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/other",
            "HTTP/1.1 303 Go\r\nlocation: http://other.test/\r\ncontent-length: 0\r\n\r\n",
        ),
    ])
    .await;
    let names = Names::new(&[
        ("public.test", &["127.0.0.1"]),
        ("other.test", &["127.0.0.1"]),
        ("private.test", &["127.0.0.2"]),
    ]);
    let fetcher = local(&names);
    let rules = FetchRules {
        allow: ["public.test", "private.test", "127.0.0.2"]
            .map(str::to_owned)
            .into(),
        ..rules()
    };
    let fetch = async |path: &str| {
        let url = format!("http://public.test:{port}{path}");
        fetcher.fetch(&url, &rules).await
    };
    assert_eq!(fetch("/ip").await, refused("127.0.0.2"));
    assert_eq!(fetch("/name").await, refused("private.test"));
    let reason_of = |answer| match answer {
        Err(FetchError::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason_of(fetch("/user").await),
        "the URL holds a user name or a password"
    );
    assert_eq!(
        reason_of(fetch("/other").await),
        "it is not on the list of allowed hosts"
    );
    assert!(matches!(fetch("/file").await, Err(FetchError::Invalid(_))));
}

#[tokio::test]
async fn at_most_three_redirects_are_followed() {
    let port = serve(&[
        (
            "/4",
            "HTTP/1.1 302 Found\r\nlocation: /3\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/3",
            "HTTP/1.1 302 Found\r\nlocation: 2\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/2",
            "HTTP/1.1 302 Found\r\nlocation: ?\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "/2?",
            "HTTP/1.1 302 Found\r\nlocation: /hello\r\ncontent-length: 0\r\n\r\n",
        ),
        HELLO,
    ])
    .await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    let fetcher = local(&names);
    let generous = FetchRules {
        max_redirects: 100,
        ..rules()
    };
    let three = fetcher
        .fetch(&format!("http://public.test:{port}/3"), &generous)
        .await;
    assert_eq!(
        three.map(|page| page.body),
        Ok(Bytes::from_static(b"hello"))
    );
    let four = fetcher
        .fetch(&format!("http://public.test:{port}/4"), &generous)
        .await;
    assert_eq!(four, Err(FetchError::Redirects(3)));
    let none = FetchRules {
        max_redirects: 0,
        ..rules()
    };
    let first = fetcher
        .fetch(&format!("http://public.test:{port}/3"), &none)
        .await;
    assert_eq!(first, Err(FetchError::Redirects(0)));
}

#[tokio::test]
async fn an_endless_body_is_cut() {
    let port = serve(&[]).await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    let url = format!("http://public.test:{port}/endless");
    let page = local(&names).fetch(&url, &rules()).await.unwrap();
    assert_eq!((page.body.len(), page.is_cut), (1000, true));
}

#[tokio::test]
async fn a_head_without_end_is_not_read() {
    let port = serve(&[]).await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    let url = format!("http://public.test:{port}/endless-head");
    let host = "public.test".to_owned();
    let answer = local(&names).fetch(&url, &rules()).await;
    assert_eq!(answer, Err(FetchError::Unreachable { host }));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_or_a_byte_a_second_is_not_waited_for() {
    let port = serve(&[]).await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    for path in ["/silent", "/dribble", "/dribbled-head"] {
        let url = format!("http://public.test:{port}{path}");
        let answer = local(&names).fetch(&url, &rules()).await;
        let limit = Duration::from_secs(10);
        assert_eq!(answer, Err(FetchError::TimedOut(limit)), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_unpacked_and_nothing_of_ours_is_sent_along() {
    let port = serve(&[]).await;
    let names = Names::new(&[("public.test", &["127.0.0.1"])]);
    let url = format!("http://public.test:{port}/asked");
    let page = local(&names).fetch(&url, &rules()).await.unwrap();
    let head = std::str::from_utf8(&page.body).unwrap().to_lowercase();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        head,
        format!(
            "get /asked http/1.1\r\naccept: */*\r\nuser-agent: openclaw/{version}\r\nhost: public.test:{port}\r\n\r\n"
        )
    );
}

/// Finds no name, ever.
struct Lost;

impl Lookup for Lost {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        std::future::pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn more_fetches_than_there_are_places_wait_no_longer_than_their_limit() {
    let fetcher = Fetcher::new(Arc::new(Lost));
    let rules = rules();
    let fetches = (0..=MAX_FETCHES).map(|_| fetcher.fetch("http://example.com/", &rules));
    let begun = tokio::time::Instant::now();
    let answers = futures_util::future::join_all(fetches).await;
    let late = Err(FetchError::TimedOut(rules.timeout));
    assert!(answers.iter().all(|answer| *answer == late));
    assert_eq!(begun.elapsed().as_secs(), 10);
}
