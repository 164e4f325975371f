//! The walls of the house: which folder of `src` may use which.

use std::fs;
use std::path::Path;

/// Who may use whom, besides `chat` and `json`, which everyone may.
const ARROWS: &[(&str, &[&str])] = &[
    ("auth", &["config"]),
    ("chat", &[]),
    ("cli", &["auth", "cli", "config", "gateway", "server"]),
    ("config", &[]),
    (
        "fuzzing",
        &[
            "auth",
            "config",
            "fuzzing",
            "gateway",
            "providers",
            "server",
            "sse",
            "tools",
        ],
    ),
    ("gateway", &["config", "providers", "sessions", "tools"]),
    ("json", &[]),
    ("providers", &["config", "sse", "tcp"]),
    ("server", &["auth", "config", "gateway", "sse", "tcp"]),
    ("sessions", &[]),
    ("sse", &[]),
    ("tcp", &[]),
    ("tools", &["config", "providers", "sessions", "sse"]),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push((
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

#[test]
fn every_folder_uses_only_what_its_arrows_allow() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    let mut wrong = Vec::new();
    for (path, text) in &found {
        let inside = path.strip_prefix(&format!("{}/", src.display())).unwrap();
        let room = inside.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            assert!(
                matches!(room, "lib" | "main"),
                "{inside} is in no room of the map"
            );
            continue;
        };
        for used in text.split("crate::").skip(1) {
            let used = used
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
                .unwrap();
            if used != room && !["chat", "json"].contains(&used) && !allowed.contains(&used) {
                wrong.push(format!("{inside} uses crate::{used}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_one_file_reads_the_environment() {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let readers: Vec<&str> = found
        .iter()
        .filter(|(path, text)| text.contains("env::var") && !path.ends_with("tests.rs"))
        .map(|(path, _)| path.rsplit_once("/src/").unwrap().1)
        .collect();
    assert_eq!(readers, ["config/env.rs"]);
}
