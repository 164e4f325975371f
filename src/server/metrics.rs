//! `GET /metrics`: what the room and the server have counted, in Prometheus' text format 0.0.4. Also for who watches while
//! the server drains.

mod page;
mod process;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::State;
use super::endpoint::{self, Gate, Route};
use super::path::Path;
use super::reply::Response;
use crate::auth::Scope;
use crate::gateway::Gateway;
use crate::gateway::metrics::{Counter, Gauge, Histogram, Labelled, Metrics, Scale};
use page::{Kind, Page};

const GATE: Gate = Gate {
    scope: Scope::Read,
    is_on: |_| true,
    switch: "",
};

pub fn route(state: &State) -> Route {
    endpoint::watch(state, "/metrics", GATE, answer)
}

/// What the server counts of requests. A reload keeps it.
#[derive(Default)]
pub struct Http {
    pub routes: Labelled<&'static str, RouteMeter>,
    pub in_flight: Gauge,
    pub streams: Gauge,
}

/// The places of routes, each with its meter once it was asked for.
pub struct Places(Box<[(Path, OnceLock<Arc<RouteMeter>>)]>);

impl Places {
    pub fn new(places: &[Path]) -> Self {
        let places = places.iter().map(|place| (*place, OnceLock::new()));
        Self(places.collect())
    }

    /// The meter of the route that is at this path, of all these.
    pub fn meter(&self, http: &Http, path: &str) -> Arc<RouteMeter> {
        let mut places = self.0.iter();
        match places.find(|(place, _)| place.tail(path).is_some()) {
            Some((place, meter)) => {
                Arc::clone(meter.get_or_init(|| http.routes.of(&place.label())))
            }
            None => http.routes.other(),
        }
    }
}

/// The requests of one route.
#[derive(Debug)]
pub struct RouteMeter {
    statuses: [Counter; STATUSES.len() + 2],
    /// Answers that did not leave whole.
    pub cut: Counter,
    /// From the head of the request to the last byte of the answer.
    pub seconds: Histogram,
}

/// The statuses that this server answers with.
const STATUSES: [u16; 19] = [
    101, 200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 426, 429, 431, 500, 501, 502, 503, 504,
];
const NAMES: [&str; STATUSES.len() + 2] = [
    "101", "200", "204", "400", "401", "403", "404", "405", "408", "413", "415", "426", "429",
    "431", "500", "501", "502", "503", "504", "other", "none",
];

impl Default for RouteMeter {
    fn default() -> Self {
        Self {
            statuses: Default::default(),
            cut: Counter::default(),
            seconds: Histogram::new(&Scale::SECONDS),
        }
    }
}

impl RouteMeter {
    /// Counts a request that is over; without a status its caller left before there was an answer.
    pub fn ended(&self, status: Option<StatusCode>, is_cut: bool, time: Duration) {
        let place = match status {
            Some(status) => STATUSES
                .iter()
                .position(|known| *known == status.as_u16())
                .unwrap_or(STATUSES.len()),
            None => STATUSES.len() + 1,
        };
        self.statuses[place].add(1);
        self.cut.add(is_cut.into());
        self.seconds.observe(time.as_secs_f64());
    }

    fn statuses(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES
            .into_iter()
            .zip(self.statuses.iter().map(Counter::get))
    }
}

fn answer(state: &State) -> Response {
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let mut page = Page::default();
    http(&mut page, state.metrics());
    let gateway = state.gateway();
    runs(&mut page, gateway);
    models(&mut page, gateway.metrics());
    tools_and_store(&mut page, gateway.metrics());
    process::tell(&mut page, state.started());
    let mut response = Response::new(page.into_text().into());
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

fn http(page: &mut Page, http: &Http) {
    let routes = || {
        let routes = http.routes.iter();
        routes.map(|(label, meter)| (label.copied().unwrap_or(OTHER), meter))
    };
    page.family(
        "openclaw_http_requests_total",
        Kind::Counter,
        "Requests that are over; status none: the caller left before an answer.",
    );
    for (route, meter) in routes() {
        for (status, count) in meter.statuses().filter(|(_, count)| *count > 0) {
            page.sample(&[("route", route), ("status", status)], count);
        }
    }
    page.family(
        "openclaw_http_cut_total",
        Kind::Counter,
        "Requests whose answer did not leave whole.",
    );
    for (route, meter) in routes() {
        page.sample(&[("route", route)], meter.cut.get());
    }
    page.family(
        "openclaw_http_request_seconds",
        Kind::Histogram,
        "From the request head to the last byte of the answer.",
    );
    for (route, meter) in routes() {
        page.histogram(&[("route", route)], &meter.seconds);
    }
    page.family(
        "openclaw_http_requests_in_flight",
        Kind::Gauge,
        "Requests whose answer has not left whole, this one among them.",
    );
    page.sample(&[], http.in_flight.get());
    page.family(
        "openclaw_http_streams_active",
        Kind::Gauge,
        "Event streams that are open.",
    );
    page.sample(&[], http.streams.get());
}

/// The label of all that is not known.
const OTHER: &str = "other";

fn runs(page: &mut Page, gateway: &Gateway) {
    let metrics = gateway.metrics();
    let agents = || {
        let runs = metrics.runs.iter();
        runs.map(|(agent, meter)| (agent.map_or(OTHER, |agent| agent.as_str()), meter))
    };
    page.family(
        "openclaw_runs_total",
        Kind::Counter,
        "Agent runs that are over, by outcome.",
    );
    for (agent, meter) in agents() {
        for (outcome, count) in meter.outcomes().filter(|(_, count)| *count > 0) {
            page.sample(&[("agent", agent), ("outcome", outcome)], count);
        }
    }
    page.family(
        "openclaw_run_seconds",
        Kind::Histogram,
        "From the request to the last event of a run.",
    );
    for (agent, meter) in agents() {
        page.histogram(&[("agent", agent)], &meter.seconds);
    }
    page.family(
        "openclaw_run_first_event_seconds",
        Kind::Histogram,
        "From the request to the first event of a run.",
    );
    for (agent, meter) in agents() {
        page.histogram(&[("agent", agent)], &meter.first_event_seconds);
    }
    page.family(
        "openclaw_runs_in_flight",
        Kind::Gauge,
        "Runs that are not over, those that wait among them.",
    );
    page.sample(&[], metrics.runs_in_flight.get());
    page.family(
        "openclaw_runs_waiting",
        Kind::Gauge,
        "Runs that wait for a place.",
    );
    page.sample(&[], gateway.runs_waiting());
}

fn models(page: &mut Page, metrics: &Metrics) {
    let models = || {
        let models = metrics.models.iter();
        models.map(|(model, meter)| match model {
            Some(model) => (model.provider.as_str(), &*model.model, meter),
            None => (OTHER, OTHER, meter),
        })
    };
    page.family(
        "openclaw_provider_attempts_total",
        Kind::Counter,
        "Calls of models; answered: the first event was there.",
    );
    for (provider, model, meter) in models() {
        for (outcome, count) in meter.attempts().filter(|(_, count)| *count > 0) {
            page.sample(
                &[
                    ("provider", provider),
                    ("model", model),
                    ("outcome", outcome),
                ],
                count,
            );
        }
    }
    page.family(
        "openclaw_provider_failovers_total",
        Kind::Counter,
        "Times that another model took over, by the class of the failure.",
    );
    for (provider, model, meter) in models() {
        for (class, count) in meter.failovers().filter(|(_, count)| *count > 0) {
            page.sample(
                &[("provider", provider), ("model", model), ("class", class)],
                count,
            );
        }
    }
    page.family(
        "openclaw_tokens_total",
        Kind::Counter,
        "Tokens as providers reported them.",
    );
    for (provider, model, meter) in models() {
        let labels = |direction| {
            [
                ("provider", provider),
                ("model", model),
                ("direction", direction),
            ]
        };
        page.sample(&labels("input"), meter.input_tokens.get());
        page.sample(&labels("output"), meter.output_tokens.get());
    }
    page.family(
        "openclaw_cost_usd_total",
        Kind::Counter,
        "What calls cost, in US dollars, where a price is known.",
    );
    for (provider, model, meter) in models() {
        page.sample(
            &[("provider", provider), ("model", model)],
            meter.cost().usd(),
        );
    }
    page.family(
        "openclaw_provider_first_event_seconds",
        Kind::Histogram,
        "From the call of a model to its first event.",
    );
    for (provider, model, meter) in models() {
        page.histogram(
            &[("provider", provider), ("model", model)],
            &meter.first_event_seconds,
        );
    }
    page.family(
        "openclaw_output_tokens_per_second",
        Kind::Histogram,
        "The speed of streamed answers after their first event.",
    );
    for (provider, model, meter) in models() {
        page.histogram(
            &[("provider", provider), ("model", model)],
            &meter.tokens_per_second,
        );
    }
}

fn tools_and_store(page: &mut Page, metrics: &Metrics) {
    page.family(
        "openclaw_tool_calls_total",
        Kind::Counter,
        "Calls of tools of the house.",
    );
    for (tool, meter) in metrics.tools.iter() {
        let tool = tool.map_or(OTHER, String::as_str);
        page.sample(&[("tool", tool), ("outcome", "ok")], meter.ok.get());
        page.sample(&[("tool", tool), ("outcome", "failed")], meter.failed.get());
    }
    let store = &metrics.store;
    page.family(
        "openclaw_session_store_seconds",
        Kind::Histogram,
        "The time of the session store; acquire: the wait for a session's turn.",
    );
    page.histogram(&[("operation", "acquire")], &store.acquire);
    page.histogram(&[("operation", "load")], &store.load);
    page.histogram(&[("operation", "append")], &store.append);
}
