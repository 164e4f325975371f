//! `GET /openapi.json`: what this server takes and answers, as OpenAPI 3.1. Open to anyone; it says nothing of how this
//! server is configured.
//!
//! `openapi.json` beside this file is kept by hand and sent as it is. The tests hold it against the route table and its own
//! rules (`tests/openapi.rs`), and against the running server, which is asked whatever the document allows and forbids.

use bytes::Bytes;
use hyper::StatusCode;

use super::State;
use super::endpoint::{self, Route};
use super::reply;

/// The whole description.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");

pub fn route(state: &State) -> Route {
    endpoint::open(state, "/openapi.json", |_, _| {
        let document = Bytes::from_static(DOCUMENT.as_bytes());
        reply::json_bytes(StatusCode::OK, document)
    })
}
