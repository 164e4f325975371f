//! What to do when a model call fails before anything of it has left us. Pure.

use std::time::Duration;

use crate::providers::ProviderError;

/// What follows a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The same model again, after this wait.
    Retry(Duration),
    /// The next model of the chain, at once; where there is none, the run fails with this error.
    Next,
    /// No model would do better: the run fails with this error.
    GiveUp,
}

/// The wait before the one retry after a failure that may have been a moment's.
const RETRY_WAIT: Duration = Duration::from_millis(250);

/// The longest `Retry-After` that is waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Calls of one model in one run, the first included.
const CALLS_PER_MODEL: u32 = 2;

/// The step after `error`, the `calls`-th call (from 1) of this model.
pub fn step(error: &ProviderError, calls: u32) -> Step {
    let again = |wait| {
        if calls < CALLS_PER_MODEL {
            Step::Retry(wait)
        } else {
            Step::Next
        }
    };
    match error {
        ProviderError::Rejected { .. } => Step::GiveUp,
        ProviderError::Unreachable { .. }
        | ProviderError::Failed { .. }
        | ProviderError::Broken { .. }
        | ProviderError::InStream { .. } => again(RETRY_WAIT),
        ProviderError::Limited { retry_after, .. } => match retry_after {
            Some(wait) if *wait <= LONGEST_RETRY_AFTER => again(*wait),
            _ => Step::Next,
        },
        ProviderError::UnknownModel { .. }
        | ProviderError::Auth { .. }
        | ProviderError::Silent { .. }
        | ProviderError::Unsupported { .. } => Step::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> ProviderError {
        ProviderError::Failed {
            provider: "p".into(),
            status: 500,
        }
    }

    fn limited(seconds: Option<u64>) -> ProviderError {
        ProviderError::Limited {
            provider: "p".into(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn a_failing_server_is_asked_once_more_and_then_left() {
        assert_eq!(step(&failed(), 1), Step::Retry(RETRY_WAIT));
        assert_eq!(step(&failed(), 2), Step::Next);
    }

    #[test]
    fn a_rate_limit_is_waited_for_only_when_it_is_short() {
        assert_eq!(
            step(&limited(Some(2)), 1),
            Step::Retry(Duration::from_secs(2))
        );
        assert_eq!(step(&limited(Some(6)), 1), Step::Next);
        assert_eq!(step(&limited(None), 1), Step::Next);
        assert_eq!(step(&limited(Some(2)), 2), Step::Next);
    }

    #[test]
    fn a_rejected_request_is_sent_nowhere_else() {
        let rejected = ProviderError::Rejected {
            message: "bad".into(),
            code: None,
            param: None,
        };
        assert_eq!(step(&rejected, 1), Step::GiveUp);
    }
}
