//! Everything that is logged comes here, with the span that it happened in, and goes on to the outlets that take it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tracing::field::Visit;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use super::spans::{self, Span, Spans};
use super::threshold::Threshold;

/// How an outlet writes.
pub trait Form: Send + Sync {
    /// What the fields of a span come to, which `record` shows.
    fn fields(&self, record: &dyn Fn(&mut dyn Visit)) -> Vec<u8>;
    /// Fields that a span got later; `said` is what they join.
    fn more_fields(&self, said: &mut Vec<u8>, more: Vec<u8>);
    /// Writes a line.
    fn line(&self, event: &Event<'_>, scope: Scope<'_>);
}

/// One place that lines go to.
pub struct Outlet {
    /// Which.
    pub takes: Threshold,
    pub form: Box<dyn Form>,
}

/// The spans that a line is logged in, as far as its outlet takes them: their names and fields, the innermost first.
pub struct Scope<'a> {
    next: Option<&'a Span>,
    outlet: usize,
}

impl<'a> Iterator for Scope<'a> {
    type Item = (&'static str, RwLockReadGuard<'a, Vec<u8>>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(span) = self.next {
            self.next = span.parent.as_deref();
            if let Some(fields) = &span.fields[self.outlet] {
                let fields = fields.read().unwrap_or_else(PoisonError::into_inner);
                return Some((span.metadata.name(), fields));
            }
        }
        None
    }
}

/// The one subscriber of the process.
pub struct Journal {
    outlets: Vec<Outlet>,
    spans: Spans,
}

impl Journal {
    pub fn new(outlets: Vec<Outlet>) -> Self {
        Self {
            outlets,
            spans: Spans::default(),
        }
    }

    fn current(&self) -> Option<Arc<Span>> {
        self.spans.get(&spans::current()?)
    }
}

impl Subscriber for Journal {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self
            .outlets
            .iter()
            .any(|outlet| outlet.takes.takes(metadata))
        {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    /// Asked only where there are other subscribers; each outlet is asked again in any case.
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let levels = self.outlets.iter().map(|outlet| outlet.takes.max_level());
        levels.max()
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        let parent = match attributes.parent() {
            Some(parent) => self.spans.get(parent),
            None if attributes.is_root() => None,
            None => self.current(),
        };
        let fields = self.outlets.iter().map(|outlet| {
            let taken = outlet.takes.takes(metadata);
            taken.then(|| RwLock::new(outlet.form.fields(&|visit| attributes.record(visit))))
        });
        self.spans.open(Span {
            metadata,
            parent,
            fields: fields.collect(),
        })
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let Some(span) = self.spans.get(id) else {
            return;
        };
        for (outlet, said) in self.outlets.iter().zip(&span.fields) {
            if let Some(said) = said {
                // Before the lock: what is recorded may log as well.
                let more = outlet.form.fields(&|visit| values.record(visit));
                let mut said = said.write().unwrap_or_else(PoisonError::into_inner);
                outlet.form.more_fields(&mut said, more);
            }
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let span = match event.parent() {
            Some(parent) => self.spans.get(parent),
            None if event.is_root() => None,
            None => self.current(),
        };
        for (place, outlet) in self.outlets.iter().enumerate() {
            if outlet.takes.takes(event.metadata()) {
                let scope = Scope {
                    next: span.as_deref(),
                    outlet: place,
                };
                outlet.form.line(event, scope);
            }
        }
    }

    fn enter(&self, id: &Id) {
        spans::enter(id);
    }

    fn exit(&self, id: &Id) {
        spans::exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.spans.share(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.spans.close(&id)
    }

    fn current_span(&self) -> Current {
        let current = spans::current().and_then(|id| {
            let metadata = self.spans.get(&id)?.metadata;
            Some(Current::new(id, metadata))
        });
        current.unwrap_or_else(Current::none)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    /// Keeps, for each line, its place in the code and the fields around it.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<(u64, String)>>>);

    struct One<'a>(&'a mut u64);

    impl Visit for One<'_> {
        fn record_u64(&mut self, _: &tracing::field::Field, value: u64) {
            *self.0 = value;
        }

        fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
    }

    impl Form for Kept {
        fn fields(&self, record: &dyn Fn(&mut dyn Visit)) -> Vec<u8> {
            let mut number = 0;
            record(&mut One(&mut number));
            number.to_string().into_bytes()
        }

        fn more_fields(&self, said: &mut Vec<u8>, more: Vec<u8>) {
            said.extend(more);
        }

        fn line(&self, event: &Event<'_>, scope: Scope<'_>) {
            let mut number = 0;
            event.record(&mut One(&mut number));
            let scope =
                scope.map(|(name, fields)| format!("{name} {}", String::from_utf8_lossy(&fields)));
            let scope = scope.collect::<Vec<_>>().join(", ");
            self.0.lock().unwrap().push((number, scope));
        }
    }

    /// What outlets with these filters keep.
    fn kept<const N: usize>(filters: [&str; N], work: impl FnOnce()) -> [Vec<(u64, String)>; N] {
        let all = filters.map(|_| Kept::default());
        let outlets = filters.iter().zip(&all).map(|(filter, kept)| Outlet {
            takes: Threshold::new(filter.parse().unwrap()),
            form: Box::new(kept.clone()),
        });
        tracing::subscriber::with_default(Journal::new(outlets.collect()), work);
        all.map(|kept| std::mem::take(&mut *kept.0.lock().unwrap()))
    }

    fn lines<const N: usize>(lines: [(u64, &str); N]) -> Vec<(u64, String)> {
        lines.map(|(line, scope)| (line, scope.to_owned())).into()
    }

    #[test]
    fn a_line_is_in_the_spans_that_its_outlet_takes() {
        let [few, all] = kept(["openclaw=info", "trace"], || {
            let request = tracing::error_span!(target: "openclaw::server", "request", n = 1_u64);
            let _in_it = request.enter();
            let inner = tracing::info_span!(target: "h2", "inner", n = 2_u64);
            inner.in_scope(|| tracing::info!(target: "openclaw::gateway", n = 3_u64));
            inner.in_scope(|| tracing::info!(target: "h2", n = 4_u64));
            inner.in_scope(|| tracing::info!(target: "openclaw", parent: None, n = 5_u64));
            tracing::info!(target: "openclaw", parent: &inner, n = 6_u64);
            tracing::debug!(target: "openclaw", n = 7_u64);
        });
        assert_eq!(few, lines([(3, "request 1"), (5, ""), (6, "request 1")]));
        let inner = "inner 2, request 1";
        let expected = [
            (3, inner),
            (4, inner),
            (5, ""),
            (6, inner),
            (7, "request 1"),
        ];
        assert_eq!(all, lines(expected));
    }

    #[test]
    fn a_span_is_entered_by_several_threads_and_outlives_its_first_handle() {
        let [kept] = kept(["trace"], || {
            let span = tracing::info_span!("first", n = 1_u64);
            let inner = tracing::info_span!(parent: &span, "inner", n = 2_u64);
            let other = span.clone();
            drop(span);
            other.in_scope(|| {
                let journal = tracing::dispatcher::get_default(Clone::clone);
                let asked = tracing::Span::current();
                let work = move || {
                    tracing::dispatcher::with_default(&journal, || {
                        tracing::info!(n = 3_u64);
                        asked.in_scope(|| tracing::info!(n = 4_u64));
                        tracing::info!(n = 5_u64);
                    })
                };
                thread::spawn(work).join().unwrap();
            });
            drop(other);
            // Its place is another's now.
            let next = tracing::info_span!("next", n = 6_u64);
            inner.in_scope(|| tracing::info!(n = 7_u64));
            next.in_scope(|| next.in_scope(|| tracing::info!(n = 8_u64)));
            tracing::info!(n = 9_u64);
        });
        let expected = [
            (3, ""),
            (4, "first 1"),
            (5, ""),
            (7, "inner 2, first 1"),
            (8, "next 6"),
            (9, ""),
        ];
        assert_eq!(kept, lines(expected));
    }

    #[test]
    fn guards_that_are_dropped_out_of_order_leave_the_thread_where_it_is() {
        let [kept] = kept(["trace"], || {
            let first = tracing::info_span!("first", n = 1_u64);
            let second = tracing::info_span!(parent: None, "second", n = 2_u64);
            let (in_first, in_second) = (first.enter(), second.enter());
            drop(in_first);
            tracing::info!(n = 3_u64);
            drop(in_second);
            tracing::info!(n = 4_u64);
        });
        assert_eq!(kept, lines([(3, "second 2"), (4, "")]));
    }
}
