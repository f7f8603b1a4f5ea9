//! Recorded pages of a node exporter, replayed as many nodes.

use std::io::Read;
use std::path::Path;

use crowsnest_api::{Labels, LabelsBuilder, METRIC_NAME};

use crate::Load;

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
        let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).map_err(|error| error.to_string())?;
        let mut names: Vec<&str> = Vec::new();
        let mut pages: Vec<Vec<(usize, f64)>> = Vec::new();
        for line in text.lines() {
            if line.starts_with("###") {
                pages.push(Vec::new());
            } else if let (Some((name, value)), Some(page)) = (line.rsplit_once(' '), pages.last_mut()) {
                let number = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                page.push((number, value.parse().unwrap_or(f64::NAN)));
            }
        }
        let labels = (0..nodes).map(|node| names.iter().map(|name| labels(name, node)).collect()).collect();
        let growth = (0..names.len()).map(|number| growth(&pages, number)).collect();
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

/// What a counter gains from the first page to the last, or zero for what ever falls.
fn growth(pages: &[Vec<(usize, f64)>], number: usize) -> f64 {
    let values: Vec<f64> =
        pages.iter().flatten().filter(|(series, _)| *series == number).map(|&(_, value)| value).collect();
    match values.as_slice() {
        [first, .., last] if values.is_sorted() => last - first,
        _ => 0.0,
    }
}

/// `name{a="b",c="d"}` as the recording has it, with the node's own labels.
fn labels(text: &str, node: usize) -> Labels {
    let mut builder = LabelsBuilder::default();
    let (name, rest) = text.split_once('{').unwrap_or((text, ""));
    builder.set(METRIC_NAME, name);
    for pair in rest.trim_end_matches('}').split("\",") {
        if let Some((label, value)) = pair.split_once("=\"") {
            builder.set(label, value.trim_end_matches('"'));
        }
    }
    builder.set("job", "node-exporter");
    builder.set("instance", format!("node-{node:04}:9100"));
    builder.build()
}
