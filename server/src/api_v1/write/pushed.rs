//! Pushes in other forms than remote write: what becomes of a body once its form has been read.

use std::collections::HashMap;
use std::io::Read;

use axum::body::Body;
use crowsnest_api::{Label, Labels, Sample, Timestamp};
use crowsnest_promql::SampleValue;
use crowsnest_tsdb::{Appended, Metadata, RejectReason, Rejection, SeriesBatch};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use tokio::sync::OwnedSemaphorePermit;

use super::decode::{MAX_DECOMPRESSED, MAX_METADATA, bounded};
use super::gate::Admission;
use super::{Arrived, Sender, add, arrive, begin, may_block, note_failure, partially, refused};
use crate::clock;
use crate::http::{ApiError, App, ErrorKind};

/// What a push says, as the store takes it.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    by_labels: HashMap<Labels, usize>,
    series: Vec<SeriesBatch>,
    metadata: Vec<Metadata>,
    rejected: Vec<Rejection>,
    /// Of the labels of all series.
    label_bytes: usize,
}

/// What the labels of one push may take, written out: a few of them may stand for many series.
const MAX_LABEL_BYTES: usize = 64 << 20;

impl Pushed {
    /// Adds a float.
    pub(crate) fn float(&mut self, labels: &Labels, at: Timestamp, value: f64, start: Option<Timestamp>) {
        self.sample(labels, at, SampleValue::Float(value), start);
    }

    /// Adds a sample, and since when its counter counts, where that is known.
    pub(crate) fn sample(
        &mut self,
        labels: &Labels,
        at: Timestamp,
        value: SampleValue,
        start: Option<Timestamp>,
    ) {
        if self.label_bytes > MAX_LABEL_BYTES {
            return;
        }
        let place = *self.by_labels.entry(labels.clone()).or_insert(self.series.len());
        if place == self.series.len() {
            let of_one = |label: &Label| label.name.len() + label.value.len() + size_of::<Label>();
            self.label_bytes += labels.iter().map(of_one).sum::<usize>();
            self.series.push(SeriesBatch::of_floats(labels.clone(), Vec::new()));
        }
        let Some(series) = self.series.get_mut(place) else { return };
        match value {
            SampleValue::Float(value) => series.samples.push(Sample { timestamp: at, value }),
            SampleValue::Histogram(histogram) => series.extras.histograms.push((at, histogram)),
        }
        if let Some(start) = start {
            series.extras.starts.push((at, start));
        }
    }

    /// Adds what is known of a family.
    pub(crate) fn describe(&mut self, metadata: Metadata) {
        let is_known = self.metadata.iter().rev().take(64).any(|known| known.family == metadata.family);
        if !is_known && self.metadata.len() < MAX_METADATA {
            self.metadata.extend(bounded(metadata));
        }
    }

    /// Counts samples that are refused.
    pub(crate) fn reject(&mut self, reason: RejectReason, samples: u64, example: impl FnOnce() -> String) {
        add(&mut self.rejected, Rejection { reason, samples: samples.max(1), example: example() });
    }

    /// The series, the samples of each in the order of time.
    #[cfg(test)]
    pub(crate) fn into_series(mut self) -> Vec<SeriesBatch> {
        self.sort();
        self.series
    }

    fn sort(&mut self) {
        for series in &mut self.series {
            series.samples.sort_by_key(|sample| sample.timestamp);
            series.extras.histograms.sort_by_key(|(at, _)| *at);
            series.extras.starts.sort_by_key(|(at, _)| *at);
            series.extras.starts.dedup_by_key(|(at, _)| *at);
        }
    }
}

/// A body that has come, with the room that it takes.
pub(crate) struct Received {
    /// Unpacked, where a `Content-Encoding` says that it is packed.
    pub(crate) body: Vec<u8>,
    room: (Admission, OwnedSemaphorePermit),
}

/// Reads a body, as soon as there is room for it and a turn to look at it.
pub(crate) async fn receive(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, ApiError> {
    let Arrived { body, admission, turn } = arrive(app, sender, headers, body).await?;
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
    let body = may_block(|| unpack(encoding, &body))?;
    Ok(Received { body, room: (admission, turn) })
}

/// Undoes a content coding.
pub(crate) fn unpack(encoding: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let unpacked = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body.to_vec()),
        "gzip" | "x-gzip" => bounded_read(flate2::read::MultiGzDecoder::new(body)),
        "zstd" => zstd::stream::read::Decoder::new(body).and_then(bounded_read),
        other => {
            let message = format!("Content-Encoding {other:?} is not understood; gzip and zstd are");
            return Err(ApiError::new(ErrorKind::UnsupportedMediaType, message));
        }
    };
    let unpacked =
        unpacked.map_err(|error| ApiError::bad_request(format!("the body is not {encoding}: {error}")))?;
    if unpacked.len() > MAX_DECOMPRESSED {
        let limit = format!("the push decompresses to more than {MAX_DECOMPRESSED} bytes; send smaller ones");
        return Err(ApiError::new(ErrorKind::TooLarge, limit));
    }
    Ok(unpacked)
}

/// One byte more than is allowed, so that it shows.
fn bounded_read(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    reader.take(MAX_DECOMPRESSED as u64 + 1).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

impl Received {
    /// Stores what a body says. Some of it may be refused; all else is on the disk then.
    pub(crate) async fn store(
        self,
        app: &App,
        sender: &Sender,
        mut pushed: Pushed,
    ) -> Result<Appended, ApiError> {
        if pushed.label_bytes > MAX_LABEL_BYTES {
            let limit = format!(
                "the labels of all series have more than {MAX_LABEL_BYTES} bytes; send fewer at once"
            );
            return Err(ApiError::new(ErrorKind::TooLarge, limit));
        }
        pushed.sort();
        let Pushed { series, metadata, rejected, .. } = pushed;
        let all = series.iter().map(SeriesBatch::as_pushed);
        let mut begun = may_block(|| begin(app, sender, all, metadata, clock::now()));
        begun.rejected = rejected;
        drop((series, self.room.1));
        begun.stored(app).await
    }
}

/// Takes a push in a form that `read` makes series of; answers 204 once all of it is on the disk, and says what was refused else.
pub(crate) async fn take(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&[u8]) -> Result<Pushed, ApiError>,
) -> Result<StatusCode, ApiError> {
    let stored = async {
        let received = receive(app, sender, headers, body).await?;
        let pushed = may_block(|| read(&received.body))?;
        received.store(app, sender, pushed).await
    };
    let appended = stored.await.inspect_err(|error| note_failure(app, sender, error))?;
    refusal(&appended).map_or(Ok(StatusCode::NO_CONTENT), |(_, why)| Err(why))
}

/// What was refused of a push, if anything was.
pub(crate) fn refusal(appended: &Appended) -> Option<(u64, ApiError)> {
    let samples = refused(appended);
    (samples > 0).then(|| (samples, partially(appended)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_up_to_a_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"hello").unwrap();
        assert_eq!(unpack("gzip", &gzip.finish().unwrap()).unwrap(), b"hello");
        assert_eq!(unpack("zstd", &zstd::encode_all(&b"hello"[..], 1).unwrap()).unwrap(), b"hello");
        assert_eq!(unpack("", b"hello").unwrap(), b"hello");
        assert!(unpack("gzip", b"hello").is_err() && unpack("br", b"hello").is_err());
        let bomb = zstd::encode_all(std::io::repeat(0).take(MAX_DECOMPRESSED as u64 + 1), 1).unwrap();
        assert!(unpack("zstd", &bomb).unwrap_err().message().contains("more than"));
    }

    #[test]
    fn labels_that_stand_for_many_series_are_counted_as_often() {
        let mut pushed = Pushed::default();
        let value = "x".repeat(1 << 20);
        for number in 0..200 {
            let labels =
                Labels::from_pairs([("__name__", "a"), ("l", value.as_str()), ("n", &number.to_string())]);
            pushed.float(&labels, Timestamp::MIN, 1.0, None);
        }
        assert!((64..70).contains(&pushed.into_series().len()), "the rest is left out, and the push refused");
    }

    #[test]
    fn samples_of_a_series_come_together_in_the_order_of_time() {
        let mut pushed = Pushed::default();
        let [a, b] = ["a", "b"].map(|name| Labels::from_pairs([("__name__", name)]));
        let at = Timestamp::from_millis;
        pushed.float(&a, at(2), 2.0, Some(at(0)));
        pushed.float(&b, at(1), 1.0, None);
        pushed.float(&a, at(1), 1.0, Some(at(0)));
        let series = pushed.into_series();
        assert_eq!(series[0].samples, [Sample::new(1, 1.0), Sample::new(2, 2.0)]);
        assert_eq!(series[0].extras.starts, [(at(1), at(0)), (at(2), at(0))]);
        assert_eq!(series[1].labels, b);
    }
}
