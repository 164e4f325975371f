//! A way to the database on which things go wrong that a server alone does not do.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use super::*;

/// What goes wrong, as text that a message to the server holds. Each happens once.
#[derive(Default)]
pub struct Faults {
    /// The connection ends when the server has answered it, and the answer is lost.
    pub lost_reply: Option<&'static str>,
    /// It stays on its way until [`Relay::let_go`].
    pub held: Option<&'static str>,
}

pub struct Relay {
    port: u16,
    way: Arc<Way>,
}

struct Way {
    faults: Mutex<Faults>,
    /// Connections from before the last of these are silent: open, and nothing passes.
    hangs: watch::Sender<u32>,
    /// Whether a message is held, and then whether it may go on.
    holding: watch::Sender<Option<bool>>,
}

impl Relay {
    /// Ends with the test's runtime.
    pub async fn to(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Way {
            faults: Mutex::default(),
            hangs: watch::Sender::new(0),
            holding: watch::Sender::new(None),
        });
        let (socket, passing) = (database.socket(), Arc::clone(&way));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(Arc::clone(&passing).pass(client, server));
            }
        });
        Self { port, way }
    }

    pub fn store(&self, database: &Database, timing: Timing) -> PostgresStore {
        let (port, name) = (self.port, database.name());
        let url = format!("postgres://openclaw:not-a-secret@127.0.0.1:{port}/{name}");
        PostgresStore::new(&url, crate::sessions::MAX_QUEUED, timing).unwrap()
    }

    pub fn spoil(&self, faults: Faults) {
        *self.way.faults.lock().unwrap() = faults;
    }

    /// Nothing passes any more on the connections that there are; new ones work.
    pub fn hang(&self) {
        self.way.hangs.send_modify(|hangs| *hangs += 1);
    }

    /// Returns when a message is held.
    pub async fn holds(&self) {
        let mut holding = self.way.holding.subscribe();
        holding.wait_for(Option::is_some).await.unwrap();
    }

    /// Lets the message that is held go on, whoever sent it being there or not.
    pub fn let_go(&self) {
        self.way.holding.send_replace(Some(true));
    }
}

impl Way {
    async fn pass(self: Arc<Self>, mut client: TcpStream, mut server: UnixStream) {
        let mut hangs = self.hangs.subscribe();
        hangs.mark_unchanged();
        let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                biased;
                _ = hangs.changed() => std::future::pending().await,
                read = client.read(&mut asked) => {
                    let Ok(length @ 1..) = read else { return };
                    let message = &asked[..length];
                    let is_held = self.happens(message, |faults| &mut faults.held);
                    if is_held {
                        self.holding.send_replace(Some(false));
                        let mut holding = self.holding.subscribe();
                        holding.wait_for(|goes_on| *goes_on == Some(true)).await.unwrap();
                    }
                    if server.write_all(message).await.is_err() {
                        return;
                    }
                    if self.happens(message, |faults| &mut faults.lost_reply) {
                        let _ = server.read(&mut said).await;
                        return;
                    }
                    // Whoever sent it may have gone: the server answers all the same.
                    if is_held {
                        server.readable().await.unwrap();
                    }
                }
                read = server.read(&mut said) => {
                    let Ok(length @ 1..) = read else { return };
                    if client.write_all(&said[..length]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn happens(
        &self,
        message: &[u8],
        fault: impl Fn(&mut Faults) -> &mut Option<&'static str>,
    ) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let fault = fault(&mut faults);
        let is_in = |text: &mut &str| {
            message
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        fault.take_if(is_in).is_some()
    }
}
