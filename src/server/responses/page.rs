//! A page of a list, as OpenAI's lists are asked for: `limit`, `order` and `after`. Pure.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::server::error::ApiError;
use crate::server::path;

const MAX_LIMIT: usize = 100;
const DEFAULT_LIMIT: usize = 20;

/// Which part of a list is wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    limit: usize,
    order: Order,
    /// The item before the first one that is wanted.
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub struct List<'a> {
    object: &'static str,
    data: Vec<&'a RawValue>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl Page {
    /// Reads a query; parameters that are not known are passed over.
    ///
    /// # Errors
    /// 400 for a parameter that means nothing.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut page = Self {
            limit: DEFAULT_LIMIT,
            order: Order::Descending,
            after: None,
        };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = path::decode(&value.replace('+', " "))?;
            match name {
                "limit" => page.limit = limit(&value)?,
                "order" => page.order = order(&value)?,
                "after" if !value.is_empty() => page.after = Some(value),
                _ => {}
            }
        }
        Ok(page)
    }

    /// The page of these items, which are in the order in which they came.
    ///
    /// # Errors
    /// 400 where `after` names none of them.
    pub fn of(self, items: &[Box<RawValue>]) -> Result<List<'_>, ApiError> {
        let mut ordered: Vec<&RawValue> = items.iter().map(|item| &**item).collect();
        if self.order == Order::Descending {
            ordered.reverse();
        }
        let begin = match &self.after {
            None => 0,
            Some(after) => {
                // The last one of this id: whatever is stored, each page ends further on than the one before.
                let found = ordered
                    .iter()
                    .rposition(|item| id(item).as_ref() == Some(after));
                let unknown = || ApiError::invalid("after", "`after` names no item of this list");
                found.ok_or_else(unknown)? + 1
            }
        };
        let rest = &ordered[begin..];
        let data = rest[..rest.len().min(self.limit)].to_vec();
        Ok(List {
            object: "list",
            first_id: data.first().and_then(|item| id(item)),
            last_id: data.last().and_then(|item| id(item)),
            has_more: rest.len() > data.len(),
            data,
        })
    }
}

fn limit(value: &str) -> Result<usize, ApiError> {
    let limit = value.parse().ok();
    limit
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| ApiError::invalid("limit", format!("`limit` must be 1 to {MAX_LIMIT}")))
}

fn order(value: &str) -> Result<Order, ApiError> {
    match value {
        "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        _ => Err(ApiError::invalid(
            "order",
            "`order` must be `asc` or `desc`",
        )),
    }
}

fn id(item: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named: Result<Named, _> = serde_json::from_str(item.get());
    named.ok().map(|named| named.id)
}
