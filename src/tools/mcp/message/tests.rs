use proptest::prelude::*;

use super::*;

/// The messages of a text, each in a word.
fn told(text: &str) -> Vec<String> {
    let mut told = Vec::new();
    read(text, |message| {
        told.push(match message {
            Message::Answer(id, Ok(result)) => format!("{id} = {result}"),
            Message::Answer(id, Err(fault)) => format!("{id} ! {fault}"),
            Message::Request(asked) => format!("{}? {}", asked.method, asked.id),
            Message::Notification(method) => method,
        });
    });
    told
}

#[test]
fn a_message_is_an_answer_a_request_or_a_notification() {
    for (text, wanted) in [
        (
            r#"{"jsonrpc":"2.0","id":7,"result":{"a": 1}}"#,
            r#"7 = {"a": 1}"#,
        ),
        (
            r#"{"result":{},"error":null,"jsonrpc":"2.0","id":"7"}"#,
            "7 = {}",
        ),
        (r#"{"jsonrpc":"2.0","id":7,"result":null}"#, "7 = null"),
        (
            "\u{feff} {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[]}\r",
            "7 = []",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#,
            "7 ! it refuses (-1)",
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#,
            r#"ping? "a""#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications\/progress","params":{}}"#,
            "notifications/progress",
        ),
    ] {
        assert_eq!(told(text), [wanted], "{text}");
    }
}

#[test]
fn an_answer_that_holds_neither_result_nor_error_is_one_that_cannot_be_used() {
    for rest in [
        "",
        r#","error":"no""#,
        r#","error":{"code":"x","message":1}"#,
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":3{rest}}}"#);
        assert_eq!(told(&text), ["3 ! its answer cannot be used"], "{text}");
    }
}

#[test]
fn what_is_no_message_is_left_out() {
    for text in [
        "",
        "Listening ...",
        "{",
        "[]",
        "null",
        "[1,[{\"jsonrpc\":\"2.0\",\"method\":\"a\"}],{}]",
        r#"{"id":1,"result":{}}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"x","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
    ] {
        assert_eq!(told(text), [""; 0], "{text}");
    }
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#,
        "x".repeat(256)
    );
    assert_eq!(told(&long), [""; 0]);
}

#[test]
fn a_batch_is_its_messages_up_to_where_it_breaks_off() {
    let batch =
        r#" [{"jsonrpc":"2.0","id":1,"result":{}}, 7, {"jsonrpc":"2.0","method":"a"}, {"json"#;
    assert_eq!(told(batch), ["1 = {}", "a"]);
}

#[test]
fn a_result_may_be_nested_as_deep_as_it_likes() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{deep}}}"#);
    assert_eq!(told(&text), [format!("1 = {deep}")]);
}

#[test]
fn what_a_server_asks_is_answered_under_its_own_id() {
    let answers = |text| {
        let mut answers = Vec::new();
        read(text, |message| {
            if let Message::Request(asked) = message {
                answers.push(asked.answer());
            }
        });
        answers
    };
    assert_eq!(
        answers(
            r#"[{"jsonrpc":"2.0","id":"é\"","method":"ping"},{"jsonrpc":"2.0","id":1.5,"method":"roots/list"}]"#
        ),
        [
            r#"{"jsonrpc":"2.0","id":"é\"","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"error":{"code":-32601,"message":"Method not found"}}"#,
        ]
    );
}

#[test]
fn what_we_say_is_one_line_each() {
    assert_eq!(
        request(3, "tools/call", &json!({ "name": "a\nb" })),
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a\nb"}}"#
    );
    assert_eq!(
        notification("notifications/initialized"),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
    );
    assert_eq!(
        cancellation(3),
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec(
        prop_oneof![
            prop::sample::select(vec![
                "[", "]", "{", "}", ",", ":", "\"jsonrpc\":\"2.0\"", "\"id\":1", "\"method\":\"ping\"",
                "\"result\":{}", "\"error\":{\"code\":1,\"message\":\"\"}", "\u{feff}", "\\", "\"",
            ]).prop_map(str::to_owned),
            any::<String>(),
        ],
        0..20,
    )) {
        told(&pieces.concat());
    }
}
