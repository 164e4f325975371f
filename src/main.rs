//! The `openclaw` program: reads the arguments, runs the command, says what went wrong.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use openclaw::cli::{self, Cli, Exit};

/// Half the cost of the system's for what a request allocates; musl's own would be slower still.
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
