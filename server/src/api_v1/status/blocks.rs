//! `status/tsdb/blocks`: what lies on disk, as Prometheus describes its own blocks.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use crowsnest_tsdb::BlockStatus;
use serde::Serialize;

use crate::api_v1::answer::{Found, answer};
use crate::http::{ApiError, AppState};

/// `data` of `status/tsdb/blocks`.
#[derive(Debug, Serialize)]
struct Blocks {
    blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    /// The name of its file; ours are numbered.
    ulid: String,
    /// Milliseconds since the epoch.
    min_time: i64,
    /// The instant after the newest sample, in milliseconds since the epoch.
    max_time: i64,
    stats: Stats,
    compaction: Compaction,
    version: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    num_samples: u64,
    num_series: u64,
    num_chunks: u64,
    num_bytes: u64,
}

/// Our blocks do not remember what they were made of.
#[derive(Debug, Serialize)]
struct Compaction {
    level: u8,
    sources: [String; 1],
}

impl From<BlockStatus> for Block {
    fn from(block: BlockStatus) -> Self {
        let BlockStatus { id, min_time, max_time, series, chunks, samples, bytes } = block;
        Self {
            min_time: min_time.millis(),
            max_time: max_time.millis().saturating_add(1),
            stats: Stats { num_samples: samples, num_series: series, num_chunks: chunks, num_bytes: bytes },
            compaction: Compaction { level: 1, sources: [id.clone()] },
            version: 1,
            ulid: id,
        }
    }
}

/// The blocks that serve, the oldest first.
pub(crate) async fn blocks(State(app): State<AppState>) -> Result<Response, ApiError> {
    let store = Arc::clone(&app.storage.local);
    answer(&app, None, move |_| {
        Ok(Found::plain(Blocks { blocks: store.blocks().into_iter().map(Block::from).collect() }))
    })
    .await
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Timestamp;

    use super::*;

    #[test]
    fn a_block_is_described_as_prometheus_describes_one() {
        let block = BlockStatus {
            id: "0000000007".to_owned(),
            min_time: Timestamp::from_millis(1000),
            max_time: Timestamp::from_millis(1999),
            series: 2,
            chunks: 3,
            samples: 10,
            bytes: 500,
        };
        let expected = serde_json::json!({
            "ulid": "0000000007", "minTime": 1000, "maxTime": 2000, "version": 1,
            "stats": {"numSamples": 10, "numSeries": 2, "numChunks": 3, "numBytes": 500},
            "compaction": {"level": 1, "sources": ["0000000007"]},
        });
        assert_eq!(serde_json::to_value(Block::from(block)).unwrap(), expected);
    }
}
