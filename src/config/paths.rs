//! Where the configuration is looked for, and where state is kept.

use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::env::Environment;

/// The folders of this program and this person.
#[derive(Debug, Clone)]
pub struct Paths {
    home: Option<PathBuf>,
    config_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
}

impl Paths {
    /// The platform's folders; `OPENCLAW_STATE_DIR` names another place for state.
    pub fn new(env: &Environment) -> Self {
        let project = ProjectDirs::from("", "", "openclaw");
        let project = project.as_ref();
        let own_state = env.get("OPENCLAW_STATE_DIR").map(PathBuf::from);
        Self {
            home: BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            config_dir: project.map(|dirs| dirs.config_dir().to_owned()),
            state_dir: own_state.or_else(|| {
                let dirs = project?;
                Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned())
            }),
        }
    }

    /// The places that are looked at when nobody names a file, best first. None need be there.
    pub fn default_files(&self) -> Vec<PathBuf> {
        let original = self
            .home
            .as_ref()
            .map(|home| home.join(".openclaw/openclaw.json"));
        original.into_iter().chain(self.own_file()).collect()
    }

    /// The place of this program's own configuration file.
    pub fn own_file(&self) -> Option<PathBuf> {
        Some(self.config_dir.as_ref()?.join("openclaw.json5"))
    }

    /// A path as a person writes it: `~/` is the home folder.
    pub fn expand(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }

    /// Where sessions and keys are kept; `None` for a person without a home.
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }
}
