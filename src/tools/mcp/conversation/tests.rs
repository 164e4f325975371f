use futures_util::FutureExt;

use super::*;

fn said(outgoing: &mut Outgoing) -> Option<String> {
    outgoing.next().now_or_never().flatten()
}

#[tokio::test]
async fn an_answer_reaches_its_request_whatever_the_order() {
    let (conversation, _outgoing) = Conversation::new();
    let mut first = conversation.expect().unwrap();
    let mut second = conversation.expect().unwrap();
    let batch = r#"[{"jsonrpc":"2.0","id":1,"result":"b"},{"jsonrpc":"2.0","id":"0","result":"a"},
        {"jsonrpc":"2.0","id":1,"result":"again"},{"jsonrpc":"2.0","id":99,"result":{}}]"#;
    conversation.take(batch).await;
    assert_eq!(first.answer().await.unwrap().get(), r#""a""#);
    assert_eq!(second.answer().await.unwrap().get(), r#""b""#);
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_is_called_off_unless_it_greets_or_is_answered() {
    let (conversation, mut outgoing) = Conversation::new();
    drop(conversation.expect().unwrap());
    assert_eq!(said(&mut outgoing), None);
    drop(conversation.expect().unwrap());
    assert_eq!(said(&mut outgoing), Some(message::cancellation(1)));

    let answered = conversation.expect().unwrap();
    conversation.settle(answered.id(), Err(Fault::Unusable));
    drop(answered);
    assert!(conversation.expect().unwrap().answer_by_now().is_none());
    assert_eq!(said(&mut outgoing), None);
    assert_eq!(conversation.lock().waiting.len(), 0);
}

#[tokio::test]
async fn an_end_is_the_end_of_every_request() {
    let (conversation, _outgoing) = Conversation::new();
    let mut waiting = conversation.expect().unwrap();
    conversation.close();
    assert!(matches!(waiting.answer().await, Err(Fault::Closed)));
    assert!(matches!(conversation.expect(), Err(Fault::Closed)));
    assert!(conversation.is_over());
}

#[tokio::test]
async fn requests_that_wait_are_bounded() {
    let (conversation, _outgoing) = Conversation::new();
    let mut waiting = Vec::new();
    for _ in 0..MAX_WAITING {
        waiting.push(conversation.expect().unwrap());
    }
    assert!(matches!(conversation.expect(), Err(Fault::Busy)));
    waiting.pop();
    assert!(conversation.expect().is_ok());
}

#[tokio::test]
async fn a_server_that_asks_too_much_is_kept_waiting_until_its_answers_are_sent() {
    let (conversation, mut outgoing) = Conversation::new();
    let ping = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;
    let batch = format!("[{}{ping}]", format!("{ping},").repeat(999));
    conversation.take(&batch).await;
    assert!(conversation.take(ping).now_or_never().is_none());
    for _ in 0..MAX_UNANSWERED {
        let answer = said(&mut outgoing).unwrap();
        assert_eq!(answer, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    }
    assert_eq!(said(&mut outgoing), None);
    conversation.take(ping).await;
    assert!(said(&mut outgoing).is_some());
}

#[tokio::test]
async fn word_of_other_tools_is_kept_until_it_is_asked_for() {
    let (conversation, _outgoing) = Conversation::new();
    assert!(!conversation.is_changed());
    let told = r#"{"jsonrpc":"2.0","method":"notifications\/tools\/list_changed"}"#;
    conversation.take(told).await;
    assert!(conversation.is_changed() && conversation.has_changed());
    assert!(!conversation.is_changed() && !conversation.has_changed());
}
