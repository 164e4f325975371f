//! Every place of the schema that holds a secret is planted with one, and each is found again.

use serde_json::json;

use super::*;

/// Plants a fresh secret in every place of a schema that is one.
struct Planter {
    definitions: Value,
    planted: Vec<String>,
}

impl Planter {
    /// A value of this schema, as small as it can be with all its secrets in it; `None` where it has none.
    fn value(&mut self, schema: &Value) -> Option<Value> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            if name == "Secret" {
                return Some(self.plant());
            }
            let definition = self.definitions[name].clone();
            let mut value = self.value(&definition)?;
            require(&mut value, schema);
            return Some(value);
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            for schema in schema[choice].as_array().into_iter().flatten() {
                if let Some(value) = self.value(schema) {
                    return Some(value);
                }
            }
        }
        if let Some(item) = self.value_of(schema, "items") {
            return Some(json!([item]));
        }
        let mut members = Map::new();
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            members.extend(self.value(schema).map(|value| (key.clone(), value)));
        }
        if let Some(value) = self.value_of(schema, "additionalProperties") {
            members.insert("any".to_owned(), value);
        }
        let mut value = (!members.is_empty()).then_some(Value::Object(members))?;
        require(&mut value, schema);
        Some(value)
    }

    fn value_of(&mut self, schema: &Value, key: &str) -> Option<Value> {
        let inner = schema.get(key).filter(|inner| inner.is_object())?;
        self.value(inner)
    }

    fn plant(&mut self) -> Value {
        let secret = format!("planted \"secret\" a/b {}", self.planted.len());
        self.planted.push(secret.clone());
        Value::from(secret)
    }
}

/// Adds the members without which there is no value of this schema.
fn require(value: &mut Value, schema: &Value) {
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().unwrap();
        if value.get(key).is_none() {
            let constant = schema["properties"][key].get("const").cloned();
            value[key] = constant.unwrap_or_else(|| json!("any"));
        }
    }
}

fn planted() -> (Config, Vec<String>) {
    let schema = schemars::schema_for!(Config).to_value();
    let mut planter = Planter {
        definitions: schema["$defs"].clone(),
        planted: Vec::new(),
    };
    let config = planter.value(&schema).unwrap();
    (serde_json::from_value(config).unwrap(), planter.planted)
}

#[test]
fn every_secret_of_the_schema_is_found_again() {
    let (config, planted) = planted();
    let secrets = Secrets::of(&config, &Environment::default());
    assert!(
        planted.len() >= 12,
        "the schema lost its secrets: {planted:?}"
    );
    for secret in planted {
        let text = format!("it said {secret:?} and {secret}!");
        let shown = secrets.redact(&text);
        assert_eq!(shown, "it said \"(redacted)\" and (redacted)!");
        let slashed = secret.replace('"', "\\\"").replace('/', "\\/");
        assert_eq!(secrets.redact(&slashed), REDACTED);
    }
}

#[test]
fn a_configuration_shows_no_secret_in_any_form() {
    let (mut config, planted) = planted();
    let env = json!({ "MY_KEY": "planted in env", "vars": { "OTHER": "planted in vars" } });
    config.env = serde_json::from_value(env).unwrap();
    let json = serde_json::to_string(&config).unwrap();
    for shown in [format!("{config:?}"), format!("{config:#?}"), json] {
        assert!(!shown.contains("planted"), "{planted:?} in {shown}");
        assert!(shown.contains("MY_KEY"), "{shown}");
    }
}

fn of_key(key: &str) -> Secrets {
    let config = json!({ "gateway": { "auth": { "token": key } } });
    Secrets::of(
        &serde_json::from_value(config).unwrap(),
        &Environment::default(),
    )
}

#[test]
fn a_credential_is_found_without_the_scheme_before_it() {
    let secrets = of_key("Bearer sk-12345678\n");
    assert_eq!(secrets.redact("Bearer sk-12345678"), REDACTED);
    assert_eq!(secrets.redact("key sk-12345678."), "key (redacted).");
}

#[test]
fn what_is_too_short_to_be_told_from_other_words_stays() {
    assert_eq!(of_key("ollama").redact("ollama is down"), "ollama is down");
    assert_eq!(of_key("").redact("nothing"), "nothing");
}

#[test]
fn the_longer_of_two_secrets_goes_first() {
    let config =
        json!({ "gateway": { "auth": { "token": "aaaabbbb", "password": "aaaabbbbcccc" } } });
    let config = serde_json::from_value(config).unwrap();
    let secrets = Secrets::of(&config, &Environment::default());
    assert_eq!(
        secrets.redact("aaaabbbbcccc, aaaabbbb"),
        "(redacted), (redacted)"
    );
}

#[test]
fn secrets_of_two_sources_are_found_the_longer_first() {
    let of = |text: &str| Secrets::from_iter([&Secret::new(text)]);
    let both = of("aaaabbbb").and(&of("aaaabbbbcccc"));
    assert_eq!(
        both.redact("aaaabbbbcccc, aaaabbbb"),
        "(redacted), (redacted)"
    );
}

#[test]
fn of_a_url_only_the_password_and_the_query_are_secret() {
    let config = json!({ "models": { "providers": { "p": {
        "baseUrl": "https://user:pass-word@host.example/v1?key=key-12345&x=1"
    } } } });
    let config = serde_json::from_value(config).unwrap();
    let secrets = Secrets::of(&config, &Environment::default());
    assert_eq!(
        secrets.redact("https://user:pass-word@host.example/v1?key=key-12345&x=1"),
        "https://user:(redacted)@host.example/v1?key=(redacted)&x=1"
    );
}

#[test]
fn the_credential_of_a_url_is_found_in_the_form_of_its_header() {
    let of = |url: &str| {
        let config = json!({ "models": { "providers": { "p": { "baseUrl": url } } } });
        let config = serde_json::from_value(config).unwrap();
        Secrets::of(&config, &Environment::default())
    };
    let secrets = of("https://user:p%40ss-w%6Frd@host.example/v1");
    for shown in [
        "Basic dXNlcjpwQHNzLXdvcmQ=",
        "Basic dXNlcjpwQHNzLXdvcmQ",
        "Basic p@ss-word",
        "Basic p%40ss-w%6Frd",
    ] {
        assert_eq!(secrets.redact(shown), "Basic (redacted)", "{shown}");
    }
    let token = of("https://to%6Ben-12345@host.example");
    for shown in ["dG9rZW4tMTIzNDU6", "token-12345", "to%6Ben-12345"] {
        assert_eq!(token.redact(shown), REDACTED, "{shown}");
    }
    assert_eq!(of("https://u@h").redact("u at h"), "u at h");
}

#[test]
fn of_the_process_only_variables_that_name_a_secret_count_and_of_files_all() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let env = Environment::default()
        .with_layer([
            pair("MY_API_KEY", "key-of-the-process"),
            pair("USER", "somebody"),
        ])
        .with_layer([pair("ANYTHING", "value-of-a-file")]);
    let secrets = Secrets::of(&Config::default(), &env);
    assert_eq!(
        secrets.redact("key-of-the-process value-of-a-file somebody"),
        "(redacted) (redacted) somebody"
    );
}

#[test]
fn what_params_name_like_a_secret_is_one() {
    let config = json!({ "agents": { "defaults": {
        "params": { "extra": { "api_key": "key-12345", "kind": "kind-of-it" } },
        "models": { "p/m": { "params": { "token": "token-of-a-model" } } },
    } } });
    let config = serde_json::from_value(config).unwrap();
    let secrets = Secrets::of(&config, &Environment::default());
    assert_eq!(
        secrets.redact("key-12345 kind-of-it token-of-a-model"),
        "(redacted) kind-of-it (redacted)"
    );
}
