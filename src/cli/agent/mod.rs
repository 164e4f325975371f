//! `openclaw agent`: one turn of an agent.

mod answer;
mod json;
mod message;
mod pictures;
mod terminal;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures_util::StreamExt;

use super::logging::Role;
use super::{Context, with_gateway};
use crate::chat::{
    ChatRequest, Delivery, Notes, Principal, Routing, RunRequest, Sampling, SessionAccess,
    SessionName, SessionRequest,
};
use crate::gateway::Gateway;
use answer::{Answer, Form};

/// The channel of the prompt's runtime line.
const CHANNEL: &str = "cli";

/// Run one agent turn and print the answer
///
/// The message is MESSAGE, -m or --message-file. Piped input (a pipe or a file) is appended to it after an empty line:
/// `git diff | openclaw agent "review this"`. The answer is printed as it comes.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// What to say
    #[arg(value_name = "MESSAGE", conflicts_with_all = ["text", "message_file"])]
    message: Option<String>,
    /// What to say, as an option
    #[arg(
        short = 'm',
        long = "message",
        value_name = "TEXT",
        id = "text",
        conflicts_with = "message_file"
    )]
    text: Option<String>,
    /// Read what to say from a file; `-` is stdin
    #[arg(long, value_name = "FILE")]
    message_file: Option<PathBuf>,
    /// The agent; the default agent without it
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// The model, instead of the agent's own: provider/model, an alias, or a model id
    #[arg(long, value_name = "REF")]
    model: Option<String>,
    /// Continue this session; it is kept, and begun if it is not there
    #[arg(long, value_name = "KEY")]
    session_key: Option<String>,
    /// Add this to the agent's system prompt
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Send an image along: PNG, JPEG, GIF or WebP
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// Send a file along: text is appended to the message between markers, anything else goes as data
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Print one JSON object: text, model, agent, sessionKey, usage, toolCalls, finishReason, durationMs
    #[arg(long, conflicts_with = "events")]
    json: bool,
    /// Print one JSON object a line for everything that happens
    #[arg(long)]
    events: bool,
    /// Ask the provider for a stream (the default, save with --json)
    #[arg(long, overrides_with = "no_stream")]
    stream: bool,
    /// Ask the provider for a whole answer
    #[arg(long, overrides_with = "stream")]
    no_stream: bool,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// The most tokens of the answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tokens: Option<u32>,
    /// The sampling temperature, 0 to 2
    #[arg(long, value_name = "X", value_parser = temperature)]
    temperature: Option<f64>,
    /// Leave stdin alone
    #[arg(short = 'n', long)]
    no_stdin: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("not a time that can pass".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=2.0).contains(&number) => Ok(number),
        _ => Err("not a number from 0 to 2".to_owned()),
    }
}

impl AgentArgs {
    fn form(&self) -> Form {
        match (self.json, self.events) {
            (true, _) => Form::Json,
            (false, true) => Form::Events,
            (false, false) => Form::Text,
        }
    }

    fn delivery(&self) -> Delivery {
        match (self.stream, self.no_stream) {
            (true, _) => Delivery::Streamed,
            (false, true) => Delivery::Whole,
            (false, false) if self.json => Delivery::Whole,
            (false, false) => Delivery::Streamed,
        }
    }

    fn into_request(self) -> anyhow::Result<RunRequest> {
        Ok(RunRequest {
            chat: ChatRequest {
                messages: vec![message::assemble(&self)?],
                sampling: Sampling {
                    max_tokens: self.max_tokens,
                    temperature: self.temperature,
                    ..Sampling::default()
                },
                delivery: self.delivery(),
                ..ChatRequest::default()
            },
            routing: Routing {
                model: self.model,
                agent: self.agent,
                channel: Some(CHANNEL.to_owned()),
                ..Routing::default()
            },
            system: self.system.into_iter().collect(),
            session: self.session_key.map(|key| SessionRequest {
                principal: Principal::Owner,
                name: SessionName::Key(key),
                access: SessionAccess::Extend,
            }),
            timeout: self.timeout,
            notes: Notes::default(),
        })
    }
}

pub fn run(context: &Context, args: AgentArgs) -> anyhow::Result<()> {
    let printer = context.printer;
    let (form, model_is_ours) = (args.form(), args.model.is_none());
    let request = args.into_request()?;
    let loaded = context.load(Role::Command)?;
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let answer = Answer::new(form, printer, model_is_ours);
    let work = turn(gateway.clone(), request, answer);
    with_gateway(&gateway, work)
}

async fn turn(gateway: Gateway, request: RunRequest, mut answer: Answer) -> anyhow::Result<()> {
    let mut events = gateway.run_agent(Box::new(request)).await?;
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => answer.take(event)?,
            Err(error) => {
                answer.end_line()?;
                return Err(error.into());
            }
        }
    }
    Ok(())
}
