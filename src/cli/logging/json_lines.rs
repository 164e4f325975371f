//! Log lines for machines: one JSON object an event, `{"timestamp","level","fields","span","target"}`; `span` holds
//! the fields of the span that it happened in, where there is one.

use std::fmt::Debug;

use jiff::Timestamp;
use tracing::Event;
use tracing::field::{Field, Visit};

use super::clock;
use super::journal::{Form, Scope};
use super::lines::Lines;
use crate::json;

/// The target of the lines that every request leaves.
const ACCESS: &str = "openclaw::access";

/// Room for what most lines are, in bytes.
const USUAL_BYTES: usize = 1 << 10;
/// Room for what most spans say, in bytes.
const USUAL_SPAN_BYTES: usize = 128;

/// Writes events as they come.
pub struct JsonLines(pub Lines);

impl Form for JsonLines {
    fn fields(&self, record: &dyn Fn(&mut dyn Visit)) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL_SPAN_BYTES);
        members(&mut out, |fields| record(fields));
        out
    }

    /// An object is whole once it is written: what comes later is not in it.
    fn more_fields(&self, _: &mut Vec<u8>, _: Vec<u8>) {}

    fn line(&self, event: &Event<'_>, scope: Scope<'_>) {
        let line = line(event, Timestamp::now(), scope);
        match event.metadata().target() {
            ACCESS => self.0.hold(&line),
            _ => self.0.write(&line),
        }
    }
}

fn line(event: &Event<'_>, now: Timestamp, mut scope: Scope<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    out.extend_from_slice(b"{\"timestamp\":\"");
    clock::write(&mut out, now);
    out.extend_from_slice(b"\",\"level\":\"");
    out.extend_from_slice(event.metadata().level().as_str().as_bytes());
    out.extend_from_slice(b"\",\"fields\":");
    members(&mut out, |fields| event.record(fields));
    if let Some((_, fields)) = scope.next() {
        out.extend_from_slice(b",\"span\":");
        out.extend_from_slice(&fields);
    }
    // As the names of fields: there is nothing in it to escape.
    out.extend_from_slice(b",\"target\":\"");
    out.extend_from_slice(event.metadata().target().as_bytes());
    out.extend_from_slice(b"\"}\n");
    out
}

/// An object of what `record` visits.
fn members(out: &mut Vec<u8>, record: impl FnOnce(&mut Fields<'_>)) {
    let mut fields = Fields { out, before: b'{' };
    record(&mut fields);
    let is_empty = fields.before == b'{';
    out.extend_from_slice(if is_empty { b"{}" } else { b"}" });
}

/// The members of `fields`.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    /// What stands before the next member.
    before: u8,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> &mut Vec<u8> {
        self.out.extend_from_slice(&[self.before, b'"']);
        self.before = b',';
        // A word of some code: there is nothing in it to escape.
        self.out.extend_from_slice(field.name().as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        json::string(self.name(field), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        json::string(self.name(field), &format!("{value:?}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        json::value(self.name(field), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        json::value(self.name(field), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        json::value(self.name(field), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        json::value(self.name(field), &value);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::filter::Targets;

    use super::super::journal::{Journal, Outlet};
    use super::super::redaction::Redaction;
    use super::super::threshold::Threshold;
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> Vec<Value> {
        logged_at(
            &Threshold::new(Targets::new().with_default(LevelFilter::TRACE)),
            work,
        )
    }

    fn logged_at(threshold: &Threshold, work: impl FnOnce()) -> Vec<Value> {
        let written = Out::default();
        let lines = Lines::new(written.clone(), Redaction::default());
        let journal = Journal::new(vec![Outlet {
            takes: threshold.clone(),
            form: Box::new(JsonLines(lines.clone())),
        }]);
        tracing::subscriber::with_default(journal, work);
        lines.flush();
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn every_kind_of_field_has_its_json_form() {
        let mut lines = logged(|| {
            let absent: Option<u64> = None;
            tracing::warn!(target: "t", text = "a\"b\n", shown = %'x', told = ?Some(1), count = 2_u64, below = -3, part = 0.5, yes = true, absent, "said {}", 1);
        });
        let mut line = lines.remove(0);
        let timestamp = line["timestamp"].take();
        let timestamp: Timestamp = timestamp.as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(timestamp).as_secs() < 60);
        assert_eq!(
            line,
            json!({
                "timestamp": null, "level": "WARN", "target": "t",
                "fields": { "message": "said 1", "text": "a\"b\n", "shown": "x", "told": "Some(1)", "count": 2, "below": -3, "part": 0.5, "yes": true },
            })
        );
    }

    #[test]
    fn a_line_that_is_logged_in_a_span_has_its_fields() {
        let lines = logged(|| {
            let span = tracing::error_span!("request", request_id = "r-\"1");
            span.in_scope(|| tracing::warn!("in it"));
            tracing::warn!("outside");
        });
        assert_eq!(lines[0]["span"], json!({ "request_id": "r-\"1" }));
        assert_eq!(lines[1].get("span"), None);
    }

    #[test]
    fn a_threshold_changes_while_it_is_in_use_and_leaves_every_line_its_request() {
        let threshold = Threshold::new("openclaw::gateway=warn".parse().unwrap());
        let lines = logged_at(&threshold, || {
            let span = tracing::error_span!(target: "openclaw::server", "request", request_id = 1);
            let _of_the_request = span.enter();
            for filter in ["openclaw::gateway=warn", "off", "openclaw=info"] {
                threshold.replace(filter.parse().unwrap());
                tracing::warn!(target: "openclaw::gateway", filter);
                tracing::info!(target: "openclaw::server", filter);
            }
        });
        let seen = lines.iter().map(|line| {
            let (filter, id) = (&line["fields"]["filter"], &line["span"]["request_id"]);
            json!([line["target"], filter, id])
        });
        let expected = [
            json!(["openclaw::gateway", "openclaw::gateway=warn", 1]),
            json!(["openclaw::gateway", "openclaw=info", 1]),
            json!(["openclaw::server", "openclaw=info", 1]),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_of_the_access_log_is_held_and_keeps_its_place() {
        let lines = logged(|| {
            tracing::info!(target: ACCESS, n = 1);
            tracing::info!(target: "other", n = 2);
            tracing::info!(target: ACCESS, n = 3);
        });
        let order: Vec<u64> = lines
            .iter()
            .map(|line| line["fields"]["n"].as_u64().unwrap())
            .collect();
        assert_eq!(order, [1, 2, 3]);
    }
}
