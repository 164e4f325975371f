use super::*;

const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            hyper::header::HeaderName::from_static(name),
            value.parse().unwrap(),
        )
    });
    pairs.collect()
}

fn token_gate() -> Authenticator {
    Authenticator::new(AuthMode::Token(Secret::new("s3cret")), &[])
}

fn open_gate() -> Authenticator {
    Authenticator::new(AuthMode::None, &[])
}

#[test]
fn the_right_bearer_has_every_scope_whatever_it_asks_for() {
    let sent = headers(&[
        ("authorization", "bearer s3cret"),
        ("x-openclaw-scopes", ""),
    ]);
    let caller = token_gate().authenticate(PEER, &sent);
    let owner = Caller {
        principal: Principal::Owner,
        scopes: Scopes::ALL,
    };
    assert_eq!(caller, Ok(owner));
}

#[test]
fn a_wrong_bearer_and_a_missing_one_are_told_apart_but_never_repeated() {
    let wrong = token_gate().authenticate(PEER, &headers(&[("authorization", "Bearer guess")]));
    assert_eq!(wrong, Err(Denied::Wrong));
    assert_eq!(
        token_gate().authenticate(PEER, &headers(&[])),
        Err(Denied::NoCredentials)
    );
    assert!(!Denied::Wrong.to_string().contains("guess"));
}

#[test]
fn a_bearer_lets_web_pages_in_because_it_is_not_ambient() {
    let sent = headers(&[
        ("authorization", "Bearer s3cret"),
        ("origin", "https://app.example"),
        ("host", "gw.example"),
    ]);
    assert!(token_gate().authenticate(PEER, &sent).is_ok());
}

#[test]
fn without_authentication_scopes_can_only_be_given_up() {
    let scopes = |sent: &[(&'static str, &str)]| {
        open_gate()
            .authenticate(PEER, &headers(sent))
            .unwrap()
            .scopes
    };
    assert_eq!(scopes(&[]), Scopes::ALL);
    assert_eq!(scopes(&[("x-openclaw-scopes", "")]), Scopes::NONE);
    assert_eq!(
        scopes(&[("x-openclaw-scopes", "operator.read")]),
        Scopes::parse("operator.read")
    );
    assert_eq!(scopes(&[("authorization", "Bearer whatever")]), Scopes::ALL);
}

#[test]
fn without_authentication_a_foreign_page_is_refused() {
    let sent = headers(&[
        ("host", "127.0.0.1:18789"),
        ("origin", "https://evil.example"),
    ]);
    assert_eq!(open_gate().authenticate(PEER, &sent), Err(Denied::Origin));
}

mod choosing {
    use super::*;

    const LOOPBACK: IpAddr = PEER.ip();
    const LAN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    fn auth(mode: Option<AuthModeName>, token: Option<&str>, password: Option<&str>) -> AuthConfig {
        AuthConfig {
            mode,
            token: token.map(Secret::new),
            password: password.map(Secret::new),
            ..AuthConfig::default()
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
    fn a_mode_picks_its_own_secret() {
        let both = auth(Some(AuthModeName::Token), Some("t"), Some("p"));
        assert_eq!(AuthMode::choose(&both, LAN), Ok(token("t")));
        let missing = auth(Some(AuthModeName::Password), Some("t"), None);
        assert_eq!(
            AuthMode::choose(&missing, LOOPBACK),
            Err(AuthSetupError::NoPassword)
        );
        let proxy = auth(Some(AuthModeName::TrustedProxy), None, None);
        assert_eq!(
            AuthMode::choose(&proxy, LOOPBACK),
            Err(AuthSetupError::TrustedProxy)
        );
    }

    #[test]
    fn without_a_secret_only_this_machine_is_served() {
        assert_eq!(
            AuthMode::choose(&auth(None, None, None), LOOPBACK),
            Ok(None)
        );
        assert_eq!(
            AuthMode::choose(&auth(None, None, None), LAN),
            Err(AuthSetupError::NoSecret)
        );
        let mut open = auth(Some(AuthModeName::None), None, None);
        assert_eq!(AuthMode::choose(&open, LOOPBACK), Ok(Some(AuthMode::None)));
        assert_eq!(AuthMode::choose(&open, LAN), Err(AuthSetupError::OpenBind));
        open.dangerously_allow_open_bind = true;
        assert_eq!(AuthMode::choose(&open, LAN), Ok(Some(AuthMode::None)));
    }
}
