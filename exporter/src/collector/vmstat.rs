//! `/proc/vmstat`: paging, swapping, faults and kills by the out-of-memory killer.

use crowsnest_scrape::Family;
use regex_lite::Regex;

use super::{Collect, CollectError, Settings};
use crate::host::Host;

/// Only these are reported unless told otherwise; the file has about 180 lines.
fn is_wanted(field: &str) -> bool {
    ["oom_kill", "pgpg", "pswp"].iter().any(|prefix| field.starts_with(prefix))
        || (field.starts_with("pg") && field.contains("fault"))
}

pub(super) struct Vmstat {
    fields: Option<Regex>,
}

impl Vmstat {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { fields: settings.vmstat_fields.clone() }
    }

    fn wants(&self, field: &str) -> bool {
        match &self.fields {
            Some(fields) => fields.is_match(field),
            None => is_wanted(field),
        }
    }
}

impl Collect for Vmstat {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("vmstat")?;
        let lines = file.lines().filter_map(|line| line.split_once(' '));
        lines
            .filter(|(field, _)| self.wants(field))
            .map(|(field, value)| {
                let help = format!("/proc/vmstat information field {field}.");
                let family = Family::unknown(format!("node_vmstat_{field}"), help);
                Ok(family.with(&[], file.number(value.trim())?))
            })
            .collect()
    }
}
