//! `/sys/class/scsi_tape`: what tape drives did.

use crowsnest_scrape::Family;

use super::table::{Row, Table, counter, gauge, nano};
use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

const FOLDER: &str = "class/scsi_tape";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    gauge("stats/in_flight", "node_tape_io_now", "The number of I/Os currently outstanding to this device."),
    counter("stats/io_ns", "node_tape_io_time_seconds_total", "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement commands such as seeking between file or set marks and implicit tape movement such as when rewind on close tape devices are used.").parsed(nano),
    counter("stats/other_cnt", "node_tape_io_others_total", "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"),
    counter("stats/read_byte_cnt", "node_tape_read_bytes_total", "The number of bytes read from the tape drive."),
    counter("stats/read_cnt", "node_tape_reads_completed_total", "The number of read requests issued to the tape drive."),
    counter("stats/read_ns", "node_tape_read_time_seconds_total", "The amount of time spent waiting for read requests to complete.").parsed(nano),
    counter("stats/resid_cnt", "node_tape_residual_total", "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a program is issuing a read larger thean the block size on tape. For write not all data made it to tape."),
    counter("stats/write_byte_cnt", "node_tape_written_bytes_total", "The number of bytes written to the tape drive."),
    counter("stats/write_cnt", "node_tape_writes_completed_total", "The number of write requests issued to the tape drive."),
    counter("stats/write_ns", "node_tape_write_time_seconds_total", "The amount of time spent waiting for write requests to complete.").parsed(nano),
];

pub(super) struct Tapes {
    devices: NameFilter,
}

impl Tapes {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.tape_devices.clone() }
    }
}

impl Collect for Tapes {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut table = Table::new(ROWS);
        for device in host.list_sys(FOLDER)? {
            // `st0` is the drive; `st0a`, `nst0` and so on are other ways to open it.
            let number = device.strip_prefix("st").unwrap_or_default();
            let is_drive = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            if is_drive && self.devices.admits(&device) {
                table.read(host, &format!("{FOLDER}/{device}"), &[("device", &device)]);
            }
        }
        Ok(table.into_families())
    }
}
