//! The part of a request that is there before its body: what routes are chosen by, and what is asked before a body is
//! read.

use std::sync::Arc;

use hyper::{HeaderMap, Method, Request, Uri};

use crate::auth::Ends;
use crate::chat::Notes;
use crate::server::listener::Peer;
use crate::server::path::Path;

/// A clone is another handle of the same.
#[derive(Clone)]
pub struct Head(Arc<Parts>);

struct Parts {
    method: Method,
    uri: Uri,
    peer: Peer,
    headers: HeaderMap,
    notes: Notes,
}

impl Head {
    /// Takes the headers out of the request and puts the head in as one extension, which is all that the routes look
    /// at. A request that came over no connection of ours has none, and no route.
    pub fn detach<B>(request: &mut Request<B>, notes: Notes) {
        let Some(peer) = request.extensions().get::<Peer>().copied() else {
            return;
        };
        let head = Self(Arc::new(Parts {
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer,
            headers: std::mem::take(request.headers_mut()),
            notes,
        }));
        request.extensions_mut().insert(head);
    }

    /// The same with other headers.
    pub fn with_headers(&self, headers: HeaderMap) -> Self {
        Self(Arc::new(Parts {
            method: self.0.method.clone(),
            uri: self.0.uri.clone(),
            peer: self.0.peer,
            headers,
            notes: self.0.notes.clone(),
        }))
    }

    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The path as it was sent.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// What of the path is the caller's to choose at this place, as it was sent.
    pub fn tail(&self, place: Path) -> &str {
        place.tail(self.path()).unwrap_or_default()
    }

    /// What follows the `?`, as it was sent; empty without one.
    pub fn query(&self) -> &str {
        self.0.uri.query().unwrap_or_default()
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The two ends of its connection.
    pub fn ends(&self) -> Ends {
        Ends {
            peer: self.0.peer.addr.ip(),
            own: self.0.peer.local.map(|local| local.ip()),
        }
    }

    pub fn notes(&self) -> Notes {
        self.0.notes.clone()
    }
}
