//! The tools of the house in one run: which there are, and how calls of them are carried out.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};

use super::catalog::Callable;
use super::metrics::Metrics;
use super::target::Plan;
use crate::chat::{ChatRequest, ToolCall};
use crate::tools::{self, Tool, ToolContext, ToolResult, call};

/// Calls of one answer that are carried out at once.
const CALLS_AT_ONCE: usize = 8;

/// What the model is told of a call beyond those that the caller allows.
const NO_CALL_LEFT: &str =
    "not carried out: `max_tool_calls` allows no further calls; answer without them";

/// The tools of the house that a run has.
pub struct House {
    pub tools: Vec<Arc<dyn Tool>>,
    context: ToolContext,
    metrics: Arc<Metrics>,
    /// Calls that may still be carried out.
    calls_left: usize,
}

impl House {
    /// The tools that every model of the chain may have, and that no tool of the caller's takes the name of.
    pub fn new(
        (plan, metrics): (&Plan, &Arc<Metrics>),
        chain: &[Callable],
        chat: &ChatRequest,
        context: ToolContext,
    ) -> Self {
        let mut offered = tools::offered(&plan.policy, &context);
        for model in &chain[1..] {
            if offered.is_empty() {
                break;
            }
            let fallback = ToolContext {
                model: model.id.clone(),
                ..context.clone()
            };
            let also = tools::offered(&plan.policy, &fallback);
            offered.retain(|tool| also.iter().any(|other| other.name() == tool.name()));
        }
        offered.retain(|tool| !chat.is_callers_tool(tool.name()));
        Self {
            tools: offered,
            context,
            metrics: Arc::clone(metrics),
            calls_left: chat.max_tool_calls.map_or(usize::MAX, |most| most as usize),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name() == name)
    }

    /// Carries calls out, several at once; the results are in the order of the calls. Those beyond what the caller allows
    /// are answered with an error.
    pub fn carry_out(&mut self, calls: Vec<ToolCall>) -> BoxFuture<'static, Vec<ToolResult>> {
        let allowed = calls.len().min(self.calls_left);
        self.calls_left -= allowed;
        let (tools, context) = (self.tools.clone(), self.context.clone());
        let metrics = Arc::clone(&self.metrics);
        Box::pin(async move {
            let mut work = Vec::with_capacity(allowed);
            for wanted in &calls[..allowed] {
                tracing::debug!(tool = wanted.name, id = wanted.id, "a tool is called");
                let meter = match tools.iter().any(|tool| tool.name() == wanted.name) {
                    true => metrics.tools.of(&wanted.name),
                    false => metrics.tools.other(),
                };
                let carried_out = call(&tools, &context, &wanted.name, &wanted.arguments);
                let counted = carried_out.inspect(move |result| meter.count(result.is_error()));
                work.push(counted.boxed());
            }
            let work = stream::iter(work).buffered(CALLS_AT_ONCE);
            let mut results: Vec<ToolResult> = work.collect().await;
            results.resize_with(calls.len(), || ToolResult::error(NO_CALL_LEFT));
            results
        })
    }
}
