//! `/health`, `/healthz`: the process answers. `/ready`, `/readyz`: it takes new work and can keep what it is told. Open to
//! anyone; why it is not ready is told to callers of this machine and to those who prove who they are.

use hyper::StatusCode;
use serde::Serialize;

use super::State;
use super::endpoint::{self, Head, Route};
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

/// Programs of this machine that nobody speaks through, and whoever proves who he is.
fn may_know(state: &State, head: &Head) -> bool {
    let authenticator = state.authenticator();
    authenticator.is_of_this_host(head.ends(), head.headers())
        || authenticator
            .authenticate(head.ends(), head.headers())
            .is_ok()
}
