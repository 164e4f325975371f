//! The files that a configuration was put together from, and which of them each value stands in. Plain data: nothing is
//! read here.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::locate::{Lines, Outline};
use super::problem::{Path, Problem};

/// One file of a configuration. A file that is included twice is there twice.
#[derive(Debug)]
pub struct Document {
    pub file: Arc<FilePath>,
    pub text: String,
    /// Where in the configuration its root stands.
    pub mount: Path,
}

/// Where a value stands: the document, by its number, and the path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub document: usize,
    pub path: Path,
}

/// A problem, and where it is to be shown.
#[derive(Debug)]
pub struct Located {
    pub origin: Origin,
    pub problem: Problem,
}

/// A value that knows where it stands, and so does everything in it.
#[derive(Debug)]
pub struct Piece {
    pub origin: Origin,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    Members(Vec<(String, Piece)>),
    Items(Vec<Piece>),
    Scalar(Value),
}

impl Piece {
    pub fn of(value: Value, origin: Origin) -> Self {
        let inner = |path: Path| Origin {
            document: origin.document,
            path,
        };
        let content = match value {
            Value::Object(members) => Content::Members(
                members
                    .into_iter()
                    .map(|(key, member)| {
                        let origin = inner(origin.path.key(&key));
                        (key, Self::of(member, origin))
                    })
                    .collect(),
            ),
            Value::Array(items) => Content::Items(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| Self::of(item, inner(origin.path.index(index))))
                    .collect(),
            ),
            scalar => Content::Scalar(scalar),
        };
        Self { origin, content }
    }

    /// This with `over` put over it: objects member by member, lists one behind the other, of all else `over`.
    #[must_use]
    pub fn merged(self, over: Self) -> Self {
        let content = match (self.content, over.content) {
            (Content::Members(mut members), Content::Members(others)) => {
                for (key, other) in others {
                    match members.iter().position(|(own, _)| *own == key) {
                        Some(place) => {
                            let (key, own) = members.swap_remove(place);
                            members.push((key, own.merged(other)));
                            let last = members.len() - 1;
                            members.swap(place, last);
                        }
                        None => members.push((key, other)),
                    }
                }
                Content::Members(members)
            }
            (Content::Items(mut items), Content::Items(others)) => {
                items.extend(others);
                Content::Items(items)
            }
            (_, over) => over,
        };
        Self {
            origin: over.origin,
            content,
        }
    }

    fn into_value(self, path: &Path, origins: &mut BTreeMap<String, Origin>) -> Value {
        origins.insert(path.to_string(), self.origin);
        match self.content {
            Content::Members(members) => {
                let member = |(key, piece): (String, Self)| {
                    let value = piece.into_value(&path.key(&key), origins);
                    (key, value)
                };
                Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
            }
            Content::Items(items) => {
                let items = items.into_iter().enumerate();
                items
                    .map(|(index, item)| item.into_value(&path.index(index), origins))
                    .collect()
            }
            Content::Scalar(value) => value,
        }
    }
}

/// Where everything of a configuration stands.
#[derive(Debug)]
pub struct Sources {
    /// The configuration file itself comes first.
    pub documents: Vec<Document>,
    /// Every file that counts, those that are not there among them.
    pub files: Vec<PathBuf>,
    origins: BTreeMap<String, Origin>,
}

impl Sources {
    /// The value of all documents together.
    pub fn new(documents: Vec<Document>, files: Vec<PathBuf>, root: Piece) -> (Value, Self) {
        let mut origins = BTreeMap::new();
        let value = root.into_value(&Path::default(), &mut origins);
        let sources = Self {
            documents,
            files,
            origins,
        };
        (value, sources)
    }

    /// Where the problem is to be shown: at its own place, or else at what is around it.
    pub fn locate(&self, problem: Problem) -> Located {
        let segments = problem.path.segments();
        let mut outwards = (0..=segments.len()).rev();
        let origin = outwards.find_map(|length| {
            let (around, rest) = segments.split_at(length);
            let origin = self.origins.get(&Path::from(around.to_vec()).to_string())?;
            let path = rest.iter().fold(origin.path.clone(), |path, segment| {
                path.then(segment.clone())
            });
            Some(Origin {
                document: origin.document,
                path,
            })
        });
        Located {
            origin: origin.unwrap_or(Origin {
                document: 0,
                path: problem.path.clone(),
            }),
            problem,
        }
    }

    /// The numbers that no JSON can hold (see [`Outline::endless_numbers`]).
    pub fn endless_numbers(&self) -> Vec<Located> {
        let numbered = self.documents.iter().enumerate();
        let found = numbered.flat_map(|(document, source)| {
            let outline = Outline::of(&source.text);
            let problems = outline.as_ref().map(Outline::endless_numbers);
            let located = move |problem: Problem| Located {
                origin: Origin {
                    document,
                    path: problem.path.clone(),
                },
                problem: Problem {
                    path: source.mount.join(&problem.path),
                    ..problem
                },
            };
            problems.unwrap_or_default().into_iter().map(located)
        });
        found.collect()
    }

    /// File and line of each value, by its path.
    pub fn lines(&self) -> BTreeMap<String, (Arc<FilePath>, usize)> {
        let numbers: Vec<_> = self.documents.iter().map(lines).collect();
        let place = |(path, origin): (&String, &Origin)| {
            let line = *numbers[origin.document].get(&origin.path.to_string())?;
            let file = Arc::clone(&self.documents[origin.document].file);
            Some((path.clone(), (file, line)))
        };
        self.origins.iter().filter_map(place).collect()
    }
}

fn lines(document: &Document) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let lines = Lines::of(&document.text);
    if let Some(outline) = Outline::of(&document.text) {
        outline.each(&mut |path, node| {
            let line = lines.position(node.value.start).line;
            found.insert(path.to_string(), line);
        });
    }
    found
}
