//! All routes as one, in the order in which they are asked, and an answer for what none of them takes.

use std::sync::Arc;

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::{Head, Route};
use crate::server::State;
use crate::server::error::ApiError;
use crate::server::path::Path;
use crate::server::reply::Response;

/// The longest path that an answer repeats, in characters.
const MAX_SHOWN_CHARS: usize = 200;

/// All routes, and an answer for what none of them takes: 405 where the path is one of theirs, else 404. Who is locked
/// out is told so, whatever he asks for.
pub fn table(state: &State, routes: impl IntoIterator<Item = Route>) -> BoxedFilter<(Response,)> {
    let mut places = Vec::new();
    let mut filters = Vec::new();
    for route in routes {
        places.push((route.path, route.methods));
        filters.push(route.filter);
    }
    // From the last: what a route costs grows with its place, and the first is the one that is asked most.
    let routed = filters
        .into_iter()
        .rev()
        .reduce(|rest, next| next.or(rest).unify().boxed());
    let places: Arc<[(Path, &[Method])]> = places.into();
    let state = state.clone();
    let rest = warp::ext::get::<Head>().map(move |head: Head| {
        let state = state.latest();
        match state
            .authenticator()
            .check_lock(head.ends(), head.headers())
        {
            Ok(()) => unrouted(&places, head.method(), head.path()),
            Err(locked) => ApiError::from(locked).into_response(),
        }
    });
    match routed {
        Some(routed) => routed.or(rest).unify().boxed(),
        None => rest.boxed(),
    }
}

fn unrouted(places: &[(Path, &[Method])], method: &Method, path: &str) -> Response {
    // A place of that very name comes before one that it could be the id of.
    let is_named = |(place, _): &(Path, _)| matches!(place, Path::At(name) if *name == path);
    let has_name = places.iter().any(is_named);
    let here = places
        .iter()
        .filter(|place| is_named(place) || (!has_name && place.0.tail(path).is_some()));
    let allowed: Vec<&str> = here
        .flat_map(|(_, methods)| methods.iter().map(Method::as_str))
        .collect();
    let shown: String = path.chars().take(MAX_SHOWN_CHARS).collect();
    if allowed.is_empty() {
        let message = format!("unknown request URL: {method} {shown}");
        return ApiError::new(StatusCode::NOT_FOUND, message)
            .with_code("unknown_url")
            .into_response();
    }
    let allowed = allowed.join(", ");
    let message = format!("{shown} does not take {method}, only {allowed}");
    let error =
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).with_code("method_not_allowed");
    let mut response = error.into_response();
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
