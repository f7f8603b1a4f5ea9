//! `uname(2)`: kernel and host name.

use std::io;

use crowsnest_scrape::Family;
use nix::sys::utsname::uname;

use super::CollectError;
use crate::host::Host;

/// Asks the kernel; the host's file trees play no part, so in a container the host name is the container's.
pub(super) fn collect(_: &Host) -> Result<Vec<Family>, CollectError> {
    let names =
        uname().map_err(|errno| CollectError::Call { call: "uname", source: io::Error::from(errno) })?;
    let info =
        Family::gauge("node_uname_info", "Labeled system information as provided by the uname system call.")
            .with(
                &[
                    ("sysname", &names.sysname().to_string_lossy()),
                    ("release", &names.release().to_string_lossy()),
                    ("version", &names.version().to_string_lossy()),
                    ("machine", &names.machine().to_string_lossy()),
                    ("nodename", &names.nodename().to_string_lossy()),
                    ("domainname", &names.domainname().to_string_lossy()),
                ],
                1.0,
            );
    Ok(vec![info])
}
