//! Who listens on the port of the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::finding::Finding;
use crate::cli::gateway;
use crate::config::GatewayConfig;

const CHECK: &str = "gateway";

/// How long a step of the talk may take.
const PATIENCE: Duration = Duration::from_millis(500);

pub fn check(settings: &GatewayConfig) -> Option<Finding> {
    let address = gateway::at_home(settings).filter(|address| address.port() != 0)?;
    let port = address.port();
    Some(match listener(address) {
        Listener::Gateway => Finding::ok(CHECK, format!("a gateway answers on port {port}")),
        Listener::Nobody => {
            let message = format!("none runs on port {port}");
            Finding::ok(CHECK, message).remedy("openclaw gateway serve")
        }
        Listener::Other => {
            let message = format!(
                "port {port} is taken by another program, or by a gateway that does not answer"
            );
            Finding::warning(CHECK, message).remedy("stop it, or set `gateway.port`")
        }
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Listener {
    Gateway,
    Other,
    Nobody,
}

fn listener(address: SocketAddr) -> Listener {
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(stream) => match is_gateway(stream) {
            Ok(true) => Listener::Gateway,
            Ok(false) | Err(_) => Listener::Other,
        },
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Listener::Nobody,
        Err(_) => Listener::Other,
    }
}

/// Whether whoever listens says, at the place and in the words of a gateway, that it is well.
fn is_gateway(mut stream: TcpStream) -> std::io::Result<bool> {
    const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const MAX_BYTES: u64 = 4096;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut answer = String::new();
    stream.take(MAX_BYTES).read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\""))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_port_is_a_gateways_another_programs_or_nobodys() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let answers = [
            "HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}",
            "HTTP/1.1 404 Not Found\r\n\r\n",
        ];
        let served = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = taken.accept().unwrap();
                let mut request = [0; 512];
                let _read = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert_eq!(listener(address), Listener::Gateway);
        assert_eq!(listener(address), Listener::Other);
        served.join().unwrap();
        assert_eq!(listener(address), Listener::Nobody);
    }
}
