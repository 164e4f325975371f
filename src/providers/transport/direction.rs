//! Where requests to a provider go and what all of them carry: made once, and only copied for each request.

use bytes::Bytes;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri};
use reqwest::Url;

use super::super::known::Known;
use super::credential::{self, HeaderFault};

/// What is wanted of most requests.
pub(super) const JSON: &str = "application/json";

/// What this program calls itself.
const USER_AGENT_NAME: &str = concat!("openclaw/", env!("CARGO_PKG_VERSION"));

/// Destination and credential, in one.
pub(super) struct Direction {
    base: Uri,
    /// What every path follows, without a slash at its end.
    base_path: String,
    /// Of a request that has a body and wants JSON.
    pub headers: HeaderMap,
}

impl Direction {
    /// # Errors
    /// The key of the setting that is at fault, and what is wrong with it.
    pub fn new(known: &Known, mut url: Url) -> Result<Self, HeaderFault> {
        let mut headers = credential::headers(known)?;
        if let Some(login) = credential::login(&mut url) {
            headers.entry(AUTHORIZATION).or_insert(login);
        }
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(USER_AGENT_NAME));
        let base = Uri::try_from(url.as_str());
        let base = base.map_err(|error| ("baseUrl".to_owned(), format!("is no URL: {error}")))?;
        let path = base.path_and_query().map_or("", PathAndQuery::as_str);
        Ok(Self {
            base_path: path.trim_end_matches('/').to_owned(),
            base,
            headers,
        })
    }

    /// Adds a header to all requests, unless it is there.
    pub fn add(&mut self, name: &'static str, value: &'static str) {
        let entry = self.headers.entry(HeaderName::from_static(name));
        entry.or_insert(HeaderValue::from_static(value));
    }

    /// A request without a body has no type. `None`: the path is none.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        accept: &'static str,
    ) -> Option<Request<Bytes>> {
        let has_body = !body.is_empty();
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.place(path)?;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        if accept != JSON {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if !has_body {
            headers.remove(CONTENT_TYPE);
        }
        Some(request)
    }

    pub fn place(&self, path: &str) -> Option<Uri> {
        let path = PathAndQuery::try_from([&self.base_path, path].concat());
        let mut place = self.base.clone().into_parts();
        place.path_and_query = Some(path.ok()?);
        Uri::from_parts(place).ok()
    }
}
