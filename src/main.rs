//! The `openclaw` program: reads the arguments, runs the command, says what went wrong.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use openclaw::cli::{self, Cli, Exit};

/// Takes less than half of what the system's takes for the memory of a request.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let printer = cli.printer();
    match cli::run(cli, printer) {
        Ok(()) => Exit::Done.into(),
        Err(error) => cli::report(&error, printer).into(),
    }
}
