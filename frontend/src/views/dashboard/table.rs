//! A panel's table as one of the page's own, and numbers as a file.

use std::sync::Arc;

use crowsnest_chart::{Body, CellKind, Column, ColumnAlign, Figure, FigureContext, TableCell, TableModel};
use leptos::prelude::*;

use super::links::value_link;
use super::panel::{SharedFigure, Shown};
use crate::boards::{BrowserPatterns, Scopes};
use crate::components::{Icon, IconName, Sparkline, TimeRange, use_chart_theme};
use crate::i18n::{Msg, fill, use_lang};

/// Rows of one page; without pages, the most rows that are drawn.
const PAGE: usize = 100;

/// The table of a figure that is one.
#[component]
pub(super) fn TableView(figure: SharedFigure) -> impl IntoView {
    let lang = use_lang();
    // Column and whether the greatest come first; the panel's own order until somebody clicks.
    let order = RwSignal::new(None::<(usize, bool)>);
    let page = RwSignal::new(0_usize);
    let table = Memo::new(move |_| {
        let figure = figure.get()?;
        let Body::Table(table) = figure.body() else { return None };
        let mut table = table.clone();
        if let Some((column, descending)) = order.get() {
            table.sort(column, descending);
        }
        Some(table)
    });
    let pages = Memo::new(move |_| {
        table.with(|table| table.as_ref().map_or(0, |table| table.rows.len().div_ceil(PAGE)))
    });
    let content = move || {
        let from = page.get().min(pages.get().saturating_sub(1)) * PAGE;
        table.get().map(|table| view! { <Rows table=table from=from order=order/> })
    };
    let place = move || {
        let (at, of) = (page.get().min(pages.get().saturating_sub(1)) + 1, pages.get());
        fill(Msg::PageOf.text(lang.get()), &[("n", &at.to_string()), ("of", &of.to_string())])
    };
    view! {
        <div class="board__table table-wrap">{content}</div>
        <Show when=move || { pages.get() > 1 }>
            <div class="board__pages">
                <button type="button" class="btn btn--quiet btn--icon btn--sm" aria-label=move || Msg::PageBefore.text(lang.get())
                    disabled=move || page.get() == 0 on:click=move |_| page.update(|page| *page = page.saturating_sub(1))>
                    <Icon name=IconName::Left/>
                </button>
                <span>{place}</span>
                <button type="button" class="btn btn--quiet btn--icon btn--sm" aria-label=move || Msg::PageAfter.text(lang.get())
                    disabled=move || { page.get() + 1 >= pages.get() } on:click=move |_| page.update(|page| *page += 1)>
                    <Icon name=IconName::Right/>
                </button>
            </div>
        </Show>
    }
}

#[component]
fn Rows(table: TableModel, from: usize, order: RwSignal<Option<(usize, bool)>>) -> impl IntoView {
    let columns = table.columns.clone();
    let head = |(at, column): (usize, &Column)| {
        let sorted = table.sorted.filter(|(column, _)| *column == at).map(|(_, descending)| descending);
        let aria = match sorted {
            Some(true) => "descending",
            Some(false) => "ascending",
            None => "none",
        };
        let sort = move |_| order.set(Some((at, sorted == Some(false))));
        let icon = sorted.map(|descending| {
            let name = if descending { IconName::SortDown } else { IconName::SortUp };
            view! { <Icon name=name/> }
        });
        view! {
            <th scope="col" class=align_class(column.align) aria-sort=aria style:width=width(column) title=column.description.clone()>
                <button type="button" class="th__sort" on:click=sort>{column.title.clone()}{icon}</button>
            </th>
        }
    };
    let heads = table.has_head.then(|| {
        view! { <thead><tr>{table.columns.iter().enumerate().map(head).collect_view()}</tr></thead> }
    });
    let row = |cells: &Vec<TableCell>| {
        let cells = columns.iter().zip(cells).map(|(column, cell)| cell_view(column, cell)).collect_view();
        view! { <tr>{cells}</tr> }
    };
    let rows = table.rows.iter().skip(from).take(PAGE).map(row).collect_view();
    let foot = table.foot.iter().any(|text| !text.is_empty()).then(|| {
        let cell = |(column, text): (&Column, &String)| {
            view! { <td class=align_class(column.align)>{text.clone()}</td> }
        };
        view! { <tfoot><tr>{columns.iter().zip(&table.foot).map(cell).collect_view()}</tr></tfoot> }
    });
    view! { <table class="table">{heads}<tbody>{rows}</tbody>{foot}</table> }
}

fn width(column: &Column) -> String {
    column.width.map(|width| format!("{width}px")).unwrap_or_default()
}

const fn align_class(align: ColumnAlign) -> &'static str {
    match align {
        ColumnAlign::Start => "",
        ColumnAlign::Middle => "board__cell--middle",
        ColumnAlign::End => "board__cell--end",
    }
}

fn cell_view(column: &Column, cell: &TableCell) -> impl IntoView + use<> {
    let theme = use_chart_theme();
    let class = align_class(column.align);
    let paint = cell.paint;
    let (kind, share) = (column.kind, cell.share);
    let is_ground = matches!(kind, CellKind::ColoredGround | CellKind::ColoredRow);
    let ground = move || match paint.filter(|_| is_ground) {
        Some(paint) => theme.with(|theme| paint.css(theme)),
        None => String::new(),
    };
    let ink = move || {
        let theme = theme.read();
        match paint {
            Some(paint) if is_ground => {
                let (color, _) = paint.color(&theme);
                let (r, g, b) = color.ink().rgb;
                format!("rgb({r}, {g}, {b})")
            }
            Some(paint) if kind == CellKind::ColoredText => {
                let (r, g, b) = paint.readable(theme.surface, &theme).rgb;
                format!("rgb({r}, {g}, {b})")
            }
            _ => String::new(),
        }
    };
    let bar = (kind == CellKind::Gauge).then(|| {
        let color = move || paint.map(|paint| theme.with(|theme| paint.css(theme))).unwrap_or_default();
        view! {
            <span class="board__gauge" aria-hidden="true">
                <span class="board__gauge-bar" style:width=format!("{:.1}%", share * 100.0) style:background-color=color></span>
            </span>
        }
    });
    let curve = (kind == CellKind::Sparkline && !cell.curve.is_empty()).then(|| {
        let points = cell.curve.clone();
        let time = |point: Option<&(i64, f64)>| point.map_or(0, |(at, _)| *at);
        let range = TimeRange { start_ms: time(points.first()), end_ms: time(points.last()) };
        let color = move || paint.map(|paint| theme.with(|theme| paint.css(theme))).unwrap_or_default();
        view! {
            <span class="board__curve" style:color=color>
                <Sparkline points=Signal::stored(points) range=Signal::stored(range) from_zero=false/>
            </span>
        }
    });
    let hides_text = cell.hides_text;
    let text = cell.text.clone();
    let words = match cell.links.as_slice() {
        [] => view! { <span class:visually-hidden=hides_text>{text}</span> }.into_any(),
        [only] if kind != CellKind::Links => value_link(only, text).into_any(),
        links => links.iter().map(|link| value_link(link, link.title.clone())).collect_view().into_any(),
    };
    view! {
        <td class=class class:board__cell--json=kind == CellKind::Json style:background-color=ground style:color=ink title=cell.text.clone()>
            {bar}{curve}{words}
        </td>
    }
}

/// The numbers behind a figure as comma-separated values.
pub(super) fn csv_of(figure: &Arc<Figure>, shown: Shown) -> String {
    let globals = shown.board.globals_now();
    let (start_ms, end_ms) = shown.board.window.get_untracked();
    let table = shown.board.loading.with_untracked(|loading| {
        shown.scope.with_untracked(|own| {
            let scopes = Scopes { own, board: loading.scope(), globals: &globals };
            figure.data_table(&FigureContext {
                range: TimeRange { start_ms, end_ms },
                utc_offset_minutes: shown.board.zone.get_untracked().offset_minutes(end_ms),
                variables: &scopes,
                engine: &BrowserPatterns,
            })
        })
    });
    let line = |cells: &Vec<String>| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    std::iter::once(&table.heads).chain(&table.rows).map(|cells| line(cells) + "\r\n").collect()
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula is made a text.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '@', '\t', '\r'])
        || cell.starts_with(['+', '-']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_runs_no_formula() {
        for (cell, expected) in [
            ("a", "a"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("-1.5", "-1.5"),
            ("=1+1", "'=1+1"),
            ("-a", "'-a"),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
