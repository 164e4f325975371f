//! Skills of a workspace: an agent that can read is told of them, and reads one when it needs it.

use std::fs;

use serde_json::{Value, json};

use super::support::{Answer, House, Recorded, Scripted};

const SKILL: &str = "---\nname: tea\ndescription: Makes tea.\n---\n\nBoil water first.\n";

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "some tea, please" }] })
}

/// A house whose agent works in a folder with one skill.
async fn house(provider: &Scripted, agent: Value, tools: Value) -> (House, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let skill = folder.path().join("skills/tea");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), SKILL).unwrap();
    let at = json!({ "context": "full", "workspace": folder.path() });
    let defaults = super::support::merged(at, agent);
    let changes = json!({ "agents": { "defaults": defaults }, "tools": tools });
    (House::changed(provider, changes).await, folder)
}

fn prompt(request: &Recorded) -> String {
    let first = &request.json()["messages"][0];
    match first["role"] == "system" {
        true => first["content"].as_str().unwrap().to_owned(),
        false => String::new(),
    }
}

#[tokio::test]
async fn a_skill_is_named_in_the_prompt_and_read_when_it_is_wanted() {
    let provider = Scripted::start().await;
    let reader = json!({ "allow": ["read"] });
    let (house, _folder) = house(&provider, json!({}), reader).await;
    let read = json!({ "path": "skills/tea/SKILL.md" });
    provider.push(Answer::chat_tool_calls(&[("c1", "read", read)]));
    provider.push(Answer::chat_text("The water boils."));
    assert_eq!(house.chat(hello()).await.said(), "The water boils.");
    let requests = provider.requests();
    let told = prompt(&requests[0]);
    for part in [
        "<name>tea</name>",
        "<description>Makes tea.</description>",
        "<location>skills/tea/SKILL.md</location>",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("Boil water"), "only on demand: {told}");
    let last = requests[1].json()["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .contains("Boil water first."),
        "{last}"
    );
}

#[tokio::test]
async fn who_cannot_read_a_skill_is_not_told_of_it() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let (nothing, all) = (json!({}), json!({ "profile": "full" }));
    for (agent, tools) in [
        (json!({}), nothing),
        (json!({}), json!({ "profile": "full", "deny": ["read"] })),
        (json!({ "publicMode": true }), all.clone()),
        (json!({ "context": "light" }), all.clone()),
        (json!({ "skills": ["coffee"] }), all),
    ] {
        let (house, _folder) = house(&provider, agent.clone(), tools.clone()).await;
        assert_eq!(house.chat(hello()).await.said(), "ok");
        let told = prompt(provider.requests().last().unwrap());
        assert!(!told.contains("tea"), "{agent} {tools}: {told}");
    }
}

#[tokio::test]
async fn a_caller_who_brings_a_read_of_his_own_is_not_sent_to_our_files() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("ok"));
    let reader = json!({ "allow": ["read"] });
    let (house, _folder) = house(&provider, json!({}), reader).await;
    let mut body = hello();
    body["tools"] = json!([{ "type": "function", "function": { "name": "read" } }]);
    assert_eq!(house.chat(body).await.said(), "ok");
    assert!(!prompt(&provider.requests()[0]).contains("tea"));
}
