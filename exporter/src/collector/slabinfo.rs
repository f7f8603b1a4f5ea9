//! `/proc/slabinfo`: the kernel's caches of objects; root only.

use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

/// In the order of the columns of `/proc/slabinfo` behind the name.
#[rustfmt::skip]
const SLABS: [(&str, &str); 5] = [
    ("node_slabinfo_active_objects", "The number of objects that are currently active (i.e., in use)."),
    ("node_slabinfo_objects", "The total number of allocated objects (i.e., objects that are both in use and not in use)."),
    ("node_slabinfo_object_size_bytes", "The size of objects in this slab, in bytes."),
    ("node_slabinfo_objects_per_slab", "The number of objects stored in each slab."),
    ("node_slabinfo_pages_per_slab", "The number of pages allocated for each slab."),
];

pub(super) struct Slabs {
    slabs: NameFilter,
}

impl Slabs {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { slabs: settings.slabs.clone() }
    }
}

impl Collect for Slabs {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("slabinfo")?;
        let mut families = SLABS.map(|(name, help)| Family::gauge(name, help));
        // The version, and a comment with the columns' names.
        for line in file.lines().skip(1).filter(|line| !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace();
            let slab = words.next().unwrap_or_default();
            if self.slabs.admits(slab) {
                for (family, word) in families.iter_mut().zip(words) {
                    family.push(&[("slab", slab)], file.number(word)?);
                }
            }
        }
        Ok(families.into())
    }
}
