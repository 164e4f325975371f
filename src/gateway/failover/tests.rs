use super::*;

fn rejected(code: Option<&str>) -> ProviderError {
    ProviderError::Rejected {
        message: "m".into(),
        code: code.map(Into::into),
        param: None,
    }
}

fn limited(seconds: Option<u64>) -> ProviderError {
    ProviderError::Limited {
        provider: "p".into(),
        retry_after: seconds.map(Duration::from_secs),
    }
}

fn failed(status: u16) -> ProviderError {
    ProviderError::Failed {
        provider: "p".into(),
        status,
    }
}

fn refused(status: u16) -> ProviderError {
    ProviderError::Auth {
        provider: "p".into(),
        status,
    }
}

fn unreachable(reason: &str) -> ProviderError {
    ProviderError::Unreachable {
        provider: "p".into(),
        reason: reason.into(),
    }
}

fn broken(reason: &str) -> ProviderError {
    ProviderError::Broken {
        provider: "p".into(),
        reason: reason.into(),
    }
}

fn silent() -> ProviderError {
    ProviderError::Silent {
        provider: "p".into(),
        awaiting: "its first event",
        limit: Duration::from_secs(1),
    }
}

fn unknown() -> ProviderError {
    ProviderError::UnknownModel {
        provider: "p".into(),
        message: "m".into(),
    }
}

/// What happens at the first call and at the second, each with a fallback left and without.
fn steps(error: &ProviderError) -> [Step; 4] {
    let step = |calls, fallback_left| {
        step(
            error,
            Situation {
                calls,
                fallback_left,
                budget: WAIT_BUDGET,
                jitter: 0.0,
            },
        )
    };
    [step(1, true), step(1, false), step(2, true), step(2, false)]
}

const BLINK_WAIT: Step = Step::Retry(BLINK.0);
const MOMENT_WAIT: Step = Step::Retry(MOMENT.0);

#[test]
fn every_failure_has_its_step_in_every_situation() {
    let at_once = [Step::Next, Step::GiveUp, Step::Next, Step::GiveUp];
    let once_more = [BLINK_WAIT, MOMENT_WAIT, Step::Next, Step::GiveUp];
    let never = [Step::GiveUp; 4];
    let two = Step::Retry(Duration::from_secs(2));
    let cases = [
        (unreachable("connection refused"), once_more),
        (unreachable("its host name is not known"), once_more),
        (unreachable("no trusted TLS connection"), once_more),
        (rejected(None), never),
        (refused(401), at_once),
        (refused(402), at_once),
        (refused(403), at_once),
        (unknown(), at_once),
        (failed(404), at_once),
        (failed(408), once_more),
        (failed(409), once_more),
        (rejected(Some("context_length_exceeded")), at_once),
        (limited(Some(2)), [two, two, Step::Next, Step::GiveUp]),
        (limited(Some(6)), at_once),
        (limited(None), at_once),
        (failed(500), once_more),
        (failed(503), once_more),
        (failed(529), once_more),
        (silent(), at_once),
        (broken("an answer that is not of its dialect"), once_more),
        (broken("the connection was cut before an answer"), once_more),
        (broken("an empty answer"), once_more),
    ];
    for (error, expected) in cases {
        assert_eq!(steps(&error), expected, "{error}");
    }
}

#[test]
fn a_wait_that_the_budget_does_not_hold_is_not_begun() {
    let situation = Situation {
        calls: 1,
        fallback_left: false,
        budget: Duration::from_secs(1),
        jitter: 0.0,
    };
    assert_eq!(step(&limited(Some(2)), situation), Step::GiveUp);
    assert_eq!(step(&failed(500), situation), MOMENT_WAIT);
}

#[test]
fn retries_are_spread_between_two_bounds() {
    let wait = |jitter| {
        step(
            &failed(500),
            Situation {
                calls: 1,
                fallback_left: false,
                budget: WAIT_BUDGET,
                jitter,
            },
        )
    };
    assert_eq!(wait(0.0), Step::Retry(MOMENT.0));
    assert_eq!(wait(1.0), Step::Retry(MOMENT.1));
}

#[test]
fn only_a_refused_key_and_a_rate_limit_cool_a_provider_down() {
    assert_eq!(cooldown(&refused(401)), Some(COOLDOWN));
    assert_eq!(cooldown(&limited(Some(7))), Some(Duration::from_secs(7)));
    assert_eq!(cooldown(&limited(Some(1_000_000))), Some(LONGEST_COOLDOWN));
    assert_eq!(cooldown(&failed(500)), None);
    assert_eq!(cooldown(&silent()), None);
}

#[test]
fn the_table_has_one_row_for_every_class() {
    for (place, row) in TABLE.iter().enumerate() {
        assert!(
            TABLE[..place]
                .iter()
                .all(|earlier| earlier.class != row.class)
        );
    }
}
