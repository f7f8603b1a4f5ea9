//! `/sys/devices/system/cpu/cpu*/cpufreq`: at which frequency each processor runs.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, kilo, numbered};
use crate::host::Host;

const FOLDER: &str = "devices/system/cpu";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    gauge("cpufreq/cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current CPU thread frequency in hertz.").parsed(kilo),
    gauge("cpufreq/cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz.").parsed(kilo),
    gauge("cpufreq/cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz.").parsed(kilo),
    gauge("cpufreq/scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz.").parsed(kilo),
    gauge("cpufreq/scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz.").parsed(kilo),
    gauge("cpufreq/scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz.").parsed(kilo),
];

/// Nothing, and no error, where the kernel does not scale frequencies (most virtual machines).
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    host.list_sys(FOLDER)?;
    let mut table = Table::new(ROWS);
    let mut governors = Family::gauge("node_cpu_scaling_governor", "Current enabled CPU frequency governor.");
    for (folder, cpu) in numbered(host, FOLDER, "cpu") {
        if cpu.is_empty() || !cpu.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        table.read(host, &folder, &[("cpu", &cpu)]);
        let text = |file: &str| host.sys_text(&format!("{folder}/cpufreq/{file}")).unwrap_or_default();
        let current = text("scaling_governor");
        for governor in text("scaling_available_governors").split_ascii_whitespace() {
            let labels = [("cpu", cpu.as_str()), ("governor", governor)];
            governors.push(&labels, if governor == current { 1.0 } else { 0.0 });
        }
    }
    let mut families = table.into_families();
    families.push(governors);
    Ok(families)
}
