//! Draws what `cargo bench --package crowsnest-tsdb --bench growth -- --rows FOLDER` measured on the way, with our own charts:
//! `curves FOLDER/a.tsv FOLDER/b.tsv … OUT` writes one picture for each column into the folder OUT, in which each file is a
//! line. The first column of a file is hours.

use std::path::Path;

use anyhow::{Context as _, ensure};
use crowsnest_api::Labels;
use crowsnest_chart::{ChartData, ChartSeries, ChartSpec, Theme, TimeRange, render_svg};
use crowsnest_dashboards::Unit;

const SIZE: (u32, u32) = (720, 240);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (out, files) = arguments.split_last().context("name files, and a folder for the pictures")?;
    ensure!(!files.is_empty(), "name files before the folder");
    let mut columns: Vec<(String, ChartData)> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let names = rows.next().unwrap_or_default();
        let rows: Vec<Vec<f64>> =
            rows.map(|row| row.iter().map(|cell| cell.parse()).collect()).collect::<Result<_, _>>()?;
        for (index, name) in names.iter().enumerate().skip(1) {
            let points =
                rows.iter().filter_map(|row| Some(((row.first()? * 3_600_000.0) as i64, *row.get(index)?)));
            let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let labels = Labels::from_pairs([("cell", stem.as_str())]);
            let series = ChartSeries { name: stem, labels, points: points.collect() };
            match columns.iter_mut().find(|(known, _)| known == name) {
                Some((_, data)) => data.series.push(series),
                None => columns.push(((*name).to_owned(), ChartData { series: vec![series] })),
            }
        }
    }
    std::fs::create_dir_all(out)?;
    for (name, data) in &columns {
        let end = data.series.iter().filter_map(|series| series.points.last()).map(|point| point.0).max();
        let range = TimeRange { start_ms: 0, end_ms: end.unwrap_or_default() };
        let unit = Unit::none();
        let mut spec = ChartSpec::new(data, range, &unit);
        (spec.bounds.min, spec.max_gap_ms) = (Some(0.0), Some(i64::MAX));
        let svg = render_svg(&spec, SIZE, &Theme::light()).context("the picture cannot be drawn")?;
        std::fs::write(Path::new(out).join(format!("{name}.svg")), svg)?;
    }
    Ok(())
}
