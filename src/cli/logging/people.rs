//! Log lines for people: `time LEVEL request{request_id="1"}: message field=1`, as `tracing_subscriber` lays them out.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::clock;
use super::journal::{Form, Scope};

const BOLD: &str = "\x1b[1m";
const DIMMED: &str = "\x1b[2m";
const ITALIC: &str = "\x1b[3m";
const RESET: &str = "\x1b[0m";

/// How much a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// No time; where it happened by name, with its fields at the end.
    Short,
    /// The same with the time.
    Compact,
    /// The time, and each span with its fields.
    Full,
}

/// Writes events as they come.
pub struct People<W> {
    pub layout: Layout,
    pub colour: bool,
    /// Takes a whole line.
    pub write: W,
}

impl<W: Fn(&str) + Send + Sync> Form for People<W> {
    fn fields(&self, record: &dyn Fn(&mut dyn Visit)) -> Vec<u8> {
        let mut text = String::new();
        record(&mut Fields::new(&mut text, self.colour));
        text.into_bytes()
    }

    fn more_fields(&self, said: &mut Vec<u8>, more: Vec<u8>) {
        if !said.is_empty() {
            said.push(b' ');
        }
        said.extend(more);
    }

    fn line(&self, event: &Event<'_>, scope: Scope<'_>) {
        let text = |fields: &Vec<u8>| String::from_utf8_lossy(fields).into_owned();
        let spans = scope.map(|(name, fields)| (name, text(&fields)));
        let mut spans: Vec<(&str, String)> = spans.collect();
        spans.reverse();
        let mut line = self.head(event.metadata().level());
        match self.layout {
            Layout::Full => self.spans(&mut line, &spans),
            Layout::Short | Layout::Compact => self.names(&mut line, &spans),
        }
        event.record(&mut Fields::new(&mut line, self.colour));
        if self.layout != Layout::Full {
            for (_, fields) in spans.iter().filter(|(_, fields)| !fields.is_empty()) {
                line.push(' ');
                paint(&mut line, self.style(DIMMED), fields);
            }
        }
        line.push('\n');
        (self.write)(&line);
    }
}

impl<W> People<W> {
    fn head(&self, level: &Level) -> String {
        let (name, colour) = match *level {
            Level::TRACE => ("TRACE", "\x1b[35m"),
            Level::DEBUG => ("DEBUG", "\x1b[34m"),
            Level::INFO => (" INFO", "\x1b[32m"),
            Level::WARN => (" WARN", "\x1b[33m"),
            Level::ERROR => ("ERROR", "\x1b[31m"),
        };
        let mut line = String::new();
        if self.layout != Layout::Short {
            let mut time = Vec::new();
            clock::write(&mut time, Timestamp::now());
            let time = String::from_utf8(time).expect("digits are text");
            paint(&mut line, self.style(DIMMED), &time);
            line.push(' ');
        }
        paint(&mut line, self.style(colour), name);
        line.push(' ');
        line
    }

    fn spans(&self, line: &mut String, spans: &[(&str, String)]) {
        let bold = self.style(BOLD);
        for (name, fields) in spans {
            paint(line, bold, name);
            if !fields.is_empty() {
                paint(line, bold, "{");
                line.push_str(fields);
                paint(line, bold, "}");
            }
            paint(line, self.style(DIMMED), ":");
        }
        if !spans.is_empty() {
            line.push(' ');
        }
    }

    fn names(&self, line: &mut String, spans: &[(&str, String)]) {
        for (name, _) in spans {
            paint(line, self.style(BOLD), name);
            line.push(':');
        }
        if !spans.is_empty() {
            line.push(' ');
        }
    }

    fn style(&self, style: &'static str) -> &'static str {
        if self.colour { style } else { "" }
    }
}

/// In this style; as it is where there is none.
fn paint(line: &mut String, style: &str, text: &str) {
    line.push_str(style);
    line.push_str(text);
    if !style.is_empty() {
        line.push_str(RESET);
    }
}

/// `message name=value`, and what stands between them.
struct Fields<'a> {
    out: &'a mut String,
    colour: bool,
    is_first: bool,
}

impl<'a> Fields<'a> {
    fn new(out: &'a mut String, colour: bool) -> Self {
        Self {
            out,
            colour,
            is_first: true,
        }
    }

    fn name(&self, out: &mut String, pieces: &[&str]) {
        let (italic, dimmed) = match self.colour {
            true => (ITALIC, DIMMED),
            false => ("", ""),
        };
        pieces.iter().for_each(|piece| paint(out, italic, piece));
        paint(out, dimmed, "=");
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.record_debug(field, &format_args!("{value}")),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let mut text = escaped(format_args!("{error}"));
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(escaped(format_args!("{cause}")));
            next = cause.source();
        }
        if !causes.is_empty() {
            text.push(' ');
            self.name(&mut text, &[field.name(), ".sources"]);
            push(&mut text, format_args!("[{}]", causes.join(", ")));
        }
        self.record_debug(field, &format_args!("{text}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        match field.name() {
            "message" => text = escaped(format_args!("{value:?}")),
            name => {
                self.name(&mut text, &[name.strip_prefix("r#").unwrap_or(name)]);
                push(&mut text, format_args!("{value:?}"));
            }
        }
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(' ');
        }
        self.out.push_str(&text);
    }
}

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    // What cannot say what it is has said what it could.
    let _said = out.write_fmt(text);
}

/// The text without what a terminal would obey.
fn escaped(text: fmt::Arguments<'_>) -> String {
    let mut plain = String::new();
    push(&mut plain, text);
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '\x07' | '\x08' | '\x0c' | '\x1b' | '\x7f' => {
                push(&mut out, format_args!("\\x{:02x}", u32::from(c)));
            }
            '\u{80}'..='\u{9f}' => push(&mut out, format_args!("\\u{{{:x}}}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing::Subscriber;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::filter::Targets;

    use super::super::journal::{Journal, Outlet};
    use super::super::threshold::Threshold;
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<String>>);

    impl io::Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .unwrap()
                .push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of everything that can be in a line, without their times.
    fn logged(subscriber: impl Subscriber + Send + Sync, out: &Out) -> Vec<String> {
        #[derive(Debug, thiserror::Error)]
        #[error("it broke\x1b[31m")]
        struct Broken(#[source] io::Error);

        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("plain");
            let broken = Broken(io::Error::other("at the \x07 root"));
            let (alone, broken) = (io::Error::other("alone"), &broken as &(dyn Error + 'static));
            let alone = &alone as &(dyn Error + 'static);
            let (absent, text) = (None::<u64>, "a\"b\n\x1b[0m");
            tracing::trace!(text, shown = %'x', told = ?Some(1), count = 2, part = 0.5, absent, r#type = true, "said {}", 1);
            tracing::debug!(message = "\x1b[31mred\u{9b}", broken, alone);
            let request =
                tracing::error_span!("request", request_id = "r-1", later = tracing::field::Empty);
            let _in_it = request.enter();
            let empty = tracing::error_span!("empty", late = tracing::field::Empty);
            tracing::warn!(only = "fields");
            empty.in_scope(|| tracing::error!("in both"));
            request.record("later", 1);
            empty.record("late", "now");
            empty.in_scope(|| tracing::error!(parent: &request, "in one"));
            empty.in_scope(|| tracing::error!("in both"));
        });
        let text = std::mem::take(&mut *out.0.lock().unwrap());
        text.lines().map(without_time).collect()
    }

    fn without_time(line: &str) -> String {
        const LENGTH: usize = "2024-02-29T23:59:59.000001Z".len();
        match line.split_once('Z') {
            Some((before, after)) if before.ends_with(|c: char| c.is_ascii_digit()) => {
                let kept = before.len() + 1 - LENGTH;
                format!("{}(time){after}", &before[..kept])
            }
            _ => line.to_owned(),
        }
    }

    #[test]
    fn a_line_is_laid_out_as_other_programs_do() {
        for (layout, colour) in [
            (Layout::Short, false),
            (Layout::Short, true),
            (Layout::Compact, false),
            (Layout::Compact, true),
            (Layout::Full, false),
            (Layout::Full, true),
        ] {
            let out = Out::default();
            let writer = out.clone();
            let theirs = tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_writer(move || writer.clone())
                .with_target(false)
                .with_ansi(colour);
            let theirs = match layout {
                Layout::Short => logged(theirs.compact().without_time().finish(), &out),
                Layout::Compact => logged(theirs.compact().finish(), &out),
                Layout::Full => logged(theirs.finish(), &out),
            };
            let writer = out.clone();
            let write = move |line: &str| writer.0.lock().unwrap().push_str(line);
            let everything = Targets::new().with_default(LevelFilter::TRACE);
            let journal = Journal::new(vec![Outlet {
                takes: Threshold::new(everything),
                form: Box::new(People {
                    layout,
                    colour,
                    write,
                }),
            }]);
            assert_eq!(
                logged(journal, &out),
                theirs,
                "{layout:?}, colour: {colour}"
            );
        }
    }
}
