//! The verdict is that of another implementation of the standard, for whatever schemas and values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Schema;

fn plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4).prop_map(Value::from),
        (-6..8).prop_map(|half| Value::from(f64::from(half) / 2.0)),
        "[abé]{0,3}".prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[abc]"
}

fn instance() -> impl Strategy<Value = Value> {
    plain().prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn keyword(
    inner: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = (String, Value)> {
    let schemas = prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from);
    let named = prop::collection::vec((name(), inner.clone()), 1..3)
        .prop_map(|named| Value::Object(named.into_iter().collect()));
    let pick = |words: &'static [&'static str]| prop::sample::select(words);
    let kinds = pick(&[
        "array", "boolean", "integer", "null", "number", "object", "string",
    ]);
    prop_oneof![
        kinds.clone().prop_map(|kind| ("type".into(), kind.into())),
        prop::collection::vec(kinds, 2).prop_map(|mut kinds| {
            kinds.dedup();
            ("type".into(), kinds.into())
        }),
        prop::collection::vec(instance(), 1..4).prop_map(|values| ("enum".into(), values.into())),
        instance().prop_map(|value| ("const".into(), value)),
        (
            pick(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
            -2..3
        )
            .prop_map(|(key, limit): (&str, i32)| (key.into(), Value::from(limit))),
        pick(&["0.5", "1", "1.5", "2"])
            .prop_map(|of| ("multipleOf".into(), serde_json::from_str(of).unwrap())),
        (
            pick(&[
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties",
                "minContains",
                "maxContains"
            ]),
            0..4
        )
            .prop_map(|(key, limit): (&str, i32)| (key.into(), Value::from(limit))),
        pick(&["^a", "b$", "^[^a]*$", "é", "\\W"]).prop_map(|text| ("pattern".into(), text.into())),
        any::<bool>().prop_map(|unique| ("uniqueItems".into(), unique.into())),
        prop::collection::hash_set(name(), 0..3).prop_map(|names| (
            "required".into(),
            names.into_iter().collect::<Vec<_>>().into()
        )),
        (name(), name())
            .prop_map(|(one, other)| ("dependentRequired".into(), json!({ one: [other] }))),
        (pick(&["allOf", "anyOf", "oneOf", "prefixItems"]), schemas)
            .prop_map(|(key, schemas)| (key.into(), schemas)),
        (pick(&["properties", "dependentSchemas"]), named)
            .prop_map(|(key, named)| (key.into(), named)),
        (pick(&["^[ab]", "c"]), inner.clone())
            .prop_map(|(pattern, schema)| ("patternProperties".into(), json!({ pattern: schema }))),
        (
            pick(&[
                "not",
                "if",
                "then",
                "else",
                "items",
                "contains",
                "propertyNames",
                "additionalProperties",
                "unevaluatedProperties",
                "unevaluatedItems"
            ]),
            inner
        )
            .prop_map(|(key, schema)| (key.into(), schema)),
        pick(&["#/$defs/one", "#/$defs/two"]).prop_map(|to| ("$ref".into(), to.into())),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        Just(json!({})),
        Just(json!({ "type": "integer" })),
        Just(json!({ "type": "string" })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(keyword(inner), 1..4)
            .prop_map(|keywords| Value::Object(keywords.into_iter().collect()))
    })
}

fn whole_schema() -> impl Strategy<Value = Value> {
    let definition = prop_oneof![
        Just(json!({ "type": ["integer", "object"] })),
        Just(json!({ "maxLength": 1, "properties": { "a": { "$ref": "#/$defs/two" } } })),
        Just(json!({ "additionalProperties": { "type": "null" } })),
    ];
    (
        prop::collection::vec(schema(), 1..4),
        definition.clone(),
        definition,
    )
        .prop_map(|(all, one, two)| json!({ "allOf": all, "$defs": { "one": one, "two": two } }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_that_of_another_implementation(schema in whole_schema(), value in instance()) {
        let other = jsonschema::validator_for(&schema).unwrap();
        let ours = Schema::of(&schema).unwrap();
        let verdict = ours.check(&value);
        prop_assert_eq!(verdict.is_ok(), other.is_valid(&value), "{} {:?}", schema, verdict);
    }
}
