//! What a crash left is tidied up.

use super::*;
use crate::sessions::PruneMode;

#[tokio::test]
async fn turns_that_a_crash_left_of_deleted_sessions_are_cleared_away() {
    let folder = folder();
    let store = open(&folder);
    post(&store, &session("one"), "a").await.unwrap();
    let crash = |connection: &Connection| turns::delete(connection, &session("one"));
    assert_eq!(
        store.0.writer.write(Durability::Machine, crash).await,
        Ok(true)
    );
    assert_eq!((rows(&folder, "turn"), rows(&folder, "discarded")), (1, 1));
    let policy = PrunePolicy {
        mode: PruneMode::Enforce,
        ..PrunePolicy::default()
    };
    store.prune(policy).await.unwrap();
    assert_eq!((rows(&folder, "turn"), rows(&folder, "discarded")), (0, 0));
}
