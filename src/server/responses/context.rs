//! What a request builds on: the responses that it continues, and the items of others that it names.

use std::collections::HashMap;
use std::sync::Arc;

use super::ids;
use super::input::Entry;
use super::item::Item;
use super::kept;
use super::memory::{Chain, Link, Recall};
use crate::gateway::{Gateway, Place, StoredResponse};
use crate::server::error::ApiError;

/// Items that one request may name, at most.
const MAX_REFERENCES: usize = 1000;

/// The response with this id and all before it: as a socket remembers them, where it does, else as they are stored.
///
/// # Errors
/// 400 where one of them is not there, or is not for this request.
pub async fn chain(
    gateway: &Gateway,
    place: &Place,
    (previous, recall): (Option<&str>, Option<&Recall>),
) -> Result<Chain, ApiError> {
    let Some(id) = previous else {
        return Ok(Chain::new());
    };
    if let Some(chain) = recall.and_then(|recall| recall.chain(place)) {
        // What was stored may have been deleted since.
        let stored = chain.iter().rev().find_map(|link| link.stored.as_deref());
        if let Some(stored) = stored {
            gateway.chain(place, stored).await?;
        }
        return Ok(chain);
    }
    let stored = gateway.chain(place, id).await?;
    Ok(stored.into_iter().map(Link::from).map(Arc::new).collect())
}

/// # Errors
/// 400 for a response that is to be stored, and continues one that is not.
pub fn check_storable(chain: &[Arc<Link>]) -> Result<(), ApiError> {
    if chain.iter().all(|link| link.stored.is_some()) {
        return Ok(());
    }
    let message = "`store` must be `false` here, as it was for what `previous_response_id` names: \
        what continues a response that is not stored cannot be continued without this socket";
    Err(ApiError::invalid("store", message))
}

/// The items of a chain, in order.
pub fn items(chain: &[Arc<Link>], place: &Place) -> Vec<Item> {
    // A session keeps by itself what tools of the house did.
    let house = place.session.is_none();
    let stored = chain
        .iter()
        .flat_map(|link| link.input.iter().chain(&link.output));
    stored
        .filter_map(|stored| kept::item(stored, house))
        .collect()
}

/// The items of a request, with those that it names in their places. What is among `earlier` is there already.
///
/// # Errors
/// 400 where an item is not there, or is not for this request.
pub async fn resolved(
    gateway: &Gateway,
    place: &Place,
    input: Vec<Entry>,
    earlier: &[Item],
) -> Result<Vec<Item>, ApiError> {
    let mut responses: HashMap<String, Vec<Item>> = HashMap::new();
    let mut items = Vec::with_capacity(input.len());
    let mut references = 0;
    for entry in input {
        let (at, id) = match entry {
            Entry::Item(item) => {
                items.push(item);
                continue;
            }
            Entry::Reference { at, id } => (at, id),
        };
        references += 1;
        if references > MAX_REFERENCES {
            let message = format!("`{at}` is one too many: {MAX_REFERENCES} items may be named");
            return Err(ApiError::invalid(at, message));
        }
        if earlier.iter().any(|item| item.id() == id) {
            continue;
        }
        let not_found = || unknown_item(&at, &id);
        let response = ids::response_of(&id).ok_or_else(not_found)?;
        if !responses.contains_key(&response) {
            let found = gateway.response(place, &response).await?;
            let found = found.map(|response| items_of(&response));
            responses.insert(response.clone(), found.unwrap_or_default());
        }
        let named = responses[&response].iter().find(|item| item.id() == id);
        items.push(named.ok_or_else(not_found)?.clone());
    }
    Ok(items)
}

fn items_of(response: &StoredResponse) -> Vec<Item> {
    let stored = response.input.iter().chain(&response.output);
    stored
        .filter_map(|stored| kept::item(stored, false))
        .collect()
}

fn unknown_item(at: &str, id: &str) -> ApiError {
    let shown: String = id.chars().take(80).collect();
    let message = format!(
        "no item `{shown}` is kept; items are kept with their response, unless `store` is false"
    );
    ApiError::invalid(at, message).with_code("item_not_found")
}
