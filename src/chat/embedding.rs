//! Embedding requests and their vectors.

use super::event::Usage;
use super::ids::ModelRef;
use super::notes::Notes;
use super::request::Routing;
use super::vector::Vector;

/// Texts or token lists to embed, checked by the room: 1 to 2048, none empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedInput {
    Texts(Vec<String>),
    /// Token ids of the provider's own tokenizer, passed on as they are.
    Tokens(Vec<Vec<u32>>),
}

impl EmbedInput {
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Tokens(lists) => lists.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Debug, Clone)]
pub struct EmbedRequest {
    pub routing: Routing,
    pub input: EmbedInput,
    /// How many numbers a vector shall have, where the model can choose.
    pub dimensions: Option<u32>,
    /// An end-user id for the provider.
    pub user: Option<String>,
    /// Where the room writes down what becomes of it.
    pub notes: Notes,
}

/// One vector per input, in the order of the inputs; all of one dimension, all numbers finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    pub model: ModelRef,
    pub vectors: Vec<Vector>,
    /// Absent when the provider reported none.
    pub usage: Option<EmbedUsage>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmbedUsage {
    pub prompt_tokens: u64,
    pub total_tokens: u64,
}

impl From<EmbedUsage> for Usage {
    /// Vectors are no tokens: all of them went in.
    fn from(usage: EmbedUsage) -> Self {
        Self {
            input_tokens: usage.prompt_tokens,
            total_tokens: usage.total_tokens,
            ..Self::default()
        }
    }
}
