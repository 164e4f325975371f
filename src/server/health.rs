//! `/health`, `/healthz`: the process answers. `/ready`, `/readyz`: it takes new work and can keep what it is told. Open to
//! anyone; why it is not ready is told to callers of this machine and to those who prove who they are.

use hyper::{HeaderMap, StatusCode};
use serde::Serialize;

use super::State;
use super::endpoint::{self, Head, Route};
use super::listener::Peer;
use super::readiness::Condition;
use super::reply::{self, Response};

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

pub fn live(state: &State, path: &'static str) -> Route {
    endpoint::open(state, path, |_, _| answer(StatusCode::OK, "ok", None))
}

pub fn ready(state: &State, path: &'static str) -> Route {
    endpoint::open(state, path, |state, head| {
        const NOT_READY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        match state.readiness().condition() {
            _ if state.drain().is_draining() => answer(NOT_READY, "draining", None),
            Condition::Starting => answer(NOT_READY, "starting", None),
            Condition::Ready => answer(StatusCode::OK, "ok", None),
            Condition::Impaired(reason) => {
                let reason = may_know(state, head).then_some(reason.as_str());
                answer(NOT_READY, "unavailable", reason)
            }
        }
    })
}

fn answer(code: StatusCode, status: &str, reason: Option<&str>) -> Response {
    let health = Health { status, reason };
    reply::json_bytes(
        code,
        serde_json::to_vec(&health).expect("strings serialize"),
    )
}

fn may_know(state: &State, head: &Head) -> bool {
    let authenticated = || {
        let authenticator = state.authenticator();
        authenticator.authenticate(head.peer.addr, &head.headers)
    };
    is_of_this_host(head.peer, &head.headers) || authenticated().is_ok()
}

/// Whether the request was made on this machine, as far as that shows: a proxy that says it speaks for somebody else
/// is not believed to be alone.
fn is_of_this_host(peer: Peer, headers: &HeaderMap) -> bool {
    let ip = peer.addr.ip();
    let is_near = ip.is_loopback() || peer.local.is_some_and(|local| local.ip() == ip);
    let forwards =
        |name: &str| matches!(name, "forwarded" | "x-real-ip") || name.starts_with("x-forwarded-");
    is_near && !headers.keys().any(|name| forwards(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    fn peer(addr: &str, local: &str) -> Peer {
        Peer {
            addr: addr.parse().unwrap(),
            local: local.parse().ok(),
        }
    }

    #[test]
    fn a_caller_is_of_this_host_when_nobody_says_that_it_speaks_for_another() {
        let none = HeaderMap::new();
        let loopback = peer("127.0.0.1:5000", "127.0.0.1:18789");
        assert!(is_of_this_host(loopback, &none));
        assert!(is_of_this_host(
            peer("10.0.0.2:5000", "10.0.0.2:18789"),
            &none
        ));
        assert!(!is_of_this_host(
            peer("10.0.0.3:5000", "10.0.0.2:18789"),
            &none
        ));
        for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), "1.2.3.4".parse().unwrap());
            assert!(!is_of_this_host(loopback, &headers), "{name}");
        }
    }
}
