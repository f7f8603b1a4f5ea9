//! The payload of a record as releases before format version 2 wrote it; read, never written.
//!
//! ```text
//! 1  kind: 1 = batch as it is, 2 = batch compressed by zstd
//! kind 2: 4  length of the batch, u32, at most 128 MiB; then one zstd frame
//!
//! batch    ivarint  received, ms
//!          1        origin: 0 = source, 1 = server, 2 = none (metadata alone)
//!          bytes    origin 0: the source's name
//!          uvarint  origin 1: silence, ms
//!          then definitions, series and metadata as in version 2, without the row
//! ```

use std::time::Duration;

use crowsnest_api::Timestamp;

use super::record::{
    FROM_NOBODY, FROM_SERVER, FROM_SOURCE, Record, RecordOrigin, RecordRow, read_definitions, read_metadata,
    read_series,
};
use crate::varint::{Cursor, Damaged};

pub(super) const PLAIN: u8 = 1;
pub(super) const COMPRESSED: u8 = 2;

pub(super) fn decode_batch(cursor: &mut Cursor<'_>) -> Result<Record, Damaged> {
    let received = Timestamp::from_millis(cursor.ivarint()?);
    let origin = match cursor.u8()? {
        FROM_SOURCE => RecordOrigin::Source(cursor.str()?.into()),
        FROM_SERVER => RecordOrigin::Server { silence: Duration::from_millis(cursor.uvarint()?) },
        FROM_NOBODY => RecordOrigin::Nobody,
        _ => return Err(cursor.damaged()),
    };
    let definitions = read_definitions(cursor)?;
    let (counts, samples) = read_series(cursor, received)?;
    let metadata = read_metadata(cursor)?;
    let (row, extras) = (RecordRow::default(), Vec::new());
    Ok(Record { received, origin, definitions, row, counts, samples, extras, metadata })
}
