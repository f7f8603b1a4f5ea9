//! What a scrape carries, and what becomes of it: exposition formats, relabelling, targets, limits, staleness.
//!
//! Pure: pages in, samples out. Knows no sockets, no clock and no files; the agent and the server bring those. A page's way:
//! [`PageReader`] → [`Scraper`] (labels of the target, relabelling, limits) → samples.

mod cache;
pub mod config;
mod family;
mod format;
mod grid;
mod job;
pub mod kubernetes;
mod page;
mod protobuf;
pub mod relabel;
mod scrape;
mod target;
pub mod text;

pub use cache::Kept;
pub use crowsnest_yaml::duration;
pub use family::{Family, MetricSample};
pub use format::{Classic, Format, Nothing, PageReader, Protocol, accept_header};
pub use grid::{Grid, Wake};
pub use job::{Honor, Job, Limits};
pub use page::{Fact, PageError, Point, Refusal, Sink};
pub use scrape::{Facts, FamilyFacts, Outcome, Outgoing, PageResult, Pass, ScrapeError, Scraped, Scraper};
pub use target::{ADDRESS, PARAM, PATH, SCHEME, Scheme, Target, TargetError, is_meta};

/// A number as OpenMetrics writes bounds of buckets and quantiles: as Go's `%g`, and never without a point or an exponent.
pub(crate) fn open_metrics_float(value: f64) -> String {
    let exponent = crowsnest_api::format_exponent(value);
    let power = exponent.split_once('e').and_then(|(_, power)| power.parse::<i32>().ok());
    match power {
        None => exponent,
        Some(power) if !(-4..6).contains(&power) => exponent,
        Some(_) => {
            let plain = crowsnest_api::format_value(value);
            if plain.contains('.') { plain } else { plain + ".0" }
        }
    }
}
