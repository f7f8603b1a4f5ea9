//! An answer in streamed chunks: frames of about a megabyte, each a `prometheus.ChunkedReadResponse`.
//!
//! ```text
//! uvarint length of the message
//! 4 bytes CRC-32C of the message, big-endian
//! message
//! ```

use crowsnest_api::remote_read::{Chunk, ChunkedReadResponse, ChunkedSeries, Encoding};
use crowsnest_api::{Labels, Sample};
use crowsnest_promql::{Control, QueryError, Queryable, Series};
use crowsnest_tsdb::HistogramSample;
use prost::Message as _;
use tracing::warn;

use super::question::Request;
use super::{histogram, wire_labels, xor};

/// A frame is sent when its chunks have so many bytes, as in Prometheus.
const FRAME_BYTES: usize = 1 << 20;
/// Samples of a chunk, as in Prometheus.
const CHUNK_SAMPLES: usize = 120;

/// Sends the frames one after another; `send` says whether anybody still wants them.
pub(super) fn answer(
    store: &dyn Queryable,
    request: &Request,
    external: &Labels,
    control: &Control,
    mut send: impl FnMut(Vec<u8>) -> bool,
) -> Result<(), QueryError> {
    for (index, query) in request.queries.iter().enumerate() {
        let found = store.select(&query.selection())?;
        for warning in found.warnings {
            warn!(warning, "remote read");
        }
        for series in found.series {
            let series = series?;
            let labels = wire_labels(&series.labels, external);
            let mut chunks = chunks(&series).into_iter().peekable();
            while chunks.peek().is_some() {
                control.check_running()?;
                let mut part = ChunkedSeries { labels: labels.clone(), chunks: Vec::new() };
                let mut bytes = 0;
                for chunk in chunks.by_ref() {
                    bytes += chunk.data.len();
                    part.chunks.push(chunk);
                    if bytes >= FRAME_BYTES {
                        break;
                    }
                }
                let query_index = i64::try_from(index).unwrap_or(i64::MAX);
                let message = ChunkedReadResponse { chunked_series: vec![part], query_index };
                if !send(frame(&message.encode_to_vec())) {
                    return Err(QueryError::Canceled);
                }
            }
        }
    }
    Ok(())
}

/// The chunks of a series in the order of time.
fn chunks(series: &Series) -> Vec<Chunk> {
    let Series { samples, histograms, .. } = series;
    if histograms.is_empty() {
        return samples.chunks(CHUNK_SAMPLES).map(compress).collect();
    }
    // No chunk reaches over what is in another.
    let apart = |a: &Sample, b: &Sample| {
        let next = histograms.partition_point(|(at, _)| *at <= a.timestamp);
        histograms.get(next).is_none_or(|(at, _)| *at > b.timestamp)
    };
    let floats = samples.chunk_by(apart).flat_map(|run| run.chunks(CHUNK_SAMPLES));
    let apart = |a: &HistogramSample, b: &HistogramSample| {
        let next = samples.partition_point(|sample| sample.timestamp <= a.0);
        samples.get(next).is_none_or(|sample| sample.timestamp > b.0)
    };
    let runs = histograms.chunk_by(apart).flat_map(|run| histogram::runs(run, CHUNK_SAMPLES));
    let mut chunks: Vec<Chunk> = floats.map(compress).chain(runs.map(compress_histograms)).collect();
    chunks.sort_by_key(|chunk| chunk.min_time_ms);
    chunks
}

fn compress_histograms(samples: &[HistogramSample]) -> Chunk {
    let (first, last) = histogram::range(samples);
    Chunk {
        min_time_ms: first.millis(),
        max_time_ms: last.millis(),
        r#type: Encoding::FloatHistogram.into(),
        data: histogram::encode(samples),
    }
}

fn compress(samples: &[Sample]) -> Chunk {
    let time = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.timestamp.millis());
    Chunk {
        min_time_ms: time(samples.first()),
        max_time_ms: time(samples.last()),
        r#type: Encoding::Xor.into(),
        data: xor::encode(samples),
    }
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(message.len() + 14);
    prost::encoding::encode_varint(message.len() as u64, &mut frame);
    frame.extend_from_slice(&crc32c(message).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// The checksum of Castagnoli.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| {
        let index = usize::from(crc as u8 ^ byte);
        TABLE.get(index).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !bytes.iter().fold(!0, step)
}

const fn table() -> [u32; 256] {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn a_frame_begins_with_length_and_checksum() {
        assert_eq!(frame(b"123456789"), *b"\x09\xe3\x06\x92\x83123456789");
    }
}
