use hyper::header::HeaderValue;
use proptest::prelude::*;

use super::*;

const CLIENT: &str = "203.0.113.9";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Ours is what begins with 10.
fn is_ours(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10)
}

fn told(pairs: &[(&'static str, &str)]) -> Option<IpAddr> {
    client(&headers(pairs), is_ours, false)
}

#[test]
fn every_forwarding_header_is_a_sign_and_no_other_is() {
    for name in [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-user",
        "x-real-ip",
    ] {
        assert!(is_there(&headers(&[(name, "")])), "{name}");
    }
    assert!(!is_there(&headers(&[
        ("x-request-id", "1"),
        ("via", "1.1 a"),
        ("host", "gw")
    ])));
}

#[test]
fn the_client_is_the_last_hop_that_is_none_of_ours() {
    let hops = |value: &str| told(&[("x-forwarded-for", value)]);
    assert_eq!(hops(CLIENT), Some(ip(CLIENT)));
    assert_eq!(
        hops("1.1.1.1, 203.0.113.9, 10.0.0.2,10.0.0.1"),
        Some(ip(CLIENT))
    );
    // A client among our own is the first of them.
    assert_eq!(hops("10.0.0.3, 10.0.0.2"), Some(ip("10.0.0.3")));
    // What is left of garbage nobody can vouch for.
    assert_eq!(hops("203.0.113.9, junk, 10.0.0.2"), Some(ip("10.0.0.2")));
    for unreadable in ["", "unknown", "203.0.113.9, ", "203.0.113.9, _hidden"] {
        assert_eq!(hops(unreadable), None, "{unreadable:?}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let lines = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "203.0.113.9, 10.0.0.1"),
    ];
    assert_eq!(told(&lines), Some(ip(CLIENT)));
    let garbage = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "é")];
    assert_eq!(told(&garbage), None);
}

#[test]
fn an_address_may_have_a_port_and_a_mapped_one_is_ipv4() {
    for (text, address) in [
        ("203.0.113.9:4711", CLIENT),
        ("::ffff:203.0.113.9", CLIENT),
        ("[::ffff:203.0.113.9]:80", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
    ] {
        assert_eq!(node(text), Some(ip(address)), "{text}");
    }
    for text in [
        "[203.0.113.9]",
        "203.0.113.9:",
        "203.0.113",
        "localhost",
        "2001:db8::1:x",
    ] {
        assert_eq!(node(text), None, "{text}");
    }
}

#[test]
fn a_forwarded_header_is_read_where_the_usual_one_is_absent() {
    let hops = |value: &str| told(&[("forwarded", value)]);
    assert_eq!(
        hops("for=1.1.1.1, For=\"203.0.113.9:80\";proto=https;by=10.0.0.1, for=10.0.0.2"),
        Some(ip(CLIENT))
    );
    assert_eq!(hops("for=\"[2001:db8::1]:80\""), Some(ip("2001:db8::1")));
    for unreadable in [
        "for=unknown",
        "for=_hidden",
        "proto=https",
        "for=1.1.1.1;for=2.2.2.2",
        "for=\"1.1.1.1",
        "for=\"1.1.1\\.1\"",
    ] {
        assert_eq!(hops(unreadable), None, "{unreadable}");
    }
    let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", CLIENT)];
    assert_eq!(told(&both), Some(ip(CLIENT)));
}

#[test]
fn a_quote_that_a_client_left_open_swallows_nothing() {
    assert_eq!(
        told(&[("forwarded", "for=1.1.1.1;x=\", for=203.0.113.9")]),
        None
    );
    assert_eq!(
        told(&[("forwarded", "for=\"1.1.1.1, for=\"[2001:db8::1]\"")]),
        None
    );
}

#[test]
fn the_real_ip_counts_only_where_that_is_wanted_and_nothing_else_is_there() {
    let real = [("x-real-ip", CLIENT)];
    assert_eq!(client(&headers(&real), is_ours, false), None);
    assert_eq!(client(&headers(&real), is_ours, true), Some(ip(CLIENT)));
    let twice = [("x-real-ip", CLIENT), ("x-real-ip", "1.1.1.1")];
    assert_eq!(client(&headers(&twice), is_ours, true), None);
    let both = [("x-real-ip", "1.1.1.1"), ("x-forwarded-for", CLIENT)];
    assert_eq!(client(&headers(&both), is_ours, true), Some(ip(CLIENT)));
    let unreadable = [("x-real-ip", "1.1.1.1"), ("x-forwarded-for", "unknown")];
    assert_eq!(client(&headers(&unreadable), is_ours, true), None);
}

proptest! {
    /// What a proxy does: it adds the address of its peer to whatever that peer sent.
    #[test]
    fn nobody_chooses_an_address_by_what_he_sends(sent in "[ -~]{0,80}", pieces in "[0-9a-f.:,\\[\\] ]{0,80}") {
        for sent in [&sent, &pieces] {
            let line = format!("{sent}, {CLIENT}");
            prop_assert_eq!(told(&[("x-forwarded-for", &line)]), Some(ip(CLIENT)));
            let lines = [("x-forwarded-for", sent.as_str()), ("x-forwarded-for", CLIENT)];
            prop_assert_eq!(told(&lines), Some(ip(CLIENT)));
        }
    }

    /// At worst it cannot be read at all.
    #[test]
    fn nobody_chooses_an_address_by_a_forwarded_header(sent in "[ -~]{0,80}", pieces in "(for=|\"|\\\\|,|;|1\\.1\\.1\\.1|=){0,12}") {
        for sent in [&sent, &pieces] {
            for own in ["for=203.0.113.9", "for=\"203.0.113.9\"", "proto=https;for=\"203.0.113.9:80\""] {
                let client = told(&[("forwarded", &format!("{sent}, {own}"))]);
                prop_assert!(client.is_none() || client == Some(ip(CLIENT)), "{:?}", client);
            }
        }
    }

    #[test]
    fn every_address_survives_its_ways_of_being_written(v4: [u8; 4], v6: [u16; 8], port: u16) {
        let (v4, v6) = (IpAddr::from(v4), IpAddr::from(v6));
        let canonical = v6.to_canonical();
        for (text, address) in [
            (v4.to_string(), v4),
            (format!("{v4}:{port}"), v4),
            (v6.to_string(), canonical),
            (format!("[{v6}]"), canonical),
            (format!("[{v6}]:{port}"), canonical),
        ] {
            prop_assert_eq!(node(&text), Some(address));
        }
    }
}
