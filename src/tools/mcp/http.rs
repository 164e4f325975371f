//! A conversation over streamable HTTP: each message of ours a request, whose answer holds messages of the server; and one
//! stream more for what the server says of its own accord.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Response;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::address::{Address, Reply};
use super::brake::Brake;
use super::conversation::{Conversation, Outgoing, Waiting};
use super::fault::Fault;
use super::message::{Answer, MAX_MESSAGE_BYTES};
use super::program::LEAVE_LIMIT;
use super::stream::{self, Place};

/// How long a message may take that nobody waits for: our answer to the server, or that a request is called off.
const ASIDE_LIMIT: Duration = Duration::from_secs(5);

/// The longest time between two tries to hear what the server says of its own accord.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub struct Http {
    address: Address,
    conversation: Arc<Conversation>,
    brake: Brake,
    greeted: Notify,
}

impl Http {
    pub fn new(address: Address, conversation: Arc<Conversation>) -> Self {
        Self {
            address,
            conversation,
            brake: Brake::new(),
            greeted: Notify::new(),
        }
    }

    /// The server has answered the greeting, in this version of the protocol.
    pub fn agree(&self, version: &str) {
        self.address.agree(version);
    }

    /// From now on the server may speak of its own accord.
    pub fn attend(&self) {
        self.greeted.notify_one();
    }

    /// Sends a request and returns its answer.
    pub async fn request(&self, request: String, mut waiting: Waiting<'_>) -> Answer {
        let ended = tokio::select! {
            biased;
            answer = waiting.answer() => return answer,
            ended = self.exchange(request) => ended,
        };
        let fault = ended.err().unwrap_or(Fault::Unusable);
        waiting.answer_by_now().unwrap_or(Err(fault))
    }

    /// Sends what has no answer.
    pub async fn tell(&self, message: String) -> Result<(), Fault> {
        self.address.post(message).await.map(drop)
    }

    /// Returns when the server has said all it has to say to a request.
    async fn exchange(&self, request: String) -> Result<(), Fault> {
        self.brake.ask();
        let mut answer = match self.address.post(request).await? {
            Reply::Events(answer) => answer,
            Reply::Json(answer) => {
                let text = stream::whole(self.counted(answer), MAX_MESSAGE_BYTES).await?;
                self.conversation.take(&text).await;
                return Ok(());
            }
            Reply::Nothing => return Err(Fault::Unusable),
        };
        let mut place = Place::default();
        loop {
            stream::hear(self.counted(answer), &mut place, &self.conversation).await?;
            if place.last.is_none() || self.conversation.is_over() {
                return Err(Fault::Broken);
            }
            answer = self.resume(&place).await?;
        }
    }

    /// The rest of a stream that broke off.
    async fn resume(&self, place: &Place) -> Result<Response, Fault> {
        let mut pause = place.pause();
        loop {
            sleep(pause).await;
            match self.address.get(place.last.as_ref()).await {
                Err(fault) if fault.may_pass() => pause = (pause * 2).min(LONGEST_PAUSE),
                // Whatever the reason: the request was made, and its answer is lost.
                answer => return answer.map_err(|_| Fault::Broken),
            }
        }
    }

    /// The bytes of an answer. A server that sends too many has ended the conversation.
    fn counted(&self, answer: Response) -> impl Stream<Item = Result<Bytes, ()>> + Unpin {
        Box::pin(answer.bytes_stream().map(|piece| {
            let piece = piece.map_err(drop)?;
            if !self.brake.spend(piece.len()) {
                self.conversation.close();
                return Err(());
            }
            Ok(piece)
        }))
    }

    /// Carries what belongs to no request, until one side ends the conversation; then takes leave of the server.
    pub async fn carry(
        self: Arc<Self>,
        mut outgoing: Outgoing,
        let_go: oneshot::Receiver<Infallible>,
    ) {
        let said = async {
            while let Some(message) = outgoing.next().await {
                // Whether the server is there is seen by the next request.
                let _ = timeout(ASIDE_LIMIT, self.tell(message)).await;
            }
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(self.listen(), said) } => {}
            () = self.brake.pulled() => {
                tracing::warn!("an MCP server sends without end: it is left");
            }
            _ = let_go => {}
        }
        self.conversation.close();
        let _ = timeout(LEAVE_LIMIT, self.address.leave()).await;
    }

    /// Takes what the server says of its own accord; returns where it has no stream for that.
    async fn listen(&self) {
        self.greeted.notified().await;
        if !self.address.has_session() {
            return;
        }
        let mut place = Place::default();
        let mut pause = place.pause();
        loop {
            let began = Instant::now();
            match self.address.get(place.last.as_ref()).await {
                Ok(answer) => {
                    let bytes = self.counted(answer);
                    let heard = stream::hear(bytes, &mut place, &self.conversation).await;
                    if heard.is_err() {
                        // It would say the same again.
                        place = Place::default();
                    }
                }
                Err(fault) if fault.may_pass() => {}
                Err(_) => return,
            }
            // A stream that is not there, or ends at once, is asked for ever less often.
            pause = match place.is_paced() || began.elapsed() > pause {
                true => place.pause(),
                false => (pause * 2).min(LONGEST_PAUSE),
            };
            sleep(pause).await;
        }
    }
}
