//! `/proc/stat`: time that each processor spent in each mode; `/sys`: how often it was throttled.

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_scrape::Family;

use super::{Collect, CollectError};
use crate::host::{Host, SourceFile};

/// Ticks a second of `/proc/stat`: the kernel's `USER_HZ`, 100 on every architecture that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// The modes in the order of the columns.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
/// The modes of guest time, in the columns after [`MODES`].
const GUEST_MODES: [&str; 2] = ["user", "nice"];
/// The column of idle time.
const IDLE: usize = 3;
/// All columns.
const COLUMNS: usize = MODES.len() + GUEST_MODES.len();
/// How far idle time goes back, in ticks, when a processor was taken offline and came back with counters from zero.
/// Less than that is the kernel's idle accounting, which can run backwards by a few ticks.
const RESTART_TICKS: u64 = 300;

type Ticks = [u64; COLUMNS];

/// Remembers the last counters, for they must never go back.
#[derive(Default)]
pub(super) struct Cpu {
    last: BTreeMap<u32, Ticks>,
}

impl Collect for Cpu {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let now = read_ticks(&host.read_proc("stat")?)?;
        self.last.retain(|cpu, _| now.contains_key(cpu));
        for (cpu, ticks) in now {
            let last = self.last.entry(cpu).or_insert(ticks);
            *last = advance(last, &ticks);
        }
        let mut seconds =
            Family::counter("node_cpu_seconds_total", "Seconds that each processor spent in each mode.");
        let mut guest = Family::counter(
            "node_cpu_guest_seconds_total",
            "Seconds that each processor spent running guests, by mode.",
        );
        for (cpu, ticks) in &self.last {
            let cpu = cpu.to_string();
            let (host_ticks, guest_ticks) = ticks.split_at(MODES.len());
            for (mode, ticks) in MODES.iter().zip(host_ticks) {
                seconds.push(&[("cpu", &cpu), ("mode", mode)], *ticks as f64 / TICKS_PER_SECOND);
            }
            for (mode, ticks) in GUEST_MODES.iter().zip(guest_ticks) {
                guest.push(&[("cpu", &cpu), ("mode", mode)], *ticks as f64 / TICKS_PER_SECOND);
            }
        }
        let [cores, packages] = throttling(host);
        Ok(vec![seconds, guest, cores, packages])
    }
}

/// The lines `cpu0 …`, `cpu1 …` (not the sum `cpu …`); columns that an old kernel lacks are zero.
fn read_ticks(stat: &SourceFile) -> Result<BTreeMap<u32, Ticks>, CollectError> {
    let mut cpus = BTreeMap::new();
    for line in stat.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(number) = words.next().and_then(|word| word.strip_prefix("cpu")) else { continue };
        if number.is_empty() {
            continue;
        }
        let mut ticks = Ticks::default();
        for (slot, word) in ticks.iter_mut().zip(words) {
            *slot = stat.number(word)?;
        }
        cpus.insert(stat.number(number)?, ticks);
    }
    if cpus.is_empty() { Err(stat.unexpected("file without a line for any processor")) } else { Ok(cpus) }
}

/// The new counters, none of them lower than before, unless the processor started anew.
fn advance(last: &Ticks, now: &Ticks) -> Ticks {
    let idle_went_back = last[IDLE].saturating_sub(now[IDLE]);
    if idle_went_back >= RESTART_TICKS {
        return *now;
    }
    std::array::from_fn(|column| last[column].max(now[column]))
}

/// Thermal throttling by core and by package, where the processor reports it.
fn throttling(host: &Host) -> [Family; 2] {
    let mut cores = Family::counter("node_cpu_core_throttles_total", "How often each core was throttled.");
    let mut packages =
        Family::counter("node_cpu_package_throttles_total", "How often each package was throttled.");
    let (mut seen_cores, mut seen_packages) = (BTreeSet::new(), BTreeSet::new());
    for cpu in host.list_sys("devices/system/cpu").unwrap_or_default() {
        let value = |file: &str| {
            let file = host.read_sys(&format!("devices/system/cpu/{cpu}/{file}")).ok()?;
            file.value().parse::<u64>().ok()
        };
        let (Some(package), Some(core)) = (value("topology/physical_package_id"), value("topology/core_id"))
        else {
            continue;
        };
        if let Some(count) = value("thermal_throttle/core_throttle_count")
            && seen_cores.insert((package, core))
        {
            cores.push(&[("package", &package.to_string()), ("core", &core.to_string())], count as f64);
        }
        if let Some(count) = value("thermal_throttle/package_throttle_count")
            && seen_packages.insert(package)
        {
            packages.push(&[("package", &package.to_string())], count as f64);
        }
    }
    [cores, packages]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_never_go_back() {
        let last = [10, 0, 5, 1000, 7, 0, 0, 0, 0, 0];
        let now = [12, 0, 5, 990, 6, 0, 0, 0, 0, 0];
        assert_eq!(advance(&last, &now), [12, 0, 5, 1000, 7, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_processor_that_came_back_online_counts_from_zero() {
        let last = [100, 0, 50, 1000, 7, 0, 0, 0, 0, 0];
        let now = [1, 0, 0, 3, 0, 0, 0, 0, 0, 0];
        assert_eq!(advance(&last, &now), now);
    }
}
