//! What the run behind a request cost: written down where the run ends, read where the request is logged.

use std::sync::{Arc, OnceLock};

use futures_util::StreamExt;

use crate::chat::{Cost, RunEvent};
use crate::gateway::RunStream;

tokio::task_local! {
    /// Of the request that is being answered. An answer that streams outlives its handler and keeps a handle.
    static BILL: Bill;
}

/// The cost of one request, once it is known. A clone is another handle.
#[derive(Debug, Clone, Default)]
pub struct Bill(Arc<OnceLock<Cost>>);

impl Bill {
    /// `answering`, with this as the bill of its runs.
    pub async fn of<T>(self, answering: impl Future<Output = T>) -> T {
        BILL.scope(self, answering).await
    }

    pub fn cost(&self) -> Option<Cost> {
        self.0.get().copied()
    }
}

/// The events of a run, its cost put on the bill of the request that is being answered.
pub fn billed(events: RunStream) -> RunStream {
    let Ok(bill) = BILL.try_with(Bill::clone) else {
        return events;
    };
    let note = move |event: &_| {
        if let Ok(RunEvent::Finished(finished)) = event
            && let Some(cost) = finished.usage.and_then(|usage| usage.cost)
        {
            // A request has one run; if it had more, the first would count.
            let _ = bill.0.set(cost);
        }
    };
    events.inspect(note).boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::chat::{FinishReason, Finished, Usage};

    #[tokio::test]
    async fn the_cost_of_a_run_is_on_the_bill_when_the_run_is_over() {
        let cost = Cost::of_tokens(3, 2.0);
        let finished = Finished {
            reason: FinishReason::Stop,
            usage: Some(Usage {
                cost: Some(cost),
                ..Usage::default()
            }),
        };
        let run = || stream::iter([Ok(RunEvent::Finished(finished))]).boxed();
        let bill = Bill::default();
        let mut events = bill.clone().of(async { billed(run()) }).await;
        assert_eq!(bill.cost(), None);
        assert!(events.next().await.is_some());
        assert_eq!(bill.cost(), Some(cost));
        assert_eq!(billed(run()).count().await, 1);
    }
}
