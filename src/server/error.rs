//! How door 2 says no: every failure as a status and an OpenAI error object. The one match from [`Fault`] to a status.

use std::borrow::Cow;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{
    CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION, WWW_AUTHENTICATE,
};
use serde::Serialize;

use super::reply::{self, Response};
use super::websocket;
use crate::auth::{Denied, Remedy, Scope};
use crate::gateway::{Fault, RunError};

/// A failed request. Its message names the thing and the remedy; never a secret, a path or a host of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    kind: &'static str,
    message: String,
    /// The path of the member that is at fault: `messages[2].content[0].image_url.url`.
    param: Option<String>,
    code: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    /// Whether the same request may fare better later.
    should_retry: bool,
    /// Whether the connection is of no more use.
    closes: bool,
}

impl ApiError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: kind(status),
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
            should_retry: may_retry(status),
            closes: false,
        }
    }

    fn of(fault: Fault, message: String) -> Self {
        let (status, retry_after) = match fault {
            Fault::Caller => (StatusCode::BAD_REQUEST, None),
            Fault::NotFound => (StatusCode::NOT_FOUND, None),
            Fault::Refused => (StatusCode::FORBIDDEN, None),
            Fault::Busy { retry_after } => (StatusCode::TOO_MANY_REQUESTS, retry_after),
            Fault::Misconfigured | Fault::Credentials | Fault::Upstream => {
                (StatusCode::BAD_GATEWAY, None)
            }
            Fault::Storage { retry_after } => (StatusCode::SERVICE_UNAVAILABLE, retry_after),
            Fault::Unreachable | Fault::BrokenStorage => (StatusCode::SERVICE_UNAVAILABLE, None),
            Fault::TimedOut => (StatusCode::GATEWAY_TIMEOUT, None),
        };
        let is_ours = matches!(
            fault,
            Fault::Misconfigured | Fault::Credentials | Fault::BrokenStorage
        );
        Self {
            retry_after,
            // Until somebody mends what is here, every try ends the same.
            should_retry: may_retry(status) && !is_ours,
            kind: match fault {
                Fault::Storage { .. } | Fault::BrokenStorage => SERVER_ERROR,
                _ => kind(status),
            },
            ..Self::new(status, message)
        }
    }

    /// A request whose member `param` cannot be right.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message).with_param(param)
    }

    pub fn missing_scope(scope: Scope) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("missing scope: {scope}"))
            .with_code("missing_scope")
    }

    /// The answer to whatever comes, or still runs, when the server ends.
    pub fn shutting_down() -> Self {
        Self {
            kind: SERVER_ERROR,
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the server is shutting down",
            )
        }
        .with_code("shutting_down")
        .closing()
    }

    /// A bug of ours. The details are in the log, beside this id.
    pub fn internal(request_id: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("internal error; the server's log has it under request {request_id}"),
        )
        .with_code("internal_error")
    }

    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The connection ends with this answer.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// OpenAI's word for the kind of failure.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The same about a request that calls its members by other names: each `(from, to)`.
    #[must_use]
    pub fn renamed(mut self, names: &[(&str, &str)]) -> Self {
        for (from, to) in names {
            self.message = self.message.replace(&format!("`{from}"), &format!("`{to}"));
            if let Some(rest) = self
                .param
                .as_deref()
                .and_then(|param| param.strip_prefix(from))
            {
                self.param = Some(format!("{to}{rest}"));
            }
        }
        self
    }

    /// `{"error": {"message", "type", "param", "code"}}`, on one line.
    pub fn to_json(&self) -> Vec<u8> {
        let error = self.shape();
        serde_json::to_vec(&Body { error }).expect("strings serialize")
    }

    /// `{"type": "error", "status", "error": {"message", "type", "param", "code"}}`: the message of a socket that says the
    /// same, as a line. It always has a code.
    pub fn to_event(&self) -> Vec<u8> {
        let mut error = self.shape();
        error.code.get_or_insert(self.kind);
        let event = Event {
            kind: "error",
            status: self.status.as_u16(),
            error,
        };
        let mut line = serde_json::to_vec(&event).expect("strings serialize");
        line.push(b'\n');
        line
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            message: &self.message,
            kind: self.kind,
            param: self.param.as_deref(),
            code: self.code.as_deref(),
        }
    }

    pub fn into_response(self) -> Response {
        let mut response = reply::json_bytes(self.status, self.to_json());
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(SEC_WEBSOCKET_VERSION, websocket::VERSION);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        if !self.should_retry {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Shape<'a>,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: u16,
    error: Shape<'a>,
}

#[derive(Serialize)]
struct Shape<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// The header that the OpenAI SDKs obey.
const SHOULD_RETRY: &str = "x-should-retry";

const SERVER_ERROR: &str = "server_error";

fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            "upstream_error"
        }
        status if status.is_server_error() => SERVER_ERROR,
        _ => "invalid_request_error",
    }
}

fn may_retry(status: StatusCode) -> bool {
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::NOT_IMPLEMENTED => false,
        status => !status.is_client_error(),
    }
}

/// Rounded up: who comes back at that time does not come too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        let of_fault = Self::of(error.fault(), error.to_string());
        Self {
            param: error.param().map(str::to_owned),
            code: error.code().map(|code| code.to_owned().into()),
            should_retry: of_fault.should_retry && error.may_be_repeated(),
            ..of_fault
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let (status, retry_after) = match denied.remedy() {
            Remedy::Credentials => (StatusCode::UNAUTHORIZED, None),
            Remedy::Time(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
            Remedy::Nothing => (StatusCode::FORBIDDEN, None),
        };
        Self {
            retry_after,
            ..Self::new(status, denied.to_string())
        }
        .with_code(denied.code())
    }
}

#[cfg(test)]
mod tests;
