//! Which addresses belong to the public internet. Pure.
//!
//! After the IANA special-purpose registries for IPv4 and IPv6; IPv6 outside of `2000::/3` is not public at all, which
//! leaves out mapped and translated IPv4 (`::ffff:0:0/96`, `64:ff9b::/96`) with loopback, local and multicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public: address and length of the prefix.
#[rustfmt::skip]
const V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // metadata of one cloud, in public clothes
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local, and the metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // relays to IPv6
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(233, 252, 0, 0), 24),     // documentation
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved, broadcast
];

/// Networks within `2000::/3` that are not public.
#[rustfmt::skip]
const V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),          // protocol assignments, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),      // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),          // IPv4 in IPv6
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),  // sink of reverse lookups
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),          // documentation
];

/// Whether the address is one of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let is_in = |(network, length): &(Ipv4Addr, u32)| {
                (bits ^ network.to_bits()).leading_zeros() >= *length
            };
            !V4.iter().any(is_in)
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let is_in = |(network, length): &(Ipv6Addr, u32)| {
                (bits ^ network.to_bits()).leading_zeros() >= *length
            };
            bits >> 125 == 1 && !V6.iter().any(is_in)
        }
    }
}
