//! The `secrets` section: who keeps the secrets that the configuration refers to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Paths, Secret};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretsConfig {
    /// Keepers of secrets by name. References with source "env" need none.
    pub providers: BTreeMap<String, SecretProvider>,
    /// The provider of references that name none, by source; `default` where it is not said.
    pub defaults: BTreeMap<SecretSource, String>,
}

impl SecretsConfig {
    /// The files that secrets are kept in.
    pub fn files(&self, paths: &Paths) -> Vec<PathBuf> {
        let path = |provider: &SecretProvider| match provider {
            SecretProvider::File(file) => Some(paths.expand(&file.path)),
            SecretProvider::Env { .. } | SecretProvider::Exec(_) => None,
        };
        self.providers.values().filter_map(path).collect()
    }
}

/// Of what kind the keeper of a secret is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    Env,
    File,
    Exec,
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Env => "env",
            Self::File => "file",
            Self::Exec => "exec",
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum SecretProvider {
    /// Variables of the environment; an id is a name.
    Env {
        /// The only variables that may be referred to; empty: all.
        #[serde(default)]
        allowlist: Vec<String>,
    },
    File(FileProvider),
    Exec(ExecProvider),
}

/// A file that only its owner can read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileProvider {
    /// Its path; `~/` is the home folder.
    pub path: PathBuf,
    #[serde(default)]
    pub mode: FileMode,
    /// The largest file that is read.
    #[serde(default = "mebibyte")]
    #[schemars(range(min = 1, max = 20_971_520))]
    pub max_bytes: u64,
    /// Whether others may read or own it.
    #[serde(default)]
    pub allow_insecure_path: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FileMode {
    /// A JSON object; an id is a JSON pointer: `/providers/openai/apiKey`.
    #[default]
    Json,
    /// The secret and nothing else; its id is `value`.
    SingleValue,
}

/// A program that is run, without a shell, whenever the configuration is loaded. It reads
/// `{ "protocolVersion": 1, "provider", "ids": [] }` and writes `{ "protocolVersion": 1, "values": { id: secret } }`, with
/// `"errors": { id: { "message" } }` for those that it does not have.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecProvider {
    /// The absolute path of the program.
    pub command: PathBuf,
    #[serde(default)]
    pub args: Vec<String>,
    /// The limit for everything.
    #[serde(default = "five_seconds")]
    #[schemars(range(min = 1, max = 120_000))]
    pub timeout_ms: u64,
    /// The limit for each silence. With none: `timeoutMs`.
    #[schemars(range(min = 1, max = 120_000))]
    pub no_output_timeout_ms: Option<u64>,
    #[serde(default = "mebibyte")]
    #[schemars(range(min = 1, max = 20_971_520))]
    pub max_output_bytes: u64,
    /// `false`: a program that is asked for one secret may write that alone, as it is.
    #[serde(default = "yes")]
    pub json_only: bool,
    /// Variables of its environment, which is empty otherwise.
    #[serde(default)]
    pub env: BTreeMap<String, Secret>,
    /// Variables that it has from our environment.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// The folders in which `command` must be; empty: any.
    #[serde(default)]
    pub trusted_dirs: Vec<PathBuf>,
    /// Whether `command` may be a symbolic link.
    #[serde(default)]
    pub allow_symlink_command: bool,
    /// Whether others may write or own it.
    #[serde(default)]
    pub allow_insecure_path: bool,
}

impl ExecProvider {
    pub fn time_limit(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub fn silence_limit(&self) -> Duration {
        Duration::from_millis(self.no_output_timeout_ms.unwrap_or(self.timeout_ms))
    }
}

fn mebibyte() -> u64 {
    1 << 20
}

fn five_seconds() -> u64 {
    5000
}

fn yes() -> bool {
    true
}
