//! The numbers of a chart as a table.

use std::collections::BTreeMap;

use crowsnest_chart::{ChartData, TimeRange, instant_text};
use crowsnest_dashboards::Unit;
use leptos::prelude::*;

use super::utc_offset_minutes;
use crate::i18n::{Msg, use_lang};

/// More rows than this are thinned: the table is for reading, not for export.
const MOST_ROWS: usize = 120;

/// One row per instant, newest first, one column per series.
#[component]
pub(super) fn DataTable(
    shown: Memo<ChartData>,
    range: Signal<TimeRange>,
    unit: StoredValue<Unit>,
    title: Signal<String>,
) -> impl IntoView {
    let lang = use_lang();
    let heads = move || shown.with(|data| data.series.iter().map(|one| one.name.clone()).collect::<Vec<_>>());
    let body = move || {
        let range = range.get();
        let offset = utc_offset_minutes(range);
        let rows = shown.with(|data| rows(data, range));
        rows.into_iter()
            .map(|(ms, values)| {
                let cells = values.into_iter().map(|value| {
                    let text = value.map(|value| unit.with_value(|unit| unit.format(value).to_string()));
                    view! { <td>{text.unwrap_or_else(|| "–".to_owned())}</td> }
                });
                view! { <tr><th scope="row">{instant_text(ms, offset)}</th>{cells.collect_view()}</tr> }
            })
            .collect_view()
    };
    view! {
        <div class="chart__table" tabindex="0" role="region" aria-label=move || title.get()>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{move || Msg::ColumnTime.text(lang.get())}</th>
                        {move || heads().into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// The values of each instant within `range`, in the order of the series; newest instant first.
fn rows(data: &ChartData, range: TimeRange) -> Vec<(i64, Vec<Option<f64>>)> {
    let mut rows: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
    for (column, series) in data.series.iter().enumerate() {
        for &(ms, value) in series.points.iter().filter(|point| range.contains(point.0)) {
            let row = rows.entry(ms).or_insert_with(|| vec![None; data.series.len()]);
            if let Some(cell) = row.get_mut(column) {
                *cell = Some(value);
            }
        }
    }
    let every = rows.len().div_ceil(MOST_ROWS).max(1);
    rows.into_iter().rev().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::chart::ChartSeries;

    #[test]
    fn rows_are_newest_first_and_bounded() {
        let points = (0..1000).map(|i| (i, 1.0)).collect();
        let data = ChartData {
            series: vec![
                ChartSeries { points, ..ChartSeries::default() },
                ChartSeries { points: vec![(999, 7.0)], ..ChartSeries::default() },
            ],
        };
        let rows = rows(&data, TimeRange { start_ms: 0, end_ms: 2000 });
        assert!(rows.len() <= MOST_ROWS);
        assert_eq!(rows.first(), Some(&(999, vec![Some(1.0), Some(7.0)])));
    }
}
