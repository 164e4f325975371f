//! What is stored is its owner's: two users of one proxy, and the owner of the installation, on one gateway.

use serde_json::{Value, json};

use super::super::support::{
    Answer, House, Program, Recorded, Reply, Scripted, config_for, merged, reply,
};
use super::{behind_a_proxy, chat, hello};

/// Who calls: a user of the proxy, or the owner with the password of this machine.
#[derive(Clone, Copy)]
enum Who {
    User(&'static str),
    Owner,
}

use Who::{Owner, User};

const PASSWORD: &str = "house-password";

async fn says(house: &House, who: Who, text: &str, session: &str) -> Reply {
    let body = json!({ "model": "openclaw", "messages": [{ "role": "user", "content": text }] });
    let request = chat(house, &body).header("x-openclaw-session-key", session);
    reply(match who {
        User(name) => request.header("x-user", name),
        Owner => request.bearer_auth(PASSWORD),
    })
    .await
}

/// What the provider was told last, without the roles.
fn context(provider: &Scripted) -> Vec<String> {
    let request = provider.requests().last().unwrap().json();
    let messages = request["messages"].as_array().unwrap();
    let text = |message: &Value| message["content"].as_str().unwrap_or("-").to_owned();
    messages.iter().map(text).collect()
}

async fn house(provider: &Scripted, more: Value) -> House {
    let auth = json!({ "password": PASSWORD });
    House::changed(provider, merged(behind_a_proxy(auth), more)).await
}

#[tokio::test]
async fn nobody_reads_or_continues_the_session_of_another() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = house(&provider, json!({})).await;

    // A user who calls himself owner is none; a name in other letters is another.
    let everyone = [User("ann"), User("bob"), User("owner"), User("Ann"), Owner];
    for (number, who) in everyone.into_iter().enumerate() {
        let said = says(&house, who, &format!("secret {number}"), "notes").await;
        assert_eq!(said.status, 200, "{}", said.text());
        assert_eq!(
            said.header("x-openclaw-session-key"),
            Some("agent:main:notes")
        );
        assert_eq!(context(&provider), [format!("secret {number}")]);
    }
    for (number, who) in everyone.into_iter().enumerate() {
        says(&house, who, "again", "agent:main:notes").await;
        let own = [
            format!("secret {number}"),
            "ok".to_owned(),
            "again".to_owned(),
        ];
        assert_eq!(context(&provider), own);
    }
    // One person of a mail address is one, however it is written.
    says(&house, User("Zoe@X.org"), "secret", "mine").await;
    says(&house, User("zoe@x.org"), "again", "mine").await;
    assert_eq!(context(&provider), ["secret", "ok", "again"]);
}

#[tokio::test]
async fn the_user_of_a_request_is_no_way_into_the_session_of_another() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = house(&provider, json!({})).await;
    for who in ["ann", "bob"] {
        let mut body = hello();
        body["user"] = json!("ann");
        let request = chat(&house, &body).header("x-user", who);
        assert_eq!(reply(request).await.status, 200);
        assert_eq!(context(&provider), ["hello"], "{who}");
    }
}

fn results(request: &Recorded) -> Vec<String> {
    let messages = request.json()["messages"].as_array().cloned().unwrap();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn nobody_lists_or_looks_up_the_session_of_another() {
    let provider = Scripted::start().await;
    let workspace = tempfile::tempdir().unwrap();
    let tools = json!({ "agents": { "defaults": { "workspace": workspace.path(), "tools": { "profile": "full" } } } });
    let house = house(&provider, tools).await;
    provider.push(Answer::chat_text("noted"));
    says(&house, User("ann"), "secret", "notes").await;

    let looks = || {
        Answer::chat_tool_calls(&[
            ("c1", "sessions_list", json!({})),
            (
                "c2",
                "sessions_history",
                json!({ "key": "agent:main:notes" }),
            ),
        ])
    };
    for who in [User("bob"), Owner] {
        provider.push(looks());
        provider.push(Answer::chat_text("ok"));
        says(&house, who, "look", "now").await;
        let told = results(provider.requests().last().unwrap());
        assert!(!told.join("\n").contains("secret"), "{told:?}");
        assert!(!told[0].contains("notes"), "{told:?}");
    }
    provider.push(looks());
    provider.push(Answer::chat_text("ok"));
    says(&house, User("ann"), "look", "now").await;
    let told = results(provider.requests().last().unwrap());
    assert!(told[0].starts_with("agent:main:notes: 1 turns"), "{told:?}");
    assert_eq!(told[1], "user: secret\nassistant: noted");
}

#[tokio::test]
async fn tools_of_owners_are_for_admins_whatever_a_request_says_of_its_sender() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let workspace = tempfile::tempdir().unwrap();
    let tools = json!({ "agents": { "defaults": { "workspace": workspace.path(), "tools": { "profile": "full" } } } });
    let scopes =
        json!({ "identityScopes": { "ann": ["operator.admin"], "bob": ["operator.write"] } });
    let house = House::changed(
        &provider,
        merged(behind_a_proxy(scopes.clone()), tools.clone()),
    )
    .await;
    let public = json!({ "agents": { "defaults": { "publicMode": true } } });
    let public = House::changed(
        &provider,
        merged(behind_a_proxy(scopes), merged(tools, public)),
    )
    .await;

    let may_write = async |house: &House, who: &str, sender: &str| {
        let mut request = chat(house, &hello()).header("x-user", who);
        if !sender.is_empty() {
            request = request.header("x-openclaw-sender-is-owner", sender);
        }
        let answer = reply(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let request = provider.requests().last().unwrap().json();
        let tools = request["tools"].as_array().cloned().unwrap();
        tools.iter().any(|tool| tool["function"]["name"] == "write")
    };
    for (house, who, sender, expected) in [
        (&house, "ann", "", true),
        (&house, "ann", "true", true),
        (&house, "ann", "false", false),
        (&house, "bob", "", false),
        (&house, "bob", "true", false),
        (&public, "ann", "", false),
        (&public, "ann", "true", true),
        (&public, "bob", "true", false),
    ] {
        assert_eq!(
            may_write(house, who, sender).await,
            expected,
            "{who} {sender:?}"
        );
    }
    let odd = chat(&house, &hello()).header("x-user", "ann");
    let odd = reply(odd.header("x-openclaw-sender-is-owner", "yes")).await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn the_command_line_sees_what_is_the_owners_alone() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let auth = behind_a_proxy(json!({ "password": PASSWORD }));
    let program = Program::serve(&merged(config_for(&provider), auth));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/v1/chat/completions", program.address());
    let post = |session: &str| {
        let request = client.post(&url).header("content-type", "application/json");
        request
            .header("x-openclaw-session-key", session)
            .body(hello().to_string())
    };
    assert_eq!(
        reply(post("hers").header("x-user", "ann")).await.status,
        200
    );
    assert_eq!(reply(post("mine").bearer_auth(PASSWORD)).await.status, 200);

    let list = program.run(&["sessions", "list", "--json"]).json();
    let keys: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["agent:main:mine"]);
    assert_ne!(program.run(&["sessions", "show", "hers"]).code, Some(0));
}
