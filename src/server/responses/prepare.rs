//! From a checked request to a run: what it continues, what it brings and where its response is kept, put together.

use std::time::{SystemTime, UNIX_EPOCH};

use super::context;
use super::conversation::{self, Conversation};
use super::decode::Asked;
use super::kept::{self, Keepers, Keeping};
use super::memory::Recall;
use super::output::Output;
use super::resource::Resource;
use crate::chat::{RunRequest, SessionAccess, SessionRequest};
use crate::server::State;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::unix_seconds;

/// Everything that is there before the run begins.
pub struct Prepared {
    pub request: Box<RunRequest>,
    pub resource: Resource,
    pub output: Output,
    /// How the response is kept, where it is.
    pub keeping: Option<Keeping>,
    pub watches_tools: bool,
}

/// What is peculiar to a request that came over a socket.
pub struct OverSocket {
    pub recall: Recall,
    /// There is to be a response, and no answer in it.
    pub warms_up: bool,
}

/// What a request comes to under these settings.
///
/// # Errors
/// 400 for what the request continues or names and is not there, and for items that make no conversation; what keeps the
/// run from being.
pub async fn prepare(
    state: &State,
    call: Call<Box<Asked>>,
    over: Option<OverSocket>,
) -> Result<Prepared, ApiError> {
    let gateway = state.gateway();
    let session = session(state, &call);
    let routing = call.room(call.body.model.clone());
    let place = gateway.place(&routing, session.as_ref())?;
    let watches_tools = call.routing.watches_tools;
    let asked = *call.body;
    let id = asked.shape.ids.response();
    let previous = asked.previous.as_deref();
    let warms_up = over.as_ref().is_some_and(|over| over.warms_up);
    let recall = over.map(|over| over.recall);
    let chain = context::chain(gateway, &place, (previous, recall.as_ref())).await?;
    if asked.echo.store {
        context::check_storable(&chain)?;
    }
    let earlier = context::items(&chain, &place);
    let mut entries = asked.input;
    let attachments = asked.attachments;
    let timeout = attachments.settle((state, &routing), &mut entries).await?;
    let mut input = context::resolved(gateway, &place, entries, &earlier).await?;
    let keepers = Keepers {
        store: match asked.echo.store {
            true => Some(gateway.store()?.clone()),
            false => None,
        },
        memory: recall.map(|recall| recall.keeper(chain)),
    };
    let keeping = keepers.are_there().then(|| Keeping {
        keepers,
        id: id.clone(),
        place,
        previous: asked.previous,
        created_ms: unix_milliseconds(),
        input: input.iter_mut().map(kept::brought).collect(),
    });
    let conversation = match warms_up {
        true => Conversation::default(),
        false => conversation::of(earlier, input)?,
    };
    if let (None, Some(error)) = (&session, conversation.needs_session) {
        return Err(error);
    }
    let mut chat = asked.chat;
    chat.messages = conversation.messages;
    let mut system: Vec<String> = asked.instructions.into_iter().collect();
    system.retain(|text| !text.is_empty());
    system.extend(conversation.system);
    Ok(Prepared {
        request: Box::new(RunRequest {
            routing,
            system,
            chat,
            session,
            timeout,
            notes: call.notes,
        }),
        resource: Resource::new(&id, unix_seconds(), &asked.echo),
        output: Output::new(asked.shape),
        keeping,
        watches_tools,
    })
}

/// The lasting session that the request belongs to. What is not to be stored leaves nothing in it either.
fn session(state: &State, call: &Call<Box<Asked>>) -> Option<SessionRequest> {
    let user = call.body.chat.user.as_deref();
    let session = call.session(user, &state.http().sessions)?;
    let access = match call.body.echo.store {
        true => SessionAccess::Extend,
        false => SessionAccess::Read,
    };
    Some(SessionRequest { access, ..session })
}

fn unix_milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.map_or(0, |since| since.as_millis());
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}
