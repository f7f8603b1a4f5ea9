//! What has come of pushes since the server started, by the way they came in.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;
use http::StatusCode;
use parking_lot::Mutex;

use crate::sources::Way;

/// Counts of each way that has been used.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_way: Mutex<BTreeMap<Way, OfWay>>,
}

#[derive(Clone, Debug, Default)]
struct OfWay {
    pushes: u64,
    samples: u64,
    rejected: u64,
    /// Pushes of which nothing was stored, by the status that they were answered with.
    refused: BTreeMap<u16, u64>,
}

impl Counters {
    /// A push was stored, all of it or some.
    pub(super) fn stored(&self, way: Way, samples: u64, rejected: u64) {
        let mut by_way = self.by_way.lock();
        let of_way = by_way.entry(way).or_default();
        of_way.pushes += 1;
        of_way.samples += samples;
        of_way.rejected += rejected;
    }

    /// Nothing of a push was stored.
    pub(super) fn refused(&self, way: Way, status: StatusCode) {
        *self.by_way.lock().entry(way).or_default().refused.entry(status.as_u16()).or_default() += 1;
    }

    /// As metrics.
    pub(crate) fn families(&self) -> Vec<Family> {
        let by_way = self.by_way.lock().clone();
        let mut pushes =
            Family::counter("crowsnest_ingest_pushes_total", "Pushes stored, all of them or some.");
        let mut samples = Family::counter("crowsnest_ingest_samples_total", "Samples pushed and stored.");
        let mut rejected = Family::counter(
            "crowsnest_ingest_rejected_samples_total",
            "Samples refused for good; the rest of their pushes was stored.",
        );
        let mut refused = Family::counter(
            "crowsnest_ingest_refused_pushes_total",
            "Pushes of which nothing was stored, by the status of the answer; 429 and 503 are sent again.",
        );
        for (way, counts) in by_way {
            let of_way = [("way", way.label())];
            pushes.push(&of_way, counts.pushes as f64);
            samples.push(&of_way, counts.samples as f64);
            rejected.push(&of_way, counts.rejected as f64);
            for (status, count) in counts.refused {
                refused.push(&[("status", &status.to_string()), ("way", way.label())], count as f64);
            }
        }
        vec![pushes, samples, rejected, refused]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_counted_by_way_and_refused_ones_by_status() {
        let counters = Counters::default();
        counters.stored(Way::Influx, 5, 2);
        counters.stored(Way::Influx, 1, 0);
        counters.refused(Way::OtlpGrpc, StatusCode::TOO_MANY_REQUESTS);
        let mut page = String::new();
        crowsnest_scrape::text::encode(&mut page, &counters.families());
        for line in [
            "crowsnest_ingest_pushes_total{way=\"influx\"} 2",
            "crowsnest_ingest_samples_total{way=\"influx\"} 6",
            "crowsnest_ingest_rejected_samples_total{way=\"influx\"} 2",
            "crowsnest_ingest_refused_pushes_total{status=\"429\",way=\"otlp_grpc\"} 1",
        ] {
            assert!(page.lines().any(|known| known == line), "{line} is not in\n{page}");
        }
    }
}
