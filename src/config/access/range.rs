//! One line of `gateway.trustedProxies`: an address, or a range of them. Pure.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses with the same beginning. An IPv4-mapped IPv6 range is the IPv4 range that it maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyRange(IpNet);

/// How many bits of an IPv4-mapped address come before the IPv4 address.
const MAPPED_BITS: u8 = 96;

/// Why a text is no [`ProxyRange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRange {
    #[error("an IP address, or a range such as `10.0.0.0/8`")]
    Neither,
    #[error("a range whose number after `/` is at most {0}")]
    Prefix(u8),
}

impl ProxyRange {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether no address of its family is outside.
    pub fn is_everything(&self) -> bool {
        self.0.prefix_len() == 0
    }

    /// Whether it holds addresses of this machine's own.
    pub fn has_loopback(&self) -> bool {
        match self.0 {
            IpNet::V4(net) => {
                let (first, last) = (net.network(), net.broadcast());
                first <= Ipv4Addr::new(127, 255, 255, 255) && Ipv4Addr::new(127, 0, 0, 0) <= last
            }
            IpNet::V6(net) => net.contains(&Ipv6Addr::LOCALHOST),
        }
    }
}

impl FromStr for ProxyRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoRange::Neither)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let prefix = match prefix {
            None => most,
            Some(text) => Some(text)
                .filter(is_number)
                .and_then(|text| text.parse().ok())
                .ok_or(NoRange::Prefix(most))?,
        };
        let net = IpNet::new(address, prefix).map_err(|_| NoRange::Prefix(most))?;
        Ok(Self(unmapped(net).trunc()))
    }
}

fn unmapped(net: IpNet) -> IpNet {
    let mapped = net.prefix_len().checked_sub(MAPPED_BITS);
    match (net, mapped) {
        (IpNet::V6(v6), Some(prefix)) => match v6.addr().to_ipv4_mapped() {
            Some(v4) => Ipv4Net::new(v4, prefix).map_or(net, IpNet::V4),
            None => net,
        },
        _ => net,
    }
}

impl fmt::Display for ProxyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(f, "{}", self.0.addr())
        } else {
            write!(f, "{}", self.0)
        }
    }
}

impl Serialize for ProxyRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            serde::de::Error::custom(format_args!("expected {error}, found `{text}`"))
        })
    }
}

impl JsonSchema for ProxyRange {
    fn schema_name() -> Cow<'static, str> {
        "ProxyRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "An IP address, or a range such as `10.0.0.0/8`." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> ProxyRange {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_a_range_of_one() {
        assert!(range("10.0.0.1").contains(ip("10.0.0.1")));
        assert!(!range("10.0.0.1").contains(ip("10.0.0.2")));
        assert!(range(" 2001:db8::1 ").contains(ip("2001:db8::1")));
        assert_eq!(range("10.0.0.1").to_string(), "10.0.0.1");
    }

    #[test]
    fn a_range_ends_where_its_prefix_says() {
        let net = range("10.1.2.3/8");
        assert_eq!(net.to_string(), "10.0.0.0/8");
        assert!(net.contains(ip("10.255.255.255")));
        assert!(!net.contains(ip("11.0.0.0")));
        let net = range("2001:db8::/64");
        assert!(net.contains(ip("2001:db8::ffff")));
        assert!(!net.contains(ip("2001:db8:0:1::")));
    }

    #[test]
    fn a_mapped_ipv4_address_is_that_ipv4_address_in_both_places() {
        assert!(range("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
        assert_eq!(range("::ffff:10.0.0.0/104"), range("10.0.0.0/8"));
        assert_eq!(range("::ffff:10.0.0.1"), range("10.0.0.1"));
        assert_eq!(range("::ffff:0:0/96"), range("0.0.0.0/0"));
        assert!(!range("::ffff:0:0/96").contains(ip("2001:db8::1")));
        // A wider range is one of IPv6, in which no IPv4 peer is.
        assert!(!range("::/0").contains(ip("10.0.0.1")));
    }

    #[test]
    fn what_is_no_address_and_no_range_says_what_was_expected() {
        for text in [
            "",
            "nginx",
            "10.0.0",
            "10.0.0.1:80",
            "10.0.0.*",
            "/8",
            "fe80::1%eth0",
        ] {
            assert_eq!(text.parse::<ProxyRange>(), Err(NoRange::Neither), "{text}");
        }
        for text in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/a",
            "10.0.0.0/8/8",
            "10.0.0.0/999",
        ] {
            assert_eq!(
                text.parse::<ProxyRange>(),
                Err(NoRange::Prefix(32)),
                "{text}"
            );
        }
        assert_eq!("::/129".parse::<ProxyRange>(), Err(NoRange::Prefix(128)));
    }

    #[test]
    fn ranges_of_everyone_and_of_this_machine_are_known() {
        assert!(range("0.0.0.0/0").is_everything() && range("::/0").is_everything());
        assert!(!range("0.0.0.0/1").is_everything());
        for own in ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "::1"] {
            assert!(range(own).has_loopback(), "{own}");
        }
        assert!(!range("10.0.0.0/8").has_loopback());
    }
}
