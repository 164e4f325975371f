//! Pictures in a conversation: inline, and by URL where the configuration allows it.

use serde_json::{Value, json};

use super::support::{Answer, House, Program, Scripted, Shell, TOKEN, config_for, merged, reply};

/// A picture of one pixel.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn showing(url: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "what is this?" },
        { "type": "image_url", "image_url": { "url": url, "detail": "low" } },
    ] }] })
}

fn fetching(images: Value) -> Value {
    json!({ "gateway": { "http": { "endpoints": { "chatCompletions": { "images": images } } } } })
}

#[tokio::test]
async fn an_inline_picture_goes_to_the_provider_as_it_is() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("a dot"));
    let house = House::before(&provider).await;
    assert_eq!(house.chat(showing(PNG)).await.said(), "a dot");
    assert_eq!(
        provider.only_request().json()["messages"][0]["content"],
        json!([
            { "type": "text", "text": "what is this?" },
            { "type": "image_url", "image_url": { "url": PNG, "detail": "low" } },
        ])
    );
}

#[tokio::test]
async fn what_is_no_picture_is_refused_by_its_bytes_not_by_its_name() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for url in [
        "data:image/png;base64,aGVsbG8gd29ybGQhIQ==",
        "data:image/png;base64,",
        "data:image/png,x",
        "nonsense",
    ] {
        let reply = house.chat(showing(url)).await;
        assert_eq!(reply.status, 400, "{url}");
        assert_eq!(
            reply.json()["error"]["param"],
            "messages[0].content[1].image_url.url"
        );
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_picture_by_url_is_refused_unless_it_is_allowed_and_public() {
    let provider = Scripted::start().await;
    provider.on("/picture.png", Answer::json(200, json!({})));
    let here = format!("http://127.0.0.1:{}/picture.png", provider.port());

    let closed = House::before(&provider).await;
    let reply = closed.chat(showing(&here)).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("allowUrl"), "{}", reply.text());

    let open = House::changed(&provider, fetching(json!({ "allowUrl": true }))).await;
    for url in [
        &here,
        "http://localhost/x.png",
        "http://2130706433/x.png",
        "http://[::ffff:169.254.169.254]/x",
        "http://u:p@example.com/x.png",
    ] {
        let reply = open.chat(showing(url)).await;
        assert_eq!(reply.status, 400, "{url}");
        assert_eq!(
            reply.json()["error"]["param"],
            "messages[0].content[1].image_url.url"
        );
    }

    let listed = House::changed(
        &provider,
        fetching(json!({ "allowUrl": true, "urlAllowlist": ["pictures.example.com"] })),
    )
    .await;
    assert_eq!(
        listed
            .chat(showing("https://example.com/x.png"))
            .await
            .status,
        400
    );
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn more_pictures_than_may_be_in_a_message_are_refused() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let part = json!({ "type": "image_url", "image_url": { "url": PNG } });
    let reply = house
        .chat(json!({ "messages": [{ "role": "user", "content": vec![part; 9] }] }))
        .await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json()["error"]["param"],
        "messages[0].content[8].image_url.url"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_asked_for_a_picture() {
    let provider = Scripted::start().await;
    provider.always(Answer::json(200, json!({})));
    let config = merged(config_for(&provider), fetching(json!({ "allowUrl": true })));
    let shell = Shell::with(&config);
    let mut command = shell.command(&["gateway", "serve", "--port", "0"]);
    let proxy = format!("http://127.0.0.1:{}", provider.port());
    for name in ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &proxy);
    }
    let program = Program::start(command);
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for scheme in ["http", "https"] {
        // A name that leads nowhere, so that only a proxy could be asked.
        let body = showing(&format!("{scheme}://pictures.invalid/a.png"));
        let request = client
            .post(format!("http://{}/v1/chat/completions", program.address()))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(body.to_string());
        let refused = reply(request).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused
                .text()
                .contains("`pictures.invalid` cannot be reached"),
            "{}",
            refused.text()
        );
    }
    assert!(provider.requests().is_empty());
}
