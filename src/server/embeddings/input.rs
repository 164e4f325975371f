//! `input` in its four forms: a text, texts, the tokens of one text, the tokens of several.

use std::fmt;

use serde::de::{
    Deserialize, Deserializer, Error, SeqAccess, Visitor, value::SeqAccessDeserializer,
};

use super::ApiError;
use crate::chat::EmbedInput;

/// `input` as it was sent.
#[derive(Debug, PartialEq)]
pub(super) enum Input {
    One(String),
    Several(Vec<Item>),
}

#[derive(Debug, PartialEq)]
pub(super) enum Item {
    Text(String),
    Token(u32),
    Tokens(Vec<u32>),
}

impl Input {
    /// # Errors
    /// 400 for a list of different things, naming the first that differs.
    pub fn check(self) -> Result<EmbedInput, ApiError> {
        let items = match self {
            Self::One(text) => return Ok(EmbedInput::Texts(vec![text])),
            Self::Several(items) => items,
        };
        let kind = items.first().map(std::mem::discriminant);
        if let Some(odd) = items
            .iter()
            .position(|item| Some(std::mem::discriminant(item)) != kind)
        {
            let param = format!("input[{odd}]");
            let message = format!(
                "`{param}` is not what `input[0]` is: send only texts, only tokens or only token lists"
            );
            return Err(ApiError::invalid(param, message));
        }
        let (mut texts, mut tokens, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Text(text) => texts.push(text),
                Item::Token(token) => tokens.push(token),
                Item::Tokens(list) => lists.push(list),
            }
        }
        if !tokens.is_empty() {
            lists.push(tokens);
        }
        Ok(if lists.is_empty() {
            EmbedInput::Texts(texts)
        } else {
            EmbedInput::Tokens(lists)
        })
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Input;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Input, E> {
                Ok(Input::One(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Input, E> {
                Ok(Input::One(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Input, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Input::Several)
            }
        }

        deserializer.deserialize_any(Form)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a token id or a list of token ids")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
                Ok(Item::Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Item, E> {
                Ok(Item::Text(text))
            }

            fn visit_u64<E: Error>(self, token: u64) -> Result<Item, E> {
                let token = u32::try_from(token)
                    .map_err(|_| E::custom("a token id of more than 32 bits"))?;
                Ok(Item::Token(token))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, tokens: A) -> Result<Item, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(tokens)).map(Item::Tokens)
            }
        }

        deserializer.deserialize_any(Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(json: &str) -> Result<EmbedInput, ApiError> {
        serde_json::from_str::<Input>(json).unwrap().check()
    }

    #[test]
    fn every_form_of_input_is_understood() {
        assert_eq!(input(r#""a""#), Ok(EmbedInput::Texts(vec!["a".into()])));
        assert_eq!(
            input(r#"["a","b"]"#),
            Ok(EmbedInput::Texts(vec!["a".into(), "b".into()]))
        );
        assert_eq!(input("[1,2]"), Ok(EmbedInput::Tokens(vec![vec![1, 2]])));
        assert_eq!(
            input("[[1],[2,3]]"),
            Ok(EmbedInput::Tokens(vec![vec![1], vec![2, 3]]))
        );
        assert_eq!(input("[]"), Ok(EmbedInput::Texts(Vec::new())));
    }

    #[test]
    fn a_mixed_list_is_refused_at_the_first_that_differs() {
        let error = input(r#"["a","b",3]"#).unwrap_err();
        assert!(
            String::from_utf8(error.to_json())
                .unwrap()
                .contains(r#""param":"input[2]""#)
        );
    }

    #[test]
    fn what_is_no_token_is_no_input() {
        for bad in [
            "[-1]",
            "[1.5]",
            "[4294967296]",
            "[null]",
            "[[\"a\"]]",
            "{}",
            "7",
        ] {
            assert!(serde_json::from_str::<Input>(bad).is_err(), "{bad}");
        }
    }
}
