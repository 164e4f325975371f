//! The path of the value at which serde_json gave up, from the place that its error names: `messages[3].content`. The text
//! is walked once more, and only as JSON: what type each value should have had is not asked. Pure.
//!
//! Where an error is, by its cause: behind a scalar that is wrong; before the bracket of a list or an object that is no
//! list or object's place; behind the closing bracket of one that lacks something; behind a member's name that is there
//! twice. Whoever refuses a list that serde_json has opened for it must read it to its end.

use memchr::memchr_iter;

use super::end_of_string;

/// What is open around a place, and where in it the place is.
enum Step<'a> {
    /// In an object, at the member of this name, as it is written; without one where none was read yet.
    Member(Option<&'a str>),
    /// In a list, at this item.
    Item(usize),
}

/// The path of the value at fault where an error is at this line and column, both as serde_json counts; `None` for the
/// document itself.
pub fn at(json: &str, (line, column): (usize, usize)) -> Option<String> {
    let body = json.as_bytes();
    let newline = line.checked_sub(2);
    let start = newline.and_then(|newline| memchr_iter(b'\n', body).nth(newline));
    let end = start.map_or(column, |start| (start + 1).saturating_add(column));
    let path = rendered(&steps(json, end.min(body.len())));
    Some(path).filter(|path| !path.is_empty())
}

/// The steps to the value that ends before `end`, or begins there with a bracket; where neither does, to the one that is
/// open there.
fn steps(json: &str, end: usize) -> Vec<Step<'_>> {
    let body = json.as_bytes();
    let (mut steps, mut is_whole, mut at) = (Vec::new(), false, 0);
    while at < end {
        let byte = body[at];
        match (byte, steps.last_mut()) {
            (b' ' | b'\n' | b'\r' | b'\t' | b':', _) => {}
            (b'"', place) => {
                let quote = end_of_string(body, at + 1);
                is_whole = true;
                if let Some(Step::Member(name @ None)) = place {
                    *name = json.get(at..=quote);
                    is_whole = false;
                }
                at = quote;
            }
            (b'{' | b'[', _) => {
                let is_list = byte == b'[';
                steps.push(if is_list {
                    Step::Item(0)
                } else {
                    Step::Member(None)
                });
                is_whole = false;
            }
            (b'}' | b']', _) => {
                steps.pop();
                is_whole = true;
            }
            (b',', place) => {
                match place {
                    Some(Step::Member(name)) => *name = None,
                    Some(Step::Item(index)) => *index += 1,
                    None => {}
                }
                is_whole = false;
            }
            // Of a number, or of `true`, `false`, `null`.
            _ => is_whole = true,
        }
        at += 1;
    }
    let begins = matches!(body.get(end), Some(b'{' | b'['));
    if !is_whole && !begins {
        steps.pop();
    }
    steps
}

fn rendered(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Item(index) => path.push_str(&format!("[{index}]")),
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                let name = name.and_then(|name| serde_json::from_str::<String>(name).ok());
                path.push_str(&name.unwrap_or_default());
            }
        }
    }
    path
}

#[cfg(test)]
mod tests;
