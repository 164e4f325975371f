//! What is said when the server listens: to a person how to call it, to a log the facts. Pure, save for the log.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::access::Access;
use crate::auth::AuthMode;
use crate::config::Endpoints;

pub struct Announcement<'a> {
    /// The address that is listened on.
    pub address: SocketAddr,
    pub access: &'a Access,
    pub endpoints: &'a Endpoints,
}

const NOTHING_ON: &str = "no endpoint is on: start with --enable chat-completions, or set \
    `gateway.http.endpoints.chatCompletions.enabled: true`";

const ONLY_BY_PROXY: &str = "requests are taken from the proxies in `gateway.trustedProxies`";

impl Announcement<'_> {
    pub fn log(&self) {
        tracing::info!(address = %self.address, auth = self.auth(), "listening");
        if !self.endpoints.shared_on() {
            tracing::warn!("{NOTHING_ON}");
        }
    }

    /// The address, how to prove who one is, a token that was made for this run, and lines to copy.
    pub fn for_a_person(&self) -> String {
        let mut text = format!(
            "listening on http://{} (auth: {})\n{}\n",
            self.address,
            self.auth(),
            self.proof()
        );
        if let Some(token) = &self.access.fresh {
            let _ = writeln!(text, "  export OPENCLAW_GATEWAY_TOKEN={}", token.expose());
        }
        let _ = match self.call() {
            _ if self.only_by_proxy() => write!(text, "\n{ONLY_BY_PROXY}\n"),
            Some(call) => write!(text, "\ncurl:\n  {call}\n"),
            None => write!(text, "\n{NOTHING_ON}\n"),
        };
        if self.endpoints.chat_completions_on() && !self.only_by_proxy() {
            let _ = write!(
                text,
                "\nOpen WebUI (key as above, model openclaw/default):\n  {}\n",
                self.open_webui()
            );
        }
        text
    }

    /// What a caller has to send.
    fn proof(&self) -> &'static str {
        match (&self.access.mode, &self.access.fresh) {
            (AuthMode::Token(_), Some(_)) => {
                "callers send `Authorization: Bearer <token>`; a token was made for this run:"
            }
            (AuthMode::Token(_), None) => {
                "callers send `Authorization: Bearer <token>`, the token of the configuration or the command line"
            }
            (AuthMode::Password(_), _) => {
                "callers send `Authorization: Bearer <password>`, the password of the configuration"
            }
            (AuthMode::TrustedProxy(_), _) => {
                "callers are those whom a proxy of `gateway.trustedProxies` names"
            }
            (AuthMode::None, _) => "callers need no key",
        }
    }

    /// The variable in which the lines to copy look for the secret.
    fn variable(&self) -> Option<&'static str> {
        match &self.access.mode {
            AuthMode::Token(_) => Some("$OPENCLAW_GATEWAY_TOKEN"),
            AuthMode::Password(_) => Some("$OPENCLAW_GATEWAY_PASSWORD"),
            AuthMode::TrustedProxy(proxy) if proxy.has_password() => {
                Some("$OPENCLAW_GATEWAY_PASSWORD")
            }
            AuthMode::TrustedProxy(_) => None,
            AuthMode::None => None,
        }
    }

    /// A line that starts Open WebUI on this machine, with this server behind it.
    fn open_webui(&self) -> String {
        // It takes no empty key.
        let key = self.variable().unwrap_or("none");
        format!(
            "OPENAI_API_BASE_URL=http://{}/v1 OPENAI_API_KEY=\"{key}\" open-webui serve",
            self.reachable()
        )
    }

    fn auth(&self) -> &'static str {
        match self.access.mode {
            AuthMode::Token(_) => "token",
            AuthMode::Password(_) => "password",
            AuthMode::TrustedProxy(_) => "trusted-proxy",
            AuthMode::None => "none",
        }
    }

    /// Whether no line of curl could come in.
    fn only_by_proxy(&self) -> bool {
        matches!(&self.access.mode, AuthMode::TrustedProxy(proxy) if !proxy.has_password())
    }

    /// A line of curl; `None` where no endpoint is on.
    fn call(&self) -> Option<String> {
        let (path, body) = if self.endpoints.chat_completions_on() {
            (
                "chat/completions",
                r#"{"model":"openclaw","messages":[{"role":"user","content":"hello"}]}"#,
            )
        } else if self.endpoints.shared_on() {
            ("responses", r#"{"model":"openclaw","input":"hello"}"#)
        } else {
            return None;
        };
        let secret = self.variable().map_or_else(String::new, |variable| {
            format!(r#" -H "Authorization: Bearer {variable}""#)
        });
        let address = self.reachable();
        Some(format!(
            "curl http://{address}/v1/{path}{secret} -H 'Content-Type: application/json' -d '{body}'"
        ))
    }

    /// The address as this machine can call it.
    fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn announced(access: &Access, chat_completions: bool) -> String {
        let mut endpoints = Endpoints::default();
        endpoints.chat_completions.enabled = Some(chat_completions);
        let announcement = Announcement {
            address: SocketAddr::from(([0, 0, 0, 0], 18789)),
            access,
            endpoints: &endpoints,
        };
        announcement.for_a_person()
    }

    #[test]
    fn a_person_is_given_a_line_that_works_and_never_a_configured_secret() {
        let access = Access {
            mode: AuthMode::Token(Secret::new("hunter2")),
            fresh: None,
        };
        assert_eq!(
            announced(&access, true),
            "listening on http://0.0.0.0:18789 (auth: token)\n\
             callers send `Authorization: Bearer <token>`, the token of the configuration or the command line\n\n\
             curl:\n  curl http://127.0.0.1:18789/v1/chat/completions \
             -H \"Authorization: Bearer $OPENCLAW_GATEWAY_TOKEN\" -H 'Content-Type: application/json' \
             -d '{\"model\":\"openclaw\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}'\n\n\
             Open WebUI (key as above, model openclaw/default):\n  \
             OPENAI_API_BASE_URL=http://127.0.0.1:18789/v1 OPENAI_API_KEY=\"$OPENCLAW_GATEWAY_TOKEN\" open-webui serve\n"
        );
    }

    #[test]
    fn a_token_of_this_run_is_shown_and_so_is_what_is_off() {
        let token = Secret::new("fresh");
        let access = Access {
            mode: AuthMode::Token(token.clone()),
            fresh: Some(token),
        };
        assert_eq!(
            announced(&access, false),
            format!(
                "listening on http://0.0.0.0:18789 (auth: token)\n\
                 callers send `Authorization: Bearer <token>`; a token was made for this run:\n  \
                 export OPENCLAW_GATEWAY_TOKEN=fresh\n\n{NOTHING_ON}\n"
            )
        );
    }
}
