//! `write`: a whole file of the workspace.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::blocking::blocking;
use super::{Group, Tool, ToolContext, ToolResult, parse};

pub struct Write;

#[derive(Deserialize)]
struct Arguments {
    path: String,
    content: String,
}

impl Tool for Write {
    fn name(&self) -> &str {
        "write"
    }

    fn description(&self) -> &str {
        "Write a whole file of the workspace, over what it held.\nFolders on the way are made."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"Path of the file, from the workspace on"},"content":{"type":"string","description":"What the file shall hold"}},"required":["path","content"]}"#
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
            let Arguments { path, content } = parse(arguments)?;
            let workspace = context.workbench.need_workspace()?.clone();
            blocking(move |_| {
                workspace.replace(&path, content.as_bytes())?;
                Ok(format!("wrote {} bytes to `{path}`", content.len()))
            })
            .await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[tokio::test]
    async fn a_file_is_written_whole_with_the_folders_on_the_way() {
        let bench = Bench::new();
        let arguments = json!({ "path": "a/b.txt", "content": "gr\u{fc}n" });
        assert_eq!(
            bench.call("write", arguments).await,
            Ok("wrote 5 bytes to `a/b.txt`".to_owned())
        );
        assert_eq!(bench.text("a/b.txt"), "gr\u{fc}n");
        let outside = json!({ "path": "../x", "content": "" });
        assert_eq!(
            bench.call("write", outside).await,
            Err("`../x` leads out of the workspace, or may not be used".to_owned())
        );
    }
}
