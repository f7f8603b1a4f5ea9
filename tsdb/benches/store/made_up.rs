//! Nodes that do not exist, with series shaped like those that do.

use crowsnest_api::Labels;

use crate::Load;

/// Two hundred series a node: counters in hundredths of a second, byte counters, gauges, rare changes, constants.
pub(crate) struct Nodes {
    pub(crate) nodes: usize,
    pub(crate) ticks: usize,
}

impl Load for Nodes {
    fn nodes(&self) -> usize {
        self.nodes
    }

    fn ticks(&self) -> usize {
        self.ticks
    }

    fn push(&self, node: usize, tick: usize) -> Vec<(Labels, f64)> {
        let instance = format!("node-{node:04}:9100");
        (0..200)
            .map(|number| {
                let (name, own) = name(number);
                let labels = Labels::from_pairs([
                    ("__name__", name.as_str()),
                    ("cpu", own.as_str()),
                    ("instance", instance.as_str()),
                    ("job", "node-exporter"),
                    ("node", instance.as_str()),
                ]);
                (labels, value(node, number, tick))
            })
            .collect()
    }
}

fn name(number: usize) -> (String, String) {
    match number {
        0..64 => ("node_cpu_seconds_total".to_owned(), number.to_string()),
        64..67 => (format!("node_load{}", number - 63), String::new()),
        67..100 => (format!("node_memory_Mem{number}_bytes"), String::new()),
        _ => (format!("node_thing_{number}"), String::new()),
    }
}

fn value(node: usize, number: usize, tick: usize) -> f64 {
    let (seed, tick) = ((node * 211 + number) as u64, tick as u64);
    let noise = |scale: u64| mix((seed << 32) | tick) % scale;
    match number {
        // Hundredths of seconds, as the kernel counts them.
        0..64 => (tick * (300 + seed % 700) + noise(200)) as f64 / 100.0,
        64..67 => noise(400) as f64 / 100.0,
        67..100 => (4_000_000_000 + (noise(1_000_000) / 4096) * 4096) as f64,
        100..130 => (tick * 1_000_000 + tick * noise(97) * 1500) as f64,
        130..160 => (mix((seed << 32) | (tick / 200)) % 50) as f64,
        _ => seed as f64,
    }
}

/// Scatters bits (the finaliser of splitmix64).
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
