//! `store: false` beside what lasts: sessions are read and nothing is left in them; chains are continued and do not grow.

use openclaw::chat::Principal;
use openclaw::sessions::{SessionStore, SqliteStore, Timing};
use serde_json::{Value, json};

use super::*;
use crate::support::Gate;

const SECRET: &str = "do not keep this";

/// The session of a request: its `user`, or the header.
#[derive(Clone, Copy)]
enum Session {
    User(&'static str),
    Key(&'static str),
}

async fn ask(house: &House, session: Session, mut body: Value) -> Reply {
    match session {
        Session::User(user) => {
            body["user"] = json!(user);
            create(house, body).await
        }
        Session::Key(key) => {
            let request = house.posting(PATH, &body);
            reply(request.header("x-openclaw-session-key", key)).await
        }
    }
}

/// Everything that lies in the state folder, as text.
fn on_disk(house: &House) -> String {
    let files = std::fs::read_dir(house.state()).unwrap();
    let contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default());
    String::from_utf8_lossy(&contents.collect::<Vec<_>>().concat()).into_owned()
}

#[tokio::test]
async fn a_session_is_read_and_nothing_is_left_in_it() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("A"));
    let house = House::before(&provider).await;
    for session in [Session::User("ann"), Session::Key("notes")] {
        let before = provider.requests().len();
        completed(&ask(&house, session, json!({ "input": "Q1" })).await);
        for stream in [false, true] {
            let unkept = json!({ "input": SECRET, "store": false, "stream": stream });
            assert_eq!(ask(&house, session, unkept).await.status, 200);
        }
        completed(&ask(&house, session, json!({ "input": "Q2" })).await);
        for unkept in [before + 1, before + 2] {
            assert_eq!(
                context(&provider, unkept),
                ["user: Q1", "assistant: A", &format!("user: {SECRET}")]
            );
        }
        assert_eq!(
            context(&provider, before + 3),
            ["user: Q1", "assistant: A", "user: Q2"]
        );
    }
    let disk = on_disk(&house);
    assert!(disk.contains("Q2") && !disk.contains(SECRET));
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_nothing_in_the_session_either() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["Hel", "lo"]).pause_before(2, &gate));
    let house = House::before(&provider).await;
    let sent = json!({ "input": SECRET, "user": "ann", "store": false, "stream": true });
    let response = house.posting(PATH, &sent).send().await.unwrap();
    gate.reached().await;
    drop(response);
    provider.hung_up().await;
    provider.push(Answer::chat_auto("A"));
    completed(&ask(&house, Session::User("ann"), json!({ "input": "Q1" })).await);
    assert_eq!(context(&provider, 1), ["user: Q1"]);
    assert!(!on_disk(&house).contains(SECRET));
}

#[tokio::test]
async fn a_response_is_continued_by_its_own_session_and_by_no_other() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("A"));
    let house = House::before(&provider).await;
    let of_ann = completed(&ask(&house, Session::User("ann"), json!({ "input": "Q1" })).await);
    let of_nobody = completed(&create(&house, json!({ "input": "Q1" })).await);
    let next = |previous: &Value| json!({ "input": "Q2", "store": false, "previous_response_id": id(previous) });

    completed(&ask(&house, Session::User("ann"), next(&of_ann)).await);
    completed(&create(&house, next(&of_nobody)).await);
    for request in [2, 3] {
        assert_eq!(
            context(&provider, request),
            ["user: Q1", "assistant: A", "user: Q2"]
        );
    }
    for (user, previous) in [("ann", &of_nobody), ("bob", &of_ann)] {
        let refused = ask(&house, Session::User(user), next(previous)).await;
        assert_eq!(
            refused.fault(),
            (400, "previous_response_not_found".to_owned())
        );
    }
    let refused = create(&house, next(&of_ann)).await;
    assert_eq!(
        refused.fault(),
        (400, "previous_response_not_found".to_owned())
    );
    assert_eq!(provider.requests().len(), 4);
}

#[tokio::test]
async fn a_response_whose_ground_is_deleted_while_it_grows_is_kept_and_cannot_be_continued() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("A1"));
    let house = House::before(&provider).await;
    let first = completed(&create(&house, json!({ "input": "Q1" })).await);

    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["A", "2"]).pause_before(2, &gate));
    let sent = json!({ "input": "Q2", "stream": true, "previous_response_id": id(&first) });
    let growing = house.posting(PATH, &sent).send().await.unwrap();
    gate.reached().await;
    let path = format!("{PATH}/{}", id(&first));
    let deleted = reply(house.request(reqwest::Method::DELETE, &path)).await;
    assert_eq!(deleted.status, 200);
    gate.open();
    let text = growing.text().await.unwrap();
    let told = Told::read(text.strip_suffix("data: [DONE]\n\n").unwrap());
    let second = told.response();
    assert_eq!(
        (&second["status"], &second["store"]),
        (&json!("completed"), &json!(true))
    );

    let kept = house.get(&format!("{PATH}/{}", id(second))).await;
    assert_eq!(&kept.json(), second);
    let next = json!({ "input": "Q3", "previous_response_id": id(second) });
    let refused = create(&house, next).await;
    assert_eq!(
        refused.fault(),
        (400, "previous_response_not_found".to_owned())
    );
    let message = refused.json()["error"]["message"].clone();
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("one before it is no longer kept")
    );
}

#[tokio::test]
async fn a_list_whose_items_share_an_id_is_paged_to_its_end() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("A"));
    let house = House::before(&provider).await;
    let said = json!([
        { "role": "user", "content": "1" }, { "role": "user", "content": "2" },
        { "role": "user", "content": "3" }, { "role": "user", "content": "4" },
    ]);
    let response = completed(&create(&house, json!({ "input": said })).await);
    // As an earlier version stored what its callers sent.
    let store = SqliteStore::with(house.state(), 1, Timing::default()).unwrap();
    let kept = store.get_response(&Principal::Owner, id(&response)).await;
    let mut kept = kept.unwrap().unwrap();
    for item in &mut kept.input {
        let mut renamed: Value = serde_json::from_str(item.get()).unwrap();
        renamed["item"]["id"] = json!("msg_same");
        *item = serde_json::value::to_raw_value(&renamed).unwrap();
    }
    store.put_response(kept).await.unwrap();
    store.close().await;

    let mut after = String::new();
    for _page in 0..4 {
        let path = format!("{PATH}/{}/input_items?limit=1{after}", id(&response));
        let page = house.get(&path).await.json();
        assert!(page["data"].as_array().unwrap().len() <= 1);
        if page["has_more"] == false {
            return;
        }
        after = format!("&after={}", page["last_id"].as_str().unwrap());
    }
    panic!("a list of four items has more than four pages");
}
