//! `openclaw models explain`: the chain of models that a run would try, and what each failure would lead to.

use clap::Args;
use serde::Serialize;

use crate::chat::{AgentId, ModelRef, Routing};
use crate::cli::logging::Role;
use crate::cli::table::Table;
use crate::cli::{Context, Printer};
use crate::gateway::{
    Again, COOLDOWN, Candidate, Cooldown, Explanation, Gateway, LONGEST_RETRY_AFTER, Row, Then,
};

/// Show which models a run would try, in which order, and what each failure would lead to
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The model, as a request would choose it: provider/model, an alias, or a model id. Without it, the agent's own chain
    #[arg(value_name = "REF")]
    model: Option<String>,
    /// The agent; the default agent without it
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object.
#[derive(Serialize)]
struct Document<'a> {
    agent: &'a AgentId,
    chain: Vec<Link<'a>>,
    failures: Vec<Failure>,
}

#[derive(Serialize)]
struct Link<'a> {
    name: &'a str,
    model: Option<&'a ModelRef>,
    usable: bool,
    problem: Option<&'a str>,
}

/// A row of the failover table, in words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    failure: &'static str,
    same_model_again: String,
    then: &'static str,
    others_pass_it_by: String,
}

pub fn run(context: &Context, args: ExplainArgs) -> anyhow::Result<()> {
    let loaded = context.load(Role::Command)?;
    let explanation = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?
        .explain(&Routing {
            agent: args.agent,
            model_override: args.model,
            ..Routing::default()
        })?;
    let printer = context.printer;
    if args.json {
        return printer.json(&document(&explanation));
    }
    Ok(printer.text(&text(&explanation, printer))?)
}

fn document(explanation: &Explanation) -> Document<'_> {
    Document {
        agent: &explanation.agent,
        chain: explanation.chain.iter().map(link).collect(),
        failures: failures(explanation),
    }
}

fn link(candidate: &Candidate) -> Link<'_> {
    Link {
        name: &candidate.name,
        model: candidate.model.as_ref(),
        usable: candidate.problem.is_none(),
        problem: candidate.problem.as_deref(),
    }
}

fn failures(explanation: &Explanation) -> Vec<Failure> {
    let usable = explanation
        .chain
        .iter()
        .filter(|link| link.problem.is_none());
    let has_fallback = usable.count() > 1;
    let failure = |row: &Row| Failure {
        failure: row.name,
        same_model_again: again(row.again),
        then: match row.then {
            Then::Next if has_fallback => "next model",
            Then::Next | Then::GiveUp => "fail",
        },
        others_pass_it_by: cooldown(row.cooldown),
    };
    explanation.failures.iter().map(failure).collect()
}

fn again(again: Again) -> String {
    match again {
        Again::Never => "no".to_owned(),
        Again::Once => "once".to_owned(),
        Again::AsTold => format!(
            "once, after a Retry-After of up to {} s",
            LONGEST_RETRY_AFTER.as_secs()
        ),
    }
}

fn cooldown(cooldown: Cooldown) -> String {
    match cooldown {
        Cooldown::None => "no".to_owned(),
        Cooldown::Cools => format!("for Retry-After, else {} s", COOLDOWN.as_secs()),
    }
}

fn text(explanation: &Explanation, printer: Printer) -> String {
    let header = |header: String| printer.faint(header).to_string();
    let mut chain = Table::new(["", "MODEL", "USABLE", "WHY NOT"]);
    for (place, candidate) in explanation.chain.iter().enumerate() {
        let model = candidate.model.as_ref().map(ToString::to_string);
        let problem = candidate.problem.clone();
        chain.row([
            (place + 1).to_string(),
            model.unwrap_or_else(|| candidate.name.clone()),
            if problem.is_none() { "yes" } else { "no" }.to_owned(),
            problem.unwrap_or_default(),
        ]);
    }
    let mut table = Table::new([
        "BEFORE ANY OUTPUT",
        "SAME MODEL AGAIN",
        "THEN",
        "OTHER RUNS PASS IT BY",
    ]);
    for row in failures(explanation) {
        table.row([
            row.failure.to_owned(),
            row.same_model_again,
            row.then.to_owned(),
            row.others_pass_it_by,
        ]);
    }
    format!(
        "agent {} tries these models:\n\n{}\n{}\nAfter the first output a failure ends the run: nothing is tried again.\n",
        explanation.agent,
        chain.render(printer.width(), header),
        table.render(printer.width(), header),
    )
}
