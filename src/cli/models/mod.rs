//! `openclaw models`: what there is, and what a run would try.

mod explain;
mod list;

use clap::{Args, Subcommand};

use super::Context;

/// Models: which there are, and which a run would try
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    Explain(explain::ExplainArgs),
    List(list::ListArgs),
}

pub fn run(context: &Context, args: ModelsArgs) -> anyhow::Result<()> {
    match args.command {
        ModelsCommand::Explain(args) => explain::run(context, args),
        ModelsCommand::List(args) => list::run(context, args),
    }
}
