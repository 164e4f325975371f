//! From a file and the environment to a checked [`Config`]. Every fault of the file is found at once.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::check::{Rules, check, references, strip_nulls};
use super::expand::expand;
use super::include::{Assembled, Reach, assemble};
use super::paths::Paths;
use super::problem::{Path, Problem};
use super::report::ConfigError;
use super::secret_ref::{Keepers, Resolved, SecretsConfig, resolve};
use super::{Config, Environment, Secret, access, agent, mcp, models, schema, session, store};

/// A configuration, and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// The process environment, then the `.env` beside the file, then the file's `env` section.
    pub env: Environment,
    pub paths: Paths,
    /// The file; `None` where there is none and everything is a default.
    pub file: Option<PathBuf>,
    /// Keys that are OpenClaw's and mean nothing here.
    pub ignored: Vec<String>,
    /// What else somebody should know, though it keeps nothing from starting.
    pub warnings: Vec<String>,
    /// Every file that it was read from, those that are not there among them.
    files: Vec<PathBuf>,
    /// File and line of each value that is set in one, by its path.
    pub(super) lines: BTreeMap<String, (Arc<FilePath>, usize)>,
    /// Where the secrets came from that the file refers to, by their paths.
    pub(super) kept_elsewhere: BTreeMap<String, String>,
    /// Values that the environment sets: path and variable.
    pub(super) from_environment: BTreeMap<String, &'static str>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    #[error("the configuration file {} cannot be read", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        reason: io::Error,
    },
    #[error("{variable}: {message}")]
    Variable {
        variable: &'static str,
        message: String,
    },
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}

/// Places in which a key that is not ours is always an error: a mistake there is a hole.
const STRICT: &[&str] = &["gateway.auth", "gateway.http"];

/// Keys of OpenClaw's own that are near to one of ours, or stand in a strict place.
const FOREIGN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "acp",
            "agent",
            "broadcast",
            "commands",
            "cron",
            "hooks",
            "media",
            "messages",
            "meta",
            "plugins",
            "skills",
            "ui",
            "web",
        ],
    ),
    ("gateway.auth", &["allowTailscale"]),
    ("gateway.auth.trustedProxy", &["deviceAutoApprove"]),
    (
        "gateway.http.endpoints.chatCompletions",
        &["maxBodyBytes", "maxImageParts", "maxTotalImageBytes"],
    ),
    ("gateway.http.endpoints.responses", &["maxBodyBytes"]),
];

/// Loads the file that `explicit` names, else the one that `OPENCLAW_CONFIG_PATH` names, else the first default one
/// that is there, else the defaults.
///
/// # Errors
/// A named file that is not there, one that cannot be read, and everything that is wrong in it.
pub fn load(explicit: Option<&FilePath>, process: Environment) -> Result<Loaded, LoadError> {
    let paths = Paths::new(&process);
    let named = explicit.map(FilePath::to_owned);
    let named = named.or_else(|| process.get("OPENCLAW_CONFIG_PATH").map(PathBuf::from));
    let found = match named {
        Some(file) => Some(read(&file)?.ok_or(LoadError::Missing(file.clone())))
            .transpose()?
            .map(|text| (file, text)),
        None => first_of(paths.default_files())?,
    };
    let Some((file, text)) = found else {
        let mut loaded = Loaded::defaults(process, paths);
        loaded.apply_environment()?;
        return Ok(loaded);
    };
    let text = Text {
        file: &file,
        text: &text,
        reach: Reach::Machine,
    };
    let mut loaded = parse(&text, process, paths)?;
    loaded.apply_environment()?;
    Ok(loaded)
}

fn read(file: &FilePath) -> Result<Option<String>, LoadError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(LoadError::Unreadable {
            file: file.to_owned(),
            reason,
        }),
    }
}

fn first_of(files: Vec<PathBuf>) -> Result<Option<(PathBuf, String)>, LoadError> {
    for file in files {
        if let Some(text) = read(&file)? {
            return Ok(Some((file, text)));
        }
    }
    Ok(None)
}

/// The text of a configuration file.
pub(super) struct Text<'a> {
    pub file: &'a FilePath,
    pub text: &'a str,
    pub reach: Reach,
}

pub(super) fn parse(
    text: &Text<'_>,
    process: Environment,
    paths: Paths,
) -> Result<Loaded, LoadError> {
    let Assembled {
        mut value,
        mut sources,
        mut problems,
    } = assemble(text.file, text.text, text.reach)?;
    let schema = schema::of_types();
    strip_nulls(&mut value, &schema);

    let (beside, warning) = dotenv(text.file);
    let env = process.with_layer(beside).with_layer(env_section(&value));
    problems.extend(sources.endless_numbers());
    let expanded = expand(&mut value, &|name| env.get(name).map(str::to_owned));
    let unexpanded = expanded.problems.into_iter();
    problems.extend(unexpanded.map(|problem| sources.locate(problem)));
    let rules = Rules {
        strict: STRICT,
        foreign: FOREIGN,
        unquoted: &expanded.places,
    };
    let findings = check(&value, &schema, &rules);
    // What is in a foreign section is its owner's business.
    problems.retain(|located| {
        !findings
            .ignored
            .iter()
            .any(|path| located.problem.path.starts_with(path))
    });
    let mut checked = findings.problems;
    checked.extend(access::faults(&value));
    checked.extend(agent::contradictions(&value));
    checked.extend(models::contradictions(&value));
    checked.extend(mcp::contradictions(&value));
    checked.extend(session::contradictions(&value));
    checked.extend(store::contradictions(&value));
    let mut resolved = Resolved::default();
    if problems.is_empty() && checked.is_empty() {
        let config = secrets_section(&value);
        sources.files.extend(config.files(&paths));
        let keepers = Keepers {
            config: &config,
            env: &env,
            paths: &paths,
            reach: text.reach,
        };
        let places = references(&value, &schema);
        resolved = resolve(&mut value, places, &keepers);
        checked.append(&mut resolved.problems);
    }
    problems.extend(checked.into_iter().map(|problem| sources.locate(problem)));
    if !problems.is_empty() {
        return Err(ConfigError::new(&sources, problems).into());
    }
    let config = Config::deserialize_checked(value)
        .map_err(|problem| ConfigError::new(&sources, vec![sources.locate(problem)]))?;
    Ok(Loaded {
        config,
        env,
        paths,
        file: Some(text.file.to_owned()),
        ignored: findings.ignored.iter().map(ToString::to_string).collect(),
        warnings: warning.into_iter().chain(resolved.warnings).collect(),
        files: sources.files.clone(),
        lines: sources.lines(),
        kept_elsewhere: resolved.origins,
        from_environment: BTreeMap::new(),
    })
}

/// The keepers of secrets in a value that the schema has passed.
fn secrets_section(value: &Value) -> SecretsConfig {
    let section = value.get("secrets").cloned().unwrap_or_default();
    serde_json::from_value(section).unwrap_or_default()
}

impl Config {
    /// The types of a value that the schema has passed. What fails here is a fault of the schema, told all the same.
    fn deserialize_checked(value: Value) -> Result<Self, Problem> {
        serde_json::from_value(value)
            .map_err(|error| Problem::at_value(Path::default(), error.to_string()))
    }
}

/// The `.env` beside the file, or why it is not used. Never the one of the working folder: whoever owns that is not who
/// configured this.
fn dotenv(file: &FilePath) -> (Vec<(String, String)>, Option<String>) {
    let beside = file.with_file_name(".env");
    if !beside.exists() {
        return (Vec::new(), None);
    }
    let entries: Result<Vec<(String, String)>, _> = match dotenvy::from_path_iter(&beside) {
        Ok(entries) => entries.collect(),
        Err(error) => Err(error),
    };
    match entries {
        Ok(entries) => (entries, None),
        Err(error) => {
            // Not in the error's own words: they repeat the line, and what stands there is a key.
            let reason = match error {
                dotenvy::Error::LineParse(..) => "a line of it is no NAME=value".to_owned(),
                dotenvy::Error::Io(error) => error.kind().to_string(),
                _ => "it cannot be read".to_owned(),
            };
            let warning = format!(
                "the variables of {} are not used: {reason}",
                beside.display()
            );
            (Vec::new(), Some(warning))
        }
    }
}

/// The strings of `env` and `env.vars`.
fn env_section(config: &Value) -> Vec<(String, String)> {
    let strings = |section: Option<&Value>| {
        let entries = section.and_then(Value::as_object).into_iter().flatten();
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        entries.filter_map(text).collect::<Vec<_>>()
    };
    let mut all = strings(config.get("env"));
    all.extend(strings(config.pointer("/env/vars")));
    all
}

impl Loaded {
    /// The files that this was made of, and those that would have counted had they been there.
    pub fn sources(&self) -> Vec<PathBuf> {
        match &self.file {
            Some(file) => {
                let mut files = self.files.clone();
                files.push(file.with_file_name(".env"));
                files
            }
            None => self.paths.default_files(),
        }
    }

    fn defaults(env: Environment, paths: Paths) -> Self {
        Self {
            config: Config::default(),
            env,
            paths,
            file: None,
            ignored: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
            lines: BTreeMap::new(),
            kept_elsewhere: BTreeMap::new(),
            from_environment: BTreeMap::new(),
        }
    }

    /// The environment beats the file.
    fn apply_environment(&mut self) -> Result<(), LoadError> {
        const PORT: &str = "OPENCLAW_GATEWAY_PORT";
        if let Some(port) = self.env.get(PORT) {
            self.config.gateway.port = port.parse().map_err(|_| LoadError::Variable {
                variable: PORT,
                message: format!("expected a port from 0 to 65535, found `{port}`"),
            })?;
            self.from_environment
                .insert("gateway.port".to_owned(), PORT);
        }
        let auth = &mut self.config.gateway.auth;
        for (path, variable, place) in [
            (
                "gateway.auth.token",
                "OPENCLAW_GATEWAY_TOKEN",
                &mut auth.token,
            ),
            (
                "gateway.auth.password",
                "OPENCLAW_GATEWAY_PASSWORD",
                &mut auth.password,
            ),
        ] {
            if let Some(secret) = self.env.get(variable) {
                *place = Some(Secret::new(secret));
                self.from_environment.insert(path.to_owned(), variable);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
