//! Which format a page is in: what is asked for, and what came.

use crowsnest_api::Timestamp;
use smol_str::SmolStr;

use crate::page::{Fact, PageError, Point, Refusal, Sink};
use crate::protobuf::MessageReader;
use crate::scrape::ScrapeError;
use crate::text::Dialect;
use crate::text::reader::LineReader;

/// A format that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Messages `io.prometheus.client.MetricFamily`, each after its length: the only one with native histograms.
    PrometheusProto,
    /// Prometheus's text, before names could hold every character.
    PrometheusText0_0_4,
    /// The same since then.
    PrometheusText1_0_0,
    /// OpenMetrics' text, before it was finished.
    OpenMetricsText0_0_1,
    /// The same since then.
    OpenMetricsText1_0_0,
}

/// The name in `scrape_protocols`, and what the header `Accept` has for it.
const PROTOCOLS: &[(Protocol, &str, &str)] = &[
    (
        Protocol::PrometheusProto,
        "PrometheusProto",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ),
    (Protocol::PrometheusText0_0_4, "PrometheusText0.0.4", "text/plain;version=0.0.4"),
    (Protocol::PrometheusText1_0_0, "PrometheusText1.0.0", "text/plain;version=1.0.0;escaping=allow-utf-8"),
    (Protocol::OpenMetricsText0_0_1, "OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1"),
    (
        Protocol::OpenMetricsText1_0_0,
        "OpenMetricsText1.0.0",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    ),
];

impl Protocol {
    /// What Prometheus asks for unless told otherwise.
    pub const DEFAULT: &[Self] = &[
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];
    /// What it asks for where native histograms are wanted.
    pub const NATIVE: &[Self] = &[
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// The one of this name in `scrape_protocols`.
    ///
    /// # Errors
    /// When there is none, in Prometheus's words.
    pub fn named(name: &str) -> Result<Self, String> {
        let found = PROTOCOLS.iter().find(|(_, known, _)| *known == name);
        found.map(|(protocol, ..)| *protocol).ok_or_else(|| {
            let known: Vec<&str> = PROTOCOLS.iter().map(|(_, known, _)| *known).collect();
            format!("unknown scrape protocol {name}, supported: [{}]", known.join(" "))
        })
    }
}

/// The header `Accept`, as Prometheus sends it.
pub fn accept_header(protocols: &[Protocol]) -> String {
    let mut weight = PROTOCOLS.len() + 1;
    let mut header = String::new();
    for protocol in protocols {
        let of = PROTOCOLS.iter().find(|(known, ..)| known == protocol).map_or("", |(.., header)| header);
        header.push_str(&format!("{of};q=0.{weight},"));
        weight = weight.saturating_sub(1).max(1);
    }
    header + &format!("*/*;q=0.{weight}")
}

/// What a page is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One of the text formats.
    Text(Dialect),
    /// Messages.
    Protobuf,
}

impl Format {
    /// The format of a page with this `Content-Type`. What is not known is read as Prometheus's text, as Prometheus 2 did: many
    /// small exporters say `text/html`, or nothing.
    pub fn of(content_type: Option<&str>) -> Self {
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let mut parts = content_type.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        match kind {
            "application/openmetrics-text" => Self::Text(Dialect::OpenMetrics),
            "application/vnd.google.protobuf" if parts.any(|part| part == "encoding=delimited") => {
                Self::Protobuf
            }
            _ => Self::Text(Dialect::Prometheus),
        }
    }
}

/// Reads a page as it arrives.
#[derive(Debug)]
pub struct PageReader(Inner);

#[derive(Debug)]
enum Inner {
    Lines(LineReader),
    Messages(MessageReader),
}

impl PageReader {
    /// Reads a page in a format.
    pub fn new(format: Format, classic: Classic) -> Self {
        Self(match format {
            Format::Text(dialect) => Inner::Lines(LineReader::new(dialect)),
            Format::Protobuf => Inner::Messages(MessageReader::new(classic)),
        })
    }

    /// Reads the next piece of the page.
    ///
    /// # Errors
    /// When the page is none, or the sink wants no more.
    pub fn feed(&mut self, piece: &[u8], sink: &mut impl Sink<Stop = ScrapeError>) -> Result<(), PageError> {
        match &mut self.0 {
            Inner::Lines(lines) => Ok(lines.feed(piece, sink)?),
            Inner::Messages(messages) => messages.feed(piece, sink),
        }
    }

    /// Reads what is left; the page ends here.
    ///
    /// # Errors
    /// The same, and when the page has no end.
    pub fn finish(&mut self, sink: &mut impl Sink<Stop = ScrapeError>) -> Result<(), PageError> {
        match &mut self.0 {
            Inner::Lines(lines) => Ok(lines.finish(sink)?),
            Inner::Messages(messages) => messages.finish(),
        }
    }
}

/// Whether the buckets of a histogram that is also native are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classic {
    /// Only the native form.
    WhereAlone,
    /// Both forms.
    Always,
}

/// Throws everything away: for those who only want to know whether something is a page.
#[derive(Debug, Default)]
pub struct Nothing;

impl Sink for Nothing {
    type Stop = ScrapeError;

    fn fact(&mut self, _: &SmolStr, _: Fact) {}

    fn sample(&mut self, series: &str, _: Point, _: Option<Timestamp>) -> Result<(), Refusal<ScrapeError>> {
        crate::text::series::read(series, usize::MAX)
            .map(drop)
            .map_err(|(at, problem)| Refusal::Series(at, problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_prometheus_asks_for() {
        assert_eq!(
            accept_header(Protocol::DEFAULT),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        assert!(accept_header(Protocol::NATIVE).starts_with(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        ));
    }

    #[test]
    fn the_format_is_what_the_answer_says() {
        let proto =
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
        assert_eq!(Format::of(Some(proto)), Format::Protobuf);
        let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(Format::of(Some(open)), Format::Text(Dialect::OpenMetrics));
        for text in [None, Some("text/plain; version=0.0.4"), Some("text/html")] {
            assert_eq!(Format::of(text), Format::Text(Dialect::Prometheus));
        }
        assert!(Protocol::named("x").unwrap_err().starts_with("unknown scrape protocol x, supported: [Prom"));
    }
}
