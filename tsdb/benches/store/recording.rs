//! Recorded pages of one node exporter, for whoever replays them as many nodes.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use crowsnest_api::{Labels, LabelsBuilder, METRIC_NAME};

/// What was recorded.
pub(crate) struct Recording {
    /// Series by number, as the pages write them.
    pub(crate) names: Vec<String>,
    /// Per page: number of the series and its value.
    pub(crate) pages: Vec<Vec<(usize, f64)>>,
    /// Per series: what a round through all pages adds, zero for gauges.
    pub(crate) growth: Vec<f64>,
}

impl Recording {
    pub(crate) fn load(path: &Path) -> std::io::Result<Self> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
        let (mut names, mut numbers) = (Vec::new(), HashMap::new());
        let mut pages: Vec<Vec<(usize, f64)>> = Vec::new();
        for line in text.lines() {
            if line.starts_with("###") {
                pages.push(Vec::new());
            } else if let (Some((name, value)), Some(page)) = (line.rsplit_once(' '), pages.last_mut()) {
                let number = *numbers.entry(name).or_insert_with(|| {
                    names.push(name.to_owned());
                    names.len() - 1
                });
                page.push((number, value.parse().unwrap_or(f64::NAN)));
            }
        }
        let growth = (0..names.len()).map(|number| growth(&pages, number)).collect();
        Ok(Self { names, pages, growth })
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
pub(crate) fn labels(text: &str, node: usize) -> Labels {
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
