//! The `input` of a request as items: each checked by itself, each with an id. What they make together is the
//! conversation's affair. Pure.

use std::collections::HashSet;

use super::attachments::Attachments;
use super::ids::Ids;
use super::item::{
    CallOutput, Compaction, CustomToolCall, FunctionCall, Item, Message, Output, Part, Phase,
    Reasoning, Role, Status, Summary, Text,
};
use super::parts;
use super::request::{Content, Input, Item as WireItem, Thought as WireThought};
use super::sealed::{self, Opened, Unopened};
use crate::server::body::Object;
use crate::server::error::ApiError;

/// One element of the input.
#[derive(Debug)]
pub enum Entry {
    Item(Item),
    /// An item of a stored response. `at` is where the request names it.
    Reference {
        at: String,
        id: String,
    },
}

impl Entry {
    /// The item, where it came with the request.
    pub fn item_mut(&mut self) -> Option<&mut Item> {
        match self {
            Self::Item(item) => Some(item),
            Self::Reference { .. } => None,
        }
    }
}

/// Items of tools that this program does not have: what other servers put out, and their clients send along.
const FOREIGN: [&str; 18] = [
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "computer_call",
    "computer_call_output",
    "file_search_call",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// What reasoning that another server sealed is called where it is not heeded.
const SEALED: &str = "reasoning.encrypted_content";

/// Items of one request, at most: each is stored by itself.
const MAX_ITEMS: usize = 20_000;

/// The items of one request, read one after the other.
pub struct Reader<'a> {
    ids: &'a mut Ids,
    pub attachments: Attachments,
    /// Types of items that are left out.
    pub ignored: Vec<String>,
    /// Ids that the request itself gives.
    given: HashSet<String>,
}

impl<'a> Reader<'a> {
    pub fn new(ids: &'a mut Ids) -> Self {
        Self {
            ids,
            attachments: Attachments::default(),
            ignored: Vec::new(),
            given: HashSet::new(),
        }
    }

    /// # Errors
    /// 400 for an item that cannot be used, naming what is wrong with it.
    pub fn read(&mut self, input: Input) -> Result<Vec<Entry>, ApiError> {
        let items = match input {
            Input::Text(text) => {
                let content = Some(Content::Text(text));
                let content = parts::brought(content, "input", &mut self.attachments)?;
                let id = self.ids.item("msg");
                return Ok(vec![Entry::Item(message(id, Role::User, content))]);
            }
            Input::Items(items) => items,
        };
        if items.len() > MAX_ITEMS {
            let message = format!("`input` may hold {MAX_ITEMS} items");
            return Err(ApiError::invalid("input", message));
        }
        let is_user = |Object(item): &Object<WireItem>| item.role.as_deref() == Some("user");
        let last_user = items.iter().rposition(is_user);
        let mut entries = Vec::with_capacity(items.len());
        for (index, Object(item)) in items.into_iter().enumerate() {
            self.attachments.pictures.is_last_user = Some(index) == last_user;
            entries.extend(self.entry(item, &format!("input[{index}]"))?);
        }
        Ok(entries)
    }

    fn entry(&mut self, item: WireItem, at: &str) -> Result<Option<Entry>, ApiError> {
        // A message may leave out its type, and so may a reference, which then has nothing but an id.
        let kind = match &item.kind {
            Some(kind) => kind.clone(),
            None if item.role.is_none() && item.id.is_some() => "item_reference".to_owned(),
            None => "message".to_owned(),
        };
        if !FOREIGN.contains(&kind.as_str()) {
            self.give(item.id.as_deref(), at)?;
        }
        if kind == "item_reference" {
            let id = required(item.id, at, "id")?;
            let at = format!("{at}.id");
            return Ok(Some(Entry::Reference { at, id }));
        }
        let is_sealed_elsewhere = |item: &WireItem| {
            let content = item.encrypted_content.as_deref().map(sealed::open);
            matches!(content, Some(Err(Unopened::Foreign)))
        };
        let is_foreign = kind == "compaction" && is_sealed_elsewhere(&item);
        if is_foreign || FOREIGN.contains(&kind.as_str()) {
            self.ignored.push(kind);
            return Ok(None);
        }
        self.item(item, &kind, at)
            .map(|item| Some(Entry::Item(item)))
    }

    /// Takes note of an id: a list of items is paged by their ids, so that each must have its own.
    fn give(&mut self, id: Option<&str>, at: &str) -> Result<(), ApiError> {
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return Ok(());
        };
        if self.given.insert(id.to_owned()) {
            return Ok(());
        }
        let param = format!("{at}.id");
        let shown: String = id.chars().take(80).collect();
        let message = format!("`{param}`: duplicate item found with id `{shown}`");
        Err(ApiError::invalid(param, message))
    }

    /// An item of a type that there is.
    ///
    /// # Errors
    /// 400 where it lacks something, or holds what cannot be used.
    pub fn item(&mut self, mut item: WireItem, kind: &str, at: &str) -> Result<Item, ApiError> {
        let given = item.id.take().filter(|id| !id.is_empty());
        let mut id = |prefix| given.clone().unwrap_or_else(|| self.ids.item(prefix));
        match kind {
            "message" => self.message(item, given, at),
            "function_call" => Ok(Item::FunctionCall(FunctionCall {
                id: id("fc"),
                status: status(item.status.as_deref()),
                call_id: filled(item.call_id, at, "call_id")?,
                name: filled(item.name, at, "name")?,
                arguments: Text::Plain(required(item.arguments, at, "arguments")?),
            })),
            "custom_tool_call" => Ok(Item::CustomToolCall(CustomToolCall {
                id: id("ctc"),
                status: status(item.status.as_deref()),
                call_id: filled(item.call_id, at, "call_id")?,
                name: filled(item.name, at, "name")?,
                input: Text::Plain(required(item.input, at, "input")?),
            })),
            "function_call_output" => {
                let id = id("fco");
                self.output(item, id, at).map(Item::FunctionCallOutput)
            }
            "custom_tool_call_output" => {
                let id = id("ctco");
                self.output(item, id, at).map(Item::CustomToolCallOutput)
            }
            "reasoning" => {
                let id = id("rs");
                self.reasoning(item, id, at).map(Item::Reasoning)
            }
            "compaction" => {
                let encrypted_content = filled(item.encrypted_content, at, "encrypted_content")?;
                if sealed::open(&encrypted_content) == Err(Unopened::Damaged) {
                    return Err(damaged(at));
                }
                Ok(Item::Compaction(Compaction {
                    id: id("cmp"),
                    encrypted_content,
                }))
            }
            _ => {
                let param = format!("{at}.type");
                let message = format!(
                    "`{param}` must be `message`, `function_call`, `function_call_output`, `custom_tool_call`, \
                     `custom_tool_call_output`, `reasoning`, `compaction` or `item_reference`"
                );
                Err(ApiError::invalid(param, message))
            }
        }
    }

    fn message(&mut self, item: WireItem, id: Option<String>, at: &str) -> Result<Item, ApiError> {
        let content = format!("{at}.content");
        let (role, parts) = match required(item.role, at, "role")?.as_str() {
            "user" => {
                let parts = parts::brought(item.content, &content, &mut self.attachments)?;
                (Role::User, parts)
            }
            "assistant" => (Role::Assistant, parts::said(item.content, &content)?),
            "system" => (Role::System, parts::words(item.content, &content)?),
            "developer" => (Role::Developer, parts::words(item.content, &content)?),
            _ => {
                let param = format!("{at}.role");
                let message =
                    format!("`{param}` must be `user`, `assistant`, `system` or `developer`");
                return Err(ApiError::invalid(param, message));
            }
        };
        let id = id.unwrap_or_else(|| self.ids.item("msg"));
        Ok(Item::Message(Message {
            id,
            status: status(item.status.as_deref()),
            role,
            content: parts,
            phase: item.phase.filter(|_| role == Role::Assistant),
        }))
    }

    /// What was sealed here wins over the summary beside it: the provider knows its reasoning again as it was.
    fn reasoning(&mut self, item: WireItem, id: String, at: &str) -> Result<Reasoning, ApiError> {
        let mut reasoning = Reasoning {
            id,
            summary: summary(item.summary, item.content),
            encrypted_content: item.encrypted_content,
            token: None,
        };
        match reasoning.encrypted_content.as_deref().map(sealed::open) {
            None => {}
            Some(Ok(Opened { text, token })) => {
                if (token.is_some() || reasoning.summary.is_empty()) && !text.is_empty() {
                    reasoning.summary = vec![thought(text)];
                }
                reasoning.token = token;
            }
            Some(Err(Unopened::Foreign)) => self.ignored.push(SEALED.to_owned()),
            Some(Err(Unopened::Damaged)) => return Err(damaged(at)),
        }
        Ok(reasoning)
    }

    fn output(&mut self, item: WireItem, id: String, at: &str) -> Result<CallOutput, ApiError> {
        let output = match required(item.output, at, "output")? {
            Content::Text(text) => Output::Text(text),
            parts @ Content::Parts(_) => {
                let at = format!("{at}.output");
                Output::Parts(parts::brought(Some(parts), &at, &mut self.attachments)?)
            }
        };
        Ok(CallOutput {
            id,
            status: status(item.status.as_deref()),
            call_id: filled(item.call_id, at, "call_id")?,
            output,
        })
    }
}

fn message(id: String, role: Role, content: Vec<Part>) -> Item {
    Item::Message(Message {
        id,
        status: Status::Completed,
        role,
        content,
        phase: None::<Phase>,
    })
}

/// What is not said to be cut short counts as whole.
fn status(given: Option<&str>) -> Status {
    match given {
        Some("incomplete") => Status::Incomplete,
        _ => Status::Completed,
    }
}

fn thought(text: String) -> Summary {
    Summary {
        text: Text::Plain(text),
    }
}

/// What was thought; where it is not summed up, the thoughts themselves.
fn summary(summary: Option<Vec<WireThought>>, content: Option<Content>) -> Vec<Summary> {
    let texts = summary.unwrap_or_default().into_iter();
    let summary: Vec<Summary> = texts.filter_map(|part| part.text).map(thought).collect();
    match content {
        Some(Content::Parts(parts)) if summary.is_empty() => {
            let texts = parts.into_iter().filter_map(|Object(part)| part.text);
            texts.map(thought).collect()
        }
        _ => summary,
    }
}

fn required<T>(value: Option<T>, at: &str, member: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| {
        let param = format!("{at}.{member}");
        let message = format!("`{param}` is required");
        ApiError::invalid(param, message)
    })
}

fn filled(value: Option<String>, at: &str, member: &str) -> Result<String, ApiError> {
    required(value.filter(|value| !value.is_empty()), at, member)
}

/// What we sealed, and somebody changed.
fn damaged(at: &str) -> ApiError {
    let param = format!("{at}.encrypted_content");
    let message = format!(
        "`{param}` is not as it was made here: send it back unchanged, or leave the item out"
    );
    ApiError::invalid(param, message)
}
