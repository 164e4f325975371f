//! Who may come in, over real sockets: proxies and their users, locked-out addresses, and what each may have.

mod identities;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::support::{
    Answer, House, Program, Ran, Reply, Scripted, Shell, config_for, http, merged, reply,
};

/// A gateway behind a proxy on this machine that names its user in `x-user`.
fn behind_a_proxy(auth: Value) -> Value {
    let auth = merged(
        json!({
            "mode": "trusted-proxy",
            "token": null,
            "trustedProxy": { "userHeader": "x-user", "allowLoopback": true },
        }),
        auth,
    );
    json!({ "gateway": { "trustedProxies": ["127.0.0.1"], "auth": auth } })
}

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

/// A chat of somebody who shows nothing by himself.
fn chat(house: &House, body: &Value) -> RequestBuilder {
    let request = house.client.post(house.url("/v1/chat/completions"));
    request
        .header("content-type", "application/json")
        .body(body.to_string())
}

async fn with(house: &House, headers: &[(&str, &str)]) -> Reply {
    let request = chat(house, &hello());
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    reply(request).await
}

#[tokio::test]
async fn a_proxys_user_comes_in_and_each_failed_check_has_its_code() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let rules = json!({ "trustedProxy": { "requiredHeaders": ["x-verified"], "allowUsers": ["ann@x.org"] } });
    let house = House::changed(&provider, behind_a_proxy(rules)).await;
    let (user, verified) = (("x-user", "Ann@X.org"), ("x-verified", "1"));

    assert_eq!(with(&house, &[user, verified]).await.status, 200);
    for (sent, status, code) in [
        (&[user][..], 401, "trusted_proxy_missing_header_x-verified"),
        (&[verified], 401, "trusted_proxy_user_missing"),
        (&[user, user, verified], 401, "trusted_proxy_user_ambiguous"),
        (
            &[("x-user", "ann@x.org, eve"), verified],
            401,
            "trusted_proxy_user_ambiguous",
        ),
        (
            &[("x-user", "eve"), verified],
            403,
            "trusted_proxy_user_not_allowed",
        ),
        (
            &[user, verified, ("origin", "https://evil.example")],
            403,
            "origin_not_allowed",
        ),
    ] {
        let refused = with(&house, sent).await;
        assert_eq!(refused.fault(), (status, code.to_owned()), "{sent:?}");
        assert!(!refused.text().contains("eve"), "{}", refused.text());
    }

    let not_here = json!({ "trustedProxy": { "allowLoopback": false } });
    let house = House::changed(&provider, behind_a_proxy(not_here)).await;
    let refused = with(&house, &[user]).await;
    assert_eq!(
        refused.fault(),
        (403, "trusted_proxy_loopback_source".to_owned())
    );
    assert_eq!(refused.json()["error"]["type"], "permission_error");

    let elsewhere = merged(
        behind_a_proxy(json!({})),
        json!({ "gateway": { "trustedProxies": ["10.0.0.0/8"] } }),
    );
    let house = House::changed(&provider, elsewhere).await;
    let refused = with(&house, &[user]).await;
    assert_eq!(
        refused.fault(),
        (403, "trusted_proxy_untrusted_source".to_owned())
    );
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn who_guesses_is_locked_out_and_nobody_else_behind_the_same_proxy() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let limit = json!({ "maxAttempts": 3, "windowMs": 60_000, "lockoutMs": 60_000 });
    let changes =
        json!({ "gateway": { "trustedProxies": ["127.0.0.1"], "auth": { "rateLimit": limit } } });
    let house = House::changed(&provider, changes).await;
    let send = |bearer: &'static str, hops: &'static str| {
        let request = chat(&house, &hello()).bearer_auth(bearer);
        reply(request.header("x-forwarded-for", hops))
    };
    let right = super::support::TOKEN;

    for _ in 0..3 {
        let wrong = send("guess", "203.0.113.9").await;
        assert_eq!(wrong.fault(), (401, "invalid_api_key".to_owned()));
    }
    let locked = send(right, "203.0.113.9").await;
    assert_eq!(locked.fault(), (429, "rate_limited".to_owned()));
    // Whole seconds, rounded up, of what is left: a machine under load may have used some.
    let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(locked.json()["error"]["type"], "rate_limit_error");
    // What he writes in front is not believed.
    assert_eq!(send(right, "198.51.100.1, 203.0.113.9").await.status, 429);
    assert_eq!(send(right, "203.0.113.9, 198.51.100.1").await.status, 200);
    // Whatever he asks for, be it there or not.
    let ask = |method: Method, path: &str| {
        let request = house.client.request(method, house.url(path));
        reply(request.header("x-forwarded-for", "203.0.113.9"))
    };
    for (method, path) in [
        (Method::GET, "/v1/models"),
        (Method::PUT, "/v1/models"),
        (Method::GET, "/nope"),
        (Method::OPTIONS, "/v1/chat/completions"),
    ] {
        let locked = ask(method.clone(), path).await;
        assert_eq!(
            locked.fault(),
            (429, "rate_limited".to_owned()),
            "{method} {path}"
        );
        assert!(locked.header("retry-after").is_some());
    }
    assert_eq!(ask(Method::GET, "/health").await.status, 200);
    // This machine itself is exempt, and health is for everyone.
    assert_eq!(house.chat(hello()).await.status, 200);
    assert_eq!(house.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_proxy_that_repeats_a_header_widens_nothing() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::changed(&provider, behind_a_proxy(json!({ "password": "s3cret" }))).await;
    let user = ("x-user", "ann");
    let scopes = |list| ("x-openclaw-scopes", list);
    let owner = |word| ("x-openclaw-sender-is-owner", word);
    let twice = [user, scopes("operator.admin"), scopes("operator.read")];
    let narrowed = with(&house, &twice).await;
    assert_eq!(narrowed.fault(), (403, "missing_scope".to_owned()));
    for words in [
        &[owner("true"), owner("false")][..],
        &[owner("")],
        &[owner("yes")],
    ] {
        let refused = with(&house, &[&[user], words].concat()).await;
        assert_eq!(refused.status, 400, "{words:?}");
        assert!(
            refused.text().contains("x-openclaw-sender-is-owner"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(with(&house, &[user, owner("false")]).await.status, 200);
    let (password, page) = (
        ("authorization", "Bearer s3cret"),
        ("origin", "https://evil.example"),
    );
    assert_eq!(with(&house, &[password]).await.status, 200);
    let refused = with(&house, &[password, page]).await;
    assert_eq!(refused.fault(), (403, "origin_not_allowed".to_owned()));
}

#[tokio::test]
async fn a_token_of_a_variable_is_what_a_header_can_carry_of_it() {
    let provider = Scripted::start().await;
    let mut config = config_for(&provider);
    config["gateway"]["auth"] = json!({});
    let shell = Shell::with(&config);
    let serve = |token: &str| {
        let mut command = shell.command(&["gateway", "serve", "--port", "0"]);
        command.env("OPENCLAW_GATEWAY_TOKEN", token);
        command
    };
    let program = Program::start(serve(" t0ken\n"));
    let url = format!("http://{}/v1/models", program.address());
    let models = http().get(url).bearer_auth("t0ken");
    assert_eq!(reply(models).await.status, 200);

    let refused = Ran::of(&serve("t0ken\nof-two-lines").output().unwrap());
    assert_eq!(refused.code, Some(78), "{refused:?}");
    assert!(
        refused
            .err
            .contains("`gateway.auth.token` holds a control character"),
        "{}",
        refused.err
    );
    assert!(!refused.err.contains("of-two-lines"), "{}", refused.err);
}

#[tokio::test]
async fn nobody_is_locked_out_where_that_is_not_configured() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for _ in 0..20 {
        let request = chat(&house, &hello()).bearer_auth("guess");
        let wrong = reply(request.header("x-forwarded-for", "203.0.113.9")).await;
        assert_eq!(wrong.fault(), (401, "invalid_api_key".to_owned()));
    }
}

#[tokio::test]
async fn a_model_of_ones_own_choice_needs_an_admin_unless_it_is_the_agents_own() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let own = json!({ "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["mock/m2"] } } },
        "models": { "providers": { "mock": { "models": [{ "id": "m1" }, { "id": "m2" }, { "id": "m3" }, { "id": "e1", "kind": "embedding" }] } } } });
    let house = House::changed(&provider, merged(behind_a_proxy(json!({})), own)).await;
    let send = |model: &str, more: (&'static str, &'static str), scopes: &'static str| {
        let mut body = hello();
        body["model"] = json!(model);
        let request = chat(&house, &body).header("x-user", "ann");
        reply(
            request
                .header("x-openclaw-scopes", scopes)
                .header(more.0, more.1),
        )
    };
    let nothing = ("x-none", "");
    let over = ("x-openclaw-model", "mock/m2");
    let write = "operator.write";
    for (model, more, scopes, status) in [
        ("openclaw", nothing, write, 200),
        ("mock/m1", nothing, write, 200),
        ("mock/m2", nothing, write, 200),
        ("m2", nothing, write, 200),
        ("mock/m3", nothing, write, 403),
        ("m3", nothing, write, 403),
        ("mock/m3", nothing, "operator.admin", 200),
        // The header needs an admin for whatever it names.
        ("openclaw", over, write, 403),
        ("openclaw", over, "operator.admin operator.write", 200),
    ] {
        let reply = send(model, more, scopes).await;
        assert_eq!(
            reply.status,
            status,
            "{model} {more:?} {scopes}: {}",
            reply.text()
        );
        if status == 403 {
            assert_eq!(
                reply.json()["error"]["message"],
                "missing scope: operator.admin"
            );
        }
    }
    let embed = |scopes: &'static str| {
        let body = json!({ "model": "openclaw", "input": "a" }).to_string();
        let request = house.client.post(house.url("/v1/embeddings")).body(body);
        let request = request
            .header("content-type", "application/json")
            .header("x-user", "ann");
        reply(
            request
                .header("x-openclaw-scopes", scopes)
                .header("x-openclaw-model", "mock/e1"),
        )
    };
    assert_eq!(
        embed(write).await.fault(),
        (403, "missing_scope".to_owned())
    );
}

#[test]
fn a_wrong_range_is_shown_where_it_stands() {
    let shell = Shell::new();
    let file = shell.home.path().join("openclaw.json5");
    let text = "{\n  gateway: {\n    trustedProxies: [\"10.0.0.1\", \"10.0.0.0/33\"],\n  },\n}\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let ran = shell.run(&["--config", file, "config", "check"]);
    assert_eq!(ran.code, Some(78));
    let expected = format!(
        "error: gateway.trustedProxies[1]: expected a range whose number after `/` is at most 32, found \"10.0.0.0/33\"
 --> {file}:3:34
  |
3 |     trustedProxies: [\"10.0.0.1\", \"10.0.0.0/33\"],
  |                                  ^^^^^^^^^^^^^

1 error in {file}"
    );
    assert!(ran.err.contains(&expected), "{}", ran.err);
}

#[tokio::test]
async fn a_proxy_mode_that_lets_nobody_in_is_refused_and_a_doubtful_one_is_told() {
    let provider = Scripted::start().await;
    let refused = |changes: Value| {
        let shell = Shell::with(&merged(config_for(&provider), changes));
        let ran = shell.run(&["config", "check"]);
        assert_eq!(ran.code, Some(78), "{ran:?}");
        assert_eq!(
            shell.run(&["gateway", "serve", "--port", "0"]).code,
            Some(78)
        );
        ran.err
    };
    let nobody = merged(
        behind_a_proxy(json!({})),
        json!({ "gateway": { "trustedProxies": null } }),
    );
    assert!(refused(nobody).contains("set `gateway.trustedProxies`"));
    let nameless = behind_a_proxy(json!({ "trustedProxy": { "userHeader": null } }));
    assert!(refused(nameless).contains("set `gateway.auth.trustedProxy.userHeader`"));

    let shell = Shell::with(&merged(config_for(&provider), behind_a_proxy(json!({}))));
    let ran = shell.run(&["config", "check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("warning: `gateway.auth.trustedProxy.allowUsers` is empty"),
        "{}",
        ran.err
    );
}
