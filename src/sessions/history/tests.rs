//! Examples of what requests mean, and a model of a store against which random clients are played.

use super::*;
use crate::chat::Image;
use crate::sessions::turn::TurnState;
use proptest::prelude::*;

fn user(text: &str) -> Message {
    Message::user(text)
}

fn assistant(text: &str, calls: &[&str]) -> Message {
    let call = |id: &&str| ToolCall {
        id: (*id).to_owned(),
        name: "look".to_owned(),
        arguments: "{}".to_owned(),
    };
    let part = (!text.is_empty()).then(|| Part::Text(text.to_owned()));
    Message::Assistant {
        parts: part.into_iter().collect(),
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

fn picture(base64: &str, detail: Option<&str>) -> Message {
    let image = Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: base64.to_owned(),
        },
        detail: detail.map(str::to_owned),
    };
    Message::User {
        parts: vec![Part::Image(image)],
        name: None,
    }
}

fn history(turns: &[(&[Message], &[Message])]) -> History {
    let turn = |(index, (input, answer)): (usize, &(&[Message], &[Message]))| {
        let id = i64::try_from(index).unwrap() + 1;
        Turn {
            id: TurnId(id),
            parent: (id > 1).then_some(TurnId(id - 1)),
            state: TurnState::Complete,
            model: None,
            usage: None,
            created_ms: id,
            input: input.to_vec(),
            answer: answer.to_vec(),
        }
    };
    History {
        turns: turns.iter().enumerate().map(turn).collect(),
    }
}

#[test]
fn one_line_continues_what_is_stored() {
    let stored = history(&[(&[user("hi")], &[assistant("hello", &[])])]);
    assert_eq!(
        meaning(stored, vec![user("more")]),
        Meaning::Continue {
            after: Some(TurnId(1)),
            context: vec![user("hi"), assistant("hello", &[])],
            new: vec![user("more")],
        }
    );
}

#[test]
fn a_history_that_is_the_end_of_what_is_stored_doubles_nothing() {
    let stored = history(&[
        (&[user("a")], &[assistant("b", &[])]),
        (&[user("c")], &[assistant("d", &[])]),
    ]);
    let request = vec![user(" c "), assistant("d\n", &[]), user("e")];
    assert_eq!(
        meaning(stored.clone(), request),
        Meaning::Continue {
            after: Some(TurnId(2)),
            context: stored.into_messages(),
            new: vec![user("e")],
        }
    );
}

#[test]
fn an_edited_history_and_one_longer_than_what_is_stored_are_branches() {
    let stored = history(&[(&[user("a")], &[assistant("b", &[])])]);
    for request in [
        vec![user("A"), assistant("b", &[]), user("c")],
        vec![user("a"), assistant("b!", &[]), user("c")],
        vec![
            assistant("z", &[]),
            user("a"),
            assistant("b", &[]),
            user("c"),
        ],
    ] {
        let branch = Meaning::Branch {
            new: request.clone(),
        };
        assert_eq!(meaning(stored.clone(), request.clone()), branch);
    }
    let first = vec![user("a"), assistant("b", &[]), user("c")];
    assert_eq!(
        meaning(History::default(), first.clone()),
        Meaning::Branch { new: first }
    );
}

#[test]
fn the_tool_rounds_of_the_house_are_not_missed_by_a_client_that_never_saw_them() {
    let answer = [
        assistant("Let me look.", &["house"]),
        result("house"),
        assistant("It is blue.", &["own"]),
    ];
    let stored = history(&[(&[user("colour?")], &answer)]);
    let seen = assistant("Let me look.\n\nIt is blue.", &["own"]);
    let meaning = meaning(stored.clone(), vec![user("colour?"), seen, result("own")]);
    assert_eq!(
        meaning,
        Meaning::Continue {
            after: Some(TurnId(1)),
            context: stored.into_messages(),
            new: vec![result("own")],
        }
    );
}

#[test]
fn calls_and_pictures_are_compared_and_reasoning_and_detail_are_not() {
    let mut thoughtful = assistant("red", &["c"]);
    if let Message::Assistant { reasoning, .. } = &mut thoughtful {
        *reasoning = Some("hm".to_owned());
    }
    let stored = history(&[(&[picture("aGk=", None)], &[thoughtful])]);
    let continues = |earlier: Message, call: &str| {
        let request = vec![earlier, assistant("red", &[call]), result(call)];
        matches!(meaning(stored.clone(), request), Meaning::Continue { .. })
    };
    assert!(continues(picture("aGk=", Some("low")), "c"));
    assert!(!continues(picture("aGo=", None), "c"));
    assert!(!continues(picture("aGk=", None), "d"));
}

#[test]
fn a_stored_call_that_nobody_answered_is_not_put_before_a_provider() {
    let interrupted = [
        assistant("", &["c1", "c2"]),
        result("c1"),
        assistant("", &["c3"]),
    ];
    let stored = history(&[(&[user("a")], &interrupted)]);
    assert_eq!(
        meaning(stored, vec![user("b")]),
        Meaning::Continue {
            after: Some(TurnId(1)),
            context: vec![user("a"), assistant("", &["c1"]), result("c1")],
            new: vec![user("b")],
        }
    );
}

#[test]
fn texts_are_the_same_wherever_they_are_cut() {
    assert!(same_text(&["ab ", "cd"], &["ab\n\ncd"]));
    assert!(same_text(&["abcd"], &["ab", "cd"]));
    assert!(same_text(&["", " "], &[]));
    assert!(!same_text(&["ab"], &["abc"]));
    assert!(!same_text(&["a b"], &["a  b"]));
    assert!(!same_text(&["ü"], &["ä"]));
}

/// What a client does next; the number chooses how much, or what.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Sends one line and keeps nothing.
    Line,
    /// Resends all that it has seen itself.
    Resend,
    /// Resends the end of what it has seen.
    ResendEnd(usize),
    /// Changes a line of what it has seen, drops what followed, and resends it.
    Edit(usize),
    /// Asks again for the last answer.
    Regenerate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Line),
        4 => Just(Step::Resend),
        1 => (1_usize..5).prop_map(Step::ResendEnd),
        1 => (0_usize..5).prop_map(Step::Edit),
        1 => Just(Step::Regenerate),
    ]
}

/// A session, the clients that share it, and a number that makes every text another one.
#[derive(Default)]
struct World {
    stored: History,
    seen: [Vec<Message>; 2],
    said: usize,
}

impl World {
    fn fresh(&mut self, who: &str) -> String {
        self.said += 1;
        format!("{who} {}", self.said)
    }

    /// Runs a request as the gateway does; gives back the context and what the client saw of the answer.
    fn run(&mut self, request: Vec<Message>) -> (Vec<Message>, Message) {
        let (parent, mut context, new) = match meaning(self.stored.clone(), request) {
            Meaning::Continue {
                after,
                context,
                new,
            } => (after, context, new),
            Meaning::Branch { new } => (None, Vec::new(), new),
        };
        context.extend(new.clone());
        let (look, done) = (self.fresh("looking"), self.fresh("answer"));
        let call = format!("call {}", self.said);
        let answer = [
            assistant(&look, &[&call]),
            result(&call),
            assistant(&done, &[]),
        ];
        let mut turn = history(&[(&new, &answer)]).turns.remove(0);
        if parent.is_none() {
            self.stored.turns.clear();
        }
        turn.id = TurnId(i64::try_from(self.said).unwrap());
        turn.parent = parent;
        self.stored.turns.push(turn);
        (context, assistant(&format!("{look} \n{done} "), &[]))
    }

    /// What a client would have on its screen if it had seen the whole branch: texts, in order.
    fn branch(&self) -> Vec<String> {
        texts(&self.stored.clone().into_messages())
    }
}

/// The texts of a conversation without tool rounds, each as often as it is said.
fn texts(messages: &[Message]) -> Vec<String> {
    let spoken = messages
        .iter()
        .filter(|message| !matches!(message, Message::Tool { .. }));
    let lines = spoken.flat_map(|message| {
        let lines = message.text();
        lines
            .lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    });
    lines.collect()
}

proptest! {
    #[test]
    fn every_context_is_what_its_client_meant(
        steps in prop::collection::vec((0_usize..2, step()), 1..30),
    ) {
        let mut world = World::default();
        for (client, step) in steps {
            let before = world.branch();
            let mut line = user(&world.fresh("line"));
            let mut sent = world.seen[client].clone();
            let whole = sent.clone();
            let is_user = |message: &Message| matches!(message, Message::User { .. });
            match step {
                Step::Line => sent.clear(),
                Step::Resend => {}
                Step::ResendEnd(count) => {
                    sent.drain(..sent.len().saturating_sub(count));
                }
                Step::Edit(at) => {
                    let lines: Vec<usize> = (0..sent.len()).filter(|&at| is_user(&sent[at])).collect();
                    sent.truncate(lines.get(at).copied().unwrap_or(sent.len()));
                }
                Step::Regenerate => {
                    if let Some(last) = sent.iter().rposition(is_user).filter(|last| *last > 0) {
                        line = sent[last].clone();
                        sent.truncate(last);
                    }
                }
            }
            sent.push(line.clone());
            let (context, answer) = world.run(sent.clone());
            let (context, sent_texts) = (texts(&context), texts(&sent));

            let mut once = context.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), context.len(), "something is said twice: {:?}", context);
            prop_assert!(context.ends_with(&sent_texts), "what was sent is not what it ends with");
            let earlier = &sent_texts[..sent_texts.len() - 1];
            if before.ends_with(earlier) {
                prop_assert_eq!(&context[..context.len() - 1], &before[..], "the stored history, once");
            } else {
                prop_assert_eq!(&context, &sent_texts, "its own messages alone");
            }

            world.seen[client] = match step {
                Step::Line => Vec::new(),
                Step::ResendEnd(_) => whole.into_iter().chain([line, answer]).collect(),
                Step::Resend | Step::Edit(_) | Step::Regenerate => sent.into_iter().chain([answer]).collect(),
            };
        }
    }

    #[test]
    fn a_client_alone_with_its_session_always_has_its_whole_conversation(
        ends in prop::collection::vec(prop::option::of(0_usize..6), 1..20),
    ) {
        let mut world = World::default();
        let mut conversation = Vec::new();
        for end in ends {
            let line = user(&world.fresh("line"));
            conversation.push(line);
            let from = end.map_or(0, |end| conversation.len().saturating_sub(end + 1));
            let (context, answer) = world.run(conversation[from..].to_vec());
            prop_assert_eq!(texts(&context), texts(&conversation));
            conversation.push(answer);
        }
    }
}
