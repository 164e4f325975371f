//! Responses that are kept: fetched, deleted, and their input listed. Whose a response is not is told that it is not
//! there.

use hyper::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::page::Page;
use super::{GATE, kept};
use crate::gateway::StoredResponse;
use crate::server::State;
use crate::server::call::Call;
use crate::server::endpoint::{self, DELETE, GET, Route, Target};
use crate::server::error::ApiError;
use crate::server::path::Path;
use crate::server::reply::{Answer, json, json_bytes};

const ONE: Path = Path::Between("/v1/responses/", "");
const ITS_INPUT: Path = Path::Between("/v1/responses/", "/input_items");

pub fn retrieve(state: &State) -> Route {
    endpoint::bodiless(state, (ONE, GET), GATE, read)
}

pub fn delete(state: &State) -> Route {
    endpoint::bodiless(state, (ONE, DELETE), GATE, forget)
}

pub fn input_items(state: &State) -> Route {
    endpoint::bodiless(state, (ITS_INPUT, GET), GATE, list_input)
}

async fn read(state: State, call: Call<Target>) -> Answer {
    if call.body.query.split('&').any(|pair| pair == "stream=true") {
        let message = "`stream` must be false: what is kept is whole, and is told at once";
        return Err(ApiError::invalid("stream", message));
    }
    let response = find(&state, &call).await?;
    Ok(json_bytes(
        StatusCode::OK,
        response.object.get().as_bytes().to_vec(),
    ))
}

async fn list_input(state: State, call: Call<Target>) -> Answer {
    let page = Page::parse(&call.body.query)?;
    let response = find(&state, &call).await?;
    let items: Vec<Box<RawValue>> = response
        .input
        .iter()
        .filter_map(|item| kept::shown(item))
        .collect();
    Ok(json(&page.of(&items)?))
}

async fn forget(state: State, call: Call<Target>) -> Answer {
    #[derive(Serialize)]
    struct Deleted<'a> {
        id: &'a str,
        object: &'static str,
        deleted: bool,
    }
    let id = &call.body.tail;
    let store = state.gateway().store()?;
    let principal = call.caller.principal();
    let deleted = store.delete_response(principal, id).await;
    if !deleted.map_err(crate::gateway::RunError::from)? {
        return Err(not_found(id));
    }
    Ok(json(&Deleted {
        id,
        object: "response",
        deleted: true,
    }))
}

async fn find(state: &State, call: &Call<Target>) -> Result<StoredResponse, ApiError> {
    let id = &call.body.tail;
    let store = state.gateway().store()?;
    let found = store.get_response(call.caller.principal(), id).await;
    let found = found.map_err(crate::gateway::RunError::from)?;
    found.ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> ApiError {
    let shown: String = id.chars().take(80).collect();
    let message = format!("no response `{shown}` is kept");
    ApiError::new(StatusCode::NOT_FOUND, message)
        .with_code("response_not_found")
        .with_param("id")
}
