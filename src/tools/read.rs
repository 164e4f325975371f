//! `read`: lines of a text file of the workspace.

use std::io::{self, BufRead, BufReader, Read as _};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::blocking::{Stop, blocking};
use super::result::MAX_RESULT_BYTES;
use super::{Group, Tool, ToolContext, ToolResult, Workspace, parse};

/// The most bytes of lines that one call answers with; the rest of a result is for saying where to go on.
const MAX_TEXT_BYTES: usize = MAX_RESULT_BYTES - 400;

/// How far into a file lines can be reached, in bytes.
const MAX_REACH_BYTES: usize = 256 * 1024 * 1024;

/// The lines of a call that does not say how many.
const DEFAULT_LINES: usize = 2000;

pub struct Read;

/// Which lines to read.
#[derive(Deserialize)]
pub struct Lines {
    pub path: String,
    /// The first line, from 1.
    pub offset: Option<usize>,
    pub limit: Option<usize>,
}

impl Tool for Read {
    fn name(&self) -> &str {
        "read"
    }

    fn description(&self) -> &str {
        "Read a text file of the workspace.\nLong files are read in parts: the answer says how to go on."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"Path of the file, from the workspace on"},"offset":{"type":"integer","minimum":1,"description":"The first line to read, from 1"},"limit":{"type":"integer","minimum":1,"description":"How many lines to read (2000 if not given)"}},"required":["path"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Fs)
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
            let wanted = parse(arguments)?;
            lines(context.workbench.need_workspace()?.clone(), wanted).await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

/// Lines of a text file, and how to go on where there are more.
pub async fn lines(workspace: Workspace, wanted: Lines) -> Result<String, String> {
    blocking(move |stop| read(&workspace, &wanted, stop)).await
}

fn read(workspace: &Workspace, wanted: &Lines, stop: &Stop) -> Result<String, String> {
    let path = &wanted.path;
    let first = wanted.offset.unwrap_or(1).max(1);
    let limit = wanted.limit.unwrap_or(DEFAULT_LINES).max(1);
    let (file, _) = workspace.open(path)?;
    let mut lines = BufReader::new(file);
    let broken = |error: io::Error| format!("`{path}` cannot be read: {}", error.kind());
    match skip(&mut lines, first - 1, stop).map_err(broken)? {
        Skipped::All => {}
        Skipped::Only(count) => return Err(format!("`{path}` has only {count} lines")),
        Skipped::TooMany => {
            let message = format!("line {first} of `{path}` is too far into the file");
            return Err(message);
        }
    }
    let part = take(&mut lines, limit).map_err(broken)?;
    if part.bytes.contains(&0) {
        return Err(format!("`{path}` is not a text file"));
    }
    Ok(part.told(first))
}

enum Skipped {
    All,
    Only(usize),
    TooMany,
}

fn skip(lines: &mut impl BufRead, count: usize, stop: &Stop) -> io::Result<Skipped> {
    let mut bytes = 0;
    for line in 0..count {
        let read = lines.skip_until(b'\n')?;
        if read == 0 {
            return Ok(Skipped::Only(line));
        }
        bytes += read;
        if bytes > MAX_REACH_BYTES || stop.is_set() {
            return Ok(Skipped::TooMany);
        }
    }
    Ok(Skipped::All)
}

/// Lines that stand together.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    lines: usize,
    /// Whether its one line is longer than a part can be.
    is_cut: bool,
    /// Whether the file goes on.
    has_more: bool,
}

fn take(lines: &mut impl BufRead, limit: usize) -> io::Result<Part> {
    let mut part = Part::default();
    while part.lines < limit {
        let room = MAX_TEXT_BYTES - part.bytes.len();
        let mut line = Vec::new();
        let read = lines
            .by_ref()
            .take(room as u64)
            .read_until(b'\n', &mut line)?;
        let is_whole = read < room || line.last() == Some(&b'\n');
        if !is_whole && part.lines > 0 {
            // The next part begins with this line.
            part.has_more = true;
            return Ok(part);
        }
        if read == 0 {
            return Ok(part);
        }
        part.bytes.extend_from_slice(&line);
        part.lines += 1;
        if !is_whole {
            part.is_cut = true;
            return Ok(part);
        }
    }
    part.has_more = !lines.fill_buf()?.is_empty();
    Ok(part)
}

impl Part {
    /// The lines for the model, `first` the number of the first, and how to go on.
    fn told(&self, first: usize) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let next = first + self.lines;
        let last = next - 1;
        if self.is_cut {
            format!("{text}\n[line {first} is longer than this; go on with offset {next}]")
        } else if self.has_more {
            format!("{text}[lines {first} to {last} of more; go on with offset {next}]")
        } else if text.is_empty() {
            "[there is nothing]".to_owned()
        } else {
            text.into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[tokio::test]
    async fn a_file_is_read_whole_or_in_parts_that_say_how_to_go_on() {
        let bench = Bench::new();
        bench.write("a", "one\ntwo\nthree");
        let read = async |offset: usize, limit: usize| {
            let arguments = json!({ "path": "a", "offset": offset, "limit": limit });
            bench.call("read", arguments).await
        };
        let whole = bench.call("read", json!({ "path": "a" })).await;
        assert_eq!(whole, Ok("one\ntwo\nthree".to_owned()));
        assert_eq!(
            read(1, 2).await,
            Ok("one\ntwo\n[lines 1 to 2 of more; go on with offset 3]".to_owned())
        );
        assert_eq!(read(3, 1).await, Ok("three".to_owned()));
        assert_eq!(read(4, 1).await, Ok("[there is nothing]".to_owned()));
        assert_eq!(read(5, 1).await, Err("`a` has only 3 lines".to_owned()));
    }

    #[tokio::test]
    async fn parts_of_a_huge_file_join_without_a_gap() {
        let bench = Bench::new();
        let lines: Vec<String> = (0..30_000)
            .map(|number| format!("line {number}\n"))
            .collect();
        bench.write("a", lines.concat());
        let (mut whole, mut offset) = (String::new(), 1);
        loop {
            let part = json!({ "path": "a", "offset": offset, "limit": 20_000 });
            let part = bench.call("read", part).await.unwrap();
            assert!(part.len() <= MAX_RESULT_BYTES);
            let Some((lines, notice)) = part.split_once('[') else {
                whole.push_str(&part);
                break;
            };
            whole.push_str(lines);
            let next = notice.trim_end_matches(']').rsplit(' ').next().unwrap();
            offset = next.parse().unwrap();
        }
        assert_eq!(whole, lines.concat());
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut_and_what_is_no_text_is_refused() {
        let bench = Bench::new();
        bench.write("long", "x".repeat(3 * MAX_TEXT_BYTES));
        let read = bench.call("read", json!({ "path": "long" })).await.unwrap();
        let notice = "\n[line 1 is longer than this; go on with offset 2]";
        assert_eq!(read, "x".repeat(MAX_TEXT_BYTES) + notice);
        bench.write("binary", b"a\0b");
        assert_eq!(
            bench.call("read", json!({ "path": "binary" })).await,
            Err("`binary` is not a text file".to_owned())
        );
        assert_eq!(
            bench.call("read", json!({ "path": "missing" })).await,
            Err("there is no `missing` in the workspace".to_owned())
        );
    }
}
