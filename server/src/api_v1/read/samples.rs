//! An answer in samples: everything in one message, so with a limit.

use crowsnest_api::Labels;
use crowsnest_api::remote_read::{QueryResult, ReadResponse};
use crowsnest_api::remote_write::{TimeSeries, WireSample};
use crowsnest_promql::{Control, QueryError, Queryable};
use prost::Message as _;
use tracing::warn;

use super::question::Request;
use super::wire_labels;
use crate::api_v1::answer::query_failed;
use crate::http::ApiError;
use crate::native::to_wire;

/// Samples in one answer; each takes some fifty bytes until it is sent. Streamed chunks have no such limit.
const MAX_SAMPLES: usize = 5_000_000;

/// The body: a `prometheus.ReadResponse`, compressed.
pub(super) fn answer(
    store: &dyn Queryable,
    request: &Request,
    external: &Labels,
    control: &Control,
) -> Result<Vec<u8>, ApiError> {
    let mut left = MAX_SAMPLES;
    let mut response = ReadResponse::default();
    for query in &request.queries {
        let found = store.select(&query.selection()).map_err(|error| query_failed(error.into()))?;
        for warning in found.warnings {
            warn!(warning, "remote read");
        }
        let mut timeseries = Vec::new();
        for series in found.series {
            control.check_running().map_err(query_failed)?;
            let series = series.map_err(|error| query_failed(QueryError::from(error)))?;
            left = left.checked_sub(series.weight()).ok_or_else(|| {
                ApiError::bad_request(format!(
                    "exceeded sample limit ({MAX_SAMPLES}); ask for less, or for STREAMED_XOR_CHUNKS"
                ))
            })?;
            let samples = series.samples.iter();
            let samples = samples
                .map(|sample| WireSample { value: sample.value, timestamp: sample.timestamp.millis() });
            timeseries.push(TimeSeries {
                labels: wire_labels(&series.labels, external),
                samples: samples.collect(),
                histograms: series.histograms.iter().map(|(at, of)| to_wire(*at, of)).collect(),
            });
        }
        response.results.push(QueryResult { timeseries });
    }
    let message = response.encode_to_vec();
    drop(response);
    snap::raw::Encoder::new().compress_vec(&message).map_err(ApiError::internal)
}
