//! `openclaw embed`: the pipe tool. Texts in, vectors out, in order, in constant memory.
//!
//! A thread reads, the room embeds a few batches at a time, and this task writes. Between them stand short queues, so
//! that a slow provider or a slow reader of ours slows the input down.

mod calls;
mod frame;
mod input;
mod job;
mod output;
mod pace;
mod pattern;
mod record;
mod report;
mod source;
mod table;
mod window;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::logging::Role;
use super::{CliError, Context, Printer, until_interrupted};
use crate::chat::Routing;
use crate::gateway::{Gateway, MAX_INPUTS};
use calls::{Calls, OnError, Track};
use job::Job;
use output::{OutputFormat, Target};
use pace::{Limits, Pace};
use record::{Fields, InputFormat, Parser};
use report::{Mode, Report};
use source::Source;

/// Turn texts into vectors, one a line
///
/// Reads each --text and each FILE; with neither, stdin. Vectors are written in the order of the inputs, each as soon
/// as it is there, and memory does not grow with the input. An input that is the same as one of the last 8192
/// different ones is not embedded again.
///
/// Requests grow while they are answered quickly, up to --batch-size, and stay within what the provider turns out to
/// take. When it says that it is too much, fewer are sent at once, after the wait that it asks for.
#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// Files to read, or patterns of files such as 'notes/**/*.md'; `-` is stdin
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
    /// The member, or the column, that holds the text, with --input-format jsonl, csv or tsv [default: text]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// The member, or the column, that is written out as `id`, with --input-format jsonl, csv or tsv
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,
    /// Pass over blank inputs instead of failing; they are not counted
    #[arg(long)]
    skip_empty: bool,
    /// Skip inputs that cannot be embedded, naming each on stderr, instead of failing
    #[arg(long)]
    skip_errors: bool,
    /// What is written
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: OutputFormat,
    /// Leave the text out
    #[arg(long)]
    no_text: bool,
    /// Write to a file instead of stdout; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on where an earlier run with this --output was cut off, behind its last whole record
    #[arg(long, requires = "output")]
    resume: bool,
    /// The most inputs of one request
    #[arg(long, value_name = "N", default_value_t = 512)]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=MAX_INPUTS as u64))]
    batch_size: usize,
    /// The most requests at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    concurrency: usize,
    /// How many seconds to wait for a provider that refuses everything, as rate limited, before giving up
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = clap::value_parser!(u32))]
    patience: u32,
    /// Show no progress, and no sum at the end
    #[arg(long)]
    no_progress: bool,
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

pub fn run(context: &Context, mut args: EmbedArgs) -> anyhow::Result<()> {
    args.output = args.output.filter(|file| file != Path::new("-"));
    let printer = context.printer;
    let sources = sources(&args, printer)?;
    let target = target(&args)?;
    if let Some(output) = &args.output {
        refuse_own_input(output, &sources)?;
    }
    let parser = Parser {
        format: args.input_format,
        fields: fields(&args)?,
        skip_empty: args.skip_empty,
    };
    let loaded = context.load(Role::Command)?;
    let shown = !args.no_progress && (args.output.is_some() || !printer.is_terminal());
    let mode = if shown { Mode::Shown } else { Mode::Quiet };
    let pace = Arc::new(Pace::new(Limits {
        batch: args.batch_size,
        concurrency: args.concurrency,
        patience: Duration::from_secs(args.patience.into()),
    }));
    let on_error = match args.skip_errors {
        true => OnError::Skip,
        false => OnError::Fail,
    };
    let job = Job {
        model_is_ours: args.model.is_none(),
        calls: Arc::new(Calls {
            gateway: Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?,
            routing: Routing {
                model: args.model,
                agent: args.agent,
                ..Routing::default()
            },
            dimensions: args.dimensions,
            pace,
            on_error,
            seen: Track::default(),
            report: Arc::new(Report::new(&sources, mode, printer)),
        }),
        sources,
        parser,
        target,
        resume: args.resume,
        concurrency: args.concurrency,
        printer,
    };
    until_interrupted(job.run())
}

fn sources(args: &EmbedArgs, printer: Printer) -> anyhow::Result<Vec<Source>> {
    let mut sources: Vec<Source> = args.text.iter().cloned().map(Source::Text).collect();
    for path in &args.files {
        sources.extend(Source::of(path)?);
    }
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
    if named && !args.input_format.has_fields() {
        return Err(CliError::Usage(
            "--field and --id-field go with --input-format jsonl, csv or tsv".to_owned(),
        ));
    }
    Ok(Fields {
        text: args.field.clone().unwrap_or_else(|| "text".to_owned()),
        id: args.id_field.clone(),
    })
}

fn target(args: &EmbedArgs) -> Result<Target, CliError> {
    let target = Target {
        file: args.output.clone(),
        format: args.format,
        with_text: !args.no_text,
        with_id: args.id_field.is_some() || args.input_format == InputFormat::Whole,
    };
    target.check()?;
    let message = match args.format {
        _ if args.resume && args.output.is_none() => {
            "--resume goes on with a file, and -o names none"
        }
        OutputFormat::Json if args.resume => {
            "--resume goes with every format but json, whose end sums up the whole job"
        }
        OutputFormat::Npy | OutputFormat::F32 | OutputFormat::Base64
            if args.resume && args.skip_errors =>
        {
            "--resume and --skip-errors together go with jsonl, csv and sqlite only: the rows of other formats do not \
             tell which inputs they are of"
        }
        _ => return Ok(target),
    };
    Err(CliError::Usage(message.to_owned()))
}
