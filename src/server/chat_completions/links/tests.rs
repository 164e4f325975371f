//! When pictures are fetched, how many at a time, for how long, and how large they may be together.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{FutureExt, stream};
use tokio::time::Instant;

use super::*;
use crate::chat::MAX_IMAGES_BYTES;
use crate::config::{Environment, FetchConfig};
use crate::gateway::{Fetcher, Gateway, Lookup, RunError};
use crate::server::body::FromBody;
use crate::server::chat_completions::decode::Asked;
use crate::server::media::DataUrl;
use crate::server::pictures::{AT_ONCE, admitted};

/// Finds no name, and counts what it is asked.
#[derive(Clone, Default)]
struct Lost(Arc<AtomicUsize>);

impl Lookup for Lost {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().boxed()
    }
}

fn gateway(lost: &Lost, config: Value) -> Gateway {
    let config = serde_json::from_value(config).unwrap();
    let fetcher = Fetcher::new(Arc::new(lost.clone()));
    Gateway::with_fetcher(&config, &Environment::default(), None, fetcher).unwrap()
}

/// A request with these pictures, each in a message of its own.
fn asked(urls: &[&str]) -> Asked {
    let message = |url| json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": url } }] });
    let messages: Vec<Value> = urls.iter().map(message).collect();
    Asked::from_body(&json!({ "messages": messages }).to_string()).unwrap()
}

const WEB: [&str; 6] = ["https://example.com/p.png"; 6];

fn open() -> FetchConfig {
    FetchConfig {
        allow_url: true,
        ..FetchConfig::default()
    }
}

fn fetching<'a>(gateway: &'a Gateway, config: &'a FetchConfig) -> Fetching<'a> {
    Fetching {
        gateway,
        config,
        switch: SWITCH,
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_pictures_are_fetched_at_a_time_and_the_first_failure_ends_it() {
    let lost = Lost::default();
    let gateway = gateway(&lost, json!({}));
    let mut asked = asked(&WEB);
    let begun = Instant::now();
    let refused = settle(
        (&fetching(&gateway, &open()), &Routing::default()),
        asked.pictures,
        &mut asked.chat,
    )
    .await;
    let error = ApiError::invalid(
        "messages[0].content[0].image_url.url",
        "`messages[0].content[0].image_url.url` cannot be fetched: not done within 10 s",
    );
    assert_eq!(refused, Err(error));
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(lost.0.load(Ordering::Relaxed), AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_run_is_the_time_of_its_pictures() {
    let defaults = json!({ "agents": { "defaults": { "timeoutSeconds": 3 } } });
    let gateway = gateway(&Lost::default(), defaults);
    let mut asked = asked(&WEB);
    let begun = Instant::now();
    let late = settle(
        (&fetching(&gateway, &open()), &Routing::default()),
        asked.pictures,
        &mut asked.chat,
    )
    .await;
    let limit = Duration::from_secs(3);
    assert_eq!(late, Err(RunError::Deadline { limit }.into()));
    assert_eq!(begun.elapsed(), limit);
}

#[tokio::test]
async fn nothing_is_fetched_for_an_agent_or_a_model_that_is_not_there() {
    let lost = Lost::default();
    let gateway = gateway(&lost, json!({}));
    for model in ["openclaw/nobody", "nothing/nowhere"] {
        let mut asked = asked(&WEB);
        let routing = Routing {
            model: Some(model.to_owned()),
            ..Routing::default()
        };
        let refused = settle(
            (&fetching(&gateway, &open()), &routing),
            asked.pictures,
            &mut asked.chat,
        )
        .await
        .unwrap_err();
        assert!(
            matches!(refused.status().as_u16(), 403 | 404),
            "{refused:?}"
        );
    }
    assert_eq!(lost.0.load(Ordering::Relaxed), 0);
}

/// The beginning of a PNG, and as many bytes more.
fn png(bytes: usize) -> String {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(bytes, 0);
    STANDARD.encode(picture)
}

#[tokio::test]
async fn pictures_that_are_sent_and_pictures_that_are_fetched_are_counted_together() {
    let half = MAX_IMAGES_BYTES / 2;
    for (fetched, fits) in [(half, true), (half + 1, false)] {
        let sent = format!("data:image/png;base64,{}", png(half));
        let mut asked = asked(&[&sent, WEB[0]]);
        let link = asked.pictures.links.remove(0);
        let url = DataUrl {
            mime: "image/png".to_owned(),
            base64: png(fetched),
        };
        let fetches = stream::iter([(link, Ok(url))]);
        let admitted = admitted(fetches, &open(), asked.pictures).await;
        assert_eq!(admitted.is_ok(), fits, "{admitted:?}");
    }
}
