//! Writes a first configuration file: commented, with a fresh token, never over a file that is there.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What keeps a first file from being written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{} is there already; it was left as it is", .0.display())]
    Exists(PathBuf),
    #[error("{} cannot be written", file.display())]
    Unwritable {
        file: PathBuf,
        #[source]
        reason: io::Error,
    },
}

/// The commented example, also shipped as a file of its own.
const TEMPLATE: &str = include_str!("../../config.example.json5");

/// The line of the template that the fresh token takes the place of.
const TOKEN_LINE: &str = r#"// token: "${OPENCLAW_GATEWAY_TOKEN}","#;

/// Writes a commented file with a fresh random token, readable by its owner only.
///
/// # Errors
/// [`InitError::Exists`] when there is a file already.
pub fn init(file: &Path) -> Result<(), InitError> {
    let unwritable = |reason: io::Error| match reason.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(file.to_owned()),
        _ => InitError::Unwritable {
            file: file.to_owned(),
            reason,
        },
    };
    if let Some(folder) = file.parent() {
        private_folder(folder).map_err(unwritable)?;
    }
    let mut created = private_file(file).map_err(unwritable)?;
    created.write_all(text().as_bytes()).map_err(unwritable)
}

fn text() -> String {
    // Two random ids: 244 random bits from the operating system.
    let token = format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    );
    TEMPLATE.replace(TOKEN_LINE, &format!("token: \"{token}\","))
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(unix)]
fn private_file(file: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

#[cfg(not(unix))]
fn private_file(file: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new().write(true).create_new(true).open(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, load};

    #[test]
    fn a_first_file_loads_has_its_own_token_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new/openclaw.json5");
        init(&file).unwrap();
        let auth = load(Some(&file), Environment::default())
            .unwrap()
            .config
            .gateway
            .auth;
        assert_eq!(auth.token.map(|token| token.expose().len()), Some(64));
        let again = init(&file).unwrap_err();
        assert_eq!(
            again.to_string(),
            format!("{} is there already; it was left as it is", file.display())
        );
    }
}
