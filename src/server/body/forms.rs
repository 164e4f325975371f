//! Forms of JSON values that serde's own derive takes too loosely, or whose errors lose their place. Pure.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// An object, and nothing else: the structures that serde derives would take their members from a list as well.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A list of objects, or nothing.
pub fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|Object(item)| item).collect()))
}

/// Reads "a string or something else". serde's `untagged` would too, but it loses the path of an error within.
macro_rules! string_or {
    ($name:ident { $text:ident, list $other:ident }) => {
        $crate::server::body::string_or!($name, $text, "a string or a list", {
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, items: A) -> Result<$name, A::Error> {
                let items = serde::de::value::SeqAccessDeserializer::new(items);
                serde::Deserialize::deserialize(items).map($name::$other)
            }
        });
    };
    ($name:ident { $text:ident, object $other:ident }) => {
        $crate::server::body::string_or!($name, $text, "a string or an object", {
            // Read to its end: what is refused at its beginning may be its first item as well.
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<$name, A::Error> {
                while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, members: A) -> Result<$name, A::Error> {
                let members = serde::de::value::MapAccessDeserializer::new(members);
                serde::Deserialize::deserialize(members).map($name::$other)
            }
        });
    };
    ($name:ident, $text:ident, $expected:literal, { $($visit_other:item)+ }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Form;

                impl<'de> serde::de::Visitor<'de> for Form {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok($name::$text(text.to_owned()))
                    }

                    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<$name, E> {
                        Ok($name::$text(text))
                    }

                    $($visit_other)+
                }

                deserializer.deserialize_any(Form)
            }
        }
    };
}

pub(in crate::server) use string_or;
