//! A whole answer: the events of a run folded into one response object.

use futures_util::StreamExt;

use super::kept::Keeping;
use super::output::Output;
use super::resource::Resource;
use super::stream::ended;
use crate::chat::{Finished, RunEvent};
use crate::gateway::{RunError, RunStream};

/// The response object, once it is kept where it is to be.
///
/// # Errors
/// Why the run broke, or that it ended before its end, or that the response could not be kept.
pub async fn fold(
    mut events: RunStream,
    resource: &Resource,
    mut output: Output,
    keeping: Option<Keeping>,
) -> Result<Vec<u8>, RunError> {
    let finished = read(&mut events, &mut output).await?;
    let state = ended(finished);
    output.end(state.word() == "completed", &mut |_, _| {});
    let mut object = Vec::new();
    resource.write(&mut object, state, &output.items());
    if let Some(keeping) = keeping {
        keeping.keep(&object, &output).await?;
    }
    Ok(object)
}

/// Reads the run to its end.
async fn read(events: &mut RunStream, output: &mut Output) -> Result<Finished, RunError> {
    // The numbers of the events are those that a stream would have had.
    for kind in ["response.created", "response.in_progress"] {
        output.response(kind, b"", &mut |_, _| {});
    }
    while let Some(event) = events.next().await {
        match event? {
            RunEvent::Started(_) => {}
            RunEvent::Tool(activity) => output.house(&activity, &mut |_, _| {}),
            RunEvent::Delta(delta) => output.add(delta, &mut |_, _| {}),
            RunEvent::Finished(finished) => return Ok(finished),
        }
    }
    Err(RunError::Unfinished)
}
