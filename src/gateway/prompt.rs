//! The system prompt of a run: what the agent is, what it can do, where it runs; then what the caller's system messages
//! say. The part that is the same from run to run comes first and is kept, so that a provider's prompt cache holds.

use std::sync::{Arc, Mutex, PoisonError};

use super::bootstrap::BootstrapFiles;
use super::skills::Skills;
use crate::chat::SystemPrompt;
use crate::config::{Agent, PromptContext};
use crate::tools::{Tool, Workspace};

/// The channel of a run that names none.
const DEFAULT_CHANNEL: &str = "webchat";

/// Stable parts that are kept: one for each set of tools that an agent's callers and models come to have.
const MAX_KEPT: usize = 16;

/// The longest line about a tool, in characters. All that a tool says of itself goes with the request anyway.
const MAX_LINE_CHARS: usize = 200;

/// The tool with which a model reads a skill.
const READ: &str = "read";

/// The machine, as the runtime line tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub os: &'static str,
    pub arch: &'static str,
}

impl Host {
    /// This machine.
    pub fn this() -> Self {
        #[cfg(unix)]
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        #[cfg(not(unix))]
        let name = "localhost".to_owned();
        Self {
            name,
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
        }
    }
}

/// The prompt of one agent.
pub struct Prompt {
    context: PromptContext,
    /// What the configuration says of the agent.
    head: String,
    runtime: Runtime,
    files: Option<BootstrapFiles>,
    skills: Option<Skills>,
    kept: Mutex<Vec<Kept>>,
}

/// The line that says where the agent runs.
enum Runtime {
    /// Up to the channel.
    Here(String),
    /// For strangers: nothing of the machine.
    Public,
}

/// A stable part, and what it was made of.
struct Kept {
    /// The name and the line of each tool.
    tools: Vec<(String, String)>,
    files: Arc<str>,
    skills: Arc<str>,
    text: Arc<str>,
}

impl Prompt {
    pub fn new(agent: &Agent, workspace: Option<&Workspace>, host: &Host) -> Self {
        let is_full = agent.context == PromptContext::Full;
        let files = workspace.filter(|_| is_full && !agent.public_mode);
        Self {
            context: agent.context,
            head: head(agent),
            runtime: match agent.public_mode {
                true => Runtime::Public,
                false => Runtime::Here(runtime(agent, workspace, host)),
            },
            files: files.map(|at| BootstrapFiles::new(at.clone(), agent.bootstrap)),
            skills: files.map(|at| Skills::new(at.clone(), agent.skills.as_deref())),
            kept: Mutex::default(),
        }
    }

    /// The prompt of a run with these tools. The runtime line, which names the channel, begins the varying part; the
    /// caller's texts come last, in their order.
    pub async fn compose(
        &self,
        tools: &[Arc<dyn Tool>],
        channel: Option<&str>,
        caller: &[String],
    ) -> SystemPrompt {
        if self.context == PromptContext::None {
            return SystemPrompt {
                stable: "".into(),
                varying: said(caller).skip(1).collect(),
            };
        }
        SystemPrompt {
            stable: self.stable(tools).await,
            varying: self.varying(channel, caller),
        }
    }

    /// The runtime line, and what the caller says.
    fn varying(&self, channel: Option<&str>, caller: &[String]) -> String {
        let line = match &self.runtime {
            Runtime::Here(line) => [line, channel.unwrap_or(DEFAULT_CHANNEL)],
            Runtime::Public => ["Runtime: public-facing agent", ""],
        };
        let pieces = line.into_iter().chain(said(caller));
        let mut text = String::with_capacity(pieces.clone().map(str::len).sum());
        text.extend(pieces);
        text
    }

    /// The part that is the same in every run with these tools, until a file of the workspace changes.
    async fn stable(&self, tools: &[Arc<dyn Tool>]) -> Arc<str> {
        let tools = match self.context {
            PromptContext::Full => tools,
            PromptContext::Light | PromptContext::None => &[],
        };
        let files = match &self.files {
            Some(files) => files.text().await,
            None => Arc::default(),
        };
        let can_read = tools.iter().any(|tool| tool.name() == READ);
        let skills = match self.skills.as_ref().filter(|_| can_read) {
            Some(skills) => skills.text().await,
            None => Arc::default(),
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.iter().find(|one| one.has(tools)) {
            if is_same(&same.files, &files) && is_same(&same.skills, &skills) {
                return Arc::clone(&same.text);
            }
            kept.retain(|one| !one.has(tools));
        }
        if kept.len() == MAX_KEPT {
            kept.remove(0);
        }
        let text: Arc<str> = join(&[&self.head, &files, &skills, &toolbox(tools)]).into();
        kept.push(Kept {
            tools: lines(tools)
                .map(|(name, what)| (name.to_owned(), what.to_owned()))
                .collect(),
            files,
            skills,
            text: Arc::clone(&text),
        });
        text
    }
}

impl Kept {
    fn has(&self, tools: &[Arc<dyn Tool>]) -> bool {
        let own = self
            .tools
            .iter()
            .map(|(name, what)| (name.as_str(), what.as_str()));
        own.eq(lines(tools))
    }
}

/// What a caller says, an empty line before each text.
fn said(texts: &[String]) -> impl Iterator<Item = &str> + Clone {
    let texts = texts.iter().filter(|text| !text.is_empty());
    texts.flat_map(|text| ["\n\n", text])
}

fn is_same(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// The parts that hold anything, an empty line between them.
fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n\n")
}

fn head(agent: &Agent) -> String {
    let own = agent
        .system_prompt
        .as_deref()
        .unwrap_or_default()
        .trim_end();
    if agent.context != PromptContext::Full {
        return own.to_owned();
    }
    let identity = &agent.identity;
    let name = match (&identity.name, &identity.emoji) {
        (Some(name), Some(emoji)) => format!("You are {name} {emoji}."),
        (Some(name), None) => format!("You are {name}."),
        (None, Some(emoji)) => format!("Your emoji is {emoji}."),
        (None, None) => String::new(),
    };
    let zone = match &agent.user_timezone {
        Some(zone) if !agent.public_mode => format!("Your user's time zone is {zone}."),
        _ => String::new(),
    };
    join(&[own, &name, &zone])
}

fn runtime(agent: &Agent, workspace: Option<&Workspace>, host: &Host) -> String {
    let workspace = workspace.map_or("none".into(), |at| at.root().display().to_string());
    let Host { name, os, arch } = host;
    let agent = &agent.id;
    let line = format!(
        "Runtime: host={name} os={os} arch={arch} workspace={workspace} agent={agent} channel="
    );
    // One line, whatever a folder is called.
    line.replace(char::is_control, " ")
}

/// The name of each tool and the first line of its description.
fn lines(tools: &[Arc<dyn Tool>]) -> impl Iterator<Item = (&str, &str)> {
    tools.iter().map(|tool| {
        let what = tool.description().lines().next().unwrap_or_default();
        let end = what.char_indices().nth(MAX_LINE_CHARS);
        (tool.name(), end.map_or(what, |(end, _)| &what[..end]))
    })
}

/// What the agent can do.
fn toolbox(tools: &[Arc<dyn Tool>]) -> String {
    if tools.is_empty() {
        return String::new();
    }
    let mut text = "# Tools\n".to_owned();
    for (name, what) in lines(tools) {
        text.push_str(&format!("\n- {name}: {what}"));
    }
    text
}

#[cfg(test)]
mod tests;
