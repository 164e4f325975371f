//! Who a session belongs to and what it is called. Pure; the only ways to a [`SessionKey`] are here.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::chat::{AgentId, Principal};

/// The longest key or user, in characters, before it is scoped to its agent.
const MAX_CHARS: usize = 512;

/// Keys that the program keeps for itself, in any case of letters.
const RESERVED: [&str; 3] = ["acp:", "cron:", "subagent:"];

const AGENT: &str = "agent:";

/// Why a string is not a session key of this agent; a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    #[error("a session key must be 1 to {MAX_CHARS} printable characters")]
    Unprintable,
    #[error(
        "this session key belongs to another agent; a key of `{agent}` begins with `agent:{agent}:`, or without `agent:`"
    )]
    OtherAgent { agent: AgentId },
    #[error("session keys that begin with `{0}` are reserved")]
    Reserved(&'static str),
}

/// The name of a lasting session, always scoped to its agent: `agent:<agentId>:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(String);

impl SessionKey {
    /// The session that a caller of `agent` names. A key without the `agent:` prefix is scoped to the agent.
    ///
    /// # Errors
    /// A key that is empty, blank, too long or unprintable, of another agent, or reserved.
    pub fn parse(agent: &AgentId, text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        if !fits(text) {
            return Err(InvalidKey::Unprintable);
        }
        let name = match strip(text, AGENT) {
            None => text,
            Some(scoped) => {
                let (id, name) = scoped.split_once(':').unwrap_or((scoped, ""));
                if !id.eq_ignore_ascii_case(agent.as_str()) {
                    let agent = agent.clone();
                    return Err(InvalidKey::OtherAgent { agent });
                }
                name.trim()
            }
        };
        if name.is_empty() {
            return Err(InvalidKey::Unprintable);
        }
        match RESERVED
            .into_iter()
            .find(|prefix| strip(name, prefix).is_some())
        {
            Some(prefix) => Err(InvalidKey::Reserved(prefix)),
            None => Ok(Self(format!("{AGENT}{agent}:{name}"))),
        }
    }

    /// The stable session of a request's `user`; of none for the empty user. One that is no key, being too long or
    /// unprintable, is replaced by its SHA-256 in hexadecimal.
    pub fn from_user(agent: &AgentId, user: &str) -> Option<Self> {
        if user.is_empty() {
            return None;
        }
        let scope = format!("{AGENT}{agent}:openai-user:");
        Some(Self(if fits(user) {
            scope + user
        } else {
            Sha256::digest(user)
                .iter()
                .fold(scope, |key, byte| format!("{key}{byte:02x}"))
        }))
    }

    /// A key that has been through one of the ways in before it was stored.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a session of this agent.
    pub fn is_of(&self, agent: &AgentId) -> bool {
        let scoped = strip(&self.0, AGENT).and_then(|rest| strip(rest, agent.as_str()));
        scoped.is_some_and(|name| name.starts_with(':'))
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SessionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn fits(text: &str) -> bool {
    let mut chars = text.chars();
    let printable = chars.by_ref().take(MAX_CHARS).all(is_printable);
    printable && chars.next().is_none() && !text.trim().is_empty()
}

/// Whether a person sees the character: no controls, line breaks, or marks that hide or reorder what is around them.
fn is_printable(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !hidden
}

/// One session of one principal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    pub principal: Principal,
    pub key: SessionKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_agent() -> AgentId {
        "main".parse().unwrap()
    }

    fn parse(text: &str) -> Result<String, InvalidKey> {
        SessionKey::parse(&main_agent(), text).map(|key| key.to_string())
    }

    #[test]
    fn a_key_is_scoped_to_the_agent_once() {
        assert_eq!(parse("notes").unwrap(), "agent:main:notes");
        assert_eq!(parse(" a:b ").unwrap(), "agent:main:a:b");
        assert_eq!(parse("agent:main:notes").unwrap(), "agent:main:notes");
        assert_eq!(parse("Agent:MAIN:Notes").unwrap(), "agent:main:Notes");
        assert_eq!(parse("agentur").unwrap(), "agent:main:agentur");
    }

    #[test]
    fn a_key_of_another_agent_is_refused() {
        let agent = main_agent();
        for key in ["agent:beta:notes", "AGENT:beta:x", "agent:beta", "agent::x"] {
            assert_eq!(
                parse(key),
                Err(InvalidKey::OtherAgent {
                    agent: agent.clone()
                })
            );
        }
    }

    #[test]
    fn reserved_prefixes_are_refused_in_any_case_with_and_without_the_agent() {
        for (key, prefix) in [
            ("subagent:x", "subagent:"),
            ("SubAgent:x", "subagent:"),
            ("agent:main:CRON:daily", "cron:"),
            ("agent:main: acp:x", "acp:"),
            (" acp:", "acp:"),
        ] {
            assert_eq!(parse(key), Err(InvalidKey::Reserved(prefix)));
        }
        assert_eq!(parse("my-cron:x").unwrap(), "agent:main:my-cron:x");
    }

    #[test]
    fn a_key_has_1_to_512_printable_characters() {
        for key in ["", "  ", "a\nb", "a\u{202e}b", "agent:main:", "agent:main"] {
            assert_eq!(parse(key), Err(InvalidKey::Unprintable), "{key:?}");
        }
        assert!(parse(&"ü".repeat(512)).is_ok());
        assert_eq!(parse(&"ü".repeat(513)), Err(InvalidKey::Unprintable));
    }

    #[test]
    fn a_user_names_a_stable_session() {
        let key =
            |user: &str| SessionKey::from_user(&main_agent(), user).map(|key| key.to_string());
        assert_eq!(key("ann@x").unwrap(), "agent:main:openai-user:ann@x");
        assert_eq!(key(""), None);
        assert_eq!(
            key("a\tb").unwrap(),
            "agent:main:openai-user:894891f8b78a9945b0aa07e70d5f71f10b1f1990af127de561cc0ac36024c188"
        );
        assert_eq!(
            key(&"x".repeat(513)).unwrap().len(),
            "agent:main:openai-user:".len() + 64
        );
    }

    #[test]
    fn a_key_is_of_the_agent_that_it_names_and_of_no_other() {
        let key = SessionKey::parse(&"main".parse().unwrap(), "agent:main:main2:x").unwrap();
        assert!(key.is_of(&"main".parse().unwrap()));
        for other in ["main2", "mai", "x"] {
            assert!(!key.is_of(&other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn an_identity_named_owner_is_not_the_owner() {
        assert_eq!(Principal::Owner.to_string(), "owner");
        assert_eq!(
            Principal::Proxy("owner".to_owned()).to_string(),
            "proxy:owner"
        );
    }
}
