//! The objects that a PDF is made of (ISO 32000-1, 7.3), as far as its text needs them.

use std::rc::Rc;

#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Also whatever has no meaning for text.
    Null,
    Number(f64),
    String(Vec<u8>),
    Name(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    /// The number of an indirect object. Generations are of no use to a reader.
    Reference(u32),
}

impl Object {
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that counts something.
    pub fn count(&self) -> Option<usize> {
        let number = self.number()?;
        // `as` saturates, and what is no number becomes 0.
        (number >= 0.0).then_some(number as usize)
    }

    pub fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub fn array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dict(Rc<Vec<(Vec<u8>, Object)>>);

impl Dict {
    pub fn new(entries: Vec<(Vec<u8>, Object)>) -> Self {
        Self(Rc::new(entries))
    }

    /// [`Object::Null`] where there is none.
    pub fn get(&self, key: &[u8]) -> &Object {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map_or(&Object::Null, |(_, value)| value)
    }

    pub fn is(&self, key: &[u8], name: &[u8]) -> bool {
        self.get(key).name() == Some(name)
    }
}
