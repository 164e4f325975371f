//! Where the nodes of a schema are in it, for those that something is wrong with: a step each, and no texts.

use super::Id;

/// Where a node is.
pub enum Origin<'a> {
    Top,
    /// Below another one, in a keyword, which may hold many.
    Below(Id, &'static str, Option<Step<'a>>),
    /// Where a reference says.
    Referred(&'a str),
}

pub enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// The JSON pointer to a node, or a reference and the way from there.
pub fn pointer(origins: &[Origin], mut id: Id) -> String {
    let mut steps = Vec::new();
    loop {
        match &origins[id] {
            Origin::Top => break,
            Origin::Referred(reference) => {
                // What begins the whole is not said.
                steps.push((*reference).trim_start_matches('#').to_owned());
                break;
            }
            Origin::Below(parent, keyword, step) => {
                steps.push(match step {
                    None => format!("/{keyword}"),
                    Some(Step::Index(index)) => format!("/{keyword}/{index}"),
                    Some(Step::Name(name)) => {
                        let name = name.replace('~', "~0").replace('/', "~1");
                        format!("/{keyword}/{name}")
                    }
                });
                id = *parent;
            }
        }
    }
    steps.reverse();
    steps.concat()
}
