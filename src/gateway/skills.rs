//! The skills of an agent, `skills/*/SKILL.md` of its workspace: listed in its prompt by what they say of themselves. The
//! model reads a skill with `read` when a task wants it.

mod front_matter;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::Dir;

use super::watched::Watched;
use crate::tools::{Workspace, open_regular};

/// The folder of the workspace in which each skill has a folder.
const FOLDER: &str = "skills";

/// The file that a skill is.
const FILE: &str = "SKILL.md";

/// The most folders that are looked at, the first by name.
const MAX_ENTRIES: usize = 1000;

/// The most skills in a prompt.
const MAX_SKILLS: usize = 150;

/// The longest list of a prompt, in bytes; the skills after it are left out.
const MAX_LIST_BYTES: usize = 32 * 1024;

/// How far into a file its front matter may reach, in bytes.
const MAX_HEAD_BYTES: u64 = 32 * 1024;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// The longest description, in characters; of a longer one the beginning is shown.
const MAX_DESCRIPTION_CHARS: usize = 1024;

const INTRODUCTION: &str = "# Skills

Instructions for particular tasks. When a description below fits the task, read the file at its location with `read` before you \
answer, and follow it; the paths in it begin at its own folder. Read the one that fits best first, and none where none fits.";

/// The skills of one agent.
pub struct Skills {
    workspace: Workspace,
    /// The names of those that the agent may have; `None`: all.
    allowed: Option<Arc<[String]>>,
    watched: Watched<Stamps>,
}

/// By what it is seen that a skill came, went or changed: its folder, and its file's time and length.
type Stamp = (String, Option<SystemTime>, u64);

/// What is in the folder, as far as it is looked at.
#[derive(Clone, Default, PartialEq)]
struct Stamps {
    seen: Vec<Stamp>,
    /// How many folders are not looked at.
    unseen: usize,
}

impl Skills {
    pub fn new(workspace: Workspace, allowed: Option<&[String]>) -> Self {
        Self {
            workspace,
            allowed: allowed.map(Arc::from),
            watched: Watched::default(),
        }
    }

    /// The part of the prompt that lists them; empty where there are none. The same `Arc` while none changes.
    pub async fn text(&self) -> Arc<str> {
        let (workspace, allowed) = (self.workspace.clone(), self.allowed.clone());
        let look = move |known| look(&workspace, allowed.as_deref(), known);
        self.watched.text(look).await
    }
}

/// The list as it is now; `None` where nothing changed.
fn look(
    workspace: &Workspace,
    allowed: Option<&[String]>,
    known: Option<Stamps>,
) -> Option<(Stamps, Arc<str>)> {
    let folder = match workspace.existing().and_then(|at| at.open_dir(FOLDER)) {
        Ok(folder) => folder,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound && known.is_none() {
                tracing::warn!(%error, "the folder `{FOLDER}` of a workspace cannot be read");
            }
            let none = Stamps::default();
            return (known.as_ref() != Some(&none)).then(|| {
                miss(allowed, &HashSet::new(), 0);
                (none, "".into())
            });
        }
    };
    let stamps = stamps(&folder);
    if known.as_ref() == Some(&stamps) {
        return None;
    }
    let mut names = HashSet::new();
    let mut skills = Vec::new();
    for (place, ..) in &stamps.seen {
        match read(&folder, place) {
            Ok(Some(skill)) if allowed.is_some_and(|names| !names.contains(&skill.name)) => {}
            Ok(Some(skill)) if !names.insert(skill.name.clone()) => {
                leave_out(place, "another skill has its name");
            }
            Ok(Some(skill)) => skills.push(skill),
            Ok(None) => {}
            Err(reason) => leave_out(place, &reason),
        }
    }
    miss(allowed, &names, stamps.unseen);
    if stamps.unseen > 0 {
        let not_looked_at = stamps.unseen;
        tracing::warn!(
            not_looked_at,
            "there are more skills than the {MAX_ENTRIES} that are looked at"
        );
    }
    // Whoever may have only some is not told of others.
    let unseen = allowed.map_or(stamps.unseen, |_| 0);
    let text = list(&skills, unseen).into();
    Some((stamps, text))
}

fn leave_out(place: &str, reason: &str) {
    tracing::warn!(skill = place, reason, "a skill is left out");
}

/// Tells which skills an agent shall have and does not.
fn miss(allowed: Option<&[String]>, found: &HashSet<String>, not_looked_at: usize) {
    for skill in allowed.unwrap_or_default() {
        if !found.contains(skill) {
            tracing::warn!(
                skill,
                not_looked_at,
                "a skill that the configuration gives to an agent is not found, or is hidden"
            );
        }
    }
}

/// What is in the folder, by name. Hidden folders, and those that hold no skill, are passed over.
fn stamps(folder: &Dir) -> Stamps {
    let (places, unseen) = places(folder);
    let stamp = |place: String| {
        match folder.metadata(Path::new(&place).join(FILE)) {
            Ok(file) => {
                let modified = file.modified().ok().map(|time| time.into_std());
                Some((place, modified, file.len()))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => None,
                // Reading it will say why not.
                _ => Some((place, None, 0)),
            },
        }
    };
    Stamps {
        seen: places.into_iter().filter_map(stamp).collect(),
        unseen,
    }
}

/// The first folders by name, and how many more there are.
fn places(folder: &Dir) -> (BTreeSet<String>, usize) {
    let (mut places, mut unseen) = (BTreeSet::new(), 0);
    for entry in folder.entries().into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let name = entry.file_name().into_string().ok();
        // A path is told on one line.
        let fits = |name: &String| !name.starts_with('.') && !name.contains(char::is_control);
        let Some(place) = name.filter(fits).filter(|_| !is_file) else {
            continue;
        };
        places.insert(place);
        if places.len() > MAX_ENTRIES {
            places.pop_last();
            unseen += 1;
        }
    }
    (places, unseen)
}

struct Skill {
    name: String,
    description: String,
    location: String,
}

/// The skill in this folder; `None` where it is not for models to choose.
fn read(folder: &Dir, place: &str) -> Result<Option<Skill>, String> {
    let unreadable = |error: io::Error| format!("its file cannot be read: {}", error.kind());
    let (file, _) = open_regular(folder, &Path::new(place).join(FILE)).map_err(unreadable)?;
    let mut head = Vec::new();
    let read = file.take(MAX_HEAD_BYTES).read_to_end(&mut head);
    read.map_err(unreadable)?;
    let says = front_matter::parse(&String::from_utf8_lossy(&head))?;
    if let Some(value) = says.unclear {
        tracing::warn!(
            skill = place,
            value,
            "`disable-model-invocation` of a skill is neither true nor false: it is hidden"
        );
    }
    if says.is_hidden {
        return Ok(None);
    }
    let name = says.name.unwrap_or_else(|| place.to_owned());
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(format!(
            "its name is longer than {MAX_NAME_CHARS} characters"
        ));
    }
    let mut description = says
        .description
        .ok_or("its front matter has no `description`")?;
    if let Some((end, _)) = description.char_indices().nth(MAX_DESCRIPTION_CHARS) {
        description.truncate(end);
        description.push('…');
    }
    Ok(Some(Skill {
        name,
        description,
        location: format!("{FOLDER}/{place}/{FILE}"),
    }))
}

/// The part of the prompt, in the layout that models know from elsewhere.
fn list(skills: &[Skill], unseen: usize) -> String {
    if skills.is_empty() && unseen == 0 {
        return String::new();
    }
    let mut list = String::new();
    let mut listed = 0;
    for skill in skills.iter().take(MAX_SKILLS) {
        let (name, description) = (escaped(&skill.name), escaped(&skill.description));
        let entry = format!(
            "  <skill>\n    <name>{name}</name>\n    <description>{description}</description>\n    <location>{}</location>\n  </skill>\n",
            escaped(&skill.location)
        );
        if list.len() + entry.len() > MAX_LIST_BYTES {
            break;
        }
        list.push_str(&entry);
        listed += 1;
    }
    let mut text = format!("{INTRODUCTION}\n\n<available_skills>\n{list}</available_skills>");
    let left_out = skills.len() - listed;
    if left_out > 0 {
        tracing::warn!(left_out, "there are more skills than a prompt has room for");
        let _ = write!(text, "\n[{left_out} more are in `{FOLDER}`]");
    }
    if unseen > 0 {
        let _ = write!(
            text,
            "\n[{unseen} more folders of `{FOLDER}` were not looked at]"
        );
    }
    text
}

/// A text that ends no element, on one line.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
