use super::*;

fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("openclaw.json");
    std::fs::write(&file, text).unwrap();
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env = Environment::default().with_layer(variables.iter().map(pair));
    load(Some(&file), env).map_err(|error| {
        error
            .to_string()
            .replace(dir.path().to_str().unwrap(), "DIR")
    })
}

#[test]
fn the_environment_beats_the_file_and_fills_its_references() {
    let text = "{ gateway: { port: 1, auth: { token: '${MY_TOKEN}' } }, env: { MY_TOKEN: 'of the file' } }";
    let config = loaded(text, &[("OPENCLAW_GATEWAY_PORT", "2")])
        .unwrap()
        .config;
    assert_eq!(config.gateway.port, 2);
    assert_eq!(config.gateway.auth.token, Some(Secret::new("of the file")));
    let config = loaded(text, &[("MY_TOKEN", "of the process")])
        .unwrap()
        .config;
    assert_eq!(
        config.gateway.auth.token,
        Some(Secret::new("of the process"))
    );
}

#[test]
fn a_dotenv_file_that_cannot_be_read_is_told_without_what_stands_in_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(".env"), "MY_KEY=sk-1\nsk-secret 'quoted").unwrap();
    let file = dir.path().join("openclaw.json");
    std::fs::write(&file, "{}").unwrap();
    let loaded = load(Some(&file), Environment::default()).unwrap();
    let beside = dir.path().join(".env");
    assert_eq!(
        loaded.warnings,
        [format!(
            "the variables of {} are not used: a line of it is no NAME=value",
            beside.display()
        )]
    );
    assert_eq!(loaded.env.get("MY_KEY"), None);
}

#[test]
fn what_a_variable_holds_is_not_quoted_wherever_it_is_put() {
    let error = loaded(
        "{ gateway: { port: '${SOMETHING}', bind: 'x${SOMETHING}' } }",
        &[("SOMETHING", "hunter2")],
    )
    .unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    assert!(error.contains("found a string"), "{error}");
}

#[test]
fn foreign_sections_load_and_are_told_once() {
    let text =
        "{ channels: { telegram: { botToken: 'x' } }, gateway: { controlUi: { enabled: true } } }";
    assert_eq!(
        loaded(text, &[]).unwrap().ignored,
        ["channels", "gateway.controlUi"]
    );
}

#[test]
fn every_fault_of_a_file_is_told_at_once_with_its_place() {
    let text = "{\n  gatway: {},\n  gateway: { port: 'abc', auth: { tokn: 'x' } },\n}";
    let error = loaded(text, &[]).unwrap_err();
    for part in [
        "DIR/openclaw.json:2:3",
        "gatway",
        "`gateway`",
        "DIR/openclaw.json:3:20",
        "expected a whole number from 0 to 65535",
        "`token`",
        "3 errors in DIR/openclaw.json",
    ] {
        assert!(error.contains(part), "{part} is not in\n{error}");
    }
}

#[test]
fn a_list_and_entries_of_agents_are_a_contradiction() {
    let error = loaded(
        "{ agents: { list: [{ id: 'a' }], entries: { b: {} } } }",
        &[],
    )
    .unwrap_err();
    assert!(
        error.contains("agents.entries: expected either `list` or `entries`"),
        "{error}"
    );
}

#[test]
fn spans_of_time_and_sizes_that_are_none_are_told_at_once_and_where_they_stand() {
    let text = "{\n session: {\n  maintenance: { pruneAfter: '12x' },\n  responses: { pruneAfter: '1 year', maxBytes: 'all' },\n },\n}";
    let error = loaded(text, &[]).unwrap_err();
    for part in [
        "DIR/openclaw.json:3:30",
        "session.maintenance.pruneAfter: `12x` is no span of time: write `12h`, `30d` or `2w`",
        "DIR/openclaw.json:4:28",
        "session.responses.pruneAfter: `1 year` is no span of time",
        "DIR/openclaw.json:4:48",
        "session.responses.maxBytes: `all` is no size: write `500mb` or `1gb`",
        "3 errors in DIR/openclaw.json",
    ] {
        assert!(error.contains(part), "{part} is not in\n{error}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let missing = FilePath::new("no/such/file.json5");
    let error = load(Some(missing), Environment::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no configuration file no/such/file.json5"
    );
}
