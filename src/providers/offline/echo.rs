//! Decides what `offline/echo` says to a user's message: the message itself, or the one tool call
//! it asks for. Pure: it knows nothing of requests, streams or sessions.

use serde_json::{Map, Value};

/// The line, and the empty line after it, before every echoed message.
pub const ECHO_PREFACE: &str =
    "offline/echo (no language model; this is your own message back):\n\n";

/// The same before the reason why a `/tool` line was not carried out.
pub const REFUSAL_PREFACE: &str =
    "offline/echo (no language model; your /tool line could not be carried out):\n\n";

/// The line that begins what is said to a tool's answer.
pub const TOLD_PREFACE: &str =
    "offline/echo (no language model; this is what the tool answered):\n\n";

const TOOL_COMMAND: &str = "/tool";

/// What the echo answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Pieces to stream in order, one word each with the white space after it; together they are
    /// the exact reply.
    Text(Vec<String>),
    /// A call of a tool that is on offer; `arguments` is a JSON object, as the user wrote it.
    Call { name: String, arguments: String },
}

/// Answers the last user message of a conversation.
///
/// When its last line that is not blank reads `/tool name {json}`, the answer is that call; without
/// the JSON the arguments are `{}`. A line that names no tool on offer, or whose arguments are not
/// one JSON object, is answered with the reason. Every other message comes back whole under
/// [`ECHO_PREFACE`].
///
/// A message that asks for a call asks for it each time: do not ask again once the conversation
/// ends in its result.
pub fn reply(last_user: &str, tool_names: &[&str]) -> Reply {
    match tool_line(last_user).map(|line| call(line, tool_names)) {
        None => Reply::Text(words(&format!("{ECHO_PREFACE}{last_user}"))),
        Some(Ok(call)) => call,
        Some(Err(reason)) => Reply::Text(words(&format!("{REFUSAL_PREFACE}{reason}"))),
    }
}

/// What is said to a tool's answer.
pub fn told(answer: &str) -> Reply {
    Reply::Text(words(&format!("{TOLD_PREFACE}{answer}")))
}

/// The tokens of a text as the echo counts them: its words, which white space separates.
pub fn count_tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// What follows `/tool` on the last line, trimmed, or `None` when that line is no command.
fn tool_line(message: &str) -> Option<&str> {
    let rest = message
        .trim_end()
        .lines()
        .last()?
        .trim_start()
        .strip_prefix(TOOL_COMMAND)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

fn call(line: &str, tool_names: &[&str]) -> Result<Reply, String> {
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, "{}"));
    if !tool_names.contains(&name) {
        let offer = if tool_names.is_empty() {
            "none".to_owned()
        } else {
            tool_names.join(", ")
        };
        return Err(match name {
            "" => format!("no tool is named; write `/tool name {{json}}`; tools on offer: {offer}"),
            _ => format!("no tool `{name}`; tools on offer: {offer}"),
        });
    }
    let arguments = arguments.trim_start();
    serde_json::from_str::<Map<String, Value>>(arguments)
        .map_err(|error| format!("the arguments of `{name}` must be one JSON object: {error}"))?;
    Ok(Reply::Call {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    })
}

/// Cuts a text before each word, losing nothing.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split_inclusive(char::is_whitespace) {
        match words.last_mut() {
            Some(word) if part.trim_end().is_empty() => word.push_str(part),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOOLS: &[&str] = &["read_file", "web.search"];

    fn text(reply: Reply) -> String {
        match reply {
            Reply::Text(pieces) => pieces.concat(),
            Reply::Call { .. } => panic!("a text was expected: {reply:?}"),
        }
    }

    fn called(name: &str, arguments: &str) -> Reply {
        Reply::Call {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }
    }

    #[test]
    fn a_message_comes_back_whole_under_a_line_that_names_the_echo() {
        let message = "  Hello,\n\n\tworld \u{3000}again\r\n";
        assert_eq!(
            text(reply(message, TOOLS)),
            format!(
                "offline/echo (no language model; this is your own message back):\n\n{message}"
            )
        );
    }

    #[test]
    fn an_empty_message_is_answered_with_the_preface_alone() {
        assert_eq!(text(reply("", TOOLS)), ECHO_PREFACE);
    }

    #[test]
    fn a_reply_is_cut_before_each_word() {
        let Reply::Text(pieces) = reply("one  two\n three", &[]) else {
            panic!("a text was expected")
        };
        assert_eq!(
            pieces,
            [
                "offline/echo ",
                "(no ",
                "language ",
                "model; ",
                "this ",
                "is ",
                "your ",
                "own ",
                "message ",
                "back):\n\n",
                "one  ",
                "two\n ",
                "three"
            ]
        );
    }

    #[test]
    fn a_tool_line_becomes_a_call_with_the_arguments_as_written() {
        assert_eq!(
            reply(r#"/tool read_file { "path": "a b",  "n": 1.0 }"#, TOOLS),
            called("read_file", r#"{ "path": "a b",  "n": 1.0 }"#)
        );
    }

    #[test]
    fn only_the_last_line_that_is_not_blank_is_a_command() {
        assert_eq!(
            reply(
                "please:\r\n  /tool  web.search\t{\"q\":\"x\"}  \r\n\n",
                TOOLS
            ),
            called("web.search", "{\"q\":\"x\"}")
        );
        let earlier = "/tool read_file\nnot now";
        assert_eq!(
            text(reply(earlier, TOOLS)),
            format!("{ECHO_PREFACE}{earlier}")
        );
    }

    #[test]
    fn a_tool_line_without_arguments_calls_with_an_empty_object() {
        assert_eq!(
            reply("/tool read_file \n", TOOLS),
            called("read_file", "{}")
        );
    }

    #[test]
    fn a_tool_not_on_offer_is_answered_with_those_that_are() {
        assert_eq!(
            text(reply("/tool rm {}", TOOLS)),
            format!("{REFUSAL_PREFACE}no tool `rm`; tools on offer: read_file, web.search")
        );
        assert_eq!(
            text(reply("/tool rm {}", &[])),
            format!("{REFUSAL_PREFACE}no tool `rm`; tools on offer: none")
        );
    }

    #[test]
    fn a_tool_line_without_a_name_is_answered_with_how_to_write_it() {
        assert_eq!(
            text(reply("/tool", TOOLS)),
            format!(
                "{REFUSAL_PREFACE}no tool is named; write `/tool name {{json}}`; tools on offer: read_file, web.search"
            )
        );
    }

    #[test]
    fn arguments_that_are_not_one_json_object_are_answered_with_the_reason() {
        for (arguments, reason) in [
            (
                "[1]",
                "invalid type: sequence, expected a map at line 1 column 0",
            ),
            ("{\"a\":", "EOF while parsing a value at line 1 column 5"),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            assert_eq!(
                text(reply(&format!("/tool read_file {arguments}"), TOOLS)),
                format!(
                    "{REFUSAL_PREFACE}the arguments of `read_file` must be one JSON object: {reason}"
                )
            );
        }
    }

    #[test]
    fn a_line_that_only_begins_like_the_command_is_echoed() {
        assert_eq!(
            text(reply("/toolbox read_file", TOOLS)),
            format!("{ECHO_PREFACE}/toolbox read_file")
        );
    }

    #[test]
    fn tokens_are_words() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens(" \n"), 0);
        assert_eq!(count_tokens("one two,three\n\nfour\u{3000}five"), 4);
    }

    proptest! {
        #[test]
        fn the_pieces_of_any_reply_are_its_words(message in "\\PC*|[ \\t\\na]*") {
            let Reply::Text(pieces) = reply(&message, &[]) else { panic!("no tool is on offer") };
            let whole = pieces.concat();
            prop_assert_eq!(count_tokens(&whole), pieces.len() as u64);
            prop_assert!(whole.starts_with("offline/echo "));
        }
    }
}
