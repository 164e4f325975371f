//! The pages, in order, each with what it draws and what it draws with (ISO 32000-1, 7.7.3).

use std::collections::HashSet;

use super::budget::Stop;
use super::file::File;
use super::object::{Dict, Object};

pub struct Page {
    /// A content stream, or several that are one.
    pub contents: Vec<Object>,
    pub resources: Dict,
}

/// Walks the tree of pages. No page and no branch is walked twice, so a tree that bites its tail ends.
pub struct Pages<'a> {
    file: &'a File<'a>,
    /// What is still to be walked, the next one last, with the resources of its parent.
    open: Vec<(Object, Dict)>,
    seen: HashSet<u32>,
}

impl<'a> Pages<'a> {
    pub fn of(file: &'a File<'a>) -> Self {
        let root = file.catalog().get(b"Pages").clone();
        Self {
            file,
            open: vec![(root, Dict::default())],
            seen: HashSet::new(),
        }
    }

    pub fn next(&mut self) -> Result<Option<Page>, Stop> {
        while let Some((node, inherited)) = self.open.pop() {
            self.file.budget().step()?;
            if let Object::Reference(number) = node
                && !self.seen.insert(number)
            {
                continue;
            }
            let Object::Dict(node) = self.file.resolve(&node) else {
                continue;
            };
            let resources = match node.get(b"Resources") {
                Object::Null => inherited,
                own => self.file.dict(own),
            };
            let Object::Array(kids) = self.file.resolve(node.get(b"Kids")) else {
                let contents = self.contents(&node);
                return Ok(Some(Page {
                    contents,
                    resources,
                }));
            };
            self.file
                .budget()
                .spend(kids.len() * size_of::<(Object, Dict)>())?;
            let kids = kids.into_iter().rev();
            self.open.extend(kids.map(|kid| (kid, resources.clone())));
        }
        Ok(None)
    }

    fn contents(&self, page: &Dict) -> Vec<Object> {
        let contents = page.get(b"Contents");
        match self.file.resolve(contents) {
            Object::Array(streams) => streams,
            _ => vec![contents.clone()],
        }
    }
}
