//! Recorded pages of a node exporter, replayed as many nodes.

use std::path::Path;

use crowsnest_api::Labels;

use crate::Load;
use crate::recording::{Recording, labels};

/// Pages of one node, pushed again for each node and round; counters go on from round to round.
pub(crate) struct Replay {
    nodes: usize,
    rounds: usize,
    /// Per page: number of the series and its value.
    pages: Vec<Vec<(usize, f64)>>,
    /// Per node, by number.
    labels: Vec<Vec<Labels>>,
    /// Per series: what a round adds, zero for gauges.
    growth: Vec<f64>,
}

impl Replay {
    /// The recording below `CROWSNEST_CORPUS`, or beside the repository; or why there is none.
    pub(crate) fn load(nodes: usize, rounds: usize) -> Result<Self, String> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let corpus = std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
        let path = workspace.join(corpus).join("capture/node_exporter.capture.gz");
        let Recording { names, pages, growth } =
            Recording::load(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let labels = (0..nodes).map(|node| names.iter().map(|name| labels(name, node)).collect()).collect();
        Ok(Self { nodes, rounds, pages, labels, growth })
    }
}

impl Load for Replay {
    fn nodes(&self) -> usize {
        self.nodes
    }

    fn ticks(&self) -> usize {
        self.rounds * self.pages.len()
    }

    fn push(&self, node: usize, tick: usize) -> Vec<(Labels, f64)> {
        let round = (tick / self.pages.len()) as f64;
        let (page, labels) = (&self.pages[tick % self.pages.len()], &self.labels[node]);
        page.iter()
            .map(|&(series, value)| (labels[series].clone(), value + round * self.growth[series]))
            .collect()
    }
}
