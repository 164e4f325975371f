//! Lines on stderr. Those that every request leaves are held for a moment and written together by a thread of their
//! own, so that no request waits for a write; any other line is written at once, after those that are held.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::redaction::Redaction;
use crate::cli::tame::tamed;

/// How long a line is held at most.
const MOMENT: Duration = Duration::from_millis(20);
/// What is held at most, in bytes. Lines beyond that are dropped, and their number is told.
const MAX_HELD_BYTES: usize = 1 << 20;
/// Bytes that are looked at together.
const RUN_BYTES: usize = 64;

/// Where lines go. A clone is another handle.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

struct Shared {
    held: Mutex<Held>,
    /// Notified when the first line is held.
    begun: Condvar,
    /// Locked first: what was held earlier is written earlier.
    out: Mutex<Out>,
    secrets: Redaction,
}

struct Out {
    to: Box<dyn Write + Send>,
    /// Empty, to be filled next. Under load half a megabyte is held at a time: made anew each time, it would cost four in
    /// memory.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Lines {
    /// `secrets` are taken out of what is written.
    pub fn new(out: impl Write + Send + 'static, secrets: Redaction) -> Self {
        Self(Arc::new(Shared {
            secrets,
            held: Mutex::default(),
            begun: Condvar::new(),
            out: Mutex::new(Out {
                to: Box::new(out),
                spare: Vec::new(),
            }),
        }))
    }

    /// Starts the thread that writes what is held. It ends with the process; what it has not written by then is
    /// [`Self::flush`]ed by whoever ends the process.
    pub fn write_behind(&self) -> io::Result<()> {
        let lines = self.clone();
        let work = move || loop {
            lines.await_first();
            thread::sleep(MOMENT);
            lines.flush();
        };
        thread::Builder::new().name("log".to_owned()).spawn(work)?;
        Ok(())
    }

    /// Takes a line to be written soon.
    pub fn hold(&self, line: &[u8]) {
        let mut held = self.held();
        if held.bytes.len() + line.len() > MAX_HELD_BYTES {
            held.dropped += 1;
            return;
        }
        let is_first = held.bytes.is_empty();
        held.bytes.extend_from_slice(line);
        drop(held);
        if is_first {
            self.0.begun.notify_one();
        }
    }

    /// Writes a line now, after those that are held.
    pub fn write(&self, line: &[u8]) {
        self.put_out(line);
    }

    /// Writes what is held.
    pub fn flush(&self) {
        self.put_out(&[]);
    }

    fn put_out(&self, line: &[u8]) {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Held {
            bytes: std::mem::take(&mut out.spare),
            dropped: 0,
        };
        let Held { mut bytes, dropped } = std::mem::replace(&mut *self.held(), next);
        let note = match dropped {
            0 => Vec::new(),
            dropped => format!("{{\"level\":\"WARN\",\"fields\":{{\"message\":\"lines of the access log were dropped\",\"count\":{dropped}}}}}\n").into_bytes(),
        };
        for piece in [&bytes[..], &note, line] {
            let text = match str::from_utf8(piece) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(piece),
            };
            let text = self.0.secrets.redact(&text);
            // What JSON lines nearly always are needs no closer look.
            let text = match text.as_bytes().chunks(RUN_BYTES).all(is_plain) {
                true => text,
                false => tamed(&text, false).into_owned().into(),
            };
            // Nobody is left to tell when the log cannot be written.
            let _ = out.to.write_all(text.as_bytes());
        }
        bytes.clear();
        out.spare = bytes;
    }

    fn await_first(&self) {
        let is_empty = |held: &mut Held| held.bytes.is_empty();
        drop(self.0.begun.wait_while(self.held(), is_empty));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is nothing in it but visible ASCII and the ends of lines.
fn is_plain(run: &[u8]) -> bool {
    // Without an early end in the run, so that its bytes are compared all at once.
    let plain = |byte: u8| matches!(byte, b'\n' | b' '..=b'~');
    run.iter().fold(true, |all, byte| all & plain(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn a_line_that_is_written_now_comes_after_those_that_are_held() {
        let written = Written::default();
        let lines = Lines::new(written.clone(), Redaction::default());
        lines.hold(b"a\n");
        lines.hold(b"b\n");
        assert_eq!(written.text(), "");
        lines.write(b"c\n");
        assert_eq!(written.text(), "a\nb\nc\n");
    }

    #[test]
    fn what_is_held_is_written_once() {
        let written = Written::default();
        let lines = Lines::new(written.clone(), Redaction::default());
        for line in [b"a\n", b"b\n", b"c\n", b"d\n"] {
            lines.hold(line);
            lines.flush();
        }
        lines.flush();
        assert_eq!(written.text(), "a\nb\nc\nd\n");
    }

    #[test]
    fn lines_beyond_what_can_be_held_are_dropped_and_counted() {
        let written = Written::default();
        let lines = Lines::new(written.clone(), Redaction::default());
        let line = [b'x'; 1 << 10];
        for _ in 0..(MAX_HELD_BYTES >> 10) + 3 {
            lines.hold(&line);
        }
        lines.flush();
        let text = written.text();
        assert!(
            text.ends_with("\"count\":3}}\n"),
            "{}",
            &text[text.len() - 200..]
        );
        assert_eq!(text.find('{'), Some(MAX_HELD_BYTES));
        lines.hold(b"again\n");
        lines.flush();
        assert!(written.text().ends_with("}}\nagain\n"));
    }
}
