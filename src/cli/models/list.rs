//! `openclaw models list`: the catalog, as a table, as JSON, or as plain refs.

use clap::Args;
use serde::Serialize;

use crate::chat::ModelRef;
use crate::cli::logging::Role;
use crate::cli::table::Table;
use crate::cli::{Context, Printer};
use crate::config::{InputKind, ModelKind, Price};
use crate::gateway::{CatalogModel, CatalogScope, Gateway};

/// List every model: ref, name, context, what it reads, and tags
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only models that this agent may use, with its tags
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Only models of this provider
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Print a JSON array
    #[arg(long, conflicts_with = "plain")]
    json: bool,
    /// Print one ref a line
    #[arg(long)]
    plain: bool,
}

/// A model of the JSON array.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: &'a ModelRef,
    name: Option<&'a str>,
    kind: ModelKind,
    context_window: Option<u64>,
    max_tokens: Option<u32>,
    dimensions: Option<u32>,
    input: &'a [InputKind],
    reasoning: Option<bool>,
    cost: Price,
    usable: bool,
    tags: Vec<String>,
}

pub fn run(context: &Context, args: ListArgs) -> anyhow::Result<()> {
    let loaded = context.load(Role::Command)?;
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let scope = CatalogScope {
        agent: args.agent,
        provider: args.provider,
    };
    let models = gateway.list_models(&scope)?.models;
    let printer = context.printer;
    match (args.json, args.plain) {
        (true, _) => printer.json(&models.iter().map(row).collect::<Vec<_>>()),
        (false, true) => {
            let lines = models.iter().map(|model| format!("{}\n", model.id));
            Ok(printer.text(&lines.collect::<String>())?)
        }
        (false, false) if models.is_empty() => {
            printer.note("there are none");
            Ok(())
        }
        (false, false) => Ok(printer.text(&table(&models, printer))?),
    }
}

fn row(model: &CatalogModel) -> Row<'_> {
    Row {
        id: &model.id,
        name: model.name.as_deref(),
        kind: model.kind,
        context_window: model.context_window,
        max_tokens: model.max_tokens,
        dimensions: model.dimensions,
        input: &model.input,
        reasoning: model.reasoning,
        cost: model.cost,
        usable: model.usable,
        tags: tags(model),
    }
}

fn table(models: &[CatalogModel], printer: Printer) -> String {
    let mut table = Table::new(["REF", "NAME", "CONTEXT", "INPUT", "TAGS"]).keep(0);
    for model in models {
        table.row([
            model.id.to_string(),
            model.name.clone().unwrap_or_default(),
            model.context_window.map(short).unwrap_or_default(),
            model
                .input
                .iter()
                .map(|kind| word(*kind))
                .collect::<Vec<_>>()
                .join(","),
            tags(model).join(" "),
        ]);
    }
    table.render(printer.width(), |header| printer.faint(header).to_string())
}

fn tags(model: &CatalogModel) -> Vec<String> {
    let mut tags = Vec::new();
    if model.is_default {
        tags.push("default".to_owned());
    }
    tags.extend(model.fallback.map(|place| format!("fallback#{place}")));
    tags.extend(model.aliases.iter().map(|alias| format!("alias:{alias}")));
    if model.kind == ModelKind::Embedding {
        tags.push("embedding".to_owned());
    }
    if !model.usable {
        tags.push("no key".to_owned());
    }
    tags
}

fn word(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Text => "text",
        InputKind::Image => "image",
        InputKind::Audio => "audio",
        InputKind::Video => "video",
        InputKind::Document => "document",
    }
}

/// A number of tokens, as people write it: 128k, 1M.
fn short(tokens: u64) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{}k", tokens / 1_000),
        _ => format!("{}M", (tokens as f64 / 100_000.0).floor() / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_what_a_model_is_for_the_agent() {
        let model = CatalogModel {
            id: "p/m".parse().unwrap(),
            name: None,
            kind: ModelKind::Chat,
            context_window: None,
            max_tokens: None,
            dimensions: None,
            input: vec![InputKind::Text],
            reasoning: None,
            cost: Price {
                input: Some(2.5),
                ..Price::default()
            },
            usable: false,
            is_default: false,
            fallback: Some(1),
            aliases: vec!["quick".to_owned()],
        };
        assert_eq!(tags(&model), ["fallback#1", "alias:quick", "no key"]);
        assert_eq!(
            serde_json::to_value(row(&model)).unwrap(),
            serde_json::json!({
                "id": "p/m", "name": null, "kind": "chat", "contextWindow": null, "maxTokens": null,
                "dimensions": null, "input": ["text"], "reasoning": null, "usable": false,
                "cost": { "input": 2.5, "output": null, "cacheRead": null, "cacheWrite": null, "longPrompt": null },
                "tags": ["fallback#1", "alias:quick", "no key"],
            })
        );
    }

    #[test]
    fn windows_are_short() {
        assert_eq!(
            [512, 128_000, 200_000, 1_000_000, 1_048_576].map(short),
            ["512", "128k", "200k", "1M", "1M"]
        );
        assert_eq!(short(1_500_000), "1.5M");
    }
}
