//! What web pages of other origins may do (Fetch standard, CORS): those that are listed may call and read the answers,
//! for any other nothing is said. It lets nobody in: that is `auth`'s. Pure.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN,
    VARY,
};
use hyper::{HeaderMap, Method};

use super::reply::{self, Response};
use crate::config::WebOrigin;

const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, POST");
/// How long a browser remembers a preflight, in seconds.
const MAX_AGE_SECONDS: u32 = 600;

/// Headers that a page may send, and the beginnings of such.
const MAY_SEND: [&str; 2] = ["authorization", "content-type"];
const MAY_SEND_FAMILIES: [&str; 3] = ["openai-", "x-openclaw-", "x-stainless-"];
/// Headers that a page may read, and the beginning of such.
const MAY_READ: &str = "x-request-id";
const MAY_READ_FAMILY: &str = "x-openclaw-";

/// The page that sends a request, as far as it is a listed one.
pub struct Page {
    /// `None` also where no page sends it.
    origin: Option<HeaderValue>,
    /// Whether any is listed: then the answers differ by origin.
    answers_vary: bool,
    /// Whether the page's browser may add cookies.
    with_cookies: bool,
}

impl Page {
    pub fn of(headers: &HeaderMap, listed: &[WebOrigin], with_cookies: bool) -> Self {
        let mut origins = headers.get_all(ORIGIN).iter();
        let one = origins.next().filter(|_| origins.next().is_none());
        let is_listed =
            |origin: &&HeaderValue| listed.iter().any(|page| page.is(origin.as_bytes()));
        Self {
            origin: one.filter(is_listed).cloned(),
            answers_vary: !listed.is_empty(),
            with_cookies,
        }
    }

    /// The answer to the question that a browser asks before it sends what the page wants it to.
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks =
            *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.origin.is_none() {
            return None;
        }
        let mut response = reply::empty();
        let answer = response.headers_mut();
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS.into());
        let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let asked = asked.filter_map(|names| names.to_str().ok());
        let names = asked.flat_map(|names| names.split(',').map(str::trim));
        insert_list(
            answer,
            ACCESS_CONTROL_ALLOW_HEADERS,
            names.filter(|name| may_send(name)),
        );
        answer.append(
            VARY,
            HeaderValue::from_static("access-control-request-method"),
        );
        answer.append(
            VARY,
            HeaderValue::from_static("access-control-request-headers"),
        );
        Some(response)
    }

    /// Lets the page read the answer that has these headers.
    pub fn let_read(self, answer: &mut HeaderMap) {
        if self.answers_vary {
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
        let Some(origin) = self.origin else {
            return;
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.with_cookies {
            answer.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        let names: Vec<HeaderName> = answer
            .keys()
            .filter(|name| may_read(name))
            .cloned()
            .collect();
        insert_list(
            answer,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            names.iter().map(HeaderName::as_str),
        );
    }
}

fn may_send(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
    let in_family = MAY_SEND_FAMILIES
        .iter()
        .any(|family| name.starts_with(family));
    is_name && (in_family || MAY_SEND.contains(&name.as_str()))
}

fn may_read(name: &HeaderName) -> bool {
    *name == MAY_READ || name.as_str().starts_with(MAY_READ_FAMILY)
}

fn insert_list<'a>(
    headers: &mut HeaderMap,
    name: HeaderName,
    values: impl Iterator<Item = &'a str>,
) {
    let list = values.collect::<Vec<_>>().join(", ");
    if !list.is_empty()
        && let Ok(list) = HeaderValue::try_from(list)
    {
        headers.insert(name, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "https://app.example";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn page(sent: &HeaderMap, with_cookies: bool) -> Page {
        Page::of(sent, &[APP.parse().unwrap()], with_cookies)
    }

    /// What a browser is told in the end, sorted.
    fn told(page: Page, mut answer: HeaderMap) -> Vec<String> {
        page.let_read(&mut answer);
        let mut lines: Vec<String> = answer
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    fn preflight(sent: &[(&'static str, &str)]) -> Option<Vec<String>> {
        let sent = headers(sent);
        let page = page(&sent, false);
        let answer = page.preflight(&Method::OPTIONS, &sent)?;
        assert_eq!(answer.status(), 204);
        Some(told(page, answer.headers().clone()))
    }

    #[test]
    fn a_listed_page_may_send_what_clients_send_and_nothing_else() {
        let asked = [
            ("origin", APP),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "Authorization,content-type, x-stainless-os,openai-beta",
            ),
            (
                "access-control-request-headers",
                "x-openclaw-scopes, x-forwarded-user, cookie, x-openclaw- bad, ",
            ),
        ];
        let expected = [
            "access-control-allow-headers: Authorization, content-type, x-stainless-os, openai-beta, x-openclaw-scopes",
            "access-control-allow-methods: DELETE, GET, HEAD, POST",
            "access-control-allow-origin: https://app.example",
            "access-control-max-age: 600",
            "vary: access-control-request-headers",
            "vary: access-control-request-method",
            "vary: origin",
        ];
        assert_eq!(preflight(&asked).unwrap(), expected);
    }

    #[test]
    fn only_the_question_of_a_listed_page_is_answered() {
        let method = ("access-control-request-method", "POST");
        assert_eq!(
            preflight(&[("origin", "https://evil.example"), method]),
            None
        );
        assert_eq!(preflight(&[("origin", "null"), method]), None);
        assert_eq!(preflight(&[("origin", APP), ("origin", APP), method]), None);
        assert_eq!(preflight(&[method]), None);
        assert_eq!(preflight(&[("origin", APP)]), None);
        let sent = headers(&[("origin", APP), method]);
        assert!(page(&sent, false).preflight(&Method::POST, &sent).is_none());
    }

    #[test]
    fn a_listed_page_may_read_the_answer_and_what_is_ours_of_its_headers() {
        let answer = headers(&[
            ("x-request-id", "1"),
            ("x-openclaw-model", "p/m"),
            ("server", "s"),
        ]);
        let expected = [
            "access-control-allow-origin: https://app.example",
            "access-control-expose-headers: x-request-id, x-openclaw-model",
            "server: s",
            "vary: origin",
            "x-openclaw-model: p/m",
            "x-request-id: 1",
        ];
        assert_eq!(
            told(page(&headers(&[("origin", APP)]), false), answer),
            expected
        );
        let with_cookies = told(page(&headers(&[("origin", APP)]), true), HeaderMap::new());
        assert!(with_cookies.contains(&"access-control-allow-credentials: true".to_owned()));
    }

    #[test]
    fn to_any_other_nothing_is_said_but_that_it_depends() {
        let told_to =
            |sent: &[(&'static str, &str)]| told(page(&headers(sent), true), HeaderMap::new());
        assert_eq!(
            told_to(&[("origin", "https://evil.example")]),
            ["vary: origin"]
        );
        assert_eq!(told_to(&[]), ["vary: origin"]);
        let unlisted = Page::of(&headers(&[("origin", APP)]), &[], true);
        assert!(told(unlisted, HeaderMap::new()).is_empty());
    }
}
