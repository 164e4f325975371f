//! What is stored with a response: its items, each with what the item itself does not tell. Both directions; what the
//! database is, is the store's affair.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::attachments::Attachments;
use super::ids::Ids;
use super::input::Reader;
use super::item::{Item, Part};
use super::memory::{self, Link};
use super::output::{Entry, Output};
use super::request;
use crate::chat::ThoughtToken;
use crate::gateway::{Place, SessionStore, StoredResponse};
use crate::server::events::Settling;

/// An item as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    item: Box<RawValue>,
    /// What the files of the item came to, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    /// The numbers of its first and of its last event; absent where it is not of the answer, or was never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<(u64, u64)>,
    /// By what its provider knows reasoning again, where the item itself does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Box<ThoughtToken>>,
    /// Of the house: it belongs to the conversation, and is not shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
}

/// How the response to one request is kept.
pub struct Keeping {
    pub keepers: Keepers,
    pub id: String,
    pub place: Place,
    pub previous: Option<String>,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    pub input: Vec<Box<RawValue>>,
}

/// Who keeps a response.
pub struct Keepers {
    pub store: Option<Arc<dyn SessionStore>>,
    /// Of the socket that the request came over.
    pub memory: Option<memory::Keeper>,
}

impl Keepers {
    pub fn are_there(&self) -> bool {
        self.store.is_some() || self.memory.is_some()
    }
}

impl Keeping {
    /// Keeps the response with this object. Where it is stored, it is durable when the future is ready.
    pub fn keep(self, object: &[u8], output: &Output) -> Settling {
        let object = String::from_utf8(object.to_vec()).expect("JSON is UTF-8");
        let Keepers { store, memory } = self.keepers;
        let response = StoredResponse {
            id: self.id,
            principal: self.place.principal.clone(),
            agent: self.place.agent.clone(),
            session: self.place.session.clone(),
            previous: self.previous,
            created_ms: self.created_ms,
            object: RawValue::from_string(object).expect("it was written as JSON"),
            input: self.input,
            output: output.entries().iter().filter_map(made).collect(),
        };
        let remembering = memory.map(|memory| {
            let link = Link {
                stored: store.is_some().then(|| response.id.clone()),
                input: response.input.clone(),
                output: response.output.clone(),
            };
            (memory, response.id.clone(), self.place, link)
        });
        Box::pin(async move {
            if let Some(store) = store {
                store.put_response(response).await?;
            }
            if let Some((memory, id, place, link)) = remembering {
                memory.keep(id, place, link);
            }
            Ok(())
        })
    }
}

/// An item of the input, in the form that it is stored in.
pub fn brought(item: &mut Item) -> Box<RawValue> {
    let file = |part: &mut Part| match part {
        Part::InputFile(file) => Some(file.text.clone()),
        _ => None,
    };
    let files = item.parts_mut().iter_mut().filter_map(file).collect();
    kept(item, files, None, false)
}

/// An item of the answer, in the form that it is stored in.
fn made(entry: &Entry) -> Option<Box<RawValue>> {
    match entry {
        Entry::Told { item, added, done } => {
            let events = Some((*added, *done));
            item.as_ref()
                .map(|item| kept(item, Vec::new(), events, false))
        }
        Entry::House(item) => Some(kept(item, Vec::new(), None, true)),
    }
}

fn kept(
    item: &Item,
    files: Vec<String>,
    events: Option<(u64, u64)>,
    hidden: bool,
) -> Box<RawValue> {
    let token = match item {
        Item::Reasoning(reasoning) if reasoning.encrypted_content.is_none() => {
            reasoning.token.clone()
        }
        _ => None,
    };
    let item = to_raw_value(item).expect("plain data serializes");
    let kept = Kept {
        item,
        files,
        events,
        token,
        hidden,
    };
    to_raw_value(&kept).expect("plain data serializes")
}

/// The item as it is told, of an item that is stored; nothing where it is not to be shown, or cannot be read.
pub fn shown(stored: &RawValue) -> Option<Box<RawValue>> {
    let kept: Kept = read(stored.get())?;
    (!kept.hidden).then_some(kept.item)
}

/// The item itself, of an item that is stored; nothing where it cannot be read. `house` says whether what tools of the
/// house did is wanted as well.
pub fn item(stored: &RawValue, house: bool) -> Option<Item> {
    let kept: Kept = read(stored.get())?;
    if kept.hidden && !house {
        return None;
    }
    let wire: request::Item = read(kept.item.get())?;
    // It has an id; none is made.
    let mut ids = Ids::new();
    let mut reader = Reader::new(&mut ids);
    reader.attachments = Attachments::kept(kept.files);
    let kind = wire.kind.clone()?;
    let item = reader.item(wire, &kind, "item");
    let mut item = item
        .inspect_err(|error| tracing::error!(what = error.message(), "a stored item is damaged"))
        .ok()?;
    if let (Item::Reasoning(reasoning), Some(token)) = (&mut item, kept.token) {
        reasoning.token = Some(token);
    }
    Some(item)
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    let value = serde_json::from_str(json);
    value
        .inspect_err(|error| tracing::error!(%error, "a stored item is damaged"))
        .ok()
}
