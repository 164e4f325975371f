//! `/health`, `/healthz`: the process answers. `/ready`, `/readyz`: it takes new work. Open to anyone.

use hyper::StatusCode;

use super::State;
use super::endpoint::{self, Route};
use super::reply;

const OK: &[u8] = br#"{"status":"ok"}"#;
const DRAINING: &[u8] = br#"{"status":"draining"}"#;

pub fn live(state: &State, path: &'static str) -> Route {
    endpoint::open(state, path, |_| {
        reply::json_bytes(StatusCode::OK, OK.to_vec())
    })
}

pub fn ready(state: &State, path: &'static str) -> Route {
    endpoint::open(state, path, |state| {
        if state.drain().is_draining() {
            reply::json_bytes(StatusCode::SERVICE_UNAVAILABLE, DRAINING.to_vec())
        } else {
            reply::json_bytes(StatusCode::OK, OK.to_vec())
        }
    })
}
