//! Reads inputs, one after the other, and passes them on in chunks. Blocking: runs on a thread of its own.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::value::to_raw_value;
use tokio::sync::mpsc::Sender;

use super::calls::OnError;
use super::frame::{Body, Frame, Framing, Unreadable};
use super::output::Done;
use super::pace::Pace;
use super::record::{InputFormat, Parser, Place, Record};
use super::report::Report;
use super::source::Source;
use crate::cli::CliError;

/// Inputs that go on together.
pub type Chunk = Vec<Record>;

/// The most bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// The inputs of the command line, in order.
pub struct Reader {
    pub sources: Vec<Source>,
    pub parser: Parser,
    pub on_error: OnError,
    /// What an earlier run has done of them.
    pub done: Option<Done>,
    /// How large a chunk should be.
    pub pace: Arc<Pace>,
    pub report: Arc<Report>,
}

impl Reader {
    /// Sends every input, in chunks; an error comes last, behind what was read before it. Ends early when nobody
    /// receives any more.
    pub fn run(&self, sender: &Sender<anyhow::Result<Chunk>>) {
        let mut chunks = Chunks {
            reader: self,
            sender,
            chunk: Vec::new(),
            text_bytes: 0,
            passed_bytes: 0,
            index: 0,
        };
        let read = self
            .sources
            .iter()
            .enumerate()
            .try_for_each(|(number, source)| chunks.source(number, source))
            .and_then(|()| chunks.all_done());
        let sent = chunks.send();
        if let Err(error) = read.and(sent) {
            // Where nobody receives, nobody misses the error either.
            let _ = sender.blocking_send(Err(error));
        }
    }
}

/// Inputs on their way out, a chunk at a time.
struct Chunks<'a> {
    reader: &'a Reader,
    sender: &'a Sender<anyhow::Result<Chunk>>,
    chunk: Chunk,
    text_bytes: usize,
    /// Bytes of the input since the last record.
    passed_bytes: u64,
    /// Of the next input.
    index: u64,
}

impl Chunks<'_> {
    fn source(&mut self, number: usize, source: &Source) -> anyhow::Result<()> {
        match source {
            // A text of the command line is one input, whatever the input format is.
            Source::Text(text) => {
                let place = Place {
                    source: format!("--text {}", number + 1).into(),
                    number: None,
                };
                let body = Body::Row {
                    text: text.as_bytes(),
                    id: None,
                };
                self.take(body, place)
            }
            Source::File(path) => {
                let file = File::open(path).map_err(CliError::unreadable(path))?;
                self.read(file, &path.display().to_string(), source.bytes().is_none())
            }
            Source::Stdin => self.read(io::stdin().lock(), "stdin", source.bytes().is_none()),
        }
    }

    /// Every input of a source. One that may wait passes on what it has before it does.
    fn read(&mut self, mut source: impl Read, name: &str, may_wait: bool) -> anyhow::Result<()> {
        let parser = &self.reader.parser;
        let mut framing = Framing::new(parser.format, &parser.fields);
        let name: Arc<str> = name.into();
        let named = |error: anyhow::Error| match error.downcast::<Unreadable>() {
            Ok(what) => CliError::BadInput(format!("{name}, {what}")).into(),
            Err(error) => error,
        };
        let mut buffer = vec![0; READ_BYTES];
        loop {
            if may_wait {
                self.send()?;
            }
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(CliError::unreadable(&*name)(error).into()),
            };
            let mut take = |frame: Frame<'_>| self.frame(frame, &name);
            framing.push(&buffer[..count], &mut take).map_err(named)?;
        }
        let mut take = |frame: Frame<'_>| self.frame(frame, &name);
        framing.finish(&mut take).map_err(named)
    }

    fn frame(&mut self, frame: Frame<'_>, source: &Arc<str>) -> anyhow::Result<()> {
        self.passed_bytes += frame.bytes;
        let place = Place {
            source: Arc::clone(source),
            number: frame.number,
        };
        self.take(frame.body, place)
    }

    fn take(&mut self, body: Body<'_>, place: Place) -> anyhow::Result<()> {
        let is_done = self.is_done();
        let is_file =
            self.reader.parser.format == InputFormat::Whole && matches!(body, Body::Bytes(_));
        let (text, id) = match self.reader.parser.parse(body) {
            Ok(Some(said)) => said,
            Ok(None) => return Ok(()),
            Err(what) => return self.bad(&place, &what),
        };
        let path = is_file.then(|| to_raw_value(&*place.source).expect("a string is JSON"));
        let record = Record {
            index: self.index,
            text,
            id: id.or(path),
            place,
            bytes: std::mem::take(&mut self.passed_bytes),
        };
        self.index += 1;
        if is_done {
            return self.pass(&record);
        }
        self.text_bytes += record.text.len();
        self.chunk.push(record);
        let full = self.reader.pace.batch();
        if self.chunk.len() >= full.inputs || self.text_bytes >= full.bytes {
            self.send()?;
        }
        Ok(())
    }

    /// Whether an earlier run has done the next input.
    fn is_done(&self) -> bool {
        let done = self.reader.done.as_ref();
        done.is_some_and(|done| self.index < done.inputs)
    }

    fn bad(&mut self, place: &Place, what: &str) -> anyhow::Result<()> {
        let error = format!("{place}: {what}");
        if self.reader.on_error == OnError::Fail {
            return Err(CliError::BadInput(error).into());
        }
        if !self.is_done() {
            self.reader.report.skip(&error);
        }
        self.index += 1;
        Ok(())
    }

    /// Passes an input over that has been done; the last of them shall be the one that was done last.
    fn pass(&mut self, record: &Record) -> anyhow::Result<()> {
        self.reader.report.pass(record.bytes);
        match &self.reader.done {
            Some(done) if done.inputs == self.index && !done.last.is_of(&record.text) => {
                let place = &record.place;
                let message = format!(
                    "{place}: not the input that the output ends with; --resume goes on with the same inputs"
                );
                Err(CliError::BadInput(message).into())
            }
            _ => Ok(()),
        }
    }

    /// After the last input.
    fn all_done(&self) -> anyhow::Result<()> {
        match &self.reader.done {
            Some(done) if self.index < done.inputs => {
                let (there, done) = (self.index, done.inputs);
                let message = format!(
                    "{there} inputs, and the output has {done} of them; --resume goes on with the same inputs"
                );
                Err(CliError::BadInput(message).into())
            }
            _ => Ok(()),
        }
    }

    /// Sends what there is. Waits for room.
    fn send(&mut self) -> anyhow::Result<()> {
        self.text_bytes = 0;
        match std::mem::take(&mut self.chunk) {
            chunk if chunk.is_empty() => Ok(()),
            chunk => self
                .sender
                .blocking_send(Ok(chunk))
                .map_err(|_| anyhow!("nobody receives any more")),
        }
    }
}

#[cfg(test)]
mod tests;
