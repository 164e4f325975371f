//! What a request brings besides words: pictures and files. Those that are still to be fetched or read are, before the
//! run begins, and what comes of them takes its place in the items.

use std::time::Duration;

use super::input::Entry;
use super::item::{Item, Part};
use super::parts::data_url;
use crate::chat::Routing;
use crate::server::State;
use crate::server::documents::Given;
use crate::server::error::ApiError;
use crate::server::pictures::{Fetching, Pictures, in_time_of_run, is_web};

/// Files of one request, at most.
const MAX_FILES: usize = 16;

/// URLs that one request may name where the configuration does not say.
const MAX_URLS: usize = 8;

/// The setting that allows pictures by URL.
const SWITCH: &str = "gateway.http.endpoints.responses.images.allowUrl";

#[derive(Default)]
pub struct Attachments {
    pub pictures: Pictures,
    /// With the place of each in the request; in order.
    files: Vec<(String, Given)>,
    /// Of an item that was stored: what its files came to.
    kept: std::vec::IntoIter<String>,
}

impl Attachments {
    /// Of an item that was stored, and the texts of its files.
    pub fn kept(files: Vec<String>) -> Self {
        Self {
            kept: files.into_iter(),
            ..Self::default()
        }
    }

    /// The text of the next file of an item that was stored.
    pub fn next_kept(&mut self) -> Option<String> {
        self.kept.next()
    }

    /// One more file, which is at `at`.
    ///
    /// # Errors
    /// 400 for one too many.
    pub fn file(&mut self, given: Given, at: &str) -> Result<(), ApiError> {
        if self.files.len() == MAX_FILES {
            let message = format!("`{at}` is one too many: a request may have {MAX_FILES} files");
            return Err(ApiError::invalid(at, message));
        }
        self.files.push((at.to_owned(), given));
        Ok(())
    }

    /// Fetches and reads everything, and puts it where it belongs, within the time of the run that it is for. Returns what
    /// is left of that time; `None` where there was nothing to do.
    ///
    /// # Errors
    /// What keeps the run itself from being: then nothing is done. 400, naming the place: too many URLs, fetching is off
    /// or fails, or what is there cannot be used.
    pub async fn settle(
        self,
        (state, routing): (&State, &Routing),
        entries: &mut [Entry],
    ) -> Result<Option<Duration>, ApiError> {
        if self.pictures.links.is_empty() && self.files.is_empty() {
            return Ok(None);
        }
        self.check_urls(state)?;
        let work = self.put(state, entries);
        let ((), left) = in_time_of_run((state.gateway(), routing), work).await?;
        Ok(Some(left))
    }

    async fn put(self, state: &State, entries: &mut [Entry]) -> Result<(), ApiError> {
        let endpoint = &state.http().endpoints.responses;
        let fetching = Fetching {
            gateway: state.gateway(),
            config: &endpoint.images,
            switch: SWITCH,
        };
        let mut pictures = fetching.fetch(self.pictures).await?.into_iter();
        let mut files = self.files.into_iter();
        let items = entries.iter_mut().filter_map(Entry::item_mut);
        for part in items.flat_map(Item::parts_mut) {
            match part {
                Part::InputImage { image_url, .. } if is_web(image_url) => {
                    if let Some(picture) = pictures.next() {
                        *image_url = data_url(&picture);
                    }
                }
                Part::InputFile(file) => {
                    if let Some((at, given)) = files.next() {
                        let read = state.documents();
                        let read = read.document(state.gateway(), &endpoint.files, given).await;
                        let document = read.map_err(|error| error.at(&at))?;
                        file.text = document.enclosed();
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_urls(&self, state: &State) -> Result<(), ApiError> {
        let configured = state.http().endpoints.responses.max_url_parts;
        let limit = configured.map_or(MAX_URLS, |parts| parts as usize);
        let pictures = self.pictures.links.iter().map(|link| link.param.as_str());
        let files = self.files.iter().filter(|(_, given)| given.is_url());
        let mut named = pictures.chain(files.map(|(at, _)| at.as_str()));
        match named.nth(limit) {
            Some(at) => {
                let message = format!("`{at}` is one too many: {limit} parts may name a URL");
                Err(ApiError::invalid(at, message))
            }
            None => Ok(()),
        }
    }
}
