//! Facts about a store as tables, and as JSON.

use std::io;

use crowsnest_api::{Labels, METRIC_NAME, Sample, format_value, is_stale};
use crowsnest_promql::Resolution;
use crowsnest_tsdb::{BlockFacts, Contents, Costs, Dumped, Fault, LabelCost, MetricCost, SegmentFacts};
use serde_json::{Value, json};

use crate::client::table::{Align, Column, rows};
use crate::clock;
use crate::units::format_bytes;

/// A column: its title, where its cells stand, and what is in them.
type Field<T> = (&'static str, Align, fn(&T) -> String);

fn table<T>(items: &[T], fields: &[Field<T>]) -> String {
    let columns: Vec<Column> = fields
        .iter()
        .map(|&(title, align, cell)| Column {
            title: title.to_owned(),
            cells: items.iter().map(cell).collect(),
            align,
        })
        .collect();
    rows(&columns)
}

const BLOCKS: &[Field<BlockFacts>] = &[
    ("BLOCK", Align::Left, |b| b.id.clone()),
    ("FROM", Align::Left, |b| clock::rfc3339(b.min_time)),
    ("TO", Align::Left, |b| clock::rfc3339(b.max_time)),
    ("LEVEL", Align::Right, |b| b.level.to_string()),
    ("TIER", Align::Left, |b| b.resolution.map_or("raw", Resolution::name).to_owned()),
    ("SERIES", Align::Right, |b| b.series.to_string()),
    ("SAMPLES", Align::Right, |b| b.samples.to_string()),
    ("BYTES", Align::Right, |b| b.bytes.to_string()),
    ("BYTES/SAMPLE", Align::Right, |b| per_sample(b.bytes, b.samples)),
    ("FORMAT", Align::Right, |b| b.format.to_string()),
];

const SEGMENTS: &[Field<SegmentFacts>] = &[
    ("LOG", Align::Left, |s| s.file.clone()),
    ("FROM", Align::Left, |s| s.range.map_or_else(String::new, |(from, _)| clock::rfc3339(from))),
    ("TO", Align::Left, |s| s.range.map_or_else(String::new, |(_, to)| clock::rfc3339(to))),
    ("PUSHES", Align::Right, |s| s.records.to_string()),
    ("SAMPLES", Align::Right, |s| s.samples.to_string()),
    ("BYTES", Align::Right, |s| s.bytes.to_string()),
    ("BYTES/SAMPLE", Align::Right, |s| per_sample(s.bytes, s.samples)),
];

const METRICS: &[Field<MetricCost>] = &[
    ("METRIC", Align::Left, |m| m.name.clone()),
    ("SERIES", Align::Right, |m| m.series.to_string()),
    ("BYTES OF SAMPLES", Align::Right, |m| m.bytes.to_string()),
];

const LABELS: &[Field<LabelCost>] = &[
    ("LABEL", Align::Left, |l| l.name.clone()),
    ("VALUES", Align::Right, |l| l.values.to_string()),
    ("SERIES", Align::Right, |l| l.series.to_string()),
    ("BYTES OF VALUES", Align::Right, |l| l.bytes.to_string()),
];

/// Blocks and log segments.
pub(super) fn contents(contents: &Contents) -> String {
    let bytes: u64 = contents.blocks.iter().map(|block| block.bytes).sum();
    let samples: u64 = contents.blocks.iter().map(|block| block.samples).sum();
    let mut text = table(&contents.blocks, BLOCKS);
    text += &format!(
        "{} blocks, {samples} samples in {}, {} bytes a sample\n\n",
        contents.blocks.len(),
        format_bytes(bytes),
        per_sample(bytes, samples)
    );
    text += &table(&contents.segments, SEGMENTS);
    if contents.torn_bytes > 0 {
        text += &format!("{} bytes of a push that was not finished, or is under way\n", contents.torn_bytes);
    }
    for other in &contents.others {
        text += &format!("{other} is neither\n");
    }
    text
}

/// `0.153`; nothing where there are no samples.
fn per_sample(bytes: u64, samples: u64) -> String {
    if samples == 0 { "-".to_owned() } else { format!("{:.3}", bytes as f64 / samples as f64) }
}

pub(super) fn contents_as_json(contents: &Contents, faults: &[Fault]) -> serde_json::Result<String> {
    let block = |b: &BlockFacts| {
        json!({
            "block": b.id, "file": b.file, "format": b.format, "level": b.level,
            "resolution": b.resolution.map(Resolution::name),
            "min_time": b.min_time.millis(), "max_time": b.max_time.millis(),
            "series": b.series, "chunks": b.chunks, "samples": b.samples, "bytes": b.bytes,
        })
    };
    let segment = |s: &SegmentFacts| {
        json!({
            "file": s.file, "bytes": s.bytes, "pushes": s.records, "samples": s.samples,
            "min_time": s.range.map(|(from, _)| from.millis()), "max_time": s.range.map(|(_, to)| to.millis()),
        })
    };
    line(&json!({
        "blocks": contents.blocks.iter().map(block).collect::<Vec<_>>(),
        "log": contents.segments.iter().map(segment).collect::<Vec<_>>(),
        "torn_bytes": contents.torn_bytes,
        "others": contents.others,
        "faults": faults.iter().map(fault).collect::<Vec<_>>(),
    }))
}

pub(super) fn faults_as_json(faults: &[Fault]) -> serde_json::Result<String> {
    line(&json!({ "faults": faults.iter().map(fault).collect::<Vec<_>>() }))
}

fn fault(fault: &Fault) -> Value {
    json!({ "file": fault.file, "offset": fault.offset, "what": fault.what })
}

fn line(value: &Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

/// Two tables.
pub(super) fn costs(costs: &Costs) -> String {
    format!("{}\n{}", table(&costs.metrics, METRICS), table(&costs.labels, LABELS))
}

pub(super) fn costs_as_json(costs: &Costs) -> serde_json::Result<String> {
    let metrics = costs.metrics.iter().map(|m| json!({"name": m.name, "series": m.series, "bytes": m.bytes}));
    let labels = costs
        .labels
        .iter()
        .map(|l| json!({"name": l.name, "values": l.values, "series": l.series, "bytes_of_values": l.bytes}));
    line(&json!({
        "metrics": metrics.collect::<Vec<_>>(),
        "labels": labels.collect::<Vec<_>>(),
        "faults": costs.faults.iter().map(fault).collect::<Vec<_>>(),
    }))
}

/// A line a sample, as promtool prints them: series, value, milliseconds.
pub(super) fn dumped(out: &mut dyn io::Write, dumped: &Dumped<'_>) -> io::Result<()> {
    let series = series(dumped.labels);
    let who = dumped.source.map_or_else(|| "the server".to_owned(), |source| format!("{source:?}"));
    writeln!(out, "# {series} by {who}")?;
    for sample in dumped.samples {
        writeln!(out, "{series} {} {}", value(sample), sample.timestamp.millis())?;
    }
    for (at, histogram) in dumped.histograms {
        writeln!(out, "{series} {histogram} {}", at.millis())?;
    }
    Ok(())
}

/// An object a line; values are strings, for JSON has no NaN.
pub(super) fn dumped_as_json(out: &mut dyn io::Write, dumped: &Dumped<'_>) -> io::Result<()> {
    let timestamps: Vec<i64> = dumped.samples.iter().map(|sample| sample.timestamp.millis()).collect();
    let object = json!({
        "file": dumped.file,
        "source": dumped.source,
        "metric": dumped.labels,
        "timestamps": timestamps,
        "values": dumped.samples.iter().map(value).collect::<Vec<_>>(),
        "histograms": dumped.histograms.iter().map(|(at, of)| (at.millis(), of.to_string())).collect::<Vec<_>>(),
    });
    writeln!(out, "{object}")
}

/// `{__name__="up", job="node"}`
fn series(labels: &Labels) -> String {
    let rest = labels.iter().filter(|label| label.name != METRIC_NAME);
    let name = labels.get(METRIC_NAME).map(|name| format!("{METRIC_NAME}={name:?}"));
    let rest = rest.map(|label| format!("{}={:?}", label.name, label.value));
    format!("{{{}}}", name.into_iter().chain(rest).collect::<Vec<_>>().join(", "))
}

/// The value; the marker that ends a series has a word of its own.
fn value(sample: &Sample) -> String {
    if is_stale(sample.value) { "stale".to_owned() } else { format_value(sample.value) }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Timestamp;

    use super::*;

    #[test]
    fn samples_are_printed_as_promtool_prints_them() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a\"b")]);
        let samples = [Sample::new(1000, 0.5), Sample::new(2000, crowsnest_api::stale_nan())];
        let it = Dumped {
            file: "blocks/1",
            labels: &labels,
            source: Some("node-1"),
            samples: &samples,
            histograms: &[],
        };
        let mut text = Vec::new();
        dumped(&mut text, &it).unwrap();
        dumped_as_json(&mut text, &Dumped { source: None, ..it }).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r##"# {__name__="up", job="a\"b"} by "node-1"
{__name__="up", job="a\"b"} 0.5 1000
{__name__="up", job="a\"b"} stale 2000
{"file":"blocks/1","histograms":[],"metric":{"__name__":"up","job":"a\"b"},"source":null,"timestamps":[1000,2000],"values":["0.5","stale"]}
"##
        );
    }

    #[test]
    fn a_summary_has_a_line_a_block_and_a_line_a_segment() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let block = BlockFacts {
            id: "0000000007".to_owned(),
            file: "blocks/0000000007.block".to_owned(),
            format: 2,
            level: 1,
            resolution: None,
            min_time: at,
            max_time: at,
            series: 3,
            chunks: 3,
            samples: 1000,
            bytes: 150,
        };
        let segment = SegmentFacts { file: "wal/0000000002.wal".to_owned(), bytes: 28, ..Default::default() };
        let contents = Contents { blocks: vec![block], segments: vec![segment], ..Contents::default() };
        let text = super::contents(&contents);
        assert_eq!(
            text,
            "\
BLOCK       FROM                  TO                    LEVEL  TIER  SERIES  SAMPLES  BYTES  BYTES/SAMPLE  FORMAT
0000000007  2023-11-14T22:13:20Z  2023-11-14T22:13:20Z      1  raw        3     1000    150         0.150       2
1 blocks, 1000 samples in 150B, 0.150 bytes a sample

LOG                 FROM  TO  PUSHES  SAMPLES  BYTES  BYTES/SAMPLE
wal/0000000002.wal                 0        0     28             -
"
        );
    }
}
