use super::super::known::at;
use super::*;
use crate::config::ApiKind;
use crate::config::{ProviderConfig, Secret};

fn transport(api: ApiKind, auth_header: Option<bool>, own: &[(&str, &str)]) -> Transport {
    let own = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
    let config = ProviderConfig {
        base_url: Some("http://127.0.0.1:1".into()),
        api_key: Some(Secret::new("k")),
        api: Some(api),
        auth_header,
        headers: own.collect(),
        ..ProviderConfig::default()
    };
    let known = at("p".parse().unwrap(), config).unwrap();
    Transport::new(&known, &Connections::default(), &Secrets::default()).unwrap()
}

/// The headers of every request, without those that every provider is sent.
fn headers(transport: &Transport) -> Vec<(&str, &str)> {
    let headers = transport.direction.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let (of_all, own): (Vec<_>, _) =
        headers.partition(|(name, _)| matches!(*name, "accept" | "content-type" | "user-agent"));
    assert_eq!(of_all.len(), 3);
    own
}

#[test]
fn the_key_goes_into_the_header_of_its_dialect() {
    let of = |api| transport(api, None, &[]);
    assert_eq!(
        headers(&of(ApiKind::OpenaiCompletions)),
        [("authorization", "Bearer k")]
    );
    assert_eq!(
        headers(&of(ApiKind::AnthropicMessages)),
        [("x-api-key", "k")]
    );
    assert_eq!(
        headers(&of(ApiKind::GoogleGenerativeAi)),
        [("x-goog-api-key", "k")]
    );
}

#[test]
fn the_configuration_can_ask_for_a_bearer_or_for_none() {
    let of = |api, auth_header| transport(api, Some(auth_header), &[]);
    assert_eq!(
        headers(&of(ApiKind::AnthropicMessages, true)),
        [("authorization", "Bearer k")]
    );
    assert_eq!(
        headers(&of(ApiKind::AnthropicMessages, false)),
        [("x-api-key", "k")]
    );
    assert_eq!(headers(&of(ApiKind::OpenaiCompletions, false)), []);
}

#[test]
fn a_configured_header_wins_over_the_dialects() {
    let version = |own| {
        let transport = transport(ApiKind::AnthropicMessages, None, own);
        transport.with_header("anthropic-version", "2023-06-01")
    };
    assert_eq!(
        headers(&version(&[])),
        [("x-api-key", "k"), ("anthropic-version", "2023-06-01")]
    );
    assert_eq!(
        headers(&version(&[("Anthropic-Version", "new")])),
        [("x-api-key", "k"), ("anthropic-version", "new")]
    );
}

#[test]
fn a_wait_is_read_as_seconds_or_as_a_date() {
    let read = |text: &str| retry_after(&HeaderValue::try_from(text).unwrap());
    assert_eq!(read("1.5"), Some(Duration::from_millis(1500)));
    assert_eq!(read("soon"), None);
    assert_eq!(read("-1"), None);
    // A date that is over asks for no wait.
    assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    let in_a_minute = SystemTime::now() + Duration::from_secs(60);
    let wait = read(&httpdate::fmt_http_date(in_a_minute)).unwrap();
    assert!((58..=60).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn a_login_in_the_url_becomes_a_header_unless_there_is_one() {
    let at = |key: Option<&str>| {
        let config = ProviderConfig {
            base_url: Some("http://ann:p%40ss@127.0.0.1:1/v1/".into()),
            api_key: key.map(Secret::new),
            api: Some(ApiKind::OpenaiCompletions),
            ..ProviderConfig::default()
        };
        let known = at("p".parse().unwrap(), config).unwrap();
        Transport::new(&known, &Connections::default(), &Secrets::default()).unwrap()
    };
    let transport = at(None);
    assert_eq!(
        headers(&transport),
        [("authorization", "Basic YW5uOnBAc3M=")]
    );
    let place = transport.direction.place("/models").unwrap();
    assert_eq!(place, "http://127.0.0.1:1/v1/models");
    assert_eq!(headers(&at(Some("k"))), [("authorization", "Bearer k")]);
}

#[test]
fn a_path_follows_the_base_url_wherever_that_ends() {
    let place = |base: &str| {
        let config = ProviderConfig {
            base_url: Some(base.into()),
            api: Some(ApiKind::OpenaiCompletions),
            ..ProviderConfig::default()
        };
        let known = at("p".parse().unwrap(), config).unwrap();
        let transport = Transport::new(&known, &Connections::default(), &Secrets::default());
        transport
            .unwrap()
            .direction
            .place("/models")
            .unwrap()
            .to_string()
    };
    assert_eq!(place("http://[::1]:8080"), "http://[::1]:8080/models");
    assert_eq!(place("https://a.example/"), "https://a.example/models");
    assert_eq!(
        place("https://a.example/b/v1"),
        "https://a.example/b/v1/models"
    );
    assert_eq!(place("https://a.example/b//"), "https://a.example/b/models");
}
