//! A conversation over a program's input and output: one message a line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::conversation::{Conversation, Outgoing};
use super::fault::Fault;
use super::lines::{Line, Lines};
use super::message::MAX_MESSAGE_BYTES;

/// How long a program that asks may leave so many of our answers unread that no more can wait. One that leaves them
/// longer has ended the conversation.
const UNREAD_LIMIT: Duration = Duration::from_millis(100);

/// How long a program is heard that no longer reads.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(1);

pub struct Pipes<R, W> {
    pub output: R,
    pub input: W,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pipes<R, W> {
    /// Carries the conversation until one side ends it. The program's input ends with that.
    pub async fn carry(
        self,
        conversation: Arc<Conversation>,
        outgoing: Outgoing,
        let_go: oneshot::Receiver<Infallible>,
    ) {
        let heard = hear(self.output, &conversation);
        let said = say(self.input, outgoing);
        let carried = async {
            tokio::pin!(heard);
            tokio::select! {
                () = &mut heard => return,
                () = said => {}
            }
            // It may have answered before it went.
            let _ = timeout(LAST_WORDS_LIMIT, heard).await;
        };
        tokio::select! {
            () = carried => {}
            _ = let_go => {}
        }
        conversation.close();
    }
}

/// Returns when the program has nothing more to say, or says it to itself.
async fn hear<R: AsyncRead + Unpin>(output: R, conversation: &Conversation) {
    let mut lines = Lines::new(BufReader::new(output), MAX_MESSAGE_BYTES);
    while let Some(line) = lines.next().await {
        let line = match line {
            // What is not UTF-8 is a fault in one of its texts, and no reason to leave a request without its answer.
            Line::Whole(line) => String::from_utf8_lossy(line),
            Line::TooLong(answers) => {
                tracing::debug!(?answers, "a message of an MCP server is too long");
                if let Some(id) = answers {
                    conversation.settle(id, Err(Fault::Unusable));
                }
                continue;
            }
        };
        let taken = timeout(UNREAD_LIMIT, conversation.take(&line)).await;
        if taken.is_err() {
            tracing::warn!("an MCP server asks without reading the answers");
            return;
        }
    }
}

/// Returns when the program no longer reads.
async fn say<W: AsyncWrite + Unpin>(mut input: W, mut outgoing: Outgoing) {
    while let Some(mut message) = outgoing.next().await {
        message.push('\n');
        if input.write_all(message.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
