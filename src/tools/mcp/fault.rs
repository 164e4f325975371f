//! Why a request of ours has no result.

use serde::Deserialize;

/// The code of the protocol for a method that is not there.
pub const METHOD_NOT_FOUND: i64 = -32601;

/// What a server gives as its reason: an error of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub code: i64,
    /// In the server's own words: what it was given may be among them.
    #[serde(default)]
    pub message: String,
}

/// Why there is no result. Each ends a sentence about the server, and holds nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("it refuses ({})", .0.code)]
    Refused(Refusal),
    /// Its address answers with this status, and with a refusal where that is a message of the protocol.
    #[error("{}", answered(*.0))]
    Status(u16, Option<Refusal>),
    /// Nothing of it was seen or done: another may be begun.
    #[error("its session is over")]
    SessionOver,
    #[error("it cannot be reached")]
    Unreached,
    #[error("the connection to it broke")]
    Broken,
    #[error("its answer cannot be used")]
    Unusable,
    #[error("it died during the call")]
    Closed,
    #[error("too many requests wait for its answers")]
    Busy,
}

impl Fault {
    /// Whether the same may go well a little later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreached | Self::Broken | Self::Status(500.., _)
        )
    }

    /// Whether the server says that it does not know such a request.
    pub fn is_unknown_method(&self) -> bool {
        match self {
            Self::Refused(refusal) | Self::Status(_, Some(refusal)) => {
                refusal.code == METHOD_NOT_FOUND
            }
            _ => false,
        }
    }
}

fn answered(status: u16) -> String {
    match status {
        300..=399 => format!(
            "it answers with {status} and wants us elsewhere, where its `url` does not lead"
        ),
        401 | 403 => format!("it refuses our credential ({status})"),
        _ => format!("it answers with {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_the_reader_can_do() {
        let told = |status| Fault::Status(status, None).to_string();
        assert_eq!(told(401), "it refuses our credential (401)");
        assert_eq!(told(404), "it answers with 404");
        assert_eq!(
            told(307),
            "it answers with 307 and wants us elsewhere, where its `url` does not lead"
        );
    }

    #[test]
    fn a_refusal_may_leave_out_what_it_likes() {
        let read = |text| serde_json::from_str::<Refusal>(text).unwrap();
        let message = "no".to_owned();
        assert_eq!(
            read(r#"{"message":"no","data":[1]}"#),
            Refusal { code: 0, message }
        );
        assert_eq!(read("{}").message, "");
    }
}
