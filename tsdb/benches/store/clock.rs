//! Time on the wall and on the processors; the latter means something on a busy machine too.

use std::time::Instant;

/// Both, since a moment.
pub(crate) struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    /// On the wall, on the processors.
    pub(crate) fn seconds(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu)
    }

    pub(crate) fn print(&self, what: &str) {
        let (wall, cpu) = self.seconds();
        println!("{what:<44}{:>11.0} ms{:>8.0} ms of CPU", wall * 1000.0, cpu * 1000.0);
    }
}

/// User and system time of this process. The kernel counts in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
