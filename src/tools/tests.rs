//! The tools together, and what their tests share.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::{AgentsConfig, Environment, ToolsConfig};
use crate::providers::Fetcher;
use crate::sessions::SqliteStore;

/// An agent with a workspace of its own, and its tools.
pub struct Bench {
    folder: TempDir,
    agent: Value,
    tools: Value,
    embedder: Option<Embedder>,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            agent: json!({}),
            tools: json!({ "profile": "full" }),
            embedder: None,
        }
    }

    /// Further keys of the agent.
    pub fn agent(self, agent: Value) -> Self {
        Self { agent, ..self }
    }

    /// The `tools` section.
    pub fn tools(self, tools: Value) -> Self {
        Self { tools, ..self }
    }

    pub fn embedder(self, embedder: Embedder) -> Self {
        let embedder = Some(embedder);
        Self { embedder, ..self }
    }

    /// A path in the workspace.
    pub fn path(&self, inner: &str) -> PathBuf {
        self.folder.path().join(inner)
    }

    pub fn write(&self, inner: &str, text: impl AsRef<[u8]>) {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn text(&self, inner: &str) -> String {
        fs::read_to_string(self.path(inner)).unwrap()
    }

    /// An owner's run on `p/m`.
    pub fn context(&self) -> ToolContext {
        let mut agent = json!({ "workspace": self.folder.path() });
        let own = self.agent.as_object().unwrap().clone();
        agent.as_object_mut().unwrap().extend(own);
        let config: AgentsConfig = serde_json::from_value(json!({ "defaults": agent })).unwrap();
        let agent = config.resolve(None).remove(0);
        let tools: ToolsConfig = serde_json::from_value(self.tools.clone()).unwrap();
        let path = std::env::var("PATH").unwrap();
        let env = [
            ("PATH", path.as_str()),
            ("HOME", "/home/ann"),
            ("TOKEN", "hunter2"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let outside = Outside {
            fetcher: Arc::new(Fetcher::default()),
            embedder: self.embedder.clone(),
            index: None,
        };
        let workbench = Workbench::new(
            &agent,
            &tools,
            &Environment::default().with_layer(env),
            outside,
        );
        ToolContext {
            agent: agent.id.clone(),
            model: "p/m".parse().unwrap(),
            session: None,
            principal: Principal::Owner,
            owner: true,
            public: agent.public_mode,
            store: None,
            workbench: Arc::new(workbench),
        }
    }

    /// What a tool answers to an owner; `Err` where the answer is an error.
    pub async fn call(&self, name: &str, arguments: Value) -> Result<String, String> {
        let context = self.context();
        let result = call(&builtin(), &context, name, &arguments.to_string()).await;
        match result.is_error() {
            true => Err(result.into_text()),
            false => Ok(result.into_text()),
        }
    }
}

fn names(tools: &[Arc<dyn Tool>]) -> Vec<&str> {
    tools.iter().map(|tool| tool.name()).collect()
}

fn full() -> Policy {
    let config = serde_json::from_value(json!({ "profile": "full" })).unwrap();
    Policy::new(&config, &Default::default())
}

/// The model `p/e`, which does this.
pub fn embedder_of(embed: Embed) -> Embedder {
    Embedder {
        model: "p/e".to_owned(),
        embed,
    }
}

fn embedder() -> Embedder {
    embedder_of(Arc::new(|texts: Vec<String>| {
        async move { Ok(texts.iter().map(|_| vec![1.0]).collect()) }.boxed()
    }))
}

#[test]
fn an_owner_is_offered_every_tool_and_nobody_else_those_that_change_things() {
    let bench = Bench::new().embedder(embedder());
    let mut context = bench.context();
    let state = tempfile::tempdir().unwrap();
    context.store = Some(Arc::new(SqliteStore::new(state.path()).unwrap()));
    assert_eq!(
        names(&offered(&full(), &context)),
        [
            "edit",
            "exec",
            "grep",
            "ls",
            "memory_get",
            "memory_search",
            "read",
            "session_status",
            "sessions_history",
            "sessions_list",
            "web_fetch",
            "write"
        ]
    );
    context.owner = false;
    assert_eq!(
        names(&offered(&full(), &context)),
        [
            "grep",
            "ls",
            "memory_get",
            "memory_search",
            "read",
            "session_status",
            "web_fetch"
        ]
    );
}

#[test]
fn a_tool_without_what_it_needs_is_not_offered() {
    let mut context = Bench::new()
        .tools(json!({ "web": { "fetch": { "enabled": false } } }))
        .context();
    assert!(!names(&offered(&full(), &context)).contains(&"memory_search"));
    assert!(!names(&offered(&full(), &context)).contains(&"web_fetch"));
    let mut agent = Bench::new().agent(json!({ "workspace": null }));
    agent.tools = json!({});
    context = agent.context();
    assert_eq!(
        names(&offered(&full(), &context)),
        ["session_status", "web_fetch"] // Without a store there are no sessions to see.
    );
}

#[test]
fn without_a_policy_nothing_is_offered() {
    let nothing = Policy::new(&Default::default(), &Default::default());
    assert_eq!(names(&offered(&nothing, &Bench::new().context())), [""; 0]);
}

#[tokio::test]
async fn a_tool_that_is_not_offered_does_not_exist() {
    let bench = Bench::new();
    let mut context = bench.context();
    context.owner = false;
    let offered: Vec<_> = offered(&full(), &context)
        .into_iter()
        .filter(|tool| matches!(tool.name(), "read" | "ls"))
        .collect();
    let result = call(&offered, &context, "write", r#"{"path":"a","content":""}"#).await;
    assert_eq!(
        result,
        ToolResult::error("there is no tool `write`; there are: ls, read")
    );
    assert!(!bench.path("a").exists());
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model() {
    let bench = Bench::new();
    assert_eq!(
        bench.call("read", json!({ "file": "a" })).await,
        Err("these arguments do not fit: missing field `path` at line 1 column 12".to_owned())
    );
    let result = call(&builtin(), &bench.context(), "ls", "").await;
    assert_eq!(result, ToolResult::done("[the folder is empty]"));
}

#[test]
fn every_tool_declares_an_object_whose_required_arguments_are_described() {
    for tool in builtin() {
        let declared = declaration(tool.as_ref());
        let schema: Value = serde_json::from_str(declared.parameters.unwrap().get()).unwrap();
        assert_eq!(schema["type"], "object", "{}", tool.name());
        for name in schema["required"].as_array().into_iter().flatten() {
            let property = &schema["properties"][name.as_str().unwrap()];
            assert!(
                property["description"].is_string(),
                "{} {name}",
                tool.name()
            );
        }
    }
}

#[test]
fn the_table_is_sorted_by_name() {
    let tools = builtin();
    assert!(names(&tools).is_sorted());
}

struct Breaks;

impl Tool for Breaks {
    fn name(&self) -> &str {
        "breaks"
    }

    fn description(&self) -> &str {
        "Break."
    }

    fn parameters(&self) -> &str {
        "{}"
    }

    fn call<'a>(&'a self, _: &'a ToolContext, _: &'a str) -> BoxFuture<'a, ToolResult> {
        panic!("as a bug would")
    }
}

#[tokio::test]
async fn a_tool_that_breaks_has_failed_and_the_run_goes_on() {
    let offered: Vec<Arc<dyn Tool>> = vec![Arc::new(Breaks)];
    let result = call(&offered, &Bench::new().context(), "breaks", "{}").await;
    assert_eq!(
        result,
        ToolResult::error("`breaks` broke and did not finish")
    );
}

/// Every tool that a public agent can come to have, called with all that could make it talk.
#[cfg(unix)]
#[tokio::test]
async fn a_public_agent_shows_nothing_of_the_machine_nor_of_its_paths_or_files() {
    const CANARY: &str = "canary";
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join(format!("{CANARY}-root"));
    let bench = Bench::new()
        .agent(json!({ "workspace": root, "publicMode": true, "userTimezone": "Asia/Tokyo" }))
        .embedder(embedder());
    fs::create_dir_all(root.join("memory")).unwrap();
    fs::write(root.join(format!("{CANARY}.txt")), "x").unwrap();
    fs::write(root.join(format!("memory/{CANARY}.md")), "# Tea\n").unwrap();
    let mut context = bench.context();
    context.session = SessionKey::parse(&context.agent, CANARY).ok();
    context.store = Some(Arc::new(SqliteStore::new(outer.path()).unwrap()));
    let offered = offered(&full(), &context);
    assert_eq!(
        names(&offered),
        [
            "edit",
            "memory_get",
            "memory_search",
            "read",
            "session_status",
            "web_fetch",
            "write"
        ]
    );
    let paths = [
        ".",
        "..",
        "/",
        "nothing",
        "memory",
        "/etc/hostname",
        "a\0b",
        "memory/x.md",
    ];
    let mut answers = String::new();
    for tool in &offered {
        for path in paths {
            let arguments = json!({
                "path": path, "query": "tea", "url": "http://localhost/", "content": "", "old_text": "x",
                "new_text": "y",
            });
            let arguments = arguments.to_string();
            let result = call(&offered, &context, tool.name(), &arguments).await;
            answers.push_str(result.text());
            answers.push('\n');
        }
        let bad = call(&offered, &context, tool.name(), "[1]").await;
        answers.push_str(bad.text());
    }
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let temporary = outer.path().to_string_lossy();
    let secrets = [
        CANARY,
        &host,
        &temporary,
        std::env::consts::ARCH,
        std::env::consts::OS,
        "Tokyo",
    ];
    for secret in secrets {
        assert!(!answers.contains(secret), "{secret} in {answers}");
    }
    assert!(answers.contains("# Tea"));
}
