//! `$include`: reads the files that a configuration is spread over and puts them together. Included files lie in the
//! folder of the configuration file or below it; what an object holds beside `$include` wins over what is included.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::locate;
use super::problem::{Path, Problem};
use super::report::ConfigError;
use super::sources::{Content, Document, Located, Origin, Piece, Sources};

/// The key that names other files.
pub const INCLUDE: &str = "$include";

/// How deep files may include each other.
const MAX_DEPTH: usize = 10;

/// Inclusions of one configuration, a file that is included twice counted twice.
const MAX_INCLUSIONS: usize = 256;

/// The largest included file, in bytes.
const MAX_FILE_BYTES: u64 = 2 << 20;

/// Whether other files and programs may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Machine,
    /// The text is all there is: what it refers to cannot be had.
    Nothing,
}

/// A configuration of one or many files.
pub struct Assembled {
    pub value: Value,
    pub sources: Sources,
    /// Inclusions that could not be followed.
    pub problems: Vec<Located>,
}

/// Puts `text`, which stands in `file`, together with everything that it includes.
///
/// # Errors
/// One of the files is not JSON5.
pub fn assemble(file: &FilePath, text: &str, reach: Reach) -> Result<Assembled, ConfigError> {
    let folder = match file.parent() {
        Some(folder) if folder != FilePath::new("") => folder,
        _ => FilePath::new("."),
    };
    let mut assembly = Assembly {
        root: folder
            .canonicalize()
            .ok()
            .filter(|_| reach == Reach::Machine),
        documents: Vec::new(),
        files: vec![file.to_owned()],
        problems: Vec::new(),
    };
    let document = Document {
        file: file.into(),
        text: text.to_owned(),
        mount: Path::default(),
    };
    let chain = file.canonicalize().into_iter().collect::<Vec<_>>();
    let root = assembly.read(document, &chain)?;
    let Assembly {
        documents,
        files,
        problems,
        ..
    } = assembly;
    let (value, sources) = Sources::new(documents, files, root);
    Ok(Assembled {
        value,
        sources,
        problems,
    })
}

struct Assembly {
    /// The folder in which included files lie; `None` where none may be read.
    root: Option<PathBuf>,
    documents: Vec<Document>,
    files: Vec<PathBuf>,
    problems: Vec<Located>,
}

/// Where an inclusion stands: the file's own path of the name, and the configuration's path of the object.
struct Place<'a> {
    named: Origin,
    mount: &'a Path,
    /// The files that are being read, the outermost first.
    chain: &'a [PathBuf],
}

impl Assembly {
    fn read(&mut self, document: Document, chain: &[PathBuf]) -> Result<Piece, ConfigError> {
        let value = locate::parse(&document.text)
            .map_err(|error| ConfigError::syntax_at(&document, &error).about(&self.files))?;
        let mount = document.mount.clone();
        let origin = Origin {
            document: self.documents.len(),
            path: Path::default(),
        };
        self.documents.push(document);
        self.followed(Piece::of(value, origin), &mount, chain)
    }

    /// The piece with everything in it included that it names.
    fn followed(
        &mut self,
        piece: Piece,
        mount: &Path,
        chain: &[PathBuf],
    ) -> Result<Piece, ConfigError> {
        let Piece { origin, content } = piece;
        let content = match content {
            Content::Scalar(value) => Content::Scalar(value),
            Content::Items(items) => {
                let items = items.into_iter().enumerate();
                let follow = |(index, item)| self.followed(item, &mount.index(index), chain);
                Content::Items(items.map(follow).collect::<Result<_, _>>()?)
            }
            Content::Members(members) => {
                let mut named = None;
                let mut own = Vec::new();
                for (key, member) in members {
                    if key == INCLUDE {
                        named = Some(member);
                    } else {
                        let member = self.followed(member, &mount.key(&key), chain)?;
                        own.push((key, member));
                    }
                }
                let alone = own.is_empty();
                let own = Piece {
                    origin: origin.clone(),
                    content: Content::Members(own),
                };
                let included = match named {
                    Some(named) => self.included(named, mount, chain)?,
                    None => None,
                };
                return Ok(match included {
                    Some(included) if alone => included,
                    Some(included) => self.merged(included, own),
                    None => own,
                });
            }
        };
        Ok(Piece { origin, content })
    }

    /// What stands beside `$include` needs an object to stand in.
    fn merged(&mut self, included: Piece, own: Piece) -> Piece {
        if !matches!(included.content, Content::Members(_)) {
            let expected = "expected an object in the included file, for other keys stand beside the `$include`";
            self.fault(own.origin.clone(), Path::default(), expected, None);
        }
        included.merged(own)
    }

    /// Everything that the value of one `$include` names, the later over the earlier.
    fn included(
        &mut self,
        named: Piece,
        mount: &Path,
        chain: &[PathBuf],
    ) -> Result<Option<Piece>, ConfigError> {
        let names = match named.content {
            Content::Items(items) => items,
            content => vec![Piece { content, ..named }],
        };
        let mut all: Option<Piece> = None;
        for Piece { origin, content } in names {
            let Content::Scalar(Value::String(name)) = content else {
                let expected = "expected the name of a file, or a list of names";
                self.fault(origin, mount.key(INCLUDE), expected, None);
                continue;
            };
            let place = Place {
                named: origin,
                mount,
                chain,
            };
            if let Some(piece) = self.file(&name, &place)? {
                all = Some(match all {
                    Some(before) => before.merged(piece),
                    None => piece,
                });
            }
        }
        Ok(all)
    }

    fn file(&mut self, name: &str, place: &Place<'_>) -> Result<Option<Piece>, ConfigError> {
        let from = Arc::clone(&self.documents[place.named.document].file);
        let file = tidy(&from.with_file_name(name));
        if !self.files.contains(&file) {
            self.files.push(file.clone());
        }
        let read = self.open(&file, place.chain);
        let (real, text) = match read {
            Ok(read) => read,
            Err((expected, hint)) => {
                let at = place.mount.key(INCLUDE);
                self.fault(place.named.clone(), at, expected, hint);
                return Ok(None);
            }
        };
        let chain: Vec<PathBuf> = place.chain.iter().cloned().chain([real]).collect();
        let document = Document {
            file: file.into(),
            text,
            mount: place.mount.clone(),
        };
        self.read(document, &chain).map(Some)
    }

    /// The real place of the file and its text, or what is wrong and what helps.
    fn open(
        &self,
        file: &FilePath,
        chain: &[PathBuf],
    ) -> Result<(PathBuf, String), (String, Option<String>)> {
        let unreadable = |reason: &dyn std::fmt::Display| {
            (
                format!(
                    "the included file {} cannot be read: {reason}",
                    file.display()
                ),
                None,
            )
        };
        let root = self.root.as_ref();
        let root = root.ok_or_else(|| unreadable(&"there is no folder for included files"))?;
        let real = file
            .canonicalize()
            .map_err(|error| unreadable(&error.kind()))?;
        if !real.starts_with(root) {
            let hint = format!("included files lie in {} or below it", root.display());
            return Err((
                format!("the included file {} lies elsewhere", file.display()),
                Some(hint),
            ));
        }
        if let Some(begin) = chain.iter().position(|open| *open == real) {
            let circle = chain[begin..].iter().chain([&real]);
            let names: Vec<String> = circle.map(|file| name_of(file)).collect();
            let told = format!(
                "the files include each other in a circle: {}",
                names.join(" → ")
            );
            return Err((told, None));
        }
        if chain.len() > MAX_DEPTH {
            return Err((
                format!("files include each other more than {MAX_DEPTH} deep"),
                None,
            ));
        }
        if self.documents.len() > MAX_INCLUSIONS {
            return Err((
                format!("more than {MAX_INCLUSIONS} files are included"),
                None,
            ));
        }
        let text = read(&real).map_err(|reason| unreadable(&reason))?;
        Ok((real, text))
    }

    fn fault(
        &mut self,
        origin: Origin,
        path: Path,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        let problem = Problem::at_value(path, expected).with_hint(hint);
        self.problems.push(Located { origin, problem });
    }
}

fn read(file: &FilePath) -> Result<String, String> {
    let opened = open(file).map_err(|error| error.kind().to_string())?;
    let metadata = opened
        .metadata()
        .map_err(|error| error.kind().to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut text = String::new();
    let mut within = opened.take(MAX_FILE_BYTES + 1);
    match within.read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > MAX_FILE_BYTES => {
            Err(format!("it is larger than {MAX_FILE_BYTES} bytes"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// Opens without waiting for whoever writes to a pipe.
pub fn open(file: &FilePath) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.read(true).open(file)
}

fn name_of(file: &FilePath) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The path without `.`, as a person would write it.
fn tidy(path: &FilePath) -> PathBuf {
    let told = |part: &Component<'_>| !matches!(part, Component::CurDir);
    path.components().filter(told).collect()
}

#[cfg(test)]
mod tests;
