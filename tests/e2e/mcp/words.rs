//! What servers say, in every shape that it can have.

use super::{calling, hello, impatient, odd, offered};
use crate::support::{Answer, House, Scripted, merged, within};

/// One run in which the model is offered what there is; the names.
async fn names(house: &House, provider: &Scripted) -> Vec<String> {
    provider.push(Answer::chat_text("ok"));
    assert_eq!(house.chat(hello()).await.said(), "ok");
    offered(provider.requests().last().unwrap())
}

#[tokio::test]
async fn every_kind_of_result_comes_to_a_text_for_the_model() {
    let Some(changes) = odd(&["odd__*"], &["all"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let unusable = "the MCP server `odd` failed: its answer cannot be used";
    for (tool, told) in [
        ("text", "one\ntwo"),
        ("image", "[an image, image/png]"),
        ("audio", "[a sound, audio/wav]"),
        ("resource", "inside"),
        ("blob", "[a file, a://b]"),
        ("link", "[a resource: a://c]"),
        ("nothing", "[done, no output]"),
        ("structured", "{\"a\":1}"),
        ("both", "said"),
        ("failed", "it is broken"),
        ("refused", "not on a Sunday"),
        (
            "speechless",
            "the MCP server `odd` refused the call and does not say why",
        ),
        ("unknown", "[something that is no text]"),
        ("number", unusable),
    ] {
        let name = format!("odd__{tool}");
        assert_eq!(calling(&provider, &house, &name).await, told, "{tool}");
    }
}

#[tokio::test]
async fn an_answer_is_one_however_it_is_written_and_one_that_is_none_fails_its_call_at_once() {
    let Some(changes) = odd(&["odd__*"], &["all"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let unusable = "the MCP server `odd` failed: its answer cannot be used";
    for (tool, told) in [
        ("strings", "by a string"),
        ("batch", "[done, no output]"),
        ("latin", "caf\u{fffd}"),
        ("endless", unusable),
        ("empty", unusable),
        ("deep", unusable),
        ("leave", "gone"),
    ] {
        let name = format!("odd__{tool}");
        assert_eq!(calling(&provider, &house, &name).await, told, "{tool}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_midway_is_the_death_of_its_server() {
    let Some(changes) = odd(&["odd__*"], &["all"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    assert_eq!(
        calling(&provider, &house, "odd__halved").await,
        "the MCP server `odd` failed: it died during the call"
    );
}

#[tokio::test]
async fn what_a_server_says_beside_its_answers_does_no_harm() {
    let Some(changes) = odd(&["odd__*"], &["odd"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    for _ in 0..3 {
        let told = calling(&provider, &house, "odd__echo").await;
        assert!(told.starts_with("echo: hi"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_asks_or_tells_without_end_is_left_and_started_again() {
    let (Some(patient), Some(impatient)) =
        (odd(&["odd__*"], &["all"]), impatient(&["odd__*"], &["all"]))
    else {
        return;
    };
    for (tool, changes, told) in [
        (
            "pester",
            patient,
            "the MCP server `odd` failed: it died during the call",
        ),
        (
            "babble",
            impatient,
            "the MCP server `odd` did not answer within 0.5 s; what it did so far stays done",
        ),
    ] {
        let provider = Scripted::start().await;
        let house = House::changed(&provider, changes).await;
        let name = format!("odd__{tool}");
        assert_eq!(calling(&provider, &house, &name).await, told);
        within(|| "the server to be back".to_owned(), async {
            while calling(&provider, &house, "odd__text").await != "one\ntwo" {}
        })
        .await;
    }
}

#[tokio::test]
async fn of_ten_thousand_tools_a_model_is_told_so_many_as_apis_take_and_none_that_they_refuse() {
    let Some(changes) = odd(&["odd__*"], &["many"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let names = names(&house, &provider).await;
    assert_eq!(names.len(), 128);
    let fits = |name: &String| {
        let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        name.len() <= 64 && name.chars().all(fit)
    };
    assert!(names.iter().all(fits), "{names:?}");
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len());
    assert_eq!(names[..2], ["odd__bare", "odd__a_b_c_d-_"]);

    let request = provider.requests().last().unwrap().json();
    assert_eq!(
        request["tools"][0]["function"]["parameters"],
        serde_json::json!({ "type": "object", "properties": {} })
    );
    // The long name is called by what the model knows it by.
    let long = names.iter().find(|name| name.len() == 64).unwrap();
    let told = calling(&provider, &house, long).await;
    assert!(told.starts_with(&"x".repeat(199)), "{told}");
}

#[tokio::test]
async fn the_callers_tools_take_the_place_of_those_that_are_too_many() {
    let Some(changes) = odd(&["odd__*"], &["many"]) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, changes).await;
    let own =
        |name: String| serde_json::json!({ "type": "function", "function": { "name": name } });
    let mut body = hello();
    let names = (0..100).map(|n| format!("own{n}"));
    body["tools"] = names.chain(["odd__t0".to_owned()]).map(own).collect();
    provider.push(Answer::chat_text("ok"));
    assert_eq!(house.chat(body).await.said(), "ok");
    let names = offered(&provider.requests()[0]);
    assert_eq!(names.len(), 128);
    assert_eq!(names.iter().filter(|name| *name == "odd__t0").count(), 1);
}

#[tokio::test]
async fn a_server_without_tools_adds_none_and_one_that_never_ends_telling_them_is_not_there() {
    let (Some(toolless), Some(endless), Some(brief)) = (
        odd(&["odd__*"], &["toolless"]),
        odd(&["odd__*"], &["endless"]),
        odd(&["odd__*"], &["brief"]),
    ) else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, toolless).await;
    assert!(names(&house, &provider).await.is_empty());

    let limit =
        serde_json::json!({ "mcp": { "servers": { "odd": { "startTimeoutSeconds": 1 } } } });
    let endless = merged(endless, limit);
    let house = House::changed(&provider, endless).await;
    assert_eq!(
        calling(&provider, &house, "odd__unavailable").await,
        "the MCP server `odd` is not there: it did not start within 1 s"
    );

    let house = House::changed(&provider, brief).await;
    assert_eq!(
        calling(&provider, &house, "odd__unavailable").await,
        "the MCP server `odd` is not there: it ended before it had greeted"
    );
}

#[tokio::test]
async fn a_server_that_tells_its_own_secret_is_told_without_it() {
    let Some(changes) = odd(&["odd__*"], &["all"]) else {
        return;
    };
    let secret = serde_json::json!({ "mcp": { "servers": { "odd": { "env": { "OWN": "a-key-of-its-own" } } } } });
    let provider = Scripted::start().await;
    let house = House::changed(&provider, merged(changes, secret)).await;
    assert_eq!(
        calling(&provider, &house, "odd__telltale").await,
        "bad key (redacted)"
    );
}
