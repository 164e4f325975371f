//! What a server may ask of us before it has read our answers: so much, and a server that asks for more has ended the
//! conversation. Otherwise answers that nobody reads would pile up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::RoleClient;
use rmcp::model::{JsonRpcMessage, ServerNotification};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

use super::brake::Brake;

/// The most requests of a server that wait for our answer to have been written.
const MAX_UNANSWERED: usize = 64;

/// A way to a server that ends when the server outpaces it.
pub struct Paced<T> {
    inner: T,
    unanswered: Arc<AtomicUsize>,
    brake: Brake,
}

impl<T> Paced<T> {
    pub fn new(inner: T, brake: Brake) -> Self {
        Self {
            inner,
            unanswered: Arc::default(),
            brake,
        }
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Paced<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if matches!(message, JsonRpcMessage::Request(_)) {
            self.brake.ask();
        }
        let answers = matches!(
            message,
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)
        );
        let unanswered = answers.then(|| Arc::clone(&self.unanswered));
        let sending = self.inner.send(message);
        async move {
            let sent = sending.await;
            unanswered.iter().for_each(|count| one_less(count));
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let message = self.inner.receive().await?;
        let asks = matches!(message, JsonRpcMessage::Request(_));
        if asks && self.unanswered.fetch_add(1, Ordering::Relaxed) >= MAX_UNANSWERED {
            tracing::warn!("an MCP server asks without reading the answers");
            return None;
        }
        if cancels(&message) {
            // What is cancelled is not answered.
            one_less(&self.unanswered);
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

fn cancels(message: &RxJsonRpcMessage<RoleClient>) -> bool {
    let JsonRpcMessage::Notification(told) = message else {
        return false;
    };
    matches!(
        told.notification,
        ServerNotification::CancelledNotification(_)
    )
}

fn one_less(count: &AtomicUsize) {
    let less = |count: usize| count.checked_sub(1);
    // There is nothing to do where it is nought.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
}
