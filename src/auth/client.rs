//! Where a request comes from: from this machine, from another one, or through a proxy that is listed. Pure.

use std::net::IpAddr;

use hyper::HeaderMap;

use super::forwarded;
use crate::config::{GatewayConfig, ProxyRange};

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub peer: IpAddr,
    /// The address that the peer connected to, where it is known.
    pub own: Option<IpAddr>,
}

impl Ends {
    /// Whether the peer is a program on this machine, as far as the addresses show.
    pub fn is_same_host(self) -> bool {
        let peer = self.peer.to_canonical();
        peer.is_loopback() || self.own.is_some_and(|own| own.to_canonical() == peer)
    }
}

/// The proxies that may say for whom they speak.
#[derive(Debug, Default)]
pub struct Proxies {
    ranges: Vec<ProxyRange>,
    /// Whether `X-Real-IP` counts where nothing better is there.
    real_ip: bool,
}

impl Proxies {
    pub fn new(gateway: &GatewayConfig) -> Self {
        Self {
            ranges: gateway.trusted_proxies.clone(),
            real_ip: gateway.allow_real_ip_fallback,
        }
    }

    /// Whether a proxy of this address is listed.
    pub fn lists(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }
}

/// Who calls, as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// IPv4 where it is that in an IPv6 dress.
    pub address: IpAddr,
    pub way: Way,
}

/// How a request got here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing says that anybody is in between.
    Direct,
    /// Through a listed proxy. The address is the client that it names, or its own where it names none.
    Proxied,
    /// It says that it was forwarded, and nobody vouches for that. The address is the peer's.
    Unvouched,
}

impl Client {
    pub fn of(ends: Ends, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let peer = ends.peer.to_canonical();
        let (address, way) = if !forwarded::is_there(headers) {
            (peer, Way::Direct)
        } else if !proxies.lists(peer) {
            (peer, Way::Unvouched)
        } else {
            let is_ours = |address| proxies.lists(address);
            let named = forwarded::client(headers, is_ours, proxies.real_ip);
            (named.unwrap_or(peer), Way::Proxied)
        };
        Self { address, way }
    }

    /// Whether it is a program on this machine that nobody speaks through.
    pub fn is_local(self) -> bool {
        self.way == Way::Direct && self.address.is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, sent: &[(&'static str, &str)]) -> Client {
        let sent = sent
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let gateway = GatewayConfig {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            ..GatewayConfig::default()
        };
        let ends = Ends {
            peer: ip(peer),
            own: None,
        };
        Client::of(ends, &sent.collect(), &Proxies::new(&gateway))
    }

    const FORWARDED_FOR: (&str, &str) = ("x-forwarded-for", "203.0.113.9");

    #[test]
    fn a_listed_proxy_names_the_client_and_any_other_peer_only_itself() {
        for (peer, sent, address, way) in [
            (
                "10.0.0.1",
                &[FORWARDED_FOR][..],
                "203.0.113.9",
                Way::Proxied,
            ),
            (
                "::ffff:10.0.0.1",
                &[FORWARDED_FOR],
                "203.0.113.9",
                Way::Proxied,
            ),
            ("10.0.0.1", &[], "10.0.0.1", Way::Direct),
            (
                "10.0.0.1",
                &[("x-forwarded-proto", "https")],
                "10.0.0.1",
                Way::Proxied,
            ),
            ("192.0.2.1", &[FORWARDED_FOR], "192.0.2.1", Way::Unvouched),
            ("::ffff:192.0.2.1", &[], "192.0.2.1", Way::Direct),
        ] {
            let address = ip(address);
            assert_eq!(
                client(peer, sent),
                Client { address, way },
                "{peer} {sent:?}"
            );
        }
    }

    #[test]
    fn local_is_who_comes_from_this_machine_and_forwards_nothing() {
        assert!(client("127.0.0.1", &[]).is_local());
        assert!(client("::ffff:127.0.0.1", &[]).is_local());
        assert!(!client("192.0.2.1", &[]).is_local());
        for sign in [
            FORWARDED_FOR,
            ("x-forwarded-for", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("x-forwarded-user", ""),
        ] {
            assert!(!client("127.0.0.1", &[sign]).is_local(), "{sign:?}");
            assert!(!client("::1", &[sign]).is_local(), "{sign:?}");
        }
    }

    #[test]
    fn the_same_host_is_loopback_or_the_address_that_was_called() {
        let same = |peer, own: Option<&str>| {
            Ends {
                peer: ip(peer),
                own: own.map(ip),
            }
            .is_same_host()
        };
        assert!(same("127.0.0.1", None) && same("::ffff:127.0.0.1", None) && same("::1", None));
        assert!(same("192.0.2.1", Some("::ffff:192.0.2.1")));
        assert!(!same("192.0.2.1", Some("192.0.2.2")) && !same("192.0.2.1", None));
    }
}
