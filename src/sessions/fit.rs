//! How much of a long conversation fits into a model's context window. Pure.

use crate::chat::Message;

/// How many of the oldest messages to leave out so that the rest is estimated at no more than `budget_tokens`. Whole
/// turns go (from a user message to before the next), so a tool call never loses its result; the last turn stays even
/// where it does not fit.
pub fn fit(messages: &[Message], budget_tokens: u64, estimate: impl Fn(&Message) -> u64) -> usize {
    let begins_turn = |index: &usize| matches!(messages[*index], Message::User { .. });
    let mut kept_from = messages.len();
    let mut kept_tokens: u64 = 0;
    // What precedes the first user message is a turn of its own.
    for start in (0..messages.len())
        .rev()
        .filter(|index| *index == 0 || begins_turn(index))
    {
        let turn = messages[start..kept_from].iter().map(&estimate);
        kept_tokens = turn.fold(kept_tokens, u64::saturating_add);
        let is_last_turn = kept_from == messages.len();
        if kept_tokens > budget_tokens && !is_last_turn {
            break;
        }
        kept_from = start;
    }
    kept_from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Part, ToolCall};
    use proptest::prelude::*;

    fn assistant(calls: &[&str]) -> Message {
        let call = |id: &&str| ToolCall {
            id: (*id).to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
        };
        Message::Assistant {
            parts: vec![],
            reasoning: None,
            tool_calls: calls.iter().map(call).collect(),
            name: None,
            marks: Vec::new(),
        }
    }

    fn result(id: &str) -> Message {
        Message::Tool {
            call_id: id.to_owned(),
            parts: vec![Part::Text("seen".to_owned())],
        }
    }

    #[test]
    fn the_oldest_whole_turns_go_first() {
        let conversation = [
            Message::user("one"),
            assistant(&["c1"]),
            result("c1"),
            assistant(&[]),
            Message::user("two"),
            assistant(&[]),
            Message::user("three"),
        ];
        let dropped = |budget| fit(&conversation, budget, |_| 1);
        assert_eq!(dropped(7), 0);
        assert_eq!(dropped(6), 4);
        assert_eq!(dropped(3), 4);
        assert_eq!(dropped(2), 6);
        assert_eq!(dropped(0), 6);
        assert_eq!(fit(&[], 0, |_| 1), 0);
    }

    #[test]
    fn a_last_turn_of_tool_results_keeps_the_call_that_they_answer() {
        let conversation = [
            Message::user("one"),
            assistant(&[]),
            Message::user("two"),
            assistant(&["c1"]),
            result("c1"),
        ];
        assert_eq!(fit(&conversation, 0, |_| 100), 2);
    }

    proptest! {
        #[test]
        fn what_is_kept_begins_with_a_user_message_fits_and_could_not_be_longer(
            turns in prop::collection::vec(0_usize..4, 1..12),
            budget in 0_u64..40,
        ) {
            let mut conversation = Vec::new();
            for answers in turns {
                conversation.push(Message::user("line"));
                conversation.extend((0..answers).map(|_| assistant(&[])));
            }
            let dropped = fit(&conversation, budget, |_| 1);
            let is_user = |message: &Message| matches!(message, Message::User { .. });
            prop_assert!(is_user(&conversation[dropped]));
            let kept = conversation.len() - dropped;
            let turns_kept = conversation[dropped..].iter().filter(|message| is_user(message)).count();
            prop_assert!(kept as u64 <= budget || turns_kept == 1);
            if let Some(longer) = conversation[..dropped].iter().rposition(is_user) {
                prop_assert!((conversation.len() - longer) as u64 > budget);
            }
        }
    }
}
