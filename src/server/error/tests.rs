use super::*;
use crate::providers::ProviderError;

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

fn answer(error: RunError) -> (u16, Response) {
    let response = ApiError::from(error).into_response();
    (response.status().as_u16(), response)
}

fn provider(error: ProviderError) -> RunError {
    RunError::Provider(error)
}

#[test]
fn an_error_object_has_its_four_members_in_order() {
    let error = ApiError::invalid("messages[0].role", "no such \"role\"").with_code("bad_role");
    assert_eq!(
        String::from_utf8(error.to_json()).unwrap(),
        r#"{"error":{"message":"no such \"role\"","type":"invalid_request_error","param":"messages[0].role","code":"bad_role"}}"#
    );
}

#[test]
fn a_refused_provider_key_becomes_502_not_401_and_is_not_tried_again() {
    let (status, response) = answer(provider(ProviderError::Auth {
        provider: "openai".into(),
        status: 401,
    }));
    assert_eq!(status, 502);
    assert_eq!(header(&response, "x-should-retry"), Some("false"));
    let error = ApiError::from(provider(ProviderError::Auth {
        provider: "openai".into(),
        status: 401,
    }));
    assert_eq!(
        (error.kind, error.code.as_deref()),
        ("upstream_error", Some("provider_auth"))
    );
}

#[test]
fn a_wait_is_told_in_whole_seconds_rounded_up() {
    let (status, response) = answer(provider(ProviderError::Limited {
        provider: "openai".into(),
        retry_after: Some(Duration::from_millis(1_001)),
    }));
    assert_eq!(status, 429);
    assert_eq!(header(&response, "retry-after"), Some("2"));
    assert_eq!(header(&response, "x-should-retry"), None);
}

#[test]
fn each_fault_has_its_status_and_type() {
    let cases = [
        (
            provider(ProviderError::Failed {
                provider: "p".into(),
                status: 500,
            }),
            502,
            "upstream_error",
        ),
        (
            provider(ProviderError::Unreachable {
                provider: "p".into(),
                reason: "refused".into(),
            }),
            503,
            "upstream_error",
        ),
        (
            RunError::Deadline {
                limit: Duration::from_secs(1),
            },
            504,
            "upstream_error",
        ),
        (
            RunError::NotConfigured("no key".into()),
            502,
            "upstream_error",
        ),
        (
            RunError::MissingScope("operator.admin"),
            403,
            "permission_error",
        ),
        (
            RunError::Busy {
                retry_after: Duration::from_secs(1),
            },
            429,
            "rate_limit_error",
        ),
        (
            RunError::UnknownAgent {
                name: "x".into(),
                configured: vec!["main".into()],
            },
            404,
            "invalid_request_error",
        ),
        (
            RunError::Invalid {
                param: None,
                message: "no".into(),
            },
            400,
            "invalid_request_error",
        ),
    ];
    for (error, status, kind) in cases {
        let answer = ApiError::from(error.clone());
        assert_eq!(
            (answer.status.as_u16(), answer.kind),
            (status, kind),
            "{error:?}"
        );
    }
}

#[test]
fn an_error_of_the_provider_keeps_its_words_its_code_and_its_param() {
    let error = ApiError::from(provider(ProviderError::Rejected {
        message: "too long".into(),
        code: Some("context_length_exceeded".into()),
        param: Some("messages".into()),
    }));
    assert_eq!(
        String::from_utf8(error.to_json()).unwrap(),
        r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#
    );
}

#[test]
fn who_may_not_come_in_is_told_how_to() {
    let response = ApiError::from(Denied::Wrong).into_response();
    assert_eq!(response.status(), 401);
    assert_eq!(header(&response, "www-authenticate"), Some("Bearer"));
    assert_eq!(header(&response, "x-should-retry"), Some("false"));
    let foreign = ApiError::from(Denied::Origin);
    assert_eq!(
        (foreign.status.as_u16(), foreign.kind),
        (403, "permission_error")
    );
}

#[test]
fn a_server_that_shuts_down_is_worth_another_try_elsewhere() {
    let error = ApiError::shutting_down();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        ("server_error", Some("shutting_down"))
    );
    let response = error.into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "connection"), Some("close"));
    assert_eq!(header(&response, "x-should-retry"), None);
}
