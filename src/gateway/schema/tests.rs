//! What the schemas find, and how it is told.

use serde_json::{Map, Value, json};

use super::*;

fn findings(schema: Value, value: Value) -> Result<(), String> {
    Schema::of(&schema).unwrap().check(&value)
}

fn fault(schema: Value, value: Value) -> String {
    findings(schema, value).unwrap_err()
}

#[test]
fn a_fault_is_told_with_its_place() {
    let schema = json!({
        "type": "object",
        "properties": { "n": { "type": ["integer", "null"] }, "of": { "items": { "enum": ["a", 1] } }, "x/y": { "const": {} } },
        "required": ["n"], "additionalProperties": false,
    });
    for (value, fault) in [
        (json!([]), "at the top: [] is not of type \"object\""),
        (json!({}), "at the top: the member \"n\" is missing"),
        (
            json!({ "n": "x" }),
            "at /n: \"x\" is not of type \"integer\" or \"null\"",
        ),
        (
            json!({ "n": 1, "of": ["a", "c"] }),
            "at /of/1: \"c\" is not \"a\" or 1",
        ),
        (
            json!({ "n": 1, "z": 1 }),
            "at the top: no member \"z\" may be there",
        ),
        (json!({ "n": 1, "x/y": 2 }), "at /x~1y: 2 is not {}"),
    ] {
        assert_eq!(findings(schema.clone(), value), Err(fault.to_owned()));
    }
    assert_eq!(
        findings(schema, json!({ "n": 1.0, "of": ["a", 1.0] })),
        Ok(())
    );
}

#[test]
fn limits_are_told_with_what_is_there() {
    for (schema, value, told) in [
        (
            json!({ "minimum": 2 }),
            json!(1),
            "1 is too small: the limit is 2",
        ),
        (
            json!({ "exclusiveMaximum": 2 }),
            json!(2),
            "2 is too large: the limit is 2",
        ),
        (
            json!({ "maximum": 2, "exclusiveMaximum": true }),
            json!(2),
            "2 is too large: the limit is 2",
        ),
        (
            json!({ "multipleOf": 0.1 }),
            json!(0.25),
            "0.25 is no multiple of 0.1",
        ),
        (
            json!({ "maxLength": 2 }),
            json!("äöü"),
            "it has 3 characters, and may have at most 2",
        ),
        (
            json!({ "minItems": 1 }),
            json!([]),
            "it has 0 items, and may have at least 1",
        ),
        (
            json!({ "uniqueItems": true }),
            json!([1, { "a": 1, "b": 2 }, { "b": 2.0, "a": 1 }]),
            "it is there already",
        ),
        (
            json!({ "pattern": "^a" }),
            json!("b"),
            "\"b\" does not fit the pattern `^a`",
        ),
        (
            json!({ "contains": { "type": "null" } }),
            json!([1]),
            "0 items are of the kind that is counted",
        ),
    ] {
        let fault = fault(schema.clone(), value);
        assert!(fault.ends_with(&format!(": {told}")), "{schema}: {fault}");
    }
}

#[test]
fn references_within_the_schema_are_followed_and_no_others() {
    let tree = json!({
        "$id": "https://example.com/tree", "$ref": "#/$defs/a%20node",
        "$defs": {
            "a node": { "type": "object", "properties": { "next": { "$ref": "https://example.com/tree#again" } } },
            "same": { "$anchor": "again", "$ref": "#/$defs/a node" },
        },
    });
    assert_eq!(
        fault(tree, json!({ "next": { "next": 5 } })),
        "at /next/next: 5 is not of type \"object\""
    );
    for address in [
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
        "#/$defs/x",
        "#x",
        "other.json",
    ] {
        let told = format!("at /not/$ref: `{address}` is not in the schema");
        assert_eq!(
            Schema::of(&json!({ "not": { "$ref": address } })).unwrap_err(),
            Unusable::Wrong(told)
        );
    }
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    for (schema, told) in [
        (
            json!(5),
            "at the top: a schema is an object, or true or false",
        ),
        (
            json!({ "properties": { "a~b": 1 } }),
            "at /properties/a~0b: a schema is an object, or true or false",
        ),
        (json!({ "type": "text" }), "at /type: \"text\" is no type"),
        (
            json!({ "required": "a" }),
            "at /required: it must be a list of strings",
        ),
        (
            json!({ "minLength": -1 }),
            "at /minLength: it must be a whole number that is not negative",
        ),
        (
            json!({ "multipleOf": 0 }),
            "at /multipleOf: it must be above nought",
        ),
        (json!({ "anyOf": {} }), "at /anyOf: it must be a list"),
    ] {
        assert_eq!(
            Schema::of(&schema).unwrap_err(),
            Unusable::Wrong(told.to_owned())
        );
    }
}

#[test]
fn what_cannot_be_checked_here_is_told_apart() {
    for schema in [
        json!({ "$dynamicRef": "#a" }),
        json!({ "pattern": "^(?!a)" }),
        json!({ "patternProperties": { "(a)\\1": true } }),
        json!({ "$defs": { "a": { "$id": "b" } }, "$ref": "#/$defs/a" }),
    ] {
        assert!(
            matches!(Schema::of(&schema), Err(Unusable::Beyond(_))),
            "{schema}"
        );
    }
}

#[test]
fn a_check_without_end_ends() {
    let circle = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
    let mut definitions = Map::new();
    for level in 0..60 {
        let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
        definitions.insert(level.to_string(), json!({ "allOf": [next.clone(), next] }));
    }
    definitions.insert("60".into(), json!({ "type": "integer" }));
    let doubling = json!({ "$ref": "#/$defs/0", "$defs": definitions });
    let names: Vec<String> = (0..10_000).map(|name| name.to_string()).collect();
    let chain: Map<String, Value> = names
        .windows(2)
        .map(|pair| {
            (
                pair[0].clone(),
                json!({ "$ref": format!("#/$defs/{}", pair[1]) }),
            )
        })
        .chain([("9999".to_owned(), json!(true))])
        .collect();
    let chain = json!({ "$ref": "#/$defs/0", "$defs": chain });
    let choice = json!({ "anyOf": [{ "$ref": "#" }, { "oneOf": [{ "$ref": "#" }] }] });
    for schema in [circle, doubling, chain, choice] {
        assert_eq!(
            fault(schema, json!(1)),
            "it takes too long, or is nested too deep, to be held against the schema"
        );
    }
}

#[test]
fn of_alternatives_the_one_that_was_meant_is_told() {
    let address = json!({ "type": "object", "properties": { "zip": { "type": "string" } }, "required": ["zip"] });
    let optional = json!({ "properties": { "at": { "anyOf": [address, { "type": "null" }] } } });
    assert_eq!(
        fault(optional.clone(), json!({ "at": { "zip": 5 } })),
        "at /at/zip: 5 is not of type \"string\""
    );
    assert_eq!(
        fault(optional, json!({ "at": {} })),
        "at /at: none of the alternatives fits: the member \"zip\" is missing; or {} is not of type \"null\""
    );
    let either = json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] });
    assert_eq!(
        fault(either, json!(3)),
        "at the top: more than one of the alternatives fits"
    );
}

#[test]
fn a_large_schema_takes_little_and_one_that_is_too_large_is_refused() {
    let chain = |length: usize| {
        let link = |at: usize| {
            (
                at.to_string(),
                json!({ "$ref": format!("#/$defs/{}", at + 1) }),
            )
        };
        let mut links: Map<String, Value> = (0..length).map(link).collect();
        links.insert(length.to_string(), json!(true));
        json!({ "$ref": "#/$defs/0", "$defs": links })
    };
    assert!(Schema::of(&chain(15_000)).is_ok());
    assert_eq!(
        Schema::of(&chain(30_000)).unwrap_err(),
        Unusable::Beyond("at /$defs/19999: there are more than 20000 schemas in it".into())
    );
    let wide: Map<String, Value> = (0..50_000)
        .map(|name| (name.to_string(), json!(true)))
        .collect();
    assert!(matches!(
        Schema::of(&json!({ "properties": wide })),
        Err(Unusable::Beyond(_))
    ));
    let named = json!({ "$anchor": "end" });
    let references: Vec<Value> = (0..15_000).map(|_| json!({ "$ref": "#end" })).collect();
    assert!(Schema::of(&json!({ "allOf": references, "$defs": { "end": named } })).is_ok());
}

#[test]
fn every_rule_counts_however_little_its_schema_is_used() {
    let leaves = [
        json!({ "type": vec!["string"; 50_000] }),
        json!({ "dependentRequired": (0..20_000).map(|name| (name.to_string(), json!(["x"]))).collect::<Map<_, _>>() }),
        json!({ "properties": { "x": true } }),
        json!({ "required": ["n".repeat(100_000)] }),
        json!({ "dependentSchemas": { "n".repeat(100_000): true } }),
        json!({ "propertyNames": { "pattern": "^(a|b|ab)*$" } }),
    ];
    let value: Map<String, Value> = (0..1000)
        .map(|name| (format!("n{name}"), json!(0)))
        .collect();
    for leaf in leaves {
        let of = |to: &str| json!({ "allOf": vec![json!({ "$ref": to }); 1000] });
        let schema = json!({ "$defs": { "leaf": leaf, "many": of("#/$defs/leaf") }, "allOf": [of("#/$defs/many")] });
        assert!(findings(schema, json!(value)).is_err());
    }
}

#[test]
fn faults_of_alternatives_within_alternatives_are_told_only_so_often() {
    let of = |to: &str| json!({ "anyOf": vec![json!({ "$ref": to }); 8] });
    let levels: Map<String, Value> = (0..4)
        .map(|level| (level.to_string(), of(&format!("#/$defs/{}", level + 1))))
        .chain([("4".to_owned(), json!({ "type": "null" }))])
        .collect();
    let schema = json!({ "$ref": "#/$defs/0", "$defs": levels });
    let told = fault(schema, json!("x".repeat(1_000_000)));
    assert_eq!(told.matches("is not of type").count(), 3, "{told}");
    assert_eq!(told.chars().count(), MAX_TOLD_CHARS + 1);
}

#[test]
fn what_is_nested_as_deep_as_answers_can_be_is_checked() {
    let list = json!({
        "$ref": "#/$defs/list",
        "$defs": { "list": {
            "type": "object", "properties": { "next": { "anyOf": [{ "$ref": "#/$defs/list" }, { "type": "null" }] } },
        } },
    });
    let nested = (0..120).fold(json!({ "next": null }), |next, _| json!({ "next": next }));
    assert_eq!(findings(list.clone(), nested), Ok(()));
    let ruined = (0..50).fold(json!({ "next": 5 }), |next, _| json!({ "next": next }));
    let place = "/next".repeat(51);
    assert!(fault(list, ruined).starts_with(&format!("at {place}: none of the alternatives fits")));
}

#[test]
fn what_is_told_has_a_limit() {
    let long = "x".repeat(10_000);
    let told = fault(
        json!({ "properties": { long.clone(): false } }),
        json!({ long: 1 }),
    );
    assert_eq!(told.chars().count(), MAX_TOLD_CHARS + 1);
}
