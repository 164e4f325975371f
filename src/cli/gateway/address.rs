//! From a bind mode to the address that is listened on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use crate::cli::CliError;
use crate::config::BindMode;

/// The address of a mode; `custom` is that of `BindMode::Custom`.
///
/// # Errors
/// A custom mode without its host, or a tailnet that this machine is not in.
pub fn of(mode: BindMode, custom: Option<&str>) -> Result<IpAddr, CliError> {
    match mode {
        BindMode::Auto | BindMode::Loopback => Ok(Ipv4Addr::LOCALHOST.into()),
        BindMode::Lan => Ok(Ipv4Addr::UNSPECIFIED.into()),
        BindMode::Tailnet => tailnet().map(IpAddr::V4).ok_or_else(|| {
            let why = "`bind` is `tailnet`, and this machine has no address in 100.64.0.0/10: is Tailscale running?";
            CliError::Misconfigured(why.to_owned())
        }),
        BindMode::Custom => host(custom.unwrap_or_default()),
    }
}

fn host(name: &str) -> Result<IpAddr, CliError> {
    if name.is_empty() {
        let why = "`bind` is `custom`: set `gateway.customBindHost` to the address to listen on";
        return Err(CliError::Misconfigured(why.to_owned()));
    }
    let found = (name, 0)
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    let unknown = || {
        CliError::Misconfigured(format!(
            "`gateway.customBindHost`: `{name}` is no address of this machine"
        ))
    };
    found.map(|address| address.ip()).ok_or_else(unknown)
}

/// Our own address on the way to the tailnet's name server. Connecting a UDP socket sends nothing.
fn tailnet() -> Option<Ipv4Addr> {
    const NAME_SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(100, 100, 100, 100), 53);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(NAME_SERVER).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(own) => Some(*own.ip()).filter(|ip| is_tailnet(*ip)),
        SocketAddr::V6(_) => None,
    }
}

/// 100.64.0.0/10.
fn is_tailnet(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    a == 100 && (64..128).contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_has_its_address() {
        assert_eq!(
            of(BindMode::Auto, None).unwrap(),
            IpAddr::from([127, 0, 0, 1])
        );
        assert_eq!(of(BindMode::Lan, None).unwrap(), IpAddr::from([0, 0, 0, 0]));
        assert_eq!(
            of(BindMode::Custom, Some("::1")).unwrap(),
            IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])
        );
    }

    #[test]
    fn a_custom_bind_needs_its_host() {
        let error = of(BindMode::Custom, None).unwrap_err().to_string();
        assert_eq!(
            error,
            "`bind` is `custom`: set `gateway.customBindHost` to the address to listen on"
        );
    }

    #[test]
    fn the_tailnet_ends_where_it_ends() {
        let inside = [[100, 64, 0, 1], [100, 127, 255, 255]].map(Ipv4Addr::from);
        let outside = [[100, 63, 255, 255], [100, 128, 0, 0], [10, 0, 0, 1]].map(Ipv4Addr::from);
        assert!(inside.into_iter().all(is_tailnet));
        assert!(!outside.into_iter().any(is_tailnet));
    }
}
