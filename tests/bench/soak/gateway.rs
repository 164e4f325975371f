//! The program under load: its process, its configuration, its metrics.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::books::Page;

pub const TOKEN: &str = "soak-token";

pub struct Gateway {
    child: Child,
    address: String,
    provider: u16,
    home: TempDir,
}

impl Gateway {
    /// Starts it before the provider at this port of this machine.
    pub fn start(provider: u16) -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("openclaw.json");
        std::fs::write(&config, configuration(provider, 0).to_string()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_openclaw"))
            .env_clear()
            .env("HOME", home.path())
            .args(["gateway", "serve", "--port", "0", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        // Reads the log, so that the program never waits for a reader; ends with the log.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = line["fields"]["address"].as_str() {
                    let _told = tell.send(address.to_owned());
                }
            }
        });
        let address = told.recv_timeout(Duration::from_secs(60)).unwrap();
        Self {
            child,
            address,
            provider,
            home,
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Another configuration in the place of the last one; which one it is makes no difference to callers.
    pub fn reload(&self, number: u64) {
        let draft: PathBuf = self.home.path().join("draft.json");
        std::fs::write(&draft, configuration(self.provider, number).to_string()).unwrap();
        std::fs::rename(draft, self.home.path().join("openclaw.json")).unwrap();
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Over a connection of its own, which is closed afterwards.
    pub async fn metrics(&self) -> Page {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.get(self.url("/metrics")).bearer_auth(TOKEN);
        Page::of(&request.send().await.unwrap().text().await.unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn configuration(provider: u16, number: u64) -> Value {
    let models =
        ["m", "slow", "hang", "fail", "limited", "broken", "cut"].map(|id| json!({ "id": id }));
    let mut models = models.to_vec();
    models.push(json!({ "id": "e", "kind": "embedding" }));
    json!({
        "gateway": {
            "auth": { "mode": "token", "token": TOKEN },
            "http": { "endpoints": { "chatCompletions": { "enabled": true } } },
        },
        "models": { "mode": "replace", "providers": { "p": {
            "baseUrl": format!("http://127.0.0.1:{provider}/v1"), "apiKey": "provider-key", "models": models,
        } } },
        "agents": {
            "defaults": { "model": "p/m", "context": "none" },
            "list": [
                { "id": "main", "systemPrompt": format!("This is configuration {number}.") },
                { "id": "chain", "model": { "primary": "p/fail", "fallbacks": ["p/m"] } },
            ],
        },
    })
}
