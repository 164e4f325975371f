//! Prometheus' text format: families of samples. Pure.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::{Display, Write as _};

use crate::gateway::metrics::Histogram;

/// A page that is being written.
#[derive(Default)]
pub struct Page {
    text: String,
    family: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

type Labels<'a> = [(&'static str, &'a str)];

impl Page {
    /// Begins a family; the samples that follow are its own. `help` holds no line feed and no backslash.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.family = name;
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    pub fn sample(&mut self, labels: &Labels<'_>, value: impl Display) {
        self.line("", labels, None, value);
    }

    pub fn histogram(&mut self, labels: &Labels<'_>, histogram: &Histogram) {
        let mut count = 0;
        for (bound, total) in histogram.cumulative() {
            self.line("_bucket", labels, Some(bound), total);
            count = total;
        }
        self.line("_sum", labels, None, histogram.sum());
        self.line("_count", labels, None, count);
    }

    pub fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, suffix: &str, labels: &Labels<'_>, bound: Option<f64>, value: impl Display) {
        let family = self.family;
        self.write(format_args!("{family}{suffix}"));
        let mut before = '{';
        for (name, value) in labels {
            self.write(format_args!("{before}{name}=\"{}\"", Escaped(value)));
            before = ',';
        }
        if let Some(bound) = bound {
            match bound.is_finite() {
                true => self.write(format_args!("{before}le=\"{bound}\"")),
                false => self.write(format_args!("{before}le=\"+Inf\"")),
            }
            before = ',';
        }
        let end = if before == ',' { "}" } else { "" };
        self.write(format_args!("{end} {value}\n"));
    }

    fn write(&mut self, words: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(words)
            .expect("writing into memory does not fail");
    }
}

/// A label's value between its quotes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            other => f.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::metrics::Scale;

    #[test]
    fn a_family_is_its_help_its_type_and_its_samples() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "What it is.");
        page.sample(&[], 3);
        page.sample(&[("model", "a\"b\\c\nd"), ("x", "")], 0.25);
        assert_eq!(
            page.into_text(),
            "# HELP a_total What it is.\n# TYPE a_total counter\na_total 3\n\
             a_total{model=\"a\\\"b\\\\c\\nd\",x=\"\"} 0.25\n"
        );
    }

    #[test]
    fn a_histogram_ends_with_an_infinite_bound_its_sum_and_its_count() {
        let histogram = Histogram::new(&Scale::SECONDS);
        histogram.observe(0.5);
        let mut page = Page::default();
        page.family("a", Kind::Histogram, "h");
        page.histogram(&[("r", "x")], &histogram);
        let text = page.into_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "a_bucket{r=\"x\",le=\"0.001\"} 0");
        assert_eq!(
            lines[lines.len() - 3..],
            [
                "a_bucket{r=\"x\",le=\"+Inf\"} 1",
                "a_sum{r=\"x\"} 0.5",
                "a_count{r=\"x\"} 1"
            ]
        );
    }
}
