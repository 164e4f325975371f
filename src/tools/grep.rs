//! `grep`: lines of files of the workspace that match a regular expression.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::blocking::{Stop, blocking};
use super::result::cut;
use super::workspace::open_regular;
use super::{Group, Tool, ToolContext, ToolResult, Workspace, glob, parse};

/// The most lines that one call answers with.
const MAX_MATCHES: usize = 200;

/// How much of a line is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 200;

/// How much of a line is matched, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// How much one call reads, in bytes.
const MAX_READ_BYTES: usize = 256 * 1024 * 1024;

/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

pub struct Grep;

#[derive(Deserialize)]
struct Arguments {
    pattern: String,
    #[serde(default)]
    path: String,
    include: Option<String>,
    #[serde(default)]
    ignore_case: bool,
}

impl Tool for Grep {
    fn name(&self) -> &str {
        "grep"
    }

    fn description(&self) -> &str {
        "Search files of the workspace for a regular expression.\nAnswers with `path:line: text`. Hidden folders, links and binary files are passed over."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"pattern":{"type":"string","description":"Regular expression, matched line by line"},"path":{"type":"string","description":"File or folder to search (the workspace if not given)"},"include":{"type":"string","description":"Only files with names like this, as in *.md"},"ignore_case":{"type":"boolean"}},"required":["pattern"]}"#
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
            let arguments: Arguments = parse(arguments)?;
            let workspace = context.workbench.need_workspace()?.clone();
            blocking(move |stop| grep(&workspace, &arguments, stop)).await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

fn grep(workspace: &Workspace, arguments: &Arguments, stop: &Stop) -> Result<String, String> {
    let pattern = RegexBuilder::new(&arguments.pattern)
        .case_insensitive(arguments.ignore_case)
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| format!("`pattern` is no regular expression: {error}"))?;
    let folder = workspace.folder()?;
    let files = workspace.files(&arguments.path, stop)?;
    let mut search = Search {
        pattern,
        found: Vec::new(),
        left_bytes: MAX_READ_BYTES,
    };
    let mut is_cut = files.cut;
    for path in &files.paths {
        let wanted = arguments.include.as_deref().is_none_or(|include| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            glob::matches(include, &name)
        });
        if !wanted {
            continue;
        }
        if let Ok((file, _)) = open_regular(&folder, path) {
            // A file that breaks off while it is read has shown what it has.
            let _ = search.file(path, BufReader::new(file), stop);
        }
        if search.is_over() || stop.is_set() {
            is_cut = true;
            break;
        }
    }
    let notice = match (search.found.is_empty(), is_cut) {
        (true, false) => Some("[no line matches]"),
        (true, true) => Some(
            "[no line matches, but not everything could be searched: narrow `path` or `include`]",
        ),
        (false, true) => Some("[there may be more: narrow `pattern`, `path` or `include`]"),
        (false, false) => None,
    };
    search.found.extend(notice.map(str::to_owned));
    Ok(search.found.join("\n"))
}

struct Search {
    pattern: Regex,
    found: Vec<String>,
    left_bytes: usize,
}

impl Search {
    fn is_over(&self) -> bool {
        self.found.len() == MAX_MATCHES || self.left_bytes == 0
    }

    fn file(&mut self, path: &Path, mut lines: impl BufRead, stop: &Stop) -> std::io::Result<()> {
        if lines.fill_buf()?.contains(&0) {
            return Ok(());
        }
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let mut read = lines
                .by_ref()
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut line)?;
            if read as u64 == MAX_LINE_BYTES && line.last() != Some(&b'\n') {
                read += lines.skip_until(b'\n')?;
            }
            self.left_bytes = self.left_bytes.saturating_sub(read);
            if read == 0 || self.is_over() || stop.is_set() {
                break;
            }
            let text = line.trim_ascii_end();
            if self.pattern.is_match(text) {
                self.found
                    .push(format!("{}:{number}: {}", path.display(), shown(text)));
            }
        }
        Ok(())
    }
}

fn shown(line: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(line).into_owned();
    if cut(&mut text, MAX_SHOWN_BYTES) {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[tokio::test]
    async fn lines_that_match_are_told_with_their_places() {
        let bench = Bench::new();
        bench.write("a.md", "tea\ncoffee\nTea time\n");
        bench.write("b/c.txt", "no\r\nice tea\r\n");
        bench.write("binary", b"tea\0");
        bench.write(".git/config", "tea");
        let grep = async |arguments| bench.call("grep", arguments).await;
        assert_eq!(
            grep(json!({ "pattern": "tea" })).await,
            Ok("a.md:1: tea\nb/c.txt:2: ice tea".to_owned())
        );
        assert_eq!(
            grep(json!({ "pattern": "^tea", "include": "*.md", "ignore_case": true })).await,
            Ok("a.md:1: tea\na.md:3: Tea time".to_owned())
        );
        assert_eq!(
            grep(json!({ "pattern": "tea$", "path": "b/c.txt" })).await,
            Ok("b/c.txt:2: ice tea".to_owned())
        );
        let nothing = grep(json!({ "pattern": "milk" })).await;
        assert_eq!(nothing, Ok("[no line matches]".to_owned()));
        assert!(grep(json!({ "pattern": "(" })).await.is_err());
        assert!(grep(json!({ "pattern": "\\w{9999}{9999}" })).await.is_err());
        assert!(
            grep(json!({ "pattern": "x", "path": "../" }))
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn many_matches_and_long_lines_are_cut_and_say_so() {
        let bench = Bench::new();
        let long = "x".repeat(2 * MAX_SHOWN_BYTES);
        bench.write("a", format!("{long}\n").repeat(MAX_MATCHES + 1));
        let found = bench.call("grep", json!({ "pattern": "x" })).await.unwrap();
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(found.len(), MAX_MATCHES + 1);
        assert_eq!(found[0], format!("a:1: {}…", &long[..MAX_SHOWN_BYTES]));
        assert_eq!(
            found[MAX_MATCHES],
            "[there may be more: narrow `pattern`, `path` or `include`]"
        );
    }
}
