use tokio::io::{AsyncReadExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;

use super::*;
use crate::tools::mcp::message;

/// A program's side, and ours.
struct Table {
    conversation: Arc<Conversation>,
    output: WriteHalf<DuplexStream>,
    input: ReadHalf<DuplexStream>,
    carried: JoinHandle<()>,
    held: oneshot::Sender<Infallible>,
}

/// A program at the other end of pipes that hold so many bytes.
fn table(room: usize) -> Table {
    let (ours, theirs) = duplex(room);
    let (conversation, outgoing) = Conversation::new();
    let conversation = Arc::new(conversation);
    let (held, let_go) = oneshot::channel();
    let (output, input) = split(ours);
    let pipes = Pipes { output, input };
    let carried = tokio::spawn(pipes.carry(Arc::clone(&conversation), outgoing, let_go));
    let (input, output) = split(theirs);
    Table {
        conversation,
        output,
        input,
        carried,
        held,
    }
}

impl Table {
    async fn say(&mut self, bytes: &[u8]) {
        self.output.write_all(bytes).await.unwrap();
    }

    async fn hear(&mut self, wanted: &str) {
        let mut text = vec![0; wanted.len()];
        self.input.read_exact(&mut text).await.unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_request_goes_out_as_a_line_and_its_answer_comes_in_as_one() {
    let mut table = table(64);
    let conversation = Arc::clone(&table.conversation);
    let mut waiting = conversation.expect().unwrap();
    let request = message::request(waiting.id(), "ping", &serde_json::json!({}));
    conversation.send(request.clone()).await.unwrap();
    table.hear(&format!("{request}\n")).await;
    let answer = r#"{"jsonrpc":"2.0","id":0,"result":{"text":"é"}}"#;
    // A piece of a letter each.
    let (first, second) = answer.as_bytes().split_at(answer.len() - 4);
    table.say(b"Listening ...\n\n{\n").await;
    table.say(first).await;
    table.say(second).await;
    table.say(b"\r\n").await;
    let answer = waiting.answer().await.unwrap();
    assert_eq!(answer.get(), r#"{"text":"é"}"#);
}

#[tokio::test]
async fn an_answer_that_is_too_long_to_keep_fails_its_request_at_once() {
    let mut table = table(1024 * 1024);
    let conversation = Arc::clone(&table.conversation);
    let mut waiting = conversation.expect().unwrap();
    let long = "x".repeat(MAX_MESSAGE_BYTES);
    table
        .say(format!("{{\"result\":\"{long}\",\"jsonrpc\":\"2.0\",\"id\":0}}\n").as_bytes())
        .await;
    let answer = waiting.answer().await;
    assert!(matches!(answer, Err(Fault::Unusable)));
}

#[tokio::test]
async fn text_that_is_not_utf8_costs_its_letters_alone() {
    let mut table = table(1024);
    let conversation = Arc::clone(&table.conversation);
    let mut waiting = conversation.expect().unwrap();
    let answer = b"{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"caf\xe9\"}\n";
    table.output.write_all(answer).await.unwrap();
    assert_eq!(waiting.answer().await.unwrap().get(), "\"caf\u{fffd}\"");
}

#[tokio::test]
async fn the_end_of_a_program_is_the_end_of_its_requests() {
    let mut table = table(1024);
    let conversation = Arc::clone(&table.conversation);
    let mut waiting = conversation.expect().unwrap();
    table.say(br#"{"jsonrpc":"2.0","id":0,"resu"#).await;
    let Table {
        output,
        input,
        carried,
        held,
        ..
    } = table;
    drop((output, input));
    assert!(matches!(waiting.answer().await, Err(Fault::Closed)));
    carried.await.unwrap();
    assert!(conversation.is_over());
    drop(held);
}

#[tokio::test]
async fn letting_go_ends_the_programs_input_though_it_never_reads() {
    let mut table = table(16);
    let conversation = Arc::clone(&table.conversation);
    conversation.send("x".repeat(100)).await.unwrap();
    let waiting = conversation.expect().unwrap();
    table.hear("x").await;
    drop(table.held);
    table.carried.await.unwrap();
    let mut rest = Vec::new();
    table.input.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() < 99, "it is not written to its end");
    assert!(waiting.answer_by_now().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_program_that_asks_without_reading_has_ended_the_conversation() {
    let mut table = table(256);
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    let mut asked = 0;
    // The pipe breaks once it is left.
    while table.output.write_all(ping.as_bytes()).await.is_ok() {
        asked += 1;
        assert!(asked < 1000, "it is never left");
    }
    table.carried.await.unwrap();
    assert!(table.conversation.is_over());
}

#[tokio::test]
async fn a_program_that_reads_may_ask_as_often_as_it_likes() {
    let mut table = table(256);
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    for _ in 0..1000 {
        table.say(ping.as_bytes()).await;
        table
            .hear("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n")
            .await;
    }
    assert!(!table.conversation.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_program_that_no_longer_reads_is_heard_for_a_while() {
    let (mut program, output) = duplex(1024);
    let (input, unread) = duplex(1024);
    drop(unread);
    let (conversation, outgoing) = Conversation::new();
    let conversation = Arc::new(conversation);
    let (_held, let_go) = oneshot::channel();
    let pipes = Pipes { output, input };
    let carried = tokio::spawn(pipes.carry(Arc::clone(&conversation), outgoing, let_go));
    let mut waiting = conversation.expect().unwrap();
    let mut forgotten = conversation.expect().unwrap();
    conversation.send("lost".to_owned()).await.unwrap();
    conversation.messages_end().await;
    assert!(conversation.is_over());
    let answer = b"{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":1}\n";
    program.write_all(answer).await.unwrap();
    assert_eq!(waiting.answer().await.unwrap().get(), "1");
    assert!(matches!(forgotten.answer().await, Err(Fault::Closed)));
    carried.await.unwrap();
}
