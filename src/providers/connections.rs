//! The pools of open connections, one for each place: kept from one configuration to the next for as long as somebody
//! calls that place. What a request carries is not theirs: a changed key goes over the connections that are there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::wire::Wire;

/// The connections to one place. Made at the first request: reading the machine's certificates takes longer than
/// everything else at start-up.
pub(super) type Pool = OnceLock<Wire>;

/// The pools of all places that are called. A clone is another handle.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<HashMap<Place, Weak<Pool>>>>);

/// What two providers must have in common to share their connections.
#[derive(PartialEq, Eq, Hash)]
struct Place {
    base_url: String,
    connect_limit: Duration,
}

impl Connections {
    /// The pool of this place: the one that is in use, or a new one.
    pub(super) fn to(&self, base_url: &str, connect_limit: Duration) -> Arc<Pool> {
        let place = Place {
            base_url: base_url.to_owned(),
            connect_limit,
        };
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&place).and_then(Weak::upgrade) {
            return pool;
        }
        pools.retain(|_, pool| pool.strong_count() > 0);
        let pool = Arc::new(Pool::new());
        pools.insert(place, Arc::downgrade(&pool));
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_place_has_one_pool_for_as_long_as_it_is_called() {
        let connections = Connections::default();
        let first = connections.to("http://a/v1", LIMIT);
        assert!(Arc::ptr_eq(&first, &connections.to("http://a/v1", LIMIT)));
        let others = [
            connections.to("http://b/v1", LIMIT),
            connections.to("http://a/v1", LIMIT * 2),
        ];
        assert!(others.iter().all(|other| !Arc::ptr_eq(&first, other)));
        drop((first, others));
        let _new = connections.to("http://c/v1", LIMIT);
        assert_eq!(connections.0.lock().unwrap().len(), 1);
    }
}
