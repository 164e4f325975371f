//! Responses that are kept: where one belongs, and which ones another continues.

use super::Gateway;
use super::continuity::identify;
use super::error::RunError;
use super::target::shown;
use crate::chat::{AgentId, Principal, Routing, SessionRequest};
use crate::sessions::{SessionKey, StoredResponse};

/// The longest chain of responses that can be continued.
const MAX_CHAIN: usize = 4000;

/// What a chain may hold in all, in bytes of JSON.
const MAX_CHAIN_BYTES: usize = 64 << 20;

/// Where a response belongs: only a request of the same caller, agent and session may continue it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub principal: Principal,
    pub agent: AgentId,
    /// The session that the request asks for.
    pub session: Option<SessionKey>,
}

impl Place {
    fn holds(&self, response: &StoredResponse) -> bool {
        self.principal == response.principal
            && self.agent == response.agent
            && self.session == response.session
    }
}

impl Gateway {
    /// Where the response to a request belongs.
    ///
    /// # Errors
    /// An agent that is not there, or a name that is no session key of it.
    pub fn place(
        &self,
        routing: &Routing,
        session: Option<&SessionRequest>,
    ) -> Result<Place, RunError> {
        let (plan, _) = self.0.agents.select(routing)?;
        let session = identify(&plan.agent.id, session.cloned())?;
        Ok(Place {
            principal: routing.principal.clone(),
            agent: plan.agent.id.clone(),
            session: session.map(|session| session.key),
        })
    }

    /// The response with this id and all that it continues, the oldest first. One that lacks any of them (deleted, or too
    /// old) cannot be continued: nobody is given another context than the one that was asked for.
    ///
    /// # Errors
    /// [`RunError::UnknownResponse`] where any of them is not there, or belongs elsewhere: nobody learns which.
    pub async fn chain(&self, place: &Place, id: &str) -> Result<Vec<StoredResponse>, RunError> {
        let mut chain = Vec::new();
        let (mut next, mut bytes) = (Some(id.to_owned()), 0);
        while let Some(wanted) = next.take() {
            let found = self.response(place, &wanted).await?;
            let response = found.ok_or_else(|| RunError::UnknownResponse(shown(id)))?;
            let items = response.input.iter().chain(&response.output);
            bytes += items.map(|item| item.get().len()).sum::<usize>();
            if chain.len() == MAX_CHAIN || bytes > MAX_CHAIN_BYTES {
                return Err(RunError::ChainTooLong);
            }
            next.clone_from(&response.previous);
            chain.push(response);
        }
        chain.reverse();
        Ok(chain)
    }

    /// The response with this id, if it is there and belongs to this place.
    ///
    /// # Errors
    /// A store that cannot be used.
    pub async fn response(
        &self,
        place: &Place,
        id: &str,
    ) -> Result<Option<StoredResponse>, RunError> {
        let found = self.store()?.get_response(&place.principal, id).await?;
        Ok(found.filter(|response| place.holds(response)))
    }
}
