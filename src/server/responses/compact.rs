//! `POST /v1/responses/compact`: a conversation comes back as a few items that a new chain can begin with. What was said
//! is summed up by the agent's model; what was ruled (system and developer messages) stays as it is, and so do calls that are
//! still to be answered.

use serde::{Deserialize, Serialize};

use super::attachments::Attachments;
use super::ids::Ids;
use super::input::{Entry, Reader};
use super::item::{Compaction, Item, Role, Status};
use super::request::Input;
use super::resource::UsageShape;
use super::{GATE, IGNORED, context, conversation, ignored, in_our_words, sealed};
use crate::gateway::CompactRequest;
use crate::server::body::{self, FromBody};
use crate::server::call::Call;
use crate::server::endpoint::{self, Route};
use crate::server::error::ApiError;
use crate::server::path::Path;
use crate::server::reply::{Answer, answered_by, json};
use crate::server::{State, unix_seconds};

pub fn compact(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/responses/compact"), GATE, answer)
}

/// The request as it is sent.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Request {
    model: Option<String>,
    input: Option<Input>,
    previous_response_id: Option<String>,
    instructions: Option<String>,
    user: Option<String>,
}

/// A checked request.
struct Asked {
    model: String,
    input: Vec<Entry>,
    attachments: Attachments,
    previous: Option<String>,
    instructions: Option<String>,
    user: Option<String>,
    /// Types of items that are left out.
    ignored: Vec<String>,
    ids: Ids,
}

impl FromBody for Asked {
    fn from_body(json: &str) -> Result<Self, ApiError> {
        let wire: Request = body::parse(json)?;
        let model = wire.model.filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| ApiError::invalid("model", "`model` is required"))?;
        if wire.input.is_none() && wire.previous_response_id.is_none() {
            let message =
                "`input` or `previous_response_id` is required: there is nothing to compact";
            return Err(ApiError::invalid("input", message));
        }
        let mut ids = Ids::new();
        let mut reader = Reader::new(&mut ids);
        let input = wire.input.map(|input| reader.read(input)).transpose()?;
        let (attachments, ignored) = (reader.attachments, reader.ignored);
        Ok(Self {
            model,
            input: input.unwrap_or_default(),
            attachments,
            previous: wire.previous_response_id,
            instructions: wire.instructions,
            user: wire.user,
            ignored,
            ids,
        })
    }
}

#[derive(Serialize)]
struct Shape {
    id: String,
    object: &'static str,
    created_at: u64,
    output: Vec<Item>,
    usage: UsageShape,
}

async fn answer(state: State, call: Call<Asked>) -> Answer {
    let ignored = ignored(&call.body.ignored);
    let answer = compacted(&state, call).await.map_err(in_our_words);
    let mut response = answer?;
    if let Some(ignored) = ignored {
        response.headers_mut().insert(IGNORED, ignored);
    }
    Ok(response)
}

async fn compacted(state: &State, call: Call<Asked>) -> Answer {
    let gateway = state.gateway();
    let routing = call.room(Some(call.body.model.clone()));
    let session = call.session(call.body.user.as_deref(), &state.http().sessions);
    let place = gateway.place(&routing, session.as_ref())?;
    let mut asked = call.body;
    let chain = context::chain(gateway, &place, (asked.previous.as_deref(), None)).await?;
    let earlier = context::items(&chain, &place);
    let settling = asked
        .attachments
        .settle((state, &routing), &mut asked.input);
    let timeout = settling.await?;
    let input = context::resolved(gateway, &place, asked.input, &earlier).await?;
    let mut output: Vec<Item> = earlier
        .iter()
        .chain(&input)
        .filter(rules)
        .cloned()
        .collect();
    let open = open_calls(earlier.iter().chain(&input));
    let messages = conversation::so_far(earlier, input)?;
    let compacted = gateway
        .compact(CompactRequest {
            routing,
            messages,
            instructions: asked.instructions,
            timeout,
            notes: call.notes,
        })
        .await?;
    output.push(Item::Compaction(Compaction {
        id: asked.ids.item("cmp"),
        encrypted_content: sealed::seal_text(&compacted.summary),
    }));
    output.extend(open);
    let shape = Shape {
        id: asked.ids.response(),
        object: "response.compaction",
        created_at: unix_seconds(),
        output,
        // The dialect has no way to say that nobody counted.
        usage: compacted.usage.unwrap_or_default().into(),
    };
    Ok(answered_by(json(&shape), &compacted.started))
}

/// Whether an item says what holds for all turns.
fn rules(item: &&Item) -> bool {
    let Item::Message(message) = item else {
        return false;
    };
    matches!(message.role, Role::System | Role::Developer)
}

/// The calls that a new chain has to answer, in order.
fn open_calls<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<Item> {
    let mut open: Vec<(&str, &Item)> = Vec::new();
    for item in items {
        match item {
            Item::FunctionCall(call) if call.status != Status::Incomplete => {
                open.push((&call.call_id, item));
            }
            Item::CustomToolCall(call) if call.status != Status::Incomplete => {
                open.push((&call.call_id, item));
            }
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                let answered = open.iter().position(|(id, _)| *id == output.call_id);
                answered.map(|at| open.remove(at));
            }
            _ => {}
        }
    }
    open.into_iter().map(|(_, item)| item.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::body::faults::as_followed;

    #[test]
    fn a_value_of_a_wrong_kind_is_named_wherever_it_stands() {
        as_followed::<Request>(&json!({
            "model": "m", "input": [{ "role": "user", "content": "hi" }], "previous_response_id": "r",
            "instructions": "i", "user": "u",
        }));
    }
}
