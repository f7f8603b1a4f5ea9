//! `/proc/stat`: time that each processor spent in each mode; `/sys`: how often it was throttled, which are isolated and
//! online.

mod info;

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_scrape::Family;

use super::table::{Row, Table, gauge, numbered};
use super::{Collect, CollectError, CpuSettings, Settings};
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
pub(super) struct Cpu {
    settings: CpuSettings,
    last: BTreeMap<u32, Ticks>,
}

/// The first processor often cannot be taken offline, and has no such file.
const ONLINE: &[Row] = &[gauge("online", "node_cpu_online", "CPUs that are online and being scheduled.")];

impl Cpu {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { settings: settings.cpu.clone(), last: BTreeMap::new() }
    }
}

impl Collect for Cpu {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let now = read_ticks(&host.read_proc("stat")?)?;
        self.last.retain(|cpu, _| now.contains_key(cpu));
        for (cpu, ticks) in now {
            let last = self.last.entry(cpu).or_insert(ticks);
            *last = advance(last, &ticks);
        }
        let mut seconds = Family::counter("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.");
        let mut guest = Family::counter(
            "node_cpu_guest_seconds_total",
            "Seconds the CPUs spent in guests (VMs) for each mode.",
        );
        for (cpu, ticks) in &self.last {
            let cpu = cpu.to_string();
            let (host_ticks, guest_ticks) = ticks.split_at(MODES.len());
            for (mode, ticks) in MODES.iter().zip(host_ticks) {
                seconds.push(&[("cpu", &cpu), ("mode", mode)], *ticks as f64 / TICKS_PER_SECOND);
            }
            let guest_modes = GUEST_MODES.iter().zip(guest_ticks).filter(|_| self.settings.guest);
            for (mode, ticks) in guest_modes {
                guest.push(&[("cpu", &cpu), ("mode", mode)], *ticks as f64 / TICKS_PER_SECOND);
            }
        }
        let mut families = vec![seconds, guest];
        families.extend(throttling(host));
        families.push(isolated(host));
        let mut online = Table::new(ONLINE);
        for (folder, cpu) in numbered(host, "devices/system/cpu", "cpu") {
            if cpu.parse::<u32>().is_ok() {
                online.read(host, &folder, &[("cpu", &cpu)]);
            }
        }
        families.extend(online.into_families());
        if self.settings.info {
            families.extend(info::collect(host, &self.settings)?);
        }
        Ok(families)
    }
}

/// Processors that the scheduler leaves alone, listed as `1,3-5`.
fn isolated(host: &Host) -> Family {
    let help = "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.";
    let mut family = Family::gauge("node_cpu_isolated", help);
    let list = host.sys_text("devices/system/cpu/isolated").unwrap_or_default();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        // The kernel has at most 8192 processors.
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) {
            for cpu in first..=last.min(8191) {
                family.push(&[("cpu", &cpu.to_string())], 1.0);
            }
        }
    }
    family
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
    let mut cores =
        Family::counter("node_cpu_core_throttles_total", "Number of times this CPU core has been throttled.");
    let mut packages = Family::counter(
        "node_cpu_package_throttles_total",
        "Number of times this CPU package has been throttled.",
    );
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
