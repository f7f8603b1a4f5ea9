//! The series of an answer as rows: the labels that tell them apart, and figures.

use std::collections::BTreeSet;

use crowsnest_api::{Labels, METRIC_NAME};
use crowsnest_chart::{SeriesStats, assign_inks};
use leptos::prelude::*;

use super::result::series_of;
use crate::api::Line;
use crate::arrange::Arrange as _;
use crate::components::{TimeRange, swatch_class};
use crate::format::{NONE, number};
use crate::i18n::{Msg, fill, tr, use_lang};

/// Rows at first, and rows at all: a browser is slow with more, and nobody reads them.
const FIRST_ROWS: usize = 100;
const MOST_ROWS: usize = 2_000;
/// More columns of labels than this are hard to read; the series is then one text.
const MOST_COLUMNS: usize = 5;

/// Which figures a row has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Figures {
    /// Min, mean, max and last over the range.
    OverRange,
    /// The one value at its end.
    AtEnd,
}

/// The table. Its rows come in the order of the answer for values at the end (queries sort), largest last value first
/// over a range.
#[component]
pub(super) fn SeriesTable(
    lines: Memo<Vec<Line>>,
    window: Memo<TimeRange>,
    figures: Figures,
) -> impl IntoView {
    let lang = use_lang();
    let everything = RwSignal::new(false);
    let columns =
        Memo::new(move |_| lines.with(|lines| telling_labels(lines.iter().map(|line| &line.labels))));
    let rows = Memo::new(move |_| {
        let window = window.get();
        lines
            .with(|lines| rows(lines, figures, window, if everything.get() { MOST_ROWS } else { FIRST_ROWS }))
    });
    let total = Memo::new(move |_| lines.with(Vec::len));
    let heads = move || {
        let labels = columns.get();
        let named = if labels.is_empty() {
            view! { <th scope="col">{tr(Msg::ColumnSeries)}</th> }.into_any()
        } else {
            labels.into_iter().map(|label| view! { <th scope="col">{label}</th> }).collect_view().into_any()
        };
        let numbers = match figures {
            Figures::OverRange => &[Msg::ColumnMin, Msg::ColumnMean, Msg::ColumnMax, Msg::ColumnLast][..],
            Figures::AtEnd => &[Msg::ColumnValue][..],
        };
        let numbers = numbers.iter().map(|msg| view! { <th scope="col" class="table__num">{tr(*msg)}</th> });
        view! { {named} {numbers.collect_view()} }
    };
    let body = move || {
        let labels = columns.get();
        let row = |row: Row| {
            let swatch = row.swatch.map(|class| view! { <i class=class></i> });
            let named = if labels.is_empty() {
                let (name, title) = (row.labels.to_string(), row.labels.to_string());
                view! { <td class="explore__series mono" title=title>{swatch}{name}</td> }.into_any()
            } else {
                let cell = |label: &String| row.labels.get(label).map(ToString::to_string);
                let mut swatch = swatch;
                labels
                    .iter()
                    .map(|label| {
                        let swatch = swatch.take();
                        match cell(label) {
                            Some(value) => {
                                let title = value.clone();
                                view! { <td title=title>{swatch}{value}</td> }.into_any()
                            }
                            None => view! { <td class="table__dim">{swatch}{NONE}</td> }.into_any(),
                        }
                    })
                    .collect_view()
                    .into_any()
            };
            let numbers =
                row.figures.into_iter().map(|figure| view! { <td class="table__num">{figure}</td> });
            view! { <tr>{named}{numbers.collect_view()}</tr> }
        };
        rows.get().into_iter().map(row).collect_view()
    };
    let rest = move || {
        let (shown, total) = (rows.with(Vec::len), total.get());
        (shown < total).then(|| {
            let values = [shown.to_string(), total.to_string()];
            let [n, total] = values.each_ref().map(String::as_str);
            let words = fill(Msg::FirstSeries.text(lang.get()), &[("n", n), ("total", total)]);
            let more = (!everything.get()).then(|| {
                view! {
                    <button type="button" class="btn btn--sm" on:click=move |_| everything.set(true)>
                        {tr(Msg::ShowAll)}
                    </button>
                }
            });
            view! { <p class="explore__rest">{words} {more}</p> }
        })
    };
    view! {
        <div class="table-wrap">
            <table class="table explore__table">
                <caption class="visually-hidden">{tr(Msg::Result)}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
        {rest}
    }
}

/// One series.
#[derive(Clone, PartialEq)]
struct Row {
    /// The class of its colour in the graph.
    swatch: Option<&'static str>,
    labels: Labels,
    figures: Vec<String>,
}

fn rows(lines: &[Line], figures: Figures, window: TimeRange, most: usize) -> Vec<Row> {
    match figures {
        Figures::AtEnd => lines
            .iter()
            .take(most)
            .map(|line| {
                // A range vector has several values at one moment: all are shown.
                let values: Vec<_> = line.points.iter().map(|(_, value)| number(*value)).collect();
                Row { swatch: None, labels: line.labels.clone(), figures: vec![values.join("  ")] }
            })
            .collect(),
        Figures::OverRange => {
            let series: Vec<_> = lines.iter().map(series_of).collect();
            let mut rows: Vec<_> = series
                .iter()
                .zip(assign_inks(&series))
                .map(|(one, ink)| (one, ink, SeriesStats::of(&one.points, window)))
                .collect();
            let last =
                |stats: &Option<SeriesStats>| stats.as_ref().map_or(f64::NEG_INFINITY, |stats| stats.last);
            rows.arrange_by(|(.., a), (.., b)| last(b).total_cmp(&last(a)));
            let figures = |stats: Option<SeriesStats>| match stats {
                Some(stats) => [stats.min, stats.mean, stats.max, stats.last].map(number).to_vec(),
                None => vec![NONE.to_owned(); 4],
            };
            let row = |(one, ink, stats): (&crate::components::ChartSeries, _, _)| Row {
                swatch: Some(swatch_class(ink)),
                labels: one.labels.clone(),
                figures: figures(stats),
            };
            rows.into_iter().take(most).map(row).collect()
        }
    }
}

/// The names of the labels whose values differ between series, the metric's name first; none where there is a single
/// series, or more of them than make a readable table.
fn telling_labels<'a>(sets: impl Iterator<Item = &'a Labels> + Clone) -> Vec<String> {
    let names: BTreeSet<&str> = sets.clone().flatten().map(|label| label.name.as_str()).collect();
    let differs = |name: &&str| {
        let mut values = sets.clone().map(|labels| labels.get(name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut telling: Vec<_> = names.into_iter().filter(differs).map(str::to_owned).collect();
    telling.arrange_by_key(|name| name != METRIC_NAME);
    if telling.len() > MOST_COLUMNS { Vec::new() } else { telling }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn only_labels_that_differ_become_columns() {
        let sets =
            [labels(&[("job", "x"), ("node", "a"), ("cpu", "0")]), labels(&[("job", "x"), ("node", "b")])];
        assert_eq!(telling_labels(sets.iter()), ["cpu", "node"]);
        assert_eq!(telling_labels(sets.iter().take(1)), [""; 0]);
    }

    #[test]
    fn the_metrics_name_comes_first() {
        let sets = [labels(&[("__name__", "x"), ("A", "1")]), labels(&[("__name__", "y"), ("A", "2")])];
        assert_eq!(telling_labels(sets.iter()), ["__name__", "A"]);
    }

    #[test]
    fn rows_over_a_range_start_with_the_largest() {
        let line = |node: &str, value| Line {
            labels: labels(&[("node", node)]),
            points: vec![(0, 1.0), (5, value)],
        };
        let window = TimeRange { start_ms: 0, end_ms: 10 };
        let rows = rows(&[line("a", 2.0), line("b", 3.0)], Figures::OverRange, window, 10);
        let figures: Vec<_> = rows.into_iter().map(|row| row.figures).collect();
        assert_eq!(figures, [["1", "2", "3", "3"], ["1", "1.5", "2", "2"]]);
    }

    #[test]
    fn rows_at_the_end_keep_the_order_of_the_answer() {
        let line = |value| Line { labels: Labels::empty(), points: vec![(0, value)] };
        let window = TimeRange { start_ms: 0, end_ms: 10 };
        let rows = rows(&[line(1.0), line(3.0), line(2.0)], Figures::AtEnd, window, 2);
        let figures: Vec<_> = rows.into_iter().flat_map(|row| row.figures).collect();
        assert_eq!(figures, ["1", "3"]);
    }
}
