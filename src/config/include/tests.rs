//! Configurations of several files, loaded from a folder.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::{Environment, Loaded, load};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    dir
}

fn loaded(dir: &TempDir) -> Result<Loaded, String> {
    let file = dir.path().join("openclaw.json");
    load(Some(&file), Environment::default()).map_err(|error| {
        let text = error.to_string();
        let real = dir.path().canonicalize().unwrap();
        let text = text.replace(real.to_str().unwrap(), "DIR");
        text.replace(dir.path().to_str().unwrap(), "DIR")
    })
}

fn told(files: &[(&str, &str)]) -> String {
    loaded(&folder(files)).unwrap_err()
}

#[test]
fn files_are_merged_in_order_and_siblings_win() {
    let dir = folder(&[
        (
            "openclaw.json",
            "{ gateway: { $include: ['parts/a.json5', './parts/b.json5'], port: 3 }, agents: { $include: 'parts/agents.json5' } }",
        ),
        (
            "parts/a.json5",
            "{ port: 1, http: { maxBodyBytes: 2048, drainMs: 1 }, trustedProxies: ['10.0.0.1'] }",
        ),
        (
            "parts/b.json5",
            "{ port: 2, http: { drainMs: 2 }, trustedProxies: ['10.0.0.2'] }",
        ),
        (
            "parts/agents.json5",
            "{ $include: 'deeper.json5', defaults: { maxToolRounds: 7 } }",
        ),
        (
            "parts/deeper.json5",
            "{ list: [{ id: 'research' }], defaults: { maxToolRounds: 6, timeoutSeconds: 5 } }",
        ),
    ]);
    let loaded = loaded(&dir).unwrap();
    let gateway = &loaded.config.gateway;
    assert_eq!(gateway.port, 3);
    assert_eq!(
        (gateway.http.max_body_bytes, gateway.http.drain_ms),
        (2048, 2)
    );
    assert_eq!(
        json!(gateway.trusted_proxies),
        json!(["10.0.0.1", "10.0.0.2"])
    );
    let agents: Value = serde_json::to_value(&loaded.config.agents).unwrap();
    assert_eq!(agents["list"][0]["id"], "research");
    assert_eq!(agents["defaults"]["maxToolRounds"], 7);
    let names = [
        "openclaw.json",
        ".env",
        "parts/a.json5",
        "parts/b.json5",
        "parts/agents.json5",
        "parts/deeper.json5",
    ];
    let mut sources = loaded.sources();
    let mut expected = names.map(|name| dir.path().join(name)).to_vec();
    sources.sort();
    expected.sort();
    assert_eq!(sources, expected);
}

#[test]
fn a_fault_points_at_the_file_it_stands_in() {
    let error = told(&[
        (
            "openclaw.json",
            "{\n  gateway: { $include: 'gateway.json5', bind: 'lam' },\n}",
        ),
        (
            "gateway.json5",
            "{\n  port: 'abc',\n  http: {\n    maxBodyBites: 5,\n  },\n}",
        ),
    ]);
    for part in [
        "error: gateway.bind: expected one of",
        "--> DIR/openclaw.json:2:47",
        "error: gateway.port: expected a whole number from 0 to 65535, found the string \"abc\"",
        "--> DIR/gateway.json5:2:9",
        "2 |   port: 'abc',\n  |         ^^^^^",
        "--> DIR/gateway.json5:4:5",
        "3 errors in DIR/openclaw.json, DIR/gateway.json5",
    ] {
        assert!(error.contains(part), "{part} is not in\n{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_where_it_is_named() {
    let error = told(&[
        (
            "openclaw.json",
            "{\n  agents: { $include: ['a.json5',\n    'gone.json5'] },\n}",
        ),
        ("a.json5", "{}"),
    ]);
    assert!(
        error.contains("agents.$include: the included file DIR/gone.json5 cannot be read"),
        "{error}"
    );
    assert!(error.contains("--> DIR/openclaw.json:3:5"), "{error}");
    let error = told(&[
        ("openclaw.json", "{ agents: { $include: 'a.json5' } }"),
        ("a.json5", "{\n  list: [\n}"),
    ]);
    assert!(error.contains("--> DIR/a.json5:3:1"), "{error}");
}

#[test]
fn a_circle_and_too_deep_a_chain_are_told() {
    let error = told(&[
        ("openclaw.json", "{ agents: { $include: 'a.json5' } }"),
        ("a.json5", "{ defaults: { $include: 'b.json5' } }"),
        ("b.json5", "{ params: { $include: './a.json5' } }"),
    ]);
    assert!(
        error.contains("in a circle: a.json5 → b.json5 → a.json5"),
        "{error}"
    );
    assert!(error.contains("--> DIR/b.json5:1:"), "{error}");
    let named = |depth: usize| format!("{depth}.json5");
    let including = |depth: usize| format!("{{ $include: '{}' }}", named(depth + 1));
    let chain: Vec<(String, String)> = (0..12)
        .map(|depth| (named(depth), including(depth)))
        .collect();
    let mut files = vec![("openclaw.json", "{ $include: '0.json5' }")];
    files.extend(
        chain
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    assert!(told(&files).contains("more than 10 deep"));
}

#[test]
fn what_lies_outside_of_the_folder_is_refused_by_name_and_through_a_link() {
    let outside = folder(&[("keys.json5", "{ port: 1 }")]);
    let elsewhere = outside.path().join("keys.json5");
    let dir = folder(&[]);
    let write = |name: &str| {
        let text = format!("{{ gateway: {{ $include: {} }} }}", json!(name));
        fs::write(dir.path().join("openclaw.json"), text).unwrap();
        loaded(&dir)
    };
    let error = write(elsewhere.to_str().unwrap()).unwrap_err();
    assert!(error.contains("keys.json5 lies elsewhere"), "{error}");
    assert!(
        error.contains("help: included files lie in DIR or below it"),
        "{error}"
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&elsewhere, dir.path().join("link.json5")).unwrap();
        assert!(write("link.json5").unwrap_err().contains("lies elsewhere"));
        std::os::unix::fs::symlink("inside.json5", dir.path().join("near.json5")).unwrap();
        fs::write(dir.path().join("inside.json5"), "{ port: 2 }").unwrap();
        assert_eq!(write("near.json5").unwrap().config.gateway.port, 2);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let dir = folder(&[("openclaw.json", "{ $include: 'pipe' }")]);
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    assert!(loaded(&dir).unwrap_err().contains("it is no regular file"));
}

#[test]
fn files_that_multiply_each_other_come_to_an_end() {
    let twice = |name: &str| format!("{{ $include: [{0}, {0}, {0}, {0}] }}", json!(name));
    let chain: Vec<(String, String)> = (0..9)
        .map(|depth| {
            (
                format!("{depth}.json5"),
                twice(&format!("{}.json5", depth + 1)),
            )
        })
        .collect();
    let mut files = vec![
        ("openclaw.json", "{ $include: '0.json5' }"),
        ("9.json5", "{}"),
    ];
    files.extend(
        chain
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    assert!(told(&files).contains("more than 256 files are included"));
}

#[test]
fn an_included_secret_is_hidden_where_its_line_is_shown() {
    let error = told(&[
        (
            "openclaw.json",
            "{ models: { providers: { p: { baseUrl: 'http://h/v1', headers: { $include: 'h.json5' } } } } }",
        ),
        ("h.json5", "{ 'X-Team': 'hunter22', 'X-Other': 5 }"),
    ]);
    assert!(error.contains("h.json5:1:"), "{error}");
    assert!(!error.contains("hunter22"), "{error}");
}

#[test]
fn other_keys_need_an_object_beside_them() {
    let error = told(&[
        (
            "openclaw.json",
            "{ agents: { $include: 'list.json5', defaults: {} } }",
        ),
        ("list.json5", "[]"),
    ]);
    assert!(
        error.contains("expected an object in the included file"),
        "{error}"
    );
}
