//! The function calls of one response, as its events tell them piece by piece. Pure.

use serde::Deserialize;

use super::super::answer::new_call_id;
use crate::chat::ToolCallDelta;

/// A `function_call` item, as far as it is there.
#[derive(Deserialize)]
pub struct FunctionCall {
    pub id: Option<String>,
    pub call_id: Option<String>,
    pub name: Option<String>,
    pub arguments: Option<String>,
}

/// The calls so far, in the order in which they were begun.
#[derive(Default)]
pub struct Calls(Vec<Known>);

struct Known {
    /// Which item of the output it is. Item ids come second: some servers give an item another one in each event.
    output_index: Option<usize>,
    item_id: Option<String>,
    call_id: String,
    /// Whether any arguments have been told.
    told: bool,
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl Calls {
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The call that an event is about: the last one where the event does not say.
    pub fn find(&self, output_index: Option<usize>, item_id: Option<&str>) -> Option<usize> {
        match (output_index, item_id) {
            (None, None) => self.0.len().checked_sub(1),
            (index, id) => self.named(index, id),
        }
    }

    fn named(&self, output_index: Option<usize>, item_id: Option<&str>) -> Option<usize> {
        let calls = &self.0;
        let by_index = |index| {
            calls
                .iter()
                .position(|call| call.output_index == Some(index))
        };
        let by_id = |id| {
            calls
                .iter()
                .position(|call| call.item_id.as_deref() == Some(id))
        };
        let found = output_index.and_then(by_index);
        found.or_else(|| item_id.and_then(by_id))
    }

    /// The first fragment of a call, without arguments; none where the call is known, or is none.
    pub fn begin(
        &mut self,
        output_index: Option<usize>,
        call: &FunctionCall,
    ) -> Option<ToolCallDelta> {
        let name = call.name.clone()?;
        let call_id = call.call_id.clone().filter(|id| !id.is_empty());
        // Of two items whose places are known the ids decide nothing.
        let is_elsewhere = |known: &Known| {
            let places = known.output_index.zip(output_index);
            places.is_some_and(|(one, other)| one != other)
        };
        let is_same =
            |known: &Known| call_id.as_ref() == Some(&known.call_id) && !is_elsewhere(known);
        let known = self.named(output_index, call.id.as_deref()).is_some();
        if known || self.0.iter().any(is_same) || self.0.len() == MAX_CALLS {
            return None;
        }
        let call_id = call_id.unwrap_or_else(new_call_id);
        self.0.push(Known {
            output_index,
            item_id: call.id.clone().filter(|id| !id.is_empty()),
            call_id: call_id.clone(),
            told: false,
        });
        Some(ToolCallDelta {
            index: self.0.len() - 1,
            id: Some(call_id),
            name: Some(name),
            arguments: String::new(),
        })
    }

    /// A further fragment of the arguments.
    pub fn add(&mut self, call: Option<usize>, arguments: Option<String>) -> Option<ToolCallDelta> {
        let index = call?;
        let arguments = arguments.filter(|arguments| !arguments.is_empty())?;
        self.0.get_mut(index)?.told = true;
        Some(ToolCallDelta {
            index,
            id: None,
            name: None,
            arguments,
        })
    }

    /// All arguments at once, where no fragment has told them.
    pub fn complete(
        &mut self,
        call: Option<usize>,
        arguments: Option<String>,
    ) -> Option<ToolCallDelta> {
        let untold = call.filter(|&index| self.0.get(index).is_some_and(|known| !known.told));
        self.add(untold, arguments)
    }
}
