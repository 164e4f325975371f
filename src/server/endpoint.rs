//! From a path to a handler: draining? who is it? is it on? may they? then the body, then the handler. A request takes the
//! latest settings here, once, and keeps them. The only folder that knows warp filters.

mod head;
mod table;
mod visitor;

use std::pin::pin;

use bytes::Buf;
use futures_util::future::ready;
use futures_util::{FutureExt, Stream};
use hyper::header::UPGRADE;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, StatusCode};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::State;
use super::body::{self, FromBody};
use super::call::{Call, Routing};
use super::error::ApiError;
use super::path::{self, Path};
use super::reply::{Answer, Response};
use super::websocket::{self, WebSocket};
use crate::auth::{Caller, Scope};
use crate::config::Endpoints;
pub use head::Head;
pub use table::table;
pub use visitor::{Admitted, Visitor};

/// One row of the route table.
pub struct Route {
    pub(super) path: Path,
    pub(super) methods: &'static [Method],
    /// What stands before it; nothing before an open one.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests look at every route"))]
    pub(super) gate: Option<Gate>,
    filter: BoxedFilter<(Response,)>,
}

/// What stands between a caller and a handler.
#[derive(Clone, Copy)]
pub struct Gate {
    /// What the caller must be allowed to do.
    pub scope: Scope,
    pub is_on: fn(&Endpoints) -> bool,
    /// The setting that turns the endpoint on, as a person would write it.
    pub switch: &'static str,
}

pub const DELETE: &[Method] = &[Method::DELETE];
pub const GET: &[Method] = &[Method::GET];
const GET_OR_HEAD: &[Method] = &[Method::GET, Method::HEAD];
const POST: &[Method] = &[Method::POST];
/// Of a route that takes more than a method.
const NONE_BY_ITSELF: &[Method] = &[];

/// A route that takes a JSON body.
pub fn post<B, F, A>(state: &State, path: Path, gate: Gate, handler: F) -> Route
where
    B: FromBody + Send,
    F: Fn(State, Call<B>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    let state = state.clone();
    let filter = at(path, POST)
        .and(warp::body::stream())
        .then(move |head: Head, body| {
            let (state, handler) = (state.latest(), handler.clone());
            let answering = async move {
                let answer = pin!(async {
                    let (caller, routing) = admit(&state, gate, &head)?;
                    let arriving = state.drain().arriving();
                    let body = read(&state, head.headers(), body).await?;
                    drop(arriving);
                    handler(
                        state.clone(),
                        Call {
                            caller,
                            routing,
                            notes: head.notes(),
                            body,
                        },
                    )
                    .await
                });
                answered(&state, answer).await
            };
            // Large, and moved several times by the filters around it.
            answering.boxed()
        });
    Route {
        path,
        methods: POST,
        gate: Some(gate),
        filter: filter.boxed(),
    }
}

/// What a request without a body asks for.
#[derive(Debug)]
pub struct Target {
    /// What the path holds below the route's own, decoded.
    pub tail: String,
    /// What follows the `?`, as it was sent; empty without one.
    pub query: String,
}

/// A route without a body, whose handler has nothing to wait for; it is given the tail of the path.
pub fn get<F>(state: &State, path: Path, gate: Gate, handler: F) -> Route
where
    F: Fn(&State, Call<String>) -> Answer + Clone + Send + Sync + 'static,
{
    let handler = move |state: State, call: Call<Target>| {
        let call = Call {
            caller: call.caller,
            routing: call.routing,
            notes: call.notes,
            body: call.body.tail,
        };
        ready(handler(&state, call))
    };
    bodiless(state, (path, GET), gate, handler)
}

/// A route without a body.
pub fn bodiless<F, A>(
    state: &State,
    (path, methods): (Path, &'static [Method]),
    gate: Gate,
    handler: F,
) -> Route
where
    F: Fn(State, Call<Target>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    let state = state.clone();
    let filter = at(path, methods).then(move |head: Head| {
        let (state, handler) = (state.latest(), handler.clone());
        async move {
            let answer = pin!(async {
                let (caller, routing) = admit(&state, gate, &head)?;
                let body = Target {
                    tail: path::decode(head.tail(path))?,
                    query: head.query().to_owned(),
                };
                handler(
                    state.clone(),
                    Call {
                        caller,
                        routing,
                        notes: head.notes(),
                        body,
                    },
                )
                .await
            });
            answered(&state, answer).await
        }
    });
    Route {
        path,
        methods,
        gate: Some(gate),
        filter: filter.boxed(),
    }
}

/// A route at which a WebSocket is opened; `serve` has it to its end. A `GET` without an upgrade is none of its business.
pub fn socket<F, A>(state: &State, path: Path, gate: Gate, serve: F) -> Route
where
    F: Fn(Visitor, WebSocket) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let state = state.clone();
    let filter = at(path, GET)
        .and_then(|head: Head| ready(wants_socket(head)))
        .and(warp::ext::get::<OnUpgrade>())
        .then(move |head: Head, upgrade| {
            let (state, serve) = (state.latest(), serve.clone());
            async move {
                let answer = pin!(async {
                    admit(&state, gate, &head)?;
                    let response = websocket::accept(head.headers())?;
                    Visitor::new(state.clone(), gate, head).welcome(upgrade, serve);
                    Ok(response)
                });
                answered(&state, answer).await
            }
        });
    Route {
        path,
        methods: NONE_BY_ITSELF,
        gate: Some(gate),
        filter: filter.boxed(),
    }
}

/// A route that anyone may ask, at any time.
pub fn open<F>(state: &State, path: &'static str, handler: F) -> Route
where
    F: Fn(&State, &Head) -> Response + Clone + Send + Sync + 'static,
{
    let (state, path) = (state.clone(), Path::At(path));
    let filter = at(path, GET_OR_HEAD).map(move |head| handler(&state.latest(), &head));
    Route {
        path,
        methods: GET_OR_HEAD,
        gate: None,
        filter: filter.boxed(),
    }
}

/// A route for who watches over the server. It answers at any time, and where the configuration wants it also programs
/// on this machine that prove nothing.
pub fn watch(
    state: &State,
    path: &'static str,
    gate: Gate,
    handler: fn(&State) -> Response,
) -> Route {
    let (state, path) = (state.clone(), Path::At(path));
    let filter = at(path, GET).map(move |head: Head| {
        let state = state.latest();
        let is_open = state
            .authenticator()
            .lets_watch(head.ends(), head.headers());
        let admitted = match is_open {
            true => Ok(()),
            false => admit(&state, gate, &head).map(drop),
        };
        match admitted {
            Ok(()) => handler(&state),
            Err(error) => error.into_response(),
        }
    });
    Route {
        path,
        methods: GET,
        gate: Some(gate),
        filter: filter.boxed(),
    }
}

/// A rejection here means only that this is not the route.
fn at(
    path: Path,
    methods: &'static [Method],
) -> impl Filter<Extract = (Head,), Error = warp::Rejection> + Clone {
    warp::ext::get::<Head>().and_then(move |head: Head| {
        let is_here = path.tail(head.path()).is_some() && methods.contains(head.method());
        ready(if is_here {
            Ok(head)
        } else {
            Err(warp::reject::not_found())
        })
    })
}

fn wants_socket(head: Head) -> Result<Head, warp::Rejection> {
    let upgrade = head.headers().get(UPGRADE);
    match upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        true => Ok(head),
        false => Err(warp::reject::not_found()),
    }
}

fn admit(state: &State, gate: Gate, head: &Head) -> Result<(Caller, Routing), ApiError> {
    let ends = head.ends();
    let caller = state.authenticator().authenticate(ends, head.headers());
    let caller = caller.inspect_err(|denied| {
        tracing::debug!(peer = %ends.peer, code = denied.code(), "refused");
    })?;
    if !(gate.is_on)(&state.http().endpoints) {
        let message = format!("this endpoint is off: set `{}`", gate.switch);
        return Err(ApiError::new(StatusCode::NOT_FOUND, message).with_code("endpoint_off"));
    }
    if !caller.has(gate.scope) {
        return Err(ApiError::missing_scope(gate.scope));
    }
    Ok((caller, Routing::parse(head.headers())?))
}

async fn read<B: FromBody>(
    state: &State,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<B, ApiError> {
    body::check_type(headers)?;
    let body = body::collect(headers, body, state.body_limits()).await?;
    B::from_body(body::text(&body)?)
}

/// Answers unless the server ends: what comes too late, or takes too long then, is refused.
async fn answered(state: &State, answer: impl Future<Output = Answer>) -> Response {
    let drain = state.drain();
    if drain.is_draining() {
        return ApiError::shutting_down().into_response();
    }
    let _run = drain.run_started();
    let answer = tokio::select! {
        biased;
        answer = answer => answer,
        () = drain.ending() => Err(ApiError::shutting_down()),
    };
    answer.unwrap_or_else(ApiError::into_response)
}
