use super::*;

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

fn of(fault: Fault) -> ApiError {
    ApiError::of(fault, "why".to_owned())
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
fn each_fault_has_its_status_its_type_and_whether_to_try_again() {
    let busy = Fault::Busy { retry_after: None };
    for (fault, status, kind, should_retry) in [
        (Fault::Caller, 400, "invalid_request_error", false),
        (Fault::NotFound, 404, "invalid_request_error", false),
        (Fault::Refused, 403, "permission_error", false),
        (busy, 429, "rate_limit_error", true),
        (Fault::Misconfigured, 502, "upstream_error", false),
        (Fault::Credentials, 502, "upstream_error", false),
        (Fault::Upstream, 502, "upstream_error", true),
        (Fault::Unreachable, 503, "upstream_error", true),
        (Fault::TimedOut, 504, "upstream_error", true),
        (
            Fault::Storage { retry_after: None },
            503,
            "server_error",
            true,
        ),
        (Fault::BrokenStorage, 503, "server_error", false),
    ] {
        let error = of(fault);
        assert_eq!(
            (error.status.as_u16(), error.kind),
            (status, kind),
            "{fault:?}"
        );
        let told = header(&error.into_response(), "x-should-retry").map(str::to_owned);
        assert_eq!(
            told.as_deref(),
            (!should_retry).then_some("false"),
            "{fault:?}"
        );
    }
}

#[test]
fn a_wait_is_told_in_whole_seconds_rounded_up() {
    let told = |milliseconds| {
        let retry_after = Some(Duration::from_millis(milliseconds));
        let response = of(Fault::Busy { retry_after }).into_response();
        header(&response, "retry-after").map(str::to_owned)
    };
    assert_eq!(told(1_001).as_deref(), Some("2"));
    assert_eq!(told(2_000).as_deref(), Some("2"));
}

#[test]
fn an_error_of_the_room_keeps_its_words_its_code_and_its_param() {
    let error = RunError::UnknownModel {
        name: "m9".to_owned(),
        advice: "known: p/m1".to_owned(),
    };
    assert_eq!(
        String::from_utf8(ApiError::from(error).to_json()).unwrap(),
        r#"{"error":{"message":"no model `m9`; known: p/m1","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#
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
fn who_is_locked_out_is_told_for_how_long_in_whole_seconds() {
    let retry_after = Duration::from_millis(4_001);
    let error = ApiError::from(Denied::LockedOut { retry_after });
    assert_eq!(
        (error.kind, error.code()),
        ("rate_limit_error", Some("rate_limited"))
    );
    let response = error.into_response();
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), Some("5"));
}

#[test]
fn a_server_that_shuts_down_is_worth_another_try() {
    let error = ApiError::shutting_down();
    assert_eq!(
        (error.kind, error.code()),
        ("server_error", Some("shutting_down"))
    );
    let response = error.into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "connection"), Some("close"));
    assert_eq!(header(&response, "x-should-retry"), None);
}
