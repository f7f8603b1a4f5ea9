//! `/api/crowsnest/v1/backup`: everything acknowledged so far and the control state, as one file.

use std::io;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};
use tokio::sync::{Mutex, mpsc};
use tracing::{info, warn};

use super::{ApiError, AppState, ErrorKind, streamed};
use crate::backup::{self, Pieces};

/// Pieces that are packed before somebody takes them.
const AHEAD: usize = 4;

/// Held while a backup is packed.
static PACKING: Mutex<()> = Mutex::const_new(());

/// `GET`: a tar archive compressed with zstd. One that could not be finished breaks off.
pub(super) async fn read(State(app): State<AppState>) -> Result<Response, ApiError> {
    let Ok(packing) = PACKING.try_lock() else {
        return Err(ApiError::new(ErrorKind::TooManyRequests, "another backup is being taken; try later"));
    };
    let (sender, pieces) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let _packing = packing;
        match backup::pack(&app.storage.local, &*app.control, &app.config.data_dir, Pieces(sender.clone())) {
            Ok(()) => info!("a backup was taken"),
            Err(error) => {
                warn!(err = &*error as &dyn std::error::Error, "a backup was not finished");
                sender.blocking_send(Err(io::Error::other("the backup was not finished"))).ok();
            }
        }
    });
    let pieces = stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces)));
    let headers = [
        (CONTENT_TYPE, "application/zstd"),
        // It is not to be compressed once more.
        (CONTENT_ENCODING, "identity"),
        (CONTENT_DISPOSITION, "attachment; filename=\"crowsnest-backup.tar.zst\""),
    ];
    Ok((headers, streamed(pieces)).into_response())
}
