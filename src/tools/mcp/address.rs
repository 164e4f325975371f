//! The address of a server: how it is reached, and why it was not, in words that hold nothing of it.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{StatusCode, Url};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransportConfig, StreamableHttpError,
};

use super::link::MAX_MESSAGE_BYTES;
use crate::config::{McpServerConfig, Secret};

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 3;

/// The way to `url`, over which nothing was sent yet.
///
/// # Errors
/// A sentence on why there is none.
pub fn connect(
    url: &str,
    config: &McpServerConfig,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    let headers = config.headers.iter().map(header);
    let headers = headers.collect::<Result<_, String>>()?;
    // The process-wide choice of rustls: set once, and the same each time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .redirect(Policy::custom(redirected))
        .referer(false)
        .connect_timeout(CONNECT_LIMIT);
    if Url::parse(url).is_ok_and(|url| is_local(&url)) {
        client = client.no_proxy();
    }
    let client = client
        .build()
        .map_err(|_| "no HTTP client can be made".to_owned())?;
    let wanted = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(headers)
        .max_sse_event_size(MAX_MESSAGE_BYTES);
    Ok(StreamableHttpClientTransport::with_client(client, wanted))
}

fn header((name, value): (&String, &Secret)) -> Result<(HeaderName, HeaderValue), String> {
    let fault = || format!("its header `{name}` cannot be one");
    let header = HeaderName::try_from(name).map_err(|_| fault())?;
    let mut value = HeaderValue::try_from(value.expose()).map_err(|_| fault())?;
    value.set_sensitive(true);
    Ok((header, value))
}

/// A redirect is followed where it keeps the request as it is and leads to the same server: anywhere else it would carry
/// the credential to a place that nobody configured.
fn redirected(attempt: Attempt) -> reqwest::redirect::Action {
    let before = attempt.previous();
    let stays = before
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    let keeps = matches!(
        attempt.status(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    match stays && keeps && before.len() <= MAX_REDIRECTS {
        true => attempt.follow(),
        false => attempt.stop(),
    }
}

/// Whether it is on this machine, which no proxy reaches.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    ip.map_or(host == "localhost", |ip| ip.is_loopback())
}

/// Why a request failed, where that is known: ends a sentence about the server.
pub fn reason(error: &(dyn Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    match causes.find_map(|cause| cause.downcast_ref::<StreamableHttpError<reqwest::Error>>())? {
        StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
            Some("it refuses our credential".to_owned())
        }
        StreamableHttpError::HttpStatus(answer) => Some(answered(answer.status)),
        StreamableHttpError::UnexpectedServerResponse(told) => {
            // `HTTP 307 Temporary Redirect: ` and the body.
            let status = told.strip_prefix("HTTP ")?.get(..3)?;
            status.parse().ok().map(answered)
        }
        StreamableHttpError::Client(error) => Some(match error.status() {
            Some(status) => answered(status.as_u16()),
            None if error.is_connect() => "it cannot be reached".to_owned(),
            None => "the connection to it broke".to_owned(),
        }),
        _ => None,
    }
}

fn answered(status: u16) -> String {
    match status {
        300..=399 => format!(
            "it answers with {status} and wants us elsewhere, where its `url` does not lead"
        ),
        401 | 403 => format!("it refuses our credential ({status})"),
        _ => format!("it answers with {status}"),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::transport::streamable_http_client::HttpStatusError;

    use super::*;

    #[test]
    fn an_address_of_this_machine_is_told_from_others() {
        let local = |url: &str| is_local(&Url::parse(url).unwrap());
        for url in [
            "http://127.0.0.1:8/mcp",
            "http://[::1]/mcp",
            "https://localhost/mcp",
        ] {
            assert!(local(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/mcp",
            "https://mcp.example.com",
            "http://localhost.example.com",
        ] {
            assert!(!local(url), "{url}");
        }
    }

    #[test]
    fn a_status_says_what_the_reader_can_do() {
        let told = |text: &str| {
            let text = text.to_owned().into();
            reason(&StreamableHttpError::<reqwest::Error>::UnexpectedServerResponse(text))
        };
        assert_eq!(
            told("HTTP 401 Unauthorized: <secret>").unwrap(),
            "it refuses our credential (401)"
        );
        assert_eq!(
            told("HTTP 404 Not Found: x").unwrap(),
            "it answers with 404"
        );
        assert_eq!(told("something else"), None);
        assert_eq!(
            reason(&StreamableHttpError::<reqwest::Error>::from(
                HttpStatusError::new(503, None)
            ))
            .unwrap(),
            "it answers with 503"
        );
    }
}
