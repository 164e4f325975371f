//! What is wrong with the settings of the door, each fault at its place. The schema has seen to the shapes. Pure.

use serde_json::Value;

use super::{EVERYONE, ProxyRange, WebOrigin};
use crate::config::problem::{Path, Problem, nearest};

/// What callers may be allowed to do.
const SCOPES: [&str; 6] = [
    "operator.admin",
    "operator.approvals",
    "operator.pairing",
    "operator.read",
    "operator.talk.secrets",
    "operator.write",
];

/// Scopes of OpenClaw's that nothing here asks for.
const FOREIGN_SCOPES: [&str; 2] = ["operator.questions", "operator.talk"];

const TRANSPORT_SECURITY: &str = "a value such as `max-age=31536000; includeSubDomains`, or false";

/// Everything in `gateway` that has the right shape and cannot be meant.
pub fn faults(config: &Value) -> Vec<Problem> {
    let gateway = Path::default().key("gateway");
    let place = |path: &str| path.split('.').fold(gateway.clone(), |at, key| at.key(key));
    let mut problems = Vec::new();
    let mut each = |path: &str, check: &dyn Fn(&str) -> Result<(), Fault>| {
        let pointer = format!("/gateway/{}", path.replace('.', "/"));
        for (at, text) in texts(place(path), config.pointer(&pointer)) {
            if let Err(Fault { expected, hint }) = check(text) {
                let found = format!("expected {expected}, found {}", Value::from(text));
                problems.push(Problem::at_value(at, found).with_hint(hint));
            }
        }
    };
    each("trustedProxies", &|text| match text.parse::<ProxyRange>() {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::of(error.to_string())),
    });
    each("http.cors.allowedOrigins", &origin);
    each("http.allowedHosts", &host);
    each(
        "http.securityHeaders.strictTransportSecurity",
        &transport_security,
    );
    each("auth.trustedProxy.userHeader", &header);
    each("auth.trustedProxy.requiredHeaders", &header);
    each("auth.trustedProxy.allowUsers", &user);
    each("auth.identityScopes", &scope);
    if config.pointer("/gateway/http/securityHeaders/strictTransportSecurity") == Some(&true.into())
    {
        let at = place("http.securityHeaders.strictTransportSecurity");
        let found = format!("expected {TRANSPORT_SECURITY}, found true");
        problems.push(Problem::at_value(at, found));
    }
    problems
}

/// What was expected, and a remedy where there is a better one.
struct Fault {
    expected: String,
    hint: Option<String>,
}

impl Fault {
    fn of(expected: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// The texts in a value, each with its path.
fn texts(at: Path, value: Option<&Value>) -> Vec<(Path, &str)> {
    match value {
        Some(Value::String(text)) => vec![(at, text)],
        Some(Value::Array(items)) => {
            let items = items.iter().enumerate();
            items
                .flat_map(|(index, item)| texts(at.index(index), Some(item)))
                .collect()
        }
        Some(Value::Object(members)) => members
            .iter()
            .flat_map(|(key, member)| texts(at.key(key), Some(member)))
            .collect(),
        _ => Vec::new(),
    }
}

fn scope(text: &str) -> Result<(), Fault> {
    if SCOPES.contains(&text) || FOREIGN_SCOPES.contains(&text) {
        return Ok(());
    }
    let fault = Fault::of(format!("one of {}", SCOPES.join(", ")));
    Err(match nearest(text, SCOPES) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault,
    })
}

fn origin(text: &str) -> Result<(), Fault> {
    let Err(error) = text.parse::<WebOrigin>() else {
        return Ok(());
    };
    let bare = text
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?.0)));
    let fault = Fault::of(error.to_string());
    Err(match bare {
        Some((scheme, host)) => fault.hint(format!("without the path: `{scheme}://{host}`")),
        None if text == EVERYONE => fault.hint("list each page that may call the gateway"),
        None => fault,
    })
}

fn host(text: &str) -> Result<(), Fault> {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !text.is_empty() && text.bytes().all(of_name) {
        return Ok(());
    }
    Err(Fault::of(
        "a host name such as `gateway.home`, without scheme and port",
    ))
}

fn transport_security(text: &str) -> Result<(), Fault> {
    let is_age = |directive: &str| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"');
        let is_number = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
        (name.trim().eq_ignore_ascii_case("max-age") && is_number).then_some(())
    };
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if printable && text.split(';').any(|part| is_age(part).is_some()) {
        return Ok(());
    }
    Err(Fault::of(TRANSPORT_SECURITY))
}

fn header(text: &str) -> Result<(), Fault> {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(of_token) {
        return Ok(());
    }
    Err(Fault::of(
        "the name of a header, such as `x-forwarded-user`",
    ))
}

fn user(text: &str) -> Result<(), Fault> {
    let fault = Fault::of("a user as the proxy names it");
    match text.trim() {
        EVERYONE => Err(fault.hint("leave `allowUsers` out to let every user of the proxy in")),
        "" => Err(fault),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(gateway: Value) -> Vec<String> {
        let problems = faults(&json!({ "gateway": gateway }));
        problems
            .into_iter()
            .map(|problem| {
                let hint = problem.hint.map(|hint| format!(" ({hint})"));
                format!(
                    "{}: {}{}",
                    problem.path,
                    problem.expected,
                    hint.unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn what_can_be_meant_is_no_fault() {
        let gateway = json!({
            "trustedProxies": ["10.0.0.1", "172.16.0.0/12", "::1", "::ffff:10.0.0.0/104"],
            "auth": {
                "trustedProxy": { "userHeader": "x-forwarded-user", "requiredHeaders": ["x-forwarded-proto"], "allowUsers": ["ann@example.com"] },
                "identityScopes": { "ann@example.com": ["operator.admin"], "*": ["operator.read", "operator.questions"] },
            },
            "http": {
                "allowedHosts": ["gateway.home"],
                "cors": { "allowedOrigins": ["https://app.example", "tauri://localhost"] },
                "securityHeaders": { "strictTransportSecurity": "max-age=31536000; includeSubDomains" },
            },
        });
        assert_eq!(found(gateway), Vec::<String>::new());
        let off = json!({ "http": { "securityHeaders": { "strictTransportSecurity": false } } });
        assert_eq!(found(off), Vec::<String>::new());
        assert_eq!(
            found(json!({ "auth": { "identityScopes": ["operator.read"] } })),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_switch_that_says_no_value_is_a_fault_only_when_it_is_on() {
        let on = json!({ "http": { "securityHeaders": { "strictTransportSecurity": true } } });
        let expected = "gateway.http.securityHeaders.strictTransportSecurity: expected a value such as `max-age=31536000; includeSubDomains`, or false, found true";
        assert_eq!(found(on), [expected]);
    }

    #[test]
    fn every_fault_has_its_place_and_what_was_expected() {
        let gateway = json!({
            "trustedProxies": ["10.0.0.1", "10.0.0.0/33", "nginx"],
            "auth": {
                "trustedProxy": { "userHeader": "x forwarded user", "requiredHeaders": ["", "x-ok"], "allowUsers": ["*"] },
                "identityScopes": { "ann@example.com": ["operator.wirte"], "*": ["root"] },
            },
            "http": {
                "allowedHosts": ["gateway.home:18789"],
                "cors": { "allowedOrigins": ["https://app.example/chat", "*"] },
                "securityHeaders": { "strictTransportSecurity": "yes" },
            },
        });
        let scopes = SCOPES.join(", ");
        let expected = [
            "gateway.trustedProxies[1]: expected a range whose number after `/` is at most 32, found \"10.0.0.0/33\"".to_owned(),
            "gateway.trustedProxies[2]: expected an IP address, or a range such as `10.0.0.0/8`, found \"nginx\"".to_owned(),
            "gateway.http.cors.allowedOrigins[0]: expected an origin such as `https://app.example`: a scheme, a host and a port, no path and no `*`, found \"https://app.example/chat\" (without the path: `https://app.example`)".to_owned(),
            "gateway.http.cors.allowedOrigins[1]: expected an origin such as `https://app.example`: a scheme, a host and a port, no path and no `*`, found \"*\" (list each page that may call the gateway)".to_owned(),
            "gateway.http.allowedHosts[0]: expected a host name such as `gateway.home`, without scheme and port, found \"gateway.home:18789\"".to_owned(),
            "gateway.http.securityHeaders.strictTransportSecurity: expected a value such as `max-age=31536000; includeSubDomains`, or false, found \"yes\"".to_owned(),
            "gateway.auth.trustedProxy.userHeader: expected the name of a header, such as `x-forwarded-user`, found \"x forwarded user\"".to_owned(),
            "gateway.auth.trustedProxy.requiredHeaders[0]: expected the name of a header, such as `x-forwarded-user`, found \"\"".to_owned(),
            "gateway.auth.trustedProxy.allowUsers[0]: expected a user as the proxy names it, found \"*\" (leave `allowUsers` out to let every user of the proxy in)".to_owned(),
            format!("gateway.auth.identityScopes.\"ann@example.com\"[0]: expected one of {scopes}, found \"operator.wirte\" (did you mean `operator.write`?)"),
            format!("gateway.auth.identityScopes.\"*\"[0]: expected one of {scopes}, found \"root\""),
        ];
        assert_eq!(found(gateway), expected);
    }
}
