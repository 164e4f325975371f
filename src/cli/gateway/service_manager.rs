//! What the server tells the service manager that started it (`sd_notify(3)`), where there is one: datagrams on a socket
//! that the environment names. A manager that does not listen never holds the server up.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use crate::config::Environment;

/// What the server needs to end once what ran is over, beside the time to drain.
const LAST_STEPS: Duration = Duration::from_secs(15);

/// The way to the service manager; without one nothing is said.
pub struct ServiceManager {
    socket: Option<Socket>,
    /// How long it waits for a sign of life before it takes the server for dead.
    watchdog: Option<Duration>,
    stopping: Cell<bool>,
}

impl ServiceManager {
    /// The one that these variables name. A name that is none is logged, and nothing is said.
    pub fn of(env: &Environment) -> Self {
        let connect = |name| {
            let socket = Socket::to(name);
            socket.inspect_err(|error| tracing::warn!(%error, "`NOTIFY_SOCKET` cannot be used"))
        };
        Self {
            socket: env.get("NOTIFY_SOCKET").and_then(|name| connect(name).ok()),
            watchdog: watchdog(env),
            stopping: Cell::new(false),
        }
    }

    /// The server takes requests, and how it is, in a line.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// The configuration is being read again; [`Self::ready`] ends that.
    pub fn reloading(&self) {
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_usec()));
    }

    /// The server ends, within `grace` and a moment. Nothing but signs of life follows.
    pub fn stopping(&self, grace: Duration) {
        let needed = grace.saturating_add(LAST_STEPS).as_micros();
        self.say(&format!(
            "STOPPING=1\nEXTEND_TIMEOUT_USEC={needed}\nSTATUS=stopping: what runs may finish"
        ));
        self.stopping.set(true);
    }

    /// Gives a sign of life twice in the time that the manager waits for one: when a task of its own had its turn, so
    /// that a server whose threads are all stuck is found out. Never ends; dropping it ends it.
    pub async fn give_signs_of_life(&self) -> Infallible {
        let Some(limit) = self.watchdog else {
            return pending().await;
        };
        let mut turns = tokio::time::interval(limit / 2);
        loop {
            turns.tick().await;
            // Awaited here; it does nothing but have its turn.
            if tokio::spawn(async {}).await.is_ok() {
                self.send("WATCHDOG=1");
            }
        }
    }

    fn say(&self, state: &str) {
        if !self.stopping.get() {
            self.send(state);
        }
    }

    fn send(&self, state: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(state)
        {
            tracing::warn!(%error, state, "the service manager was not told");
        }
    }
}

/// The wait for a sign of life, where it is this process that owes one.
fn watchdog(env: &Environment) -> Option<Duration> {
    let owed_by = env.get("WATCHDOG_PID");
    let is_ours = owed_by.is_none_or(|pid| pid == std::process::id().to_string());
    let limit = env.get("WATCHDOG_USEC")?.parse().ok()?;
    (is_ours && limit > 1).then(|| Duration::from_micros(limit))
}

#[cfg(target_os = "linux")]
fn monotonic_usec() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(not(target_os = "linux"))]
fn monotonic_usec() -> i64 {
    0
}

#[cfg(target_os = "linux")]
struct Socket {
    own: std::os::unix::net::UnixDatagram,
    manager: std::os::unix::net::SocketAddr,
}

#[cfg(target_os = "linux")]
impl Socket {
    fn to(name: &str) -> io::Result<Self> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let own = UnixDatagram::unbound()?;
        own.set_nonblocking(true)?;
        Ok(Self {
            own,
            // A name that begins with `@` is in the abstract name space.
            manager: match name.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name)?,
                None => SocketAddr::from_pathname(name)?,
            },
        })
    }

    fn send(&self, state: &str) -> io::Result<()> {
        let sent = self.own.send_to_addr(state.as_bytes(), &self.manager);
        sent.map(drop)
    }
}

/// There is no such manager elsewhere.
#[cfg(not(target_os = "linux"))]
struct Socket;

#[cfg(not(target_os = "linux"))]
impl Socket {
    fn to(_name: &str) -> io::Result<Self> {
        Ok(Self)
    }

    fn send(&self, _state: &str) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    fn env(variables: &[(&str, &str)]) -> Environment {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment::default().with_layer(variables.iter().map(pair))
    }

    /// A manager in the abstract name space, and the server's way to it.
    fn manager(more: &[(&str, &str)]) -> (UnixDatagram, ServiceManager) {
        let name = format!("openclaw-{}", uuid::Uuid::new_v4());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&address).unwrap();
        let socket = format!("@{name}");
        let variables = [&[("NOTIFY_SOCKET", socket.as_str())], more].concat();
        (listener, ServiceManager::of(&env(&variables)))
    }

    fn heard(listener: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let count = listener.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..count].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_at_a_path_is_told_when_the_server_is_ready() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager::of(&env(&[("NOTIFY_SOCKET", path.to_str().unwrap())]));
        manager.ready("listening");
        assert_eq!(heard(&listener), "READY=1\nSTATUS=listening");
    }

    #[test]
    fn after_the_stop_nothing_is_reloaded_or_ready_any_more() {
        let (listener, manager) = manager(&[]);
        manager.stopping(Duration::from_secs(30));
        manager.reloading();
        manager.ready("never");
        manager.send("END");
        assert_eq!(
            heard(&listener),
            "STOPPING=1\nEXTEND_TIMEOUT_USEC=45000000\nSTATUS=stopping: what runs may finish"
        );
        assert_eq!(heard(&listener), "END");
    }

    #[test]
    fn a_reload_carries_the_time_at_which_it_began_on_the_clock_that_never_goes_back() {
        let (listener, manager) = manager(&[]);
        let before = monotonic_usec();
        manager.reloading();
        let heard = heard(&listener);
        let began = heard.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        let began: i64 = began.parse().unwrap();
        assert!((before..=monotonic_usec()).contains(&began), "{heard}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_watchdog_gets_two_signs_of_life_in_its_time() {
        let (listener, manager) = manager(&[("WATCHDOG_USEC", "20000000")]);
        let signs = manager.give_signs_of_life();
        let limit = Duration::from_secs(39);
        assert!(tokio::time::timeout(limit, signs).await.is_err());
        listener.set_nonblocking(true).unwrap();
        let signs: Vec<String> = std::iter::from_fn(|| {
            let mut buffer = [0; 256];
            let count = listener.recv(&mut buffer).ok()?;
            Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
        })
        .collect();
        assert_eq!(signs, ["WATCHDOG=1"; 4]);
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let own = std::process::id().to_string();
        let limit = |pid| watchdog(&env(&[("WATCHDOG_USEC", "9"), ("WATCHDOG_PID", pid)]));
        assert_eq!(limit(&own), Some(Duration::from_micros(9)));
        assert_eq!(limit("1"), None);
        assert_eq!(watchdog(&env(&[("WATCHDOG_USEC", "soon")])), None);
    }
}
