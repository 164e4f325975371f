//! The spans that are open, and those that each thread is in. Entering one and leaving it takes no lock: it happens at every
//! poll of a request, and only a line that is logged meanwhile asks what the span says.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tracing::Metadata;
use tracing::span::Id;

thread_local! {
    /// The innermost is the last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// One span.
pub struct Span {
    pub metadata: &'static Metadata<'static>,
    /// The one around it.
    pub parent: Option<Arc<Self>>,
    /// Its fields, as each outlet writes them; nothing for one that does not take it.
    pub fields: Box<[Option<RwLock<Vec<u8>>>]>,
}

/// The open ones, by id.
#[derive(Default)]
pub struct Spans(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    /// An id is a place here, counted from one.
    all: Vec<Option<Open>>,
    free: Vec<usize>,
}

struct Open {
    span: Arc<Span>,
    handles: usize,
}

impl Spans {
    pub fn open(&self, span: Span) -> Id {
        let open = Open {
            span: Arc::new(span),
            handles: 1,
        };
        let mut slots = self.slots();
        let place = slots.free.pop().unwrap_or(slots.all.len());
        match slots.all.get_mut(place) {
            Some(slot) => *slot = Some(open),
            None => slots.all.push(Some(open)),
        }
        Id::from_u64(place as u64 + 1)
    }

    pub fn get(&self, id: &Id) -> Option<Arc<Span>> {
        let mut slots = self.slots();
        slots.at(id).map(|open| Arc::clone(&open.span))
    }

    /// One handle more.
    pub fn share(&self, id: &Id) {
        if let Some(open) = self.slots().at(id) {
            open.handles += 1;
        }
    }

    /// One handle less. True when it was the last: the span is gone.
    pub fn close(&self, id: &Id) -> bool {
        let mut slots = self.slots();
        let Some(open) = slots.at(id) else {
            return false;
        };
        open.handles -= 1;
        if open.handles > 0 {
            return false;
        }
        let gone = slots.all[place(id)].take();
        slots.free.push(place(id));
        drop(slots);
        // With the spans around it, where nothing else holds them.
        drop(gone);
        true
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn at(&mut self, id: &Id) -> Option<&mut Open> {
        self.all.get_mut(place(id))?.as_mut()
    }
}

fn place(id: &Id) -> usize {
    id.into_u64() as usize - 1
}

/// This thread is in it from now on.
pub fn enter(id: &Id) {
    entered(|entered| entered.push(id.clone()));
}

/// This thread is not in it any more, or once less.
pub fn exit(id: &Id) {
    entered(|entered| {
        if entered.pop_if(|last| last == id).is_some() {
            return;
        }
        if let Some(at) = entered.iter().rposition(|one| one == id) {
            entered.remove(at);
        }
    });
}

/// The innermost that this thread is in.
pub fn current() -> Option<Id> {
    entered(|entered| entered.last().cloned()).flatten()
}

/// `None` where the thread ends and its variables are gone: what logs then is in no span.
fn entered<T>(work: impl FnOnce(&mut Vec<Id>) -> T) -> Option<T> {
    let worked = ENTERED.try_with(|entered| work(&mut entered.borrow_mut()));
    worked.ok()
}
