//! A scripted model provider: listens on a port of its own, plays the answers it was given and keeps what it was sent.
//! What an answer is, `answer` says; how it looks on the wire, `wire`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::answer::Answer;
use super::ledger::Ledger;
use super::recorded::Recorded;
use super::waiting::{REAL_TIME, within};
use super::wire::{Connection, NoRequest, Played};

/// Connections that may wait to be accepted: a burst of a thousand clients fits.
const BACKLOG: u32 = 4096;

/// A provider on 127.0.0.1, alive until it is dropped. It runs beside the test's runtime, on real time: a test may pause
/// its clock or block its thread.
///
/// For each request it plays the answer of the last matching [`on`](Self::on), else the next one that was
/// [`push`](Self::push)ed, else the one for [`always`](Self::always), which is a 500 until it is set.
/// Dropping it fails the test if it was sent anything that is not HTTP/1.1, or if a computed answer panicked.
pub struct Scripted {
    port: u16,
    ledger: Arc<watch::Sender<Ledger>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// Starts a provider that accepts connections when this returns.
    pub async fn start() -> Self {
        let ledger = Arc::new(watch::Sender::new(Ledger::new()));
        let shared = Arc::clone(&ledger);
        let (ready, listening) = tokio::sync::oneshot::channel();
        // Ended by `Drop` or awaited by `stop`; its connections end with it.
        let serving = REAL_TIME.spawn(async move {
            let listener = listen();
            ready.send(listener.local_addr().unwrap().port()).unwrap();
            serve(listener, shared).await;
        });
        Self {
            port: listening.await.unwrap(),
            ledger,
            serving,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:<port>/v1`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Queues the answer to one request, first come first served.
    #[track_caller]
    pub fn push(&self, answer: Answer) {
        answer.check();
        self.ledger
            .send_modify(|ledger| ledger.queue.push_back(answer));
    }

    /// Sets the answer for when the queue is empty.
    #[track_caller]
    pub fn always(&self, answer: Answer) {
        answer.check();
        self.ledger.send_modify(|ledger| ledger.default = answer);
    }

    /// Sets the answer to every request whose path ends so (`/embeddings`); such a request takes nothing from the queue.
    #[track_caller]
    pub fn on(&self, path_suffix: &str, answer: Answer) {
        answer.check();
        self.ledger
            .send_modify(|ledger| ledger.routes.push((path_suffix.to_owned(), answer)));
    }

    /// Every request read so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.ledger.borrow().requests.clone()
    }

    /// The one request read so far.
    ///
    /// # Panics
    /// When there was none, or more than one.
    #[track_caller]
    pub fn only_request(&self) -> Recorded {
        let ledger = self.ledger.borrow();
        match ledger.requests.as_slice() {
            [only] => only.clone(),
            _ => panic!("expected one request; {}", ledger.story()),
        }
    }

    /// The first request that this did not give before, waiting for it if need be. It may not have been answered yet.
    pub async fn next_request(&self) -> Recorded {
        self.take("a request", Ledger::unseen).await
    }

    /// The request whose client closed the connection in the middle of the answer (one for each call), waiting for that.
    pub async fn hung_up(&self) -> Recorded {
        self.take("a client to hang up", |ledger| ledger.hung_up.pop_front())
            .await
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.ledger.borrow().connections
    }

    /// Closes every connection and the port: once this returns, connecting is refused.
    pub async fn stop(mut self) {
        self.serving.abort();
        // Its only end is the abort, or a panic that it has printed.
        let _ended = (&mut self.serving).await;
    }

    async fn take<T>(&self, what: &str, mut pick: impl FnMut(&mut Ledger) -> Option<T>) -> T {
        let mut changes = self.ledger.subscribe();
        let explain = || {
            let story = self.ledger.borrow().story();
            format!("the provider expected {what}; {story}")
        };
        let taken = async {
            loop {
                let mut taken = None;
                self.ledger.send_if_modified(|ledger| {
                    taken = pick(ledger);
                    false
                });
                if let Some(taken) = taken {
                    return taken;
                }
                let sound = self.ledger.borrow().faults.is_empty();
                assert!(sound, "{}", explain());
                let changed = changes.changed().await;
                changed.expect("this provider holds the sender");
            }
        };
        within(explain, taken).await
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
        let ledger = self.ledger.borrow();
        assert!(
            ledger.faults.is_empty() || std::thread::panicking(),
            "in the scripted provider: {}",
            ledger.faults.join("; ")
        );
    }
}

fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(BACKLOG).unwrap()
}

async fn serve(listener: TcpListener, ledger: Arc<watch::Sender<Ledger>>) {
    let mut conversations = JoinSet::new();
    for number in 0.. {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => return blame(&ledger, format!("no further connections: {error}")),
        };
        ledger.send_modify(|ledger| ledger.connections += 1);
        let ledger = Arc::clone(&ledger);
        // Ended with this set.
        conversations.spawn(async move {
            let mut connection = Connection::new(number, stream);
            if let Err(fault) = converse(&mut connection, &ledger).await {
                // Before the connection closes: a client that sees the end finds the fault noted.
                blame(&ledger, fault);
            }
        });
        while conversations.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection until it ends; the error is a fault that voids the test.
async fn converse(
    connection: &mut Connection,
    ledger: &watch::Sender<Ledger>,
) -> Result<(), String> {
    loop {
        let request = match connection.read_request().await {
            Ok(request) => request,
            Err(NoRequest::Left) => return Ok(()),
            Err(NoRequest::Malformed(what)) => return Err(format!("not HTTP/1.1: {what}")),
        };
        let mut admitted = None;
        ledger.send_modify(|ledger| admitted = Some(ledger.admit(&request)));
        let answer = admitted.expect("the closure was called");
        let steps = catch_unwind(AssertUnwindSafe(|| answer.compile(&request)))
            .map_err(|_| format!("the answer to {} panicked", request.path))?;
        match connection.play(steps).await {
            Played::KeepAlive => {}
            Played::Closed => return Ok(()),
            Played::HungUp => {
                ledger.send_modify(|ledger| ledger.hung_up.push_back(request));
                return Ok(());
            }
        }
    }
}

fn blame(ledger: &watch::Sender<Ledger>, fault: String) {
    ledger.send_modify(|ledger| ledger.faults.push(fault));
}
