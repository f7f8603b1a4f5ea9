//! A process and what it uses, from `/proc`.

use std::fs;
use std::iter::Sum;
use std::process::{Child, Command, Stdio};

/// What processes use.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time since the start, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// Memory that is there, in MiB, what other processes may share included.
    pub(crate) resident_mib: f64,
    /// Memory of its own, in MiB: neither program nor libraries.
    pub(crate) own_mib: f64,
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            cpu_ms: sum.cpu_ms + one.cpu_ms,
            resident_mib: sum.resident_mib + one.resident_mib,
            own_mib: sum.own_mib + one.own_mib,
        })
    }
}

/// A running process; ends with the value.
pub(crate) struct Measured(Child);

impl Measured {
    pub(crate) fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.expect("the program starts"))
    }

    pub(crate) fn usage(&self) -> Usage {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).expect("the process runs")
        };
        // Nanoseconds on the processor, of all threads that there are or were: finer than the ticks of `stat`.
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("the process runs");
        let of_tasks: f64 = tasks
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<f64>().ok())
            .sum();
        let stat = read("stat");
        let fields: Vec<f64> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        // Fields 14 and 15, in hundredths of a second: threads that ended count there only.
        let ticks_ms = (fields[11] + fields[12]) * 10.0;
        let status = read("status");
        let kib = |key: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.split_ascii_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default()
        };
        Usage {
            cpu_ms: ticks_ms.max(of_tasks / 1e6),
            resident_mib: kib("VmRSS:") / 1024.0,
            own_mib: kib("RssAnon:") / 1024.0,
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
