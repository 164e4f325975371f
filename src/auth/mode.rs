//! Which way of proving who one is a configuration means, and whether it may be served where it is to be served. Pure.

use std::net::IpAddr;

use super::trusted_proxy::TrustedProxy;
use crate::config::{AuthModeName, GatewayConfig, Secret};

/// How callers prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMode {
    /// A bearer token.
    Token(Secret),
    /// A password, sent as a bearer.
    Password(Secret),
    /// A proxy says who they are.
    TrustedProxy(TrustedProxy),
    /// Not at all.
    None,
}

/// Why the server does not start with this `gateway.auth`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthSetupError {
    #[error(
        "both `gateway.auth.token` and `gateway.auth.password` are set: set `gateway.auth.mode` or remove one"
    )]
    Ambiguous,
    #[error("`gateway.auth.mode` is \"password\", but there is none: set `gateway.auth.password`")]
    NoPassword,
    #[error(
        "`gateway.auth.mode` is \"trusted-proxy\", but no proxy is listed: set `gateway.trustedProxies` to its address"
    )]
    NoProxies,
    #[error(
        "`gateway.auth.mode` is \"trusted-proxy\", but nothing says who the user is: set `gateway.auth.trustedProxy.userHeader` to the header in which the proxy does"
    )]
    NoUserHeader,
    #[error("`gateway.auth.trustedProxy`: `{0}` is no name of a header")]
    BadHeader(String),
    #[error("`{0}` holds a control character, such as a line feed: no header can carry it")]
    Unsendable(&'static str),
    #[error("without a secret only a loopback address can be served: set `gateway.auth.token`")]
    NoSecret,
    #[error(
        "`gateway.auth.mode` \"none\" serves only a loopback address: set a token, or `gateway.auth.dangerouslyAllowOpenBind: true`"
    )]
    OpenBind,
}

impl AuthMode {
    /// The mode of a configuration in which the environment and the command line have been merged. `Ok(None)` when it
    /// holds no secret and only this machine is served: the caller then makes a token for this run.
    ///
    /// # Errors
    /// A mode that cannot be, or that would open `bind` to anyone.
    pub fn choose(gateway: &GatewayConfig, bind: IpAddr) -> Result<Option<Self>, AuthSetupError> {
        let auth = &gateway.auth;
        let token = sendable("gateway.auth.token", auth.token.as_ref())?;
        let password = sendable("gateway.auth.password", auth.password.as_ref())?;
        let chosen = match auth.mode {
            Some(AuthModeName::Token) => token.map(Self::Token),
            Some(AuthModeName::Password) => {
                Some(Self::Password(password.ok_or(AuthSetupError::NoPassword)?))
            }
            Some(AuthModeName::TrustedProxy) => {
                Some(Self::TrustedProxy(TrustedProxy::new(gateway, password)?))
            }
            Some(AuthModeName::None) => Some(Self::None),
            None => match (token, password) {
                (Some(_), Some(_)) => return Err(AuthSetupError::Ambiguous),
                (Some(token), None) => Some(Self::Token(token)),
                (None, password) => password.map(Self::Password),
            },
        };
        let local = bind.to_canonical().is_loopback();
        match chosen {
            None if !local => Err(AuthSetupError::NoSecret),
            Some(Self::None) if !local && !auth.dangerously_allow_open_bind => {
                Err(AuthSetupError::OpenBind)
            }
            chosen => Ok(chosen),
        }
    }
}

/// The secret as a caller can send it: a header has no blanks and no line feeds at its ends, and files and variables
/// often have. `None` where nothing is left.
fn sendable(path: &'static str, secret: Option<&Secret>) -> Result<Option<Secret>, AuthSetupError> {
    let text = secret.map_or("", Secret::expose).trim_ascii();
    if text
        .bytes()
        .any(|byte| byte.is_ascii_control() && byte != b'\t')
    {
        return Err(AuthSetupError::Unsendable(path));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::config::{AuthConfig, TrustedProxyConfig};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const LAN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    fn auth(
        mode: Option<AuthModeName>,
        token: Option<&str>,
        password: Option<&str>,
    ) -> GatewayConfig {
        GatewayConfig {
            auth: AuthConfig {
                mode,
                token: token.map(Secret::new),
                password: password.map(Secret::new),
                ..AuthConfig::default()
            },
            ..GatewayConfig::default()
        }
    }

    fn token(text: &str) -> Option<AuthMode> {
        Some(AuthMode::Token(Secret::new(text)))
    }

    #[test]
    fn without_a_mode_the_one_secret_that_is_set_decides() {
        assert_eq!(
            AuthMode::choose(&auth(None, Some("t"), None), LAN),
            Ok(token("t"))
        );
        let password = Some(AuthMode::Password(Secret::new("p")));
        assert_eq!(
            AuthMode::choose(&auth(None, Some(""), Some("p")), LAN),
            Ok(password)
        );
        assert_eq!(
            AuthMode::choose(&auth(None, Some("t"), Some("p")), LAN),
            Err(AuthSetupError::Ambiguous)
        );
    }

    #[test]
    fn a_secret_is_what_a_header_can_carry_of_it() {
        for sent in ["t", " t ", "t\n", "\tt\r\n"] {
            assert_eq!(
                AuthMode::choose(&auth(None, Some(sent), None), LAN),
                Ok(token("t")),
                "{sent:?}"
            );
        }
        let inner = Some(AuthMode::Password(Secret::new("päss\twörd 1")));
        assert_eq!(
            AuthMode::choose(&auth(None, None, Some("päss\twörd 1")), LAN),
            Ok(inner)
        );
        for unsendable in ["a\nb", "a\r\nb", "a\0", "\u{7f}a"] {
            assert_eq!(
                AuthMode::choose(&auth(None, Some(unsendable), None), LAN),
                Err(AuthSetupError::Unsendable("gateway.auth.token")),
                "{unsendable:?}"
            );
        }
        assert_eq!(
            AuthMode::choose(&auth(None, Some(" \n"), None), LAN),
            Err(AuthSetupError::NoSecret)
        );
    }

    #[test]
    fn a_mode_picks_its_own_secret() {
        let both = auth(Some(AuthModeName::Token), Some("t"), Some("p"));
        assert_eq!(AuthMode::choose(&both, LAN), Ok(token("t")));
        let missing = auth(Some(AuthModeName::Password), Some("t"), None);
        assert_eq!(
            AuthMode::choose(&missing, LOOPBACK),
            Err(AuthSetupError::NoPassword)
        );
    }

    #[test]
    fn without_a_secret_only_this_machine_is_served() {
        assert_eq!(
            AuthMode::choose(&auth(None, None, None), LOOPBACK),
            Ok(None)
        );
        for name in [None, Some(AuthModeName::Token)] {
            assert_eq!(
                AuthMode::choose(&auth(name, None, None), LAN),
                Err(AuthSetupError::NoSecret)
            );
        }
    }

    #[test]
    fn without_authentication_only_this_machine_is_served_unless_somebody_insists() {
        let mut open = auth(Some(AuthModeName::None), None, None);
        for own in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(
                AuthMode::choose(&open, own.parse().unwrap()),
                Ok(Some(AuthMode::None))
            );
        }
        for bind in [
            "0.0.0.0",
            "::",
            "192.168.1.4",
            "100.64.0.1",
            "::ffff:0.0.0.0",
        ] {
            let chosen = AuthMode::choose(&open, bind.parse().unwrap());
            assert_eq!(chosen, Err(AuthSetupError::OpenBind), "{bind}");
        }
        open.auth.dangerously_allow_open_bind = true;
        assert_eq!(AuthMode::choose(&open, LAN), Ok(Some(AuthMode::None)));
        // Insisting opens nothing where a secret is meant and missing.
        let mut forgotten = auth(Some(AuthModeName::Token), None, None);
        forgotten.auth.dangerously_allow_open_bind = true;
        assert_eq!(
            AuthMode::choose(&forgotten, LAN),
            Err(AuthSetupError::NoSecret)
        );
    }

    #[test]
    fn a_proxy_has_to_be_listed_and_to_say_who_it_is_and_may_then_be_anywhere() {
        let mut gateway = auth(Some(AuthModeName::TrustedProxy), None, None);
        assert_eq!(
            AuthMode::choose(&gateway, LAN),
            Err(AuthSetupError::NoProxies)
        );
        gateway.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
        assert_eq!(
            AuthMode::choose(&gateway, LAN),
            Err(AuthSetupError::NoUserHeader)
        );
        let proxy = gateway
            .auth
            .trusted_proxy
            .insert(TrustedProxyConfig::default());
        proxy.user_header = Some("x user".to_owned());
        assert_eq!(
            AuthMode::choose(&gateway, LAN),
            Err(AuthSetupError::BadHeader("x user".to_owned()))
        );
        let proxy = gateway
            .auth
            .trusted_proxy
            .insert(TrustedProxyConfig::default());
        proxy.user_header = Some("X-User".to_owned());
        for bind in [LAN, LOOPBACK] {
            let chosen = AuthMode::choose(&gateway, bind);
            assert!(matches!(chosen, Ok(Some(AuthMode::TrustedProxy(_)))));
        }
    }
}
