//! Door 2: HTTP. It translates requests into calls of the room and what the room says into responses.

mod access;
mod activity;
mod aside;
mod body;
mod call;
mod chat_completions;
mod connection;
mod cors;
mod documents;
mod drain;
mod embeddings;
mod endpoint;
mod error;
mod events;
mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod head;
mod health;
mod listener;
mod media;
mod metrics;
mod models;
mod openapi;
mod path;
mod pictures;
mod readiness;
mod reply;
mod responses;
mod socket;
mod timing;
mod tool_choice;
mod tool_event;
mod tool_names;
mod websocket;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::HeaderMap;
use hyper::header::{HeaderValue, STRICT_TRANSPORT_SECURITY};
use tokio::net::TcpListener;
use warp::filters::BoxedFilter;

use crate::auth::Authenticator;
use crate::config::{HstsConfig, HttpConfig};
use crate::gateway::Gateway;
use cors::Page;
use drain::Drain;
use endpoint::Route;
use exchange::Exchanges;
pub use listener::Ended;
use listener::{Handler, Limits};
use metrics::Http;
use path::Path;
use readiness::Readiness;
use reply::Response;

/// A write that makes no progress for this long ends its connection.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a handler may use: the settings that its request began with, and the server, which outlives them. A clone is
/// another handle.
#[derive(Clone)]
pub struct State {
    settings: Arc<Settings>,
    server: Arc<Server>,
}

/// What a reload replaces, as a whole.
struct Settings {
    gateway: Gateway,
    authenticator: Authenticator,
    http: HttpConfig,
}

/// What no reload touches.
struct Server {
    /// Read once a request and replaced in one step; the lock is held for no longer than that takes.
    latest: RwLock<Arc<Settings>>,
    drain: Drain,
    readiness: Readiness,
    documents: documents::Reader,
    metrics: Arc<Http>,
    socket_budget: responses::Budget,
    started: u64,
}

impl State {
    pub fn new(gateway: Gateway, authenticator: Authenticator, http: HttpConfig) -> Self {
        let settings = Arc::new(Settings {
            gateway,
            authenticator,
            http,
        });
        let server = Server {
            latest: RwLock::new(Arc::clone(&settings)),
            drain: Drain::new(),
            readiness: Readiness::of(&settings.gateway),
            documents: documents::Reader::default(),
            metrics: Arc::default(),
            socket_budget: responses::Budget::default(),
            started: unix_seconds(),
        };
        Self {
            settings,
            server: Arc::new(server),
        }
    }

    /// Gives the server other settings: every request that begins from now on has them, and every one before keeps
    /// its own to its end. The limits of connections and of the drain stay those that the server was started with.
    pub fn replace(&self, gateway: Gateway, authenticator: Authenticator, http: HttpConfig) {
        let settings = Arc::new(Settings {
            gateway,
            authenticator,
            http,
        });
        let latest = self.server.latest.write();
        let before = std::mem::replace(
            &mut *latest.unwrap_or_else(PoisonError::into_inner),
            settings,
        );
        // After the lock is free: the last one to let go of settings clears them away.
        drop(before);
    }

    /// The state that a request begins with.
    fn latest(&self) -> Self {
        let latest = self.server.latest.read();
        Self {
            settings: Arc::clone(&latest.unwrap_or_else(PoisonError::into_inner)),
            server: Arc::clone(&self.server),
        }
    }

    fn gateway(&self) -> &Gateway {
        &self.settings.gateway
    }

    fn authenticator(&self) -> &Authenticator {
        &self.settings.authenticator
    }

    fn http(&self) -> &HttpConfig {
        &self.settings.http
    }

    fn drain(&self) -> &Drain {
        &self.server.drain
    }

    /// What sockets may remember together.
    fn socket_budget(&self) -> &responses::Budget {
        &self.server.socket_budget
    }

    fn readiness(&self) -> &Readiness {
        &self.server.readiness
    }

    /// Reads the files of requests.
    fn documents(&self) -> &documents::Reader {
        &self.server.documents
    }

    /// What was counted of requests since the server was started.
    fn metrics(&self) -> &Arc<Http> {
        &self.server.metrics
    }

    /// When the server was started, in seconds since 1970.
    fn started(&self) -> u64 {
        self.server.started
    }

    /// The web page that sends a request with these headers.
    fn page(&self, headers: &HeaderMap) -> Page {
        let listed = &self.http().cors.allowed_origins;
        Page::of(headers, listed, self.authenticator().is_ambient())
    }

    /// Has browsers come back over TLS only, where that is wanted.
    fn secure(&self, answer: &mut HeaderMap) {
        let value = &self.http().security_headers.strict_transport_security;
        let value = value.as_ref().and_then(HstsConfig::value);
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            answer.insert(STRICT_TRANSPORT_SECURITY, value);
        }
    }

    fn body_limits(&self) -> body::Limits {
        body::Limits {
            bytes: self.http().max_body_bytes,
            time: Duration::from_millis(self.http().body_timeout_ms),
        }
    }
}

fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Where the routes are, and all of them as one.
fn routes(state: &State) -> (Arc<[Path]>, BoxedFilter<(Response,)>) {
    let table: Vec<Route> = route_table(state).into_iter().collect();
    let places = table.iter().map(|route| route.path).collect();
    (places, endpoint::table(state, table))
}

/// The route table.
fn route_table(state: &State) -> impl IntoIterator<Item = Route> + use<> {
    [
        chat_completions::route(state),
        embeddings::route(state),
        models::list(state),
        models::one(state),
        responses::create(state),
        responses::compact(state),
        responses::retrieve(state),
        responses::delete(state),
        responses::input_items(state),
        responses::socket(state),
        openapi::route(state),
        health::live(state, "/health"),
        health::live(state, "/healthz"),
        health::ready(state, "/ready"),
        health::ready(state, "/readyz"),
        metrics::route(state),
    ]
}

/// Serves until `stop` resolves, and then until what runs is over: at most for the configured drain time, or until
/// `now` resolves. What still runs then ends with an error.
pub async fn run(
    state: State,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    now: impl Future<Output = ()>,
) -> Ended {
    let http = state.http();
    let limits = Limits {
        max_connections: http.max_connections,
        header_timeout: Duration::from_millis(http.header_timeout_ms),
        keep_alive: Duration::from_millis(http.keep_alive_ms),
        write_timeout: WRITE_TIMEOUT,
        grace: Duration::from_millis(http.drain_ms),
    };
    let (places, routes) = routes(&state);
    let handler = Handler {
        service: Exchanges::new(state.clone(), places, warp::service(routes)),
        on_panic: exchange::panicked(&state),
        on_unreadable: exchange::unreadable(&state),
    };
    let drain = state.drain();
    let orders = async {
        stop.await;
        drain.begin();
        now.await;
        drain.end();
        std::future::pending().await
    };
    tokio::select! {
        ended = listener::serve(listener, handler, limits, drain.clone()) => ended,
        never = orders => never,
        // Every configuration has the same store.
        never = state.readiness().watch(state.gateway()) => match never {},
    }
}

#[cfg(test)]
mod tests;
