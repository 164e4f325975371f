//! A server over streamable HTTP, played by hand: what the protocol leaves it free to do.

mod faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{calling, hello, offered};
use crate::support::{Answer, Gate, House, Recorded, Scripted, Shell, config_for, merged, within};

const SESSION: &str = "mcp-session-id";

/// A configuration whose agent may use the tools of this server.
fn far(server: &Scripted) -> Value {
    json!({
        "mcp": { "servers": { "far": {
            "url": format!("http://127.0.0.1:{}/mcp", server.port()), "timeoutSeconds": 5,
        } } },
        "tools": { "allow": ["far__*"] },
    })
}

/// What of the protocol a request is: its method there, or that of HTTP.
fn method(request: &Recorded) -> String {
    match request.method.as_str() {
        "POST" => {
            let message = request.json();
            message["method"].as_str().unwrap_or("answer").to_owned()
        }
        other => other.to_owned(),
    }
}

fn result(request: &Recorded, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": request.json()["id"], "result": result })
}

/// What a call came to, as a message.
fn said(request: &Recorded, text: &str) -> Value {
    result(
        request,
        json!({ "content": [{ "type": "text", "text": text }] }),
    )
}

/// A server as it should be, with one tool `go`, without sessions and streams.
fn plain(request: &Recorded) -> Answer {
    let answered = |told: Value| Answer::json(200, result(request, told));
    match method(request).as_str() {
        "initialize" => answered(json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": { "name": "far", "version": "1" },
        })),
        "tools/list" => answered(json!({ "tools": [{ "name": "go", "inputSchema": {} }] })),
        "tools/call" => Answer::json(200, said(request, "gone")),
        "ping" => answered(json!({})),
        "GET" => Answer::json(405, json!({})),
        "DELETE" => Answer::json(200, json!({})),
        _ => Answer::json(202, json!({})),
    }
}

/// A server that answers so, and as it should where that is nothing.
async fn serving(odd: impl Fn(&Recorded) -> Option<Answer> + Send + Sync + 'static) -> Scripted {
    let server = Scripted::start().await;
    server.always(Answer::from_fn(move |request| {
        odd(request).unwrap_or_else(|| plain(request))
    }));
    server
}

/// The first request of this method, once it is there.
async fn asked(server: &Scripted, wanted: &str) -> Recorded {
    let sought = async {
        loop {
            let request = server.next_request().await;
            if method(&request) == wanted {
                return request;
            }
        }
    };
    within(|| format!("no {wanted}"), sought).await
}

#[tokio::test]
async fn every_request_after_the_greeting_names_the_session_and_the_version_and_the_last_ends_it() {
    let server = serving(|request| {
        let greets = method(request) == "initialize";
        greets.then(|| plain(request).header(SESSION, "s-1"))
    })
    .await;
    let provider = Scripted::start().await;
    let shell = Shell::with(&merged(config_for(&provider), far(&server)));
    let listed = shell.run(&["mcp", "list", "--probe", "--json"]);
    assert_eq!(listed.json()[0]["tools"], json!(["far__go"]));

    let requests = server.requests();
    let version = "2025-06-18";
    let told = |request: &Recorded| {
        let header = |name| request.header(name).map(str::to_owned);
        (
            method(request),
            header(SESSION),
            header("mcp-protocol-version"),
        )
    };
    // The stream of what it says of its own accord is asked for at some time.
    let told: Vec<_> = requests
        .iter()
        .map(told)
        .filter(|told| told.0 != "GET")
        .collect();
    let in_session = |method: &str| {
        let (session, version) = (Some("s-1".to_owned()), Some(version.to_owned()));
        (method.to_owned(), session, version)
    };
    assert_eq!(
        told,
        [
            ("initialize".to_owned(), None, None),
            in_session("notifications/initialized"),
            in_session("tools/list"),
            in_session("DELETE"),
        ]
    );
    let greeting = requests[0].json();
    assert_eq!(
        greeting["params"],
        json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "openclaw", "version": env!("CARGO_PKG_VERSION") } })
    );
    for request in requests.iter().filter(|request| request.method == "POST") {
        assert_eq!(request.header("content-type"), Some("application/json"));
        let accepted = request.header("accept");
        assert_eq!(accepted, Some("application/json, text/event-stream"));
    }
}

#[tokio::test]
async fn an_answer_may_be_a_stream_in_which_the_server_asks_and_tells_first() {
    let server = serving(|request| {
        let answer = json!([said(request, "gone at last"), { "jsonrpc": "2.0", "method": "more" }]);
        let events = [
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} }),
            json!({ "jsonrpc": "2.0", "id": "a", "method": "ping" }),
            json!({ "jsonrpc": "2.0", "id": 7, "method": "sampling/createMessage", "params": {} }),
            answer,
        ];
        (method(request) == "tools/call").then(|| Answer::sse(events).split_every(7))
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    assert_eq!(calling(&provider, &house, "far__go").await, "gone at last");
    let first = asked(&server, "answer").await.json();
    assert_eq!(first, json!({ "jsonrpc": "2.0", "id": "a", "result": {} }));
    let second = asked(&server, "answer").await.json();
    let missing = json!({ "code": -32601, "message": "Method not found" });
    assert_eq!(
        second,
        json!({ "jsonrpc": "2.0", "id": 7, "error": missing })
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_taken_up_where_it_ended() {
    let called = Arc::new(std::sync::Mutex::new(None));
    let server = serving(move |request| match method(request).as_str() {
        "tools/call" => {
            *called.lock().unwrap() = Some(said(request, "gone in two steps"));
            let begun = ["id: e-1\nretry: 100\ndata:\n\n", "id: e-2\ndata: {\"json\n"];
            Some(Answer::raw_sse(begun).cut())
        }
        "GET" => {
            assert_eq!(request.header("last-event-id"), Some("e-1"));
            let answer = called.lock().unwrap().clone().unwrap();
            Some(Answer::sse([answer]))
        }
        _ => None,
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    let told = calling(&provider, &house, "far__go").await;
    assert_eq!(told, "gone in two steps");
}

#[tokio::test]
async fn what_a_server_says_of_its_own_accord_is_heard() {
    let (gate, listed) = (Gate::new(), AtomicUsize::new(0));
    let opened = gate.clone();
    let server = serving(move |request| match method(request).as_str() {
        "initialize" => Some(plain(request).header(SESSION, "s-1")),
        "tools/list" if listed.fetch_add(1, Ordering::Relaxed) > 0 => {
            let tool = |name: &str| json!({ "name": name, "inputSchema": {} });
            let told = json!({ "tools": [tool("go"), tool("stop")] });
            Some(Answer::json(200, result(request, told)))
        }
        "GET" => {
            let changed =
                "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n";
            let stay = Gate::new();
            let stream = Answer::raw_sse([": well\n\n", changed]);
            Some(stream.pause_before(1, &opened).pause_before(2, &stay))
        }
        _ => None,
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    provider.always(Answer::chat_text("ok"));
    house.chat(hello()).await;
    assert_eq!(offered(provider.requests().last().unwrap()), ["far__go"]);
    gate.open();
    within(|| "no word of other tools".to_owned(), async {
        while offered(provider.requests().last().unwrap()).len() == 1 {
            house.chat(hello()).await;
        }
    })
    .await;
    let names = offered(provider.requests().last().unwrap());
    assert_eq!(names, ["far__go", "far__stop"]);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_called_off() {
    let server = serving(|request| (method(request) == "tools/call").then(Answer::hang)).await;
    let provider = Scripted::start().await;
    let limit = json!({ "mcp": { "servers": { "far": { "timeoutSeconds": 0.2 } } } });
    let house = House::changed(&provider, merged(far(&server), limit)).await;
    assert_eq!(
        calling(&provider, &house, "far__go").await,
        "the MCP server `far` did not answer within 0.2 s; what it did so far stays done"
    );
    let call = asked(&server, "tools/call").await.json();
    let called_off = asked(&server, "notifications/cancelled").await.json();
    assert_eq!(
        called_off,
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": call["id"] } })
    );
}
