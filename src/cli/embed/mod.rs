//! `openclaw embed`: the pipe tool. Texts in, vectors out, in order, in constant memory.
//!
//! A thread reads, the room embeds a few batches at a time, and this task writes. Between them stand short queues, so
//! that a slow provider or a slow reader of ours slows the input down.

mod input;
mod output;
mod progress;
mod record;
mod source;
mod window;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::logging::Role;
use super::{CliError, Context, Printer, tell_if_offline, until_interrupted};
use crate::chat::{EmbedInput, EmbedRequest, Embeddings, Routing, Vector};
use crate::gateway::{Gateway, MAX_INPUTS};
use input::Reader;
use output::{Output, OutputFormat};
use progress::Progress;
use record::{Fields, InputFormat, Parser};
use source::Source;
use window::{Batch, Vectors, Window};

/// Turn texts into vectors, one a line
///
/// Reads each FILE and each --text; with neither, stdin. Vectors are written in the order of the inputs, each as soon
/// as it is there, and memory does not grow with the input. An input that is the same as one of the last 1024
/// different ones is not embedded again.
#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// Files to read; `-` is stdin
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Embed this text
    #[arg(long, value_name = "TEXT")]
    text: Vec<String>,
    /// The embedding model; the agent's own without it
    #[arg(long, value_name = "REF")]
    model: Option<String>,
    /// The agent whose embedding model is used
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// How many numbers a vector shall have, where the model can choose
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    dimensions: Option<u32>,
    /// What one input is
    #[arg(long, value_name = "FORMAT", default_value = "lines")]
    input_format: InputFormat,
    /// The member that holds the text, with --input-format jsonl [default: text]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// The member that is written out as `id`, with --input-format jsonl
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,
    /// Pass over blank inputs instead of failing; they are not counted
    #[arg(long)]
    skip_empty: bool,
    /// What is written
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: OutputFormat,
    /// Leave the text out
    #[arg(long)]
    no_text: bool,
    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The most inputs of one request
    #[arg(long, value_name = "N", default_value_t = 128)]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=MAX_INPUTS as u64))]
    batch_size: usize,
    /// Requests at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    concurrency: usize,
    /// Show no progress
    #[arg(long)]
    no_progress: bool,
}

/// Chunks that have been read and wait to be embedded.
const CHUNKS_WAITING: usize = 2;

/// What is asked of the room for every batch.
struct Request {
    gateway: Gateway,
    routing: Routing,
    dimensions: Option<u32>,
}

/// Everything that a run of this command needs.
struct Job {
    request: Arc<Request>,
    reader: Reader,
    output: Output,
    progress: Progress,
    concurrency: usize,
    printer: Printer,
    /// Whether the model was left to us.
    model_is_ours: bool,
}

/// Writing a file empties it first: it must not be one that is still to be read.
fn refuse_own_input(output: &Path, sources: &[Source]) -> Result<(), CliError> {
    let Ok(output) = output.canonicalize() else {
        return Ok(());
    };
    let is_output = |source: &&Source| match source {
        Source::File(path) => path.canonicalize().is_ok_and(|path| path == output),
        Source::Text(_) | Source::Stdin => false,
    };
    match sources.iter().find(is_output) {
        Some(_) => {
            let message = format!("`{}` is both input and output", output.display());
            Err(CliError::Usage(message))
        }
        None => Ok(()),
    }
}

pub fn run(context: &Context, args: EmbedArgs) -> anyhow::Result<()> {
    let printer = context.printer;
    let sources = sources(&args, printer)?;
    let fields = fields(&args)?;
    let loaded = context.load(Role::Command)?;
    if let Some(output) = &args.output {
        refuse_own_input(output, &sources)?;
    }
    let shown = !args.no_progress && (args.output.is_some() || !io::stdout().is_terminal());
    let job = Job {
        model_is_ours: args.model.is_none(),
        request: Arc::new(Request {
            gateway: Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?,
            routing: Routing {
                model: args.model,
                agent: args.agent,
                ..Routing::default()
            },
            dimensions: args.dimensions,
        }),
        progress: if shown {
            Progress::new(&sources)
        } else {
            Progress::hidden()
        },
        output: Output::open(args.output.as_deref(), args.format, !args.no_text)?,
        reader: Reader {
            sources,
            format: args.input_format,
            parser: Parser {
                fields,
                skip_empty: args.skip_empty,
            },
            chunk_size: args.batch_size,
        },
        concurrency: args.concurrency,
        printer,
    };
    until_interrupted(job.run())
}

fn sources(args: &EmbedArgs, printer: Printer) -> anyhow::Result<Vec<Source>> {
    let texts = args.text.iter().cloned().map(Source::Text);
    let files = args
        .files
        .iter()
        .map(|path| Source::of(path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sources: Vec<Source> = texts.chain(files).collect();
    if sources.is_empty() {
        sources.push(Source::Stdin);
    }
    if sources.contains(&Source::Stdin) && io::stdin().is_terminal() {
        printer.note("reading from the terminal; end with Ctrl-D");
    }
    Ok(sources)
}

fn fields(args: &EmbedArgs) -> Result<Fields, CliError> {
    let named = args.field.is_some() || args.id_field.is_some();
    if named && args.input_format != InputFormat::Jsonl {
        return Err(CliError::Usage(
            "--field and --id-field go with --input-format jsonl".to_owned(),
        ));
    }
    Ok(Fields {
        text: args.field.clone().unwrap_or_else(|| "text".to_owned()),
        id: args.id_field.clone(),
    })
}

impl Job {
    async fn run(mut self) -> anyhow::Result<()> {
        let (sender, mut receiver) = mpsc::channel(CHUNKS_WAITING);
        let reader = self.reader;
        // Ends with its input, or when `receiver` is gone; nobody awaits it, for it may sit in a read.
        tokio::task::spawn_blocking(move || reader.run(&sender));
        let chunks = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let mut window = Window::default();
        let answers = chunks.map(|chunk| {
            let batch = chunk.map(|chunk| window.admit(chunk));
            answer(Arc::clone(&self.request), batch)
        });
        let mut answers = std::pin::pin!(answers.buffered(self.concurrency));
        let mut vectors = Vectors::default();
        while let Some(answer) = answers.next().await {
            let (batch, embeddings) = answer?;
            if let Some(embeddings) = embeddings {
                if self.output.account(&embeddings) && self.model_is_ours {
                    self.progress
                        .suspend(|| tell_if_offline(self.printer, &embeddings.model));
                }
                let numbers = embeddings.vectors.into_iter().map(Vector::into_numbers);
                vectors.extend(numbers.collect());
            }
            for (record, number) in batch.inputs() {
                self.output.write(record, vectors.get(number))?;
            }
            self.output.flush()?;
            self.progress.advance(&batch);
        }
        self.output.finish()?;
        self.progress.finish();
        Ok(())
    }
}

/// Embeds what is new in a batch; nothing, where all of it has been embedded before.
async fn answer(
    request: Arc<Request>,
    batch: anyhow::Result<Batch>,
) -> anyhow::Result<(Batch, Option<Embeddings>)> {
    let mut batch = batch?;
    let fresh = batch.take_fresh();
    if fresh.is_empty() {
        return Ok((batch, None));
    }
    let embeddings = request.gateway.embed(EmbedRequest {
        routing: request.routing.clone(),
        input: EmbedInput::Texts(fresh),
        dimensions: request.dimensions,
        user: None,
    });
    let embeddings = embeddings
        .await
        .with_context(|| format!("cannot embed {}", batch.place()))?;
    Ok((batch, Some(embeddings)))
}
