//! `/proc/interrupts` and `/proc/softirqs`: interrupts by processor.

use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

pub(super) struct Interrupts {
    /// Matched with `<type>;<info>;<devices>`.
    names: NameFilter,
    include_zeros: bool,
}

impl Interrupts {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { names: settings.interrupts.clone(), include_zeros: settings.interrupts_include_zeros }
    }
}

impl Collect for Interrupts {
    /// ` 8:  1  0  IO-APIC 8-edge rtc0`, and for the architecture's own `NMI: 47 5 Non-maskable interrupts`.
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("interrupts")?;
        let mut lines = file.lines();
        let cpus = cpu_numbers(lines.next().unwrap_or_default());
        let mut family = Family::counter("node_interrupts_total", "Interrupt details.");
        for line in lines {
            let (kind, rest) = line.split_once(':').ok_or_else(|| file.unexpected(line))?;
            let words: Vec<&str> = rest.split_ascii_whitespace().collect();
            // `ERR` and `MIS` have one number for the whole machine, and are left out.
            let Some((counts, about)) = words.split_at_checked(cpus.len()) else { continue };
            let kind = kind.trim();
            let (info, devices) = match about.split_first() {
                // The chip, then its number of the interrupt and the devices.
                Some((chip, devices)) if kind.parse::<u32>().is_ok() => {
                    ((*chip).to_owned(), devices.join(" "))
                }
                _ => (about.join(" "), String::new()),
            };
            if !self.names.admits(&format!("{kind};{info};{devices}")) {
                continue;
            }
            for (cpu, count) in cpus.iter().zip(counts) {
                let count: f64 = file.number(count)?;
                if count != 0.0 || self.include_zeros {
                    let labels = [("cpu", *cpu), ("type", kind), ("info", &*info), ("devices", &*devices)];
                    family.push(&labels, count);
                }
            }
        }
        Ok(vec![family])
    }
}

pub(super) fn collect_soft(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("softirqs")?;
    let mut lines = file.lines();
    let cpus = cpu_numbers(lines.next().unwrap_or_default());
    let mut family = Family::counter("node_softirqs_functions_total", "Softirq counts per CPU.");
    for line in lines {
        let (kind, counts) = line.split_once(':').ok_or_else(|| file.unexpected(line))?;
        for (cpu, count) in cpus.iter().zip(counts.split_ascii_whitespace()) {
            family.push(&[("cpu", cpu), ("type", kind.trim())], file.number(count)?);
        }
    }
    Ok(vec![family])
}

/// The numbers of the processors that are online, from the heading `CPU0 CPU2`.
fn cpu_numbers(heading: &str) -> Vec<&str> {
    heading.split_ascii_whitespace().filter_map(|word| word.strip_prefix("CPU")).collect()
}
