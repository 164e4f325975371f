//! The events of a response that grows, each one JSON object. Who carries them, in the frames of an event stream or one a
//! message of a socket, is not their business. Pure.

use serde::Serialize;

use super::item::{Item, Logprob, Part, Summary, Text};

/// An event. `kind` is its type, as the dialect calls it.
#[derive(Debug)]
pub struct Event<'a> {
    pub kind: &'static str,
    pub says: Says<'a>,
}

#[derive(Debug)]
pub enum Says<'a> {
    /// What has become of the response: its JSON.
    Response(&'a [u8]),
    /// An item was begun, or is whole.
    Item { output_index: usize, item: &'a Item },
    /// A part was begun, or is whole.
    Part { place: &'a Place, part: AnyPart<'a> },
    /// A piece of a text, escaped as in a JSON string. Text of a message has log probabilities as well.
    Delta {
        place: &'a Place,
        piece: &'a [u8],
        logprobs: Option<&'a [Logprob]>,
    },
    /// A whole text, in the member of this name.
    Done {
        place: &'a Place,
        member: &'static str,
        text: &'a Text,
        logprobs: Option<&'a [Logprob]>,
        /// Of a function that is called.
        name: Option<&'a str>,
    },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnyPart<'a> {
    Content(&'a Part),
    Summary(&'a Summary),
}

/// Where in the output something is, as members of a JSON object: written once, used by every event about it.
#[derive(Debug)]
pub struct Place(Vec<u8>);

impl Place {
    /// `index` is the place within the item, and the name of the member that tells it.
    pub fn new(item_id: &str, output_index: usize, index: Option<(&str, usize)>) -> Self {
        let mut members = b",\"item_id\":".to_vec();
        write(&mut members, item_id);
        members.extend_from_slice(b",\"output_index\":");
        write(&mut members, &output_index);
        if let Some((name, index)) = index {
            members.push(b',');
            write(&mut members, name);
            members.push(b':');
            write(&mut members, &index);
        }
        Self(members)
    }
}

impl Event<'_> {
    /// Appends the event as one JSON object, on one line.
    pub fn write(&self, sequence: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(self.kind.as_bytes());
        out.extend_from_slice(b"\",\"sequence_number\":");
        write(out, &sequence);
        match &self.says {
            Says::Response(response) => {
                out.extend_from_slice(b",\"response\":");
                out.extend_from_slice(response);
            }
            Says::Item { output_index, item } => {
                member(out, b",\"output_index\":", output_index);
                member(out, b",\"item\":", item);
            }
            Says::Part { place, part } => {
                out.extend_from_slice(&place.0);
                member(out, b",\"part\":", part);
            }
            Says::Delta {
                place,
                piece,
                logprobs,
            } => {
                out.extend_from_slice(&place.0);
                out.extend_from_slice(b",\"delta\":\"");
                out.extend_from_slice(piece);
                out.push(b'"');
                tell_logprobs(out, *logprobs);
            }
            Says::Done {
                place,
                member: name_of_text,
                text,
                logprobs,
                name,
            } => {
                out.extend_from_slice(&place.0);
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name_of_text.as_bytes());
                member(out, b"\":", text);
                if let Some(name) = name {
                    member(out, b",\"name\":", name);
                }
                tell_logprobs(out, *logprobs);
            }
        }
        out.push(b'}');
    }
}

fn tell_logprobs(out: &mut Vec<u8>, logprobs: Option<&[Logprob]>) {
    match logprobs {
        None => {}
        Some([]) => out.extend_from_slice(b",\"logprobs\":[]"),
        Some(logprobs) => member(out, b",\"logprobs\":", logprobs),
    }
}

fn member(out: &mut Vec<u8>, name: &[u8], value: &(impl Serialize + ?Sized)) {
    out.extend_from_slice(name);
    write(out, value);
}

fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("plain data is written to memory");
}
