//! Who opened a WebSocket: let in once with the upgrade, and anew with every turn, as if each were a request.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;

use super::{Gate, Head, admit};
use crate::auth::Caller;
use crate::server::State;
use crate::server::call::Routing;
use crate::server::drain::{Drain, Phase};
use crate::server::error::ApiError;
use crate::server::websocket::WebSocket;

/// The head of the request that a socket began with, and what stands before its route.
pub struct Visitor {
    state: State,
    gate: Gate,
    head: Head,
}

/// A visitor who may take a turn, under the settings that the turn keeps to its end.
pub struct Admitted {
    pub state: State,
    pub caller: Caller,
    pub routing: Routing,
}

impl Visitor {
    pub(super) fn new(state: State, gate: Gate, head: Head) -> Self {
        let head = head.with_headers(on_their_own(head.headers()));
        Self { state, gate, head }
    }

    /// Asks the latest settings everything that the upgrade was asked for.
    ///
    /// # Errors
    /// What a request with the same head would be refused for now.
    pub fn enter(&self) -> Result<Admitted, ApiError> {
        let state = self.state.latest();
        if state.drain().is_draining() {
            return Err(ApiError::shutting_down());
        }
        let (caller, routing) = admit(&state, self.gate, &self.head)?;
        Ok(Admitted {
            state,
            caller,
            routing,
        })
    }

    /// As it was at the upgrade.
    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn drain(&self) -> &Drain {
        self.state.drain()
    }

    /// Serves the socket once the upgrade is done.
    pub(super) fn welcome<F, A>(self, upgrade: OnUpgrade, serve: F)
    where
        F: FnOnce(Self, WebSocket) -> A + Send + 'static,
        A: Future<Output = ()> + Send,
    {
        let cut = self.drain().reached(Phase::Cut);
        let limits = self.state.body_limits();
        let serving = async move {
            // It fails for a peer that is gone already.
            if let Ok(upgraded) = upgrade.await {
                serve(self, WebSocket::over(upgraded, limits).await).await;
            }
        };
        // Once in memory rather than twice: the task has room for it as it is given, and as it is polled.
        let serving = Box::pin(serving);
        // The listener awaits it, by the place of its connection; it ends by itself, or with the last of the server.
        tokio::spawn(async move {
            tokio::select! {
                () = serving => {}
                () = cut => {}
            }
        });
    }
}

/// The same headers without the buffer that they were read into, of which they are slices.
fn on_their_own(headers: &HeaderMap) -> HeaderMap {
    let copied = |(name, value): (&HeaderName, &HeaderValue)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    headers.iter().filter_map(copied).collect()
}
