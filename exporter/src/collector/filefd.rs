//! `/proc/sys/fs/file-nr`: open file descriptors.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// Three numbers: allocated, allocated but unused (always 0 since Linux 2.6), and the limit.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("sys/fs/file-nr")?;
    let words: Vec<&str> = file.text.split_ascii_whitespace().collect();
    let [allocated, _, maximum] = words[..] else { return Err(file.unexpected(file.value())) };
    Ok(vec![
        Family::gauge("node_filefd_allocated", "File descriptor statistics: allocated.")
            .with(&[], file.number(allocated)?),
        Family::gauge("node_filefd_maximum", "File descriptor statistics: maximum.")
            .with(&[], file.number(maximum)?),
    ])
}
