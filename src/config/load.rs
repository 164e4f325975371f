//! From a file and the environment to a checked [`Config`]. Every fault of the file is found at once.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path as FilePath, PathBuf};

use serde_json::Value;

use super::check::{Rules, check, strip_nulls};
use super::expand::expand;
use super::locate::{Outline, parse as parse_json5};
use super::paths::Paths;
use super::problem::{Path, Problem};
use super::report::ConfigError;
use super::{Config, Environment, Secret, access, agent, mcp, models};

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
    /// The line of each value that the file sets, by its path.
    pub(super) lines: BTreeMap<String, usize>,
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
    let mut loaded = parse(&file, &text, process, paths)?;
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

pub(super) fn parse(
    file: &FilePath,
    text: &str,
    process: Environment,
    paths: Paths,
) -> Result<Loaded, LoadError> {
    let mut value = parse_json5(text).map_err(|error| ConfigError::syntax(file, text, &error))?;
    let schema = schemars::schema_for!(Config).to_value();
    strip_nulls(&mut value, &schema);

    let (beside, warning) = dotenv(file);
    let env = process.with_layer(beside).with_layer(env_section(&value));
    let outline = Outline::of(text);
    let mut problems = outline
        .as_ref()
        .map(Outline::endless_numbers)
        .unwrap_or_default();
    let expanded = expand(&mut value, &|name| env.get(name).map(str::to_owned));
    problems.extend(expanded.problems);
    let rules = Rules {
        strict: STRICT,
        foreign: FOREIGN,
        unquoted: &expanded.places,
    };
    let findings = check(&value, &schema, &rules);
    // What is in a foreign section is its owner's business.
    problems.retain(|problem| {
        !findings
            .ignored
            .iter()
            .any(|path| problem.path.starts_with(path))
    });
    problems.extend(findings.problems);
    problems.extend(access::faults(&value));
    problems.extend(agent::contradictions(&value));
    problems.extend(models::contradictions(&value));
    problems.extend(mcp::contradictions(&value));
    if !problems.is_empty() {
        return Err(ConfigError::new(file, text, &problems).into());
    }
    let config = Config::deserialize_checked(value)
        .map_err(|problem| ConfigError::new(file, text, &[problem]))?;
    Ok(Loaded {
        config,
        env,
        paths,
        file: Some(file.to_owned()),
        ignored: findings.ignored.iter().map(ToString::to_string).collect(),
        warnings: warning.into_iter().collect(),
        lines: outline
            .map(|outline| lines(text, &outline))
            .unwrap_or_default(),
        from_environment: BTreeMap::new(),
    })
}

impl Config {
    /// The types of a value that the schema has passed. What fails here is a fault of the schema, told all the same.
    fn deserialize_checked(value: Value) -> Result<Self, Problem> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let message = error.inner().to_string();
            Problem::at_value(Path::default(), format!("{}: {message}", error.path()))
        })
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

fn lines(text: &str, outline: &Outline<'_>) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let mut line = 1;
    let mut at = 0;
    outline.each(&mut |path, node| {
        // Values are visited in the order of the text, so that each line feed is counted once.
        line += text[at..node.value.start].matches('\n').count();
        at = node.value.start;
        lines.insert(path.to_string(), line);
    });
    lines
}

impl Loaded {
    /// The files that this was made of, and those that would have counted had they been there.
    pub fn sources(&self) -> Vec<PathBuf> {
        match &self.file {
            Some(file) => vec![file.clone(), file.with_file_name(".env")],
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
            lines: BTreeMap::new(),
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
mod tests {
    use super::*;

    fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("openclaw.json");
        std::fs::write(&file, text).unwrap();
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env = Environment::default().with_layer(variables.iter().map(pair));
        load(Some(&file), env).map_err(|error| {
            error
                .to_string()
                .replace(dir.path().to_str().unwrap(), "DIR")
        })
    }

    #[test]
    fn the_environment_beats_the_file_and_fills_its_references() {
        let text = "{ gateway: { port: 1, auth: { token: '${MY_TOKEN}' } }, env: { MY_TOKEN: 'of the file' } }";
        let config = loaded(text, &[("OPENCLAW_GATEWAY_PORT", "2")])
            .unwrap()
            .config;
        assert_eq!(config.gateway.port, 2);
        assert_eq!(config.gateway.auth.token, Some(Secret::new("of the file")));
        let config = loaded(text, &[("MY_TOKEN", "of the process")])
            .unwrap()
            .config;
        assert_eq!(
            config.gateway.auth.token,
            Some(Secret::new("of the process"))
        );
    }

    #[test]
    fn a_dotenv_file_that_cannot_be_read_is_told_without_what_stands_in_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".env"), "MY_KEY=sk-1\nsk-secret 'quoted").unwrap();
        let file = dir.path().join("openclaw.json");
        std::fs::write(&file, "{}").unwrap();
        let loaded = load(Some(&file), Environment::default()).unwrap();
        let beside = dir.path().join(".env");
        assert_eq!(
            loaded.warnings,
            [format!(
                "the variables of {} are not used: a line of it is no NAME=value",
                beside.display()
            )]
        );
        assert_eq!(loaded.env.get("MY_KEY"), None);
    }

    #[test]
    fn what_a_variable_holds_is_not_quoted_wherever_it_is_put() {
        let error = loaded(
            "{ gateway: { port: '${SOMETHING}', bind: 'x${SOMETHING}' } }",
            &[("SOMETHING", "hunter2")],
        )
        .unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("found a string"), "{error}");
    }

    #[test]
    fn foreign_sections_load_and_are_told_once() {
        let text = "{ channels: { telegram: { botToken: 'x' } }, gateway: { controlUi: { enabled: true } } }";
        assert_eq!(
            loaded(text, &[]).unwrap().ignored,
            ["channels", "gateway.controlUi"]
        );
    }

    #[test]
    fn every_fault_of_a_file_is_told_at_once_with_its_place() {
        let text = "{\n  gatway: {},\n  gateway: { port: 'abc', auth: { tokn: 'x' } },\n}";
        let error = loaded(text, &[]).unwrap_err();
        for part in [
            "DIR/openclaw.json:2:3",
            "gatway",
            "`gateway`",
            "DIR/openclaw.json:3:20",
            "expected a whole number from 0 to 65535",
            "`token`",
            "3 errors in DIR/openclaw.json",
        ] {
            assert!(error.contains(part), "{part} is not in\n{error}");
        }
    }

    #[test]
    fn a_list_and_entries_of_agents_are_a_contradiction() {
        let error = loaded(
            "{ agents: { list: [{ id: 'a' }], entries: { b: {} } } }",
            &[],
        )
        .unwrap_err();
        assert!(
            error.contains("agents.entries: expected either `list` or `entries`"),
            "{error}"
        );
    }

    #[test]
    fn a_named_file_must_be_there() {
        let missing = FilePath::new("no/such/file.json5");
        let error = load(Some(missing), Environment::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no configuration file no/such/file.json5"
        );
    }
}
