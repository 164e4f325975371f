//! `ls`: what is in a folder of the workspace.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::blocking::blocking;
use super::workspace::{Entry, Kind};
use super::{Group, Tool, ToolContext, ToolResult, parse};

/// The most entries that one call lists.
const MAX_LISTED: usize = 1000;

pub struct Ls;

#[derive(Deserialize)]
struct Arguments {
    #[serde(default)]
    path: String,
}

impl Tool for Ls {
    fn name(&self) -> &str {
        "ls"
    }

    fn description(&self) -> &str {
        "List a folder of the workspace.\nFolders end in `/`, links in `@`."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"Path of the folder, from the workspace on (the workspace itself if not given)"}}}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Fs)
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.workbench.workspace().is_some() && !context.public
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        async move {
            let Arguments { path } = parse(arguments)?;
            let workspace = context.workbench.need_workspace()?.clone();
            blocking(move |_| Ok(listing(&workspace.entries(&path)?))).await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

fn listing(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "[the folder is empty]".to_owned();
    }
    let line = |entry: &Entry| {
        let mark = match entry.kind {
            Kind::File | Kind::Other => "",
            Kind::Folder => "/",
            Kind::Link => "@",
        };
        format!("{}{mark}", entry.name)
    };
    let mut lines: Vec<String> = entries.iter().take(MAX_LISTED).map(line).collect();
    if entries.len() > MAX_LISTED {
        lines.push(format!("[{MAX_LISTED} of {} entries]", entries.len()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[tokio::test]
    async fn a_folder_is_listed_by_name_up_to_a_limit() {
        let bench = Bench::new();
        bench.write("b/file", "");
        bench.write("a", "");
        assert_eq!(bench.call("ls", json!({})).await, Ok("a\nb/".to_owned()));
        for number in 0..=MAX_LISTED {
            bench.write(&format!("many/{number:04}"), "");
        }
        let many = bench.call("ls", json!({ "path": "many" })).await.unwrap();
        assert_eq!(many.lines().count(), MAX_LISTED + 1);
        assert!(many.ends_with("\n0999\n[1000 of 1001 entries]"));
    }
}
