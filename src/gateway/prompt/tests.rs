//! Prompts, whole.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::config::AgentsConfig;
use crate::tools::builtin;

fn host() -> Host {
    Host {
        name: "canary-host".to_owned(),
        os: "canary-os",
        arch: "canary-arch",
    }
}

fn prompt(agent: Value) -> Prompt {
    let config: AgentsConfig = serde_json::from_value(json!({ "defaults": agent })).unwrap();
    let agent = config.resolve(None).remove(0);
    let at = agent.workspace.as_deref();
    let workspace = at.map(|text| Workspace::locate(text, None));
    Prompt::new(&agent, workspace.as_ref(), &host())
}

fn tools(names: &[&str]) -> Vec<Arc<dyn Tool>> {
    let mut tools = builtin();
    tools.retain(|tool| names.contains(&tool.name()));
    tools
}

const LINE: &str =
    "Runtime: host=canary-host os=canary-os arch=canary-arch workspace=none agent=main channel=";

#[tokio::test]
async fn an_agent_without_files_and_tools_has_a_short_prompt() {
    let prompt = prompt(json!({})).compose(&[], None, &[]).await;
    assert_eq!(prompt.text(), format!("{LINE}webchat"));
    assert!(prompt.text().len() < 200);
}

#[tokio::test]
async fn a_full_prompt_says_who_the_agent_is_what_it_has_and_where_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SOUL.md"), "Be kind.").unwrap();
    let prompt = prompt(json!({
        "systemPrompt": "Help.\n", "identity": { "name": "Molty", "emoji": "🦞" },
        "userTimezone": "Europe/Berlin", "workspace": folder.path(),
    }));
    let caller = ["Speak French.".to_owned(), "Be short.".to_owned()];
    let composed = prompt
        .compose(&tools(&["ls", "read"]), Some("telegram"), &caller)
        .await;
    assert_eq!(
        &*composed.stable,
        "Help.\n\nYou are Molty 🦞.\n\nYour user's time zone is Europe/Berlin.\n\n\
         # Workspace files\n\n## SOUL.md\n\nBe kind.\n\n\
         # Tools\n\n- ls: List a folder of the workspace.\n- read: Read a text file of the workspace."
    );
    let workspace = folder.path().display();
    let line = LINE.replace("none", &workspace.to_string());
    assert_eq!(
        composed.varying,
        format!("{line}telegram\n\nSpeak French.\n\nBe short.")
    );
}

#[tokio::test]
async fn the_stable_part_is_the_same_bytes_whatever_varies() {
    let prompt = prompt(json!({ "systemPrompt": "Help." }));
    let tools = tools(&["read"]);
    let first = prompt.compose(&tools, None, &[]).await;
    let second = prompt.compose(&tools, Some("x"), &["y".to_owned()]).await;
    assert!(Arc::ptr_eq(&first.stable, &second.stable));
    let fewer = prompt.compose(&[], None, &[]).await;
    assert_eq!(&*fewer.stable, "Help.");
    let again = prompt.compose(&tools, None, &[]).await;
    assert!(Arc::ptr_eq(&first.stable, &again.stable));
}

#[tokio::test]
async fn a_light_prompt_is_the_agents_own_and_the_runtime_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SOUL.md"), "Be kind.").unwrap();
    let prompt = prompt(json!({
        "systemPrompt": "Help.", "identity": { "name": "Molty" }, "context": "light",
        "workspace": folder.path(),
    }));
    let composed = prompt.compose(&tools(&["read"]), None, &[]).await;
    let line = LINE.replace("none", &folder.path().display().to_string());
    assert_eq!(composed.text(), format!("Help.\n\n{line}webchat"));
}

#[tokio::test]
async fn with_no_context_only_the_caller_speaks() {
    let prompt = prompt(json!({ "systemPrompt": "Help.", "context": "none" }));
    let composed = prompt
        .compose(&tools(&["read"]), Some("x"), &["Hi.".to_owned()])
        .await;
    assert_eq!(composed.text(), "Hi.");
    assert!(prompt.compose(&[], None, &[]).await.is_empty());
}

#[tokio::test]
async fn a_public_agents_prompt_holds_nothing_of_the_machine() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("canary-folder");
    fs::create_dir(&folder).unwrap();
    for name in ["AGENTS.md", "SOUL.md", "USER.md", "MEMORY.md", "canary.txt"] {
        fs::write(folder.join(name), "canary-file").unwrap();
    }
    let prompt = prompt(json!({
        "systemPrompt": "Help.", "identity": { "name": "Molty" }, "publicMode": true,
        "workspace": folder, "userTimezone": "canary/zone",
    }));
    let composed = prompt.compose(&tools(&["read"]), Some("sms"), &[]).await;
    assert_eq!(
        composed.text(),
        "Help.\n\nYou are Molty.\n\n# Tools\n\n- read: Read a text file of the workspace.\n\n\
         Runtime: public-facing agent"
    );
}

/// A workspace with a skill.
fn skilled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let skill = folder.path().join("skills/canary");
    fs::create_dir_all(&skill).unwrap();
    fs::write(
        skill.join("SKILL.md"),
        "---\ndescription: canary-skill\n---",
    )
    .unwrap();
    folder
}

#[tokio::test]
async fn skills_stand_between_the_files_and_the_tools_where_the_agent_can_read_them() {
    let folder = skilled();
    fs::write(folder.path().join("SOUL.md"), "Be kind.").unwrap();
    let prompt = prompt(json!({ "workspace": folder.path() }));
    let text = async |names: &[&str]| prompt.compose(&tools(names), None, &[]).await.stable;
    let with_read = text(&["read"]).await;
    let parts = [
        "# Workspace files",
        "# Skills",
        "<name>canary</name>",
        "# Tools",
    ]
    .map(|part| with_read.find(part).unwrap());
    assert!(parts.is_sorted(), "{with_read}");
    for others in [&[][..], &["ls", "exec"]] {
        assert!(!text(others).await.contains("canary-skill"), "{others:?}");
    }
    assert!(Arc::ptr_eq(&with_read, &text(&["read"]).await));
}

#[tokio::test]
async fn skills_are_not_for_strangers_nor_for_short_prompts() {
    let folder = skilled();
    for agent in [
        json!({ "publicMode": true }),
        json!({ "context": "light" }),
        json!({ "context": "none" }),
        json!({ "skills": [] }),
        json!({ "skills": ["other"] }),
    ] {
        let mut agent = agent;
        agent["workspace"] = json!(folder.path());
        let composed = prompt(agent.clone())
            .compose(&tools(&["read"]), None, &[])
            .await;
        assert!(!composed.text().contains("canary-skill"), "{agent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_follows_its_skills() {
    let folder = skilled();
    let prompt = prompt(json!({ "workspace": folder.path() }));
    let read = tools(&["read"]);
    let first = prompt.compose(&read, None, &[]).await.stable;
    fs::remove_dir_all(folder.path().join("skills")).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = prompt.compose(&read, None, &[]).await.stable;
    assert!(first.contains("canary-skill") && !second.contains("canary-skill"));
    assert!(Arc::ptr_eq(
        &second,
        &prompt.compose(&read, None, &[]).await.stable
    ));
}

#[test]
fn the_runtime_line_stays_one_line() {
    let prompt = prompt(json!({ "workspace": "/a\nb" }));
    assert!(matches!(prompt.runtime, Runtime::Here(line) if line.lines().count() == 1));
}

#[tokio::test]
async fn a_kept_prompt_costs_next_to_nothing() {
    const RUNS: u32 = 1000;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SOUL.md"), "x".repeat(19_000)).unwrap();
    let prompt = prompt(json!({ "workspace": folder.path() }));
    let tools = builtin();
    prompt.compose(&tools, None, &[]).await;
    let began = Instant::now();
    for _ in 0..RUNS {
        prompt.compose(&tools, None, &[]).await;
    }
    assert!(began.elapsed() / RUNS < Duration::from_millis(1));
}
