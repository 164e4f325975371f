//! What standard input is. Only input that will end is ever read without being asked for.

use std::io::{self, IsTerminal};

/// What stands at standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    Terminal,
    Pipe,
    /// A regular file of this many bytes.
    File(u64),
    /// `/dev/null`, a socket, another device, or nothing at all.
    Other,
}

impl Stdin {
    pub fn kind() -> Self {
        if io::stdin().is_terminal() {
            return Self::Terminal;
        }
        Self::of_descriptor()
    }

    #[cfg(unix)]
    fn of_descriptor() -> Self {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;

        let file = io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map(std::fs::File::from);
        match file.and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => Self::File(metadata.len()),
            Ok(metadata) if metadata.file_type().is_fifo() => Self::Pipe,
            Ok(_) | Err(_) => Self::Other,
        }
    }

    #[cfg(not(unix))]
    fn of_descriptor() -> Self {
        Self::Pipe
    }
}
