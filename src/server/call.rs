//! What a handler is given: who calls, what the `x-openclaw-*` headers say, and the decoded body.

use hyper::{HeaderMap, StatusCode};

use super::error::ApiError;
use crate::auth::{Caller, Scope};
use crate::chat::{self, Authority, Notes, SessionAccess, SessionName, SessionRequest};
use crate::config::HttpSessions;

/// One authenticated request.
#[derive(Debug)]
pub struct Call<B> {
    pub caller: Caller,
    pub routing: Routing,
    /// Where the room writes down what becomes of it.
    pub notes: Notes,
    pub body: B,
}

/// The `x-openclaw-*` headers of a request, checked for shape. A blank header counts as absent, but where it would say
/// who sends this: there only the two words do. One that is there twice says two things, and is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    pub agent: Option<String>,
    pub model: Option<String>,
    pub channel: Option<String>,
    pub session_key: Option<String>,
    /// Whether the caller says that an owner sends this, where it says so.
    pub sender_is_owner: Option<bool>,
    /// Whether the caller's stream shows what tools of the house do.
    pub watches_tools: bool,
}

/// How all of them begin.
const PREFIX: &str = "x-openclaw-";
const AGENT: &str = "x-openclaw-agent-id";
const EVENTS: &str = "x-openclaw-events";
const CHANNEL: &str = "x-openclaw-message-channel";
const MODEL: &str = "x-openclaw-model";
const SENDER_IS_OWNER: &str = "x-openclaw-sender-is-owner";
const SESSION_KEY: &str = "x-openclaw-session-key";

/// The longest channel name, in bytes.
const MAX_CHANNEL_BYTES: usize = 64;

impl Routing {
    /// # Errors
    /// 400, naming the header.
    pub fn parse(headers: &HeaderMap) -> Result<Self, ApiError> {
        // Most requests have none of them, and are asked once for all.
        if !headers.keys().any(|name| name.as_str().starts_with(PREFIX)) {
            return Ok(Self::default());
        }
        let sender_is_owner = match text(headers, SENDER_IS_OWNER)? {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(bad(SENDER_IS_OWNER, "must be `true` or `false`")),
        };
        let watches_tools = match read(headers, EVENTS)? {
            None => false,
            Some("tools") => true,
            Some(_) => return Err(bad(EVENTS, "must be `tools`")),
        };
        let owned = |name| Ok::<_, ApiError>(read(headers, name)?.map(str::to_owned));
        Ok(Self {
            agent: owned(AGENT)?,
            model: owned(MODEL)?,
            channel: read(headers, CHANNEL)?.map(channel).transpose()?,
            session_key: owned(SESSION_KEY)?,
            sender_is_owner,
            watches_tools,
        })
    }
}

fn read<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    Ok(text(headers, name)?.filter(|text| !text.is_empty()))
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(bad(name, "is there more than once"));
    }
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(bad(name, "is not UTF-8")),
    }
}

fn channel(name: &str) -> Result<String, ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.len() > MAX_CHANNEL_BYTES || !name.bytes().all(allowed) {
        return Err(bad(
            CHANNEL,
            "must be 1 to 64 letters, digits, `-`, `_` or `.`",
        ));
    }
    Ok(name.to_owned())
}

fn bad(header: &str, what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, format!("header `{header}` {what}"))
}

impl<B> Call<B> {
    /// What the room has to know to choose an agent and a model; `model` is the body's.
    pub fn room(&self, model: Option<String>) -> chat::Routing {
        chat::Routing {
            model,
            agent: self.routing.agent.clone(),
            model_override: self.routing.model.clone(),
            channel: self.routing.channel.clone(),
            principal: self.caller.principal().clone(),
            authority: Authority {
                any_model: self.caller.has(Scope::Admin),
                sender_is_owner: self.routing.sender_is_owner,
            },
        }
    }

    /// The lasting session that the request belongs to: the one that it names, else the one of its `user`, where
    /// `user` means one.
    pub fn session(&self, user: Option<&str>, sessions: &HttpSessions) -> Option<SessionRequest> {
        let of_user = user.filter(|_| sessions.from_user);
        let key = self.routing.session_key.clone().map(SessionName::Key);
        let name = key.or_else(|| of_user.map(|user| SessionName::User(user.to_owned())))?;
        Some(SessionRequest {
            principal: self.caller.principal().clone(),
            name,
            access: SessionAccess::Extend,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hyper::header::HeaderName;

    use super::*;
    use crate::auth::{AuthMode, Authenticator, Ends};
    use crate::config::GatewayConfig;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                hyper::header::HeaderValue::from_bytes(value).unwrap(),
            )
        });
        pairs.collect()
    }

    fn call(pairs: &[(&'static str, &[u8])]) -> Call<()> {
        let headers = headers(pairs);
        let gateway = GatewayConfig::default();
        let gate = Authenticator::new(AuthMode::None, &gateway, Default::default());
        let ends = Ends {
            peer: Ipv4Addr::LOCALHOST.into(),
            own: None,
        };
        Call {
            caller: gate.authenticate(ends, &headers).unwrap(),
            routing: Routing::parse(&headers).unwrap(),
            notes: Notes::default(),
            body: (),
        }
    }

    #[test]
    fn headers_become_a_routing_and_blank_ones_do_not_count() {
        let routing = Routing::parse(&headers(&[
            (AGENT, b" beta "),
            (MODEL, "p/modèle".as_bytes()),
            (CHANNEL, b"slack-1.x_y"),
            (SESSION_KEY, b""),
            (SENDER_IS_OWNER, b"true"),
        ]));
        let expected = Routing {
            agent: Some("beta".into()),
            model: Some("p/modèle".into()),
            channel: Some("slack-1.x_y".into()),
            session_key: None,
            sender_is_owner: Some(true),
            watches_tools: false,
        };
        assert_eq!(routing, Ok(expected));
    }

    #[test]
    fn a_header_that_means_nothing_is_refused_by_name() {
        let long = [b'a'; MAX_CHANNEL_BYTES + 1];
        for (name, value) in [
            (SENDER_IS_OWNER, &b"yes"[..]),
            (SENDER_IS_OWNER, b"True"),
            (SENDER_IS_OWNER, b""),
            (SENDER_IS_OWNER, b" "),
            (CHANNEL, b"a b"),
            (CHANNEL, &long),
            (AGENT, b"\xff"),
        ] {
            let error = Routing::parse(&headers(&[(name, value)])).unwrap_err();
            assert_eq!(error.status(), 400);
            assert!(String::from_utf8(error.to_json()).unwrap().contains(name));
        }
    }

    #[test]
    fn a_header_that_is_there_twice_is_refused_by_name() {
        for (name, values) in [
            (SENDER_IS_OWNER, ["true", "false"]),
            (SENDER_IS_OWNER, ["true", "true"]),
            (AGENT, ["main", "beta"]),
            (MODEL, ["p/m", ""]),
            (SESSION_KEY, ["a", "b"]),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(name, value.parse().unwrap());
            }
            let error = Routing::parse(&headers).unwrap_err();
            assert_eq!(error.status(), 400);
            let said = String::from_utf8(error.to_json()).unwrap();
            assert!(
                said.contains(&format!("`{name}` is there more than once")),
                "{said}"
            );
        }
    }

    #[test]
    fn only_an_admin_may_choose_any_model() {
        assert!(call(&[]).room(None).authority.any_model);
        assert!(
            !call(&[("x-openclaw-scopes", b"operator.write")])
                .room(None)
                .authority
                .any_model
        );
    }

    #[test]
    fn a_session_key_wins_over_a_user_and_a_user_counts_only_where_it_may() {
        let (from_user, not) = (
            HttpSessions { from_user: true },
            HttpSessions { from_user: false },
        );
        let name = |call: Call<()>, user, sessions| {
            call.session(user, sessions).map(|session| session.name)
        };
        let key = || call(&[(SESSION_KEY, b"k")]);
        assert_eq!(name(call(&[]), None, &from_user), None);
        assert_eq!(name(call(&[]), Some("ann"), &not), None);
        assert_eq!(
            name(call(&[]), Some("ann"), &from_user),
            Some(SessionName::User("ann".into()))
        );
        assert_eq!(
            name(key(), Some("ann"), &from_user),
            Some(SessionName::Key("k".into()))
        );
    }
}
