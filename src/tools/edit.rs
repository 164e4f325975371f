//! `edit`: a passage of a file of the workspace, exchanged for another.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::blocking::blocking;
use super::{Group, Tool, ToolContext, ToolResult, Workspace, parse};

/// The largest file that is edited, in bytes.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

pub struct Edit;

#[derive(Deserialize)]
struct Arguments {
    path: String,
    old_text: String,
    new_text: String,
    #[serde(default)]
    replace_all: bool,
}

impl Tool for Edit {
    fn name(&self) -> &str {
        "edit"
    }

    fn description(&self) -> &str {
        "Replace a passage of a file of the workspace.\n`old_text` must match exactly, white space included, and stand there once, unless `replace_all` is true."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"Path of the file, from the workspace on"},"old_text":{"type":"string","description":"The passage as it stands in the file"},"new_text":{"type":"string","description":"What shall stand in its place"},"replace_all":{"type":"boolean","description":"Replace every place where it stands"}},"required":["path","old_text","new_text"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Fs)
    }

    fn owner_only(&self) -> bool {
        true
    }

    fn side_effects(&self) -> bool {
        true
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.workbench.workspace().is_some()
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        async move {
            let arguments: Arguments = parse(arguments)?;
            let workspace = context.workbench.need_workspace()?.clone();
            blocking(move |_| edit(&workspace, &arguments)).await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

fn edit(workspace: &Workspace, arguments: &Arguments) -> Result<String, String> {
    let Arguments { path, old_text, .. } = arguments;
    if old_text.is_empty() {
        return Err("`old_text` is empty; to write a whole file use `write`".to_owned());
    }
    let text = String::from_utf8(workspace.read(path, MAX_FILE_BYTES)?)
        .map_err(|_| format!("`{path}` is not a text file"))?;
    let places = text.matches(old_text.as_str()).count();
    match places {
        0 => {
            return Err(format!(
                "`old_text` does not stand in `{path}`; read the file again"
            ));
        }
        1 => {}
        _ if arguments.replace_all => {}
        _ => {
            return Err(format!(
                "`old_text` stands in {places} places of `{path}`; give more of the text around it, or set `replace_all`"
            ));
        }
    }
    let text = text.replace(old_text.as_str(), &arguments.new_text);
    workspace.replace(path, text.as_bytes())?;
    Ok(match places {
        1 => format!("replaced 1 place in `{path}`"),
        _ => format!("replaced {places} places in `{path}`"),
    })
}

#[cfg(test)]
mod tests {
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[tokio::test]
    async fn a_passage_is_replaced_where_it_stands_once() {
        let bench = Bench::new();
        let edit = async |old: &str, all: bool| {
            bench.write("a", "one two two");
            let arguments =
                json!({ "path": "a", "old_text": old, "new_text": "2", "replace_all": all });
            let answer = bench.call("edit", arguments).await;
            (answer, bench.text("a"))
        };
        let same = || "one two two".to_owned();
        assert_eq!(
            edit("one", false).await,
            (
                Ok("replaced 1 place in `a`".to_owned()),
                "2 two two".to_owned()
            )
        );
        assert_eq!(
            edit("two", true).await,
            (
                Ok("replaced 2 places in `a`".to_owned()),
                "one 2 2".to_owned()
            )
        );
        let ambiguous = "`old_text` stands in 2 places of `a`; give more of the text around it, or set `replace_all`";
        assert_eq!(
            edit("two", false).await,
            (Err(ambiguous.to_owned()), same())
        );
        let missing = "`old_text` does not stand in `a`; read the file again";
        assert_eq!(edit("three", true).await, (Err(missing.to_owned()), same()));
        let empty = "`old_text` is empty; to write a whole file use `write`";
        assert_eq!(edit("", true).await, (Err(empty.to_owned()), same()));
    }
}
