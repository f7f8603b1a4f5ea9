//! Bodies of remote write.

use crowsnest_api::remote_write::{LabelPair, TimeSeries, WireSample, WriteRequest};
use prost::Message as _;

/// A series to push.
pub(crate) type Series = TimeSeries;

/// A series with `job="test"` and `instance="i"`, and samples at milliseconds.
pub(crate) fn series(name: &str, samples: &[(i64, f64)]) -> Series {
    labelled(&[("__name__", name), ("instance", "i"), ("job", "test"), ("node", "n")], samples)
}

/// A series with exactly these labels, in this order.
pub(crate) fn labelled(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Series {
    TimeSeries {
        labels: labels
            .iter()
            .map(|(name, value)| LabelPair { name: (*name).into(), value: (*value).into() })
            .collect(),
        samples: samples
            .iter()
            .map(|(timestamp, value)| WireSample { value: *value, timestamp: *timestamp })
            .collect(),
        histograms: Vec::new(),
    }
}

/// The body of a push.
pub(crate) fn body(timeseries: Vec<Series>) -> Vec<u8> {
    compress(&WriteRequest { timeseries, metadata: vec![] }.encode_to_vec())
}

/// Snappy's block format.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}
