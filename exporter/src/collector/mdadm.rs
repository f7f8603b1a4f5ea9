//! `/proc/mdstat` and `/sys/block/md*`: software RAID.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, numbered};
use crate::host::{Host, SourceFile};

const STATES: [&str; 5] = ["active", "inactive", "recovering", "resync", "check"];

#[rustfmt::skip]
const SYSFS: &[Row] = &[
    gauge("md/degraded", "node_md_degraded", "Number of degraded disks on device."),
    gauge("md/raid_disks", "node_md_raid_disks", "Number of raid disks on device."),
];

/// What mdstat says about one array. Sizes are in blocks of 1 KiB.
#[derive(Debug, Default, PartialEq)]
struct Array {
    name: String,
    state: &'static str,
    active: u64,
    failed: u64,
    spare: u64,
    required: u64,
    blocks: f64,
    synced: f64,
}

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let arrays = parse(&host.read_proc("mdstat")?)?;
    let mut blocks = Family::gauge("node_md_blocks", "Total number of blocks on device.");
    let mut synced = Family::gauge("node_md_blocks_synced", "Number of blocks synced on device.");
    let mut disks = Family::gauge("node_md_disks", "Number of active/failed/spare disks of device.");
    let mut required = Family::gauge("node_md_disks_required", "Total number of disks of device.");
    let mut states = Family::gauge("node_md_state", "Indicates the state of md-device.");
    for array in &arrays {
        let device = ("device", array.name.as_str());
        blocks.push(&[device], array.blocks);
        synced.push(&[device], array.synced);
        required.push(&[device], array.required as f64);
        for (state, count) in [("active", array.active), ("failed", array.failed), ("spare", array.spare)] {
            disks.push(&[device, ("state", state)], count as f64);
        }
        for state in STATES {
            states.push(&[device, ("state", state)], if array.state == state { 1.0 } else { 0.0 });
        }
    }
    let mut table = Table::new(SYSFS);
    for (folder, number) in numbered(host, "block", "md") {
        table.read(host, &folder, &[("device", &format!("md{number}"))]);
    }
    let mut families = table.into_families();
    families.extend([blocks, synced, disks, required, states]);
    Ok(families)
}

/// An array is a line `md0 : active raid1 sda1[0] sdb1[1](F)`, then indented ones: its size and `[wanted/working]`, and
/// how far a running check or repair has come.
fn parse(file: &SourceFile) -> Result<Vec<Array>, CollectError> {
    let mut arrays: Vec<Array> = Vec::new();
    for line in file.lines() {
        if line.starts_with(char::is_whitespace) {
            if let Some(array) = arrays.last_mut() {
                array.add(line);
            }
        } else if let Some((name, rest)) = line.split_once(" : ")
            && !["Personalities", "unused devices"].contains(&name)
        {
            arrays.push(Array::begin(name, rest).ok_or_else(|| file.unexpected(line))?);
        }
    }
    Ok(arrays)
}

impl Array {
    fn begin(name: &str, rest: &str) -> Option<Self> {
        let state = *STATES.get(..2)?.iter().find(|state| rest.split(' ').next() == Some(state))?;
        let devices: Vec<&str> = rest.split_ascii_whitespace().filter(|word| word.contains('[')).collect();
        let marked = |mark: &str| devices.iter().filter(|device| device.contains(mark)).count() as u64;
        // Without redundancy there is no `[2/2]` below; an inactive array has no working disks.
        let all = if state == "active" { devices.len() as u64 } else { 0 };
        Some(Self {
            name: name.trim().to_owned(),
            state,
            active: all,
            required: all,
            failed: marked("(F)"),
            spare: marked("(S)"),
            ..Self::default()
        })
    }

    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [size, "blocks", rest @ ..] = &words[..] {
            self.blocks = size.parse().unwrap_or_default();
            self.synced = self.blocks;
            let counts = rest.iter().find_map(|word| {
                let (wanted, working) = word.strip_prefix('[')?.strip_suffix(']')?.split_once('/')?;
                Some((wanted.parse().ok()?, working.parse().ok()?))
            });
            if let (Some((wanted, working)), "active") = (counts, self.state) {
                (self.required, self.active) = (wanted, working);
            }
        } else if let Some(state) = running(line) {
            self.state = state;
            // `(16775552/195310144)`; nothing yet for one that waits: `resync=DELAYED`.
            let progress =
                words.iter().find_map(|word| word.strip_prefix('(')?.split('/').next()?.parse().ok());
            self.synced = progress.unwrap_or_default();
        }
    }
}

/// The state that a line like `recovery = 8.5%` or `resync=PENDING` stands for; a reshape has none in node_exporter.
fn running(line: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 4] =
        [("recovery", "recovering"), ("resync", "resync"), ("check", "check"), ("reshape", "reshaping")];
    let mut words = line.split(|c: char| !c.is_ascii_alphabetic());
    words.find_map(|word| WORDS.iter().find(|(name, _)| *name == word).map(|(_, state)| *state))
}
