//! A figure on the page: a canvas with crosshair, tooltip and legend; a table; or a sentence.

mod alerts;
mod boards;
mod legend;
mod prose;
mod tip;

use std::collections::BTreeSet;
use std::sync::Arc;

use crowsnest_chart::{Annotation, Body, Figure, LegendPlace, Message, Over, Picture, Surface, Theme, View};
use crowsnest_dashboards::PanelKind;
use crowsnest_dashboards::marks::of_panel;
use leptos::html;
use leptos::prelude::*;
use web_sys::PointerEvent;

use self::alerts::AlertsView;
use self::boards::BoardsView;
use self::legend::LegendView;
use self::prose::ProseView;
use self::tip::{PlacedTip, TipView, tip_at};
use super::panel::{SharedFigure, Shown};
use super::table::TableView;
use crate::boards::Times;
use crate::components::{
    ChartLink, PageText, PlotCanvas, TimeRange, element_size, use_chart_link, use_chart_theme,
};
use crate::i18n::{Lang, Msg, fill, use_lang};
use crate::range::Range;
use crate::zone::Zone;

/// A drag shorter than this (CSS pixels) is a click with an unsteady hand.
const SHORTEST_DRAG: f64 = 5.0;
/// No zoom goes below this many milliseconds.
const SHORTEST_RANGE: i64 = 1_000;

/// A picture, with the figure and the surface that it is of.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) figure: Arc<Figure>,
    pub(super) picture: Arc<Picture>,
    surface: Surface,
}

/// Which of them it is: what stands on the page changes with that alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Picture,
    Table,
    Prose,
    Alerts,
    Boards,
    Message,
}

/// The newest figure of a panel.
#[component]
pub(super) fn FigureView(shown: Shown, figure: SharedFigure, window: Memo<(i64, i64)>) -> impl IntoView {
    let form = Memo::new(move |_| {
        figure.with(|figure| match figure.as_ref().map(|figure| figure.body()) {
            Some(Body::Picture) => Form::Picture,
            Some(Body::Table(_)) => Form::Table,
            Some(Body::Text(_)) => Form::Prose,
            Some(Body::Message(Message::Elsewhere(PanelKind::AlertList))) => Form::Alerts,
            Some(Body::Message(Message::Elsewhere(PanelKind::DashboardList))) => Form::Boards,
            Some(Body::Message(_)) | None => Form::Message,
        })
    });
    move || match form.get() {
        Form::Picture => view! { <PictureView shown=shown figure=figure window=window/> }.into_any(),
        Form::Table => view! { <TableView figure=figure/> }.into_any(),
        Form::Prose => view! { <ProseView figure=figure/> }.into_any(),
        Form::Alerts => view! { <AlertsView shown=shown/> }.into_any(),
        Form::Boards => view! { <BoardsView shown=shown/> }.into_any(),
        Form::Message => view! { <MessageView figure=figure/> }.into_any(),
    }
}

/// A sentence in the place of a picture.
#[component]
fn MessageView(figure: SharedFigure) -> impl IntoView {
    let lang = use_lang();
    let words = move || {
        figure.with(|figure| match figure.as_ref().map(|figure| figure.body()) {
            Some(Body::Message(message)) => message_words(lang.get(), message),
            _ => Msg::NoData.text(lang.get()).to_owned(),
        })
    };
    view! { <p class="board__message">{words}</p> }
}

fn message_words(lang: Lang, message: &Message) -> String {
    match message {
        Message::NoData => Msg::NoData.text(lang).to_owned(),
        Message::Elsewhere(PanelKind::Logs) => Msg::LogsNotStored.text(lang).to_owned(),
        Message::Elsewhere(_) => String::new(),
        Message::TooMuch { count, most } => {
            fill(Msg::TooManyValues.text(lang), &[("n", &count.to_string()), ("most", &most.to_string())])
        }
        // Said by the import in English; the report names the same.
        other => other.to_string(),
    }
}

/// The canvas with all that belongs to it.
#[component]
fn PictureView(shown: Shown, figure: SharedFigure, window: Memo<(i64, i64)>) -> impl IntoView {
    let theme = use_chart_theme();
    let link = use_chart_link();
    let stage = NodeRef::<html::Div>::new();
    let size = element_size(stage);
    let hidden = RwSignal::new(BTreeSet::<String>::new());
    let annotations = Memo::new(move |_| {
        let panel = shown.panel.with(|panel| panel.as_ref().map(|panel| panel.id)).unwrap_or_default();
        shown.board.marked.with(|marked| of_panel(marked, panel).map(Annotation::of).collect::<Vec<_>>())
    });
    let prepared = prepared(figure, size, theme, hidden, (window, shown.board.zone), annotations);
    let pointer = RwSignal::new(None::<(f64, f64)>);
    let pinned = RwSignal::new(None::<PlacedTip>);
    let drag = RwSignal::new(None::<(f64, f64)>);
    let legend = Memo::new(move |_| {
        hidden.with(|hidden| figure.with(|figure| figure.as_ref().and_then(|figure| figure.legend(hidden))))
    });
    let is_right = move || {
        legend.with(|legend| legend.as_ref().is_some_and(|legend| legend.place == LegendPlace::Right))
    };
    let label = move || {
        figure.with(|figure| figure.as_ref().map(|figure| figure.summary().to_string()).unwrap_or_default())
    };
    view! {
        <div class="board__figure" class:has-legend-right=is_right>
            <div class="board__stage">
                <Canvases prepared=prepared theme=theme link=link pointer=pointer pinned=pinned drag=drag stage=stage label=Signal::derive(label)
                    on_zoom=move |(from, to): (i64, i64)| {
                        let range = Range::between(from, to.max(from + SHORTEST_RANGE));
                        shown.board.set_times(&Times::chosen(range));
                    }/>
                <TipView prepared=prepared theme=theme link=link pointer=pointer pinned=pinned/>
            </div>
            <LegendView legend=legend hidden=hidden theme=theme/>
        </div>
    }
}

/// The picture of a figure for the size that there is.
fn prepared(
    figure: SharedFigure,
    size: Signal<Option<Surface>>,
    theme: RwSignal<Theme>,
    hidden: RwSignal<BTreeSet<String>>,
    (window, zone): (Memo<(i64, i64)>, Memo<Zone>),
    annotations: Memo<Vec<Annotation>>,
) -> Memo<Option<Prepared>> {
    Memo::new_with_compare(
        move |_| {
            let surface = size.get()?;
            let figure = figure.get()?;
            let theme = theme.read();
            let text = PageText::new(&theme.font)?;
            let (start_ms, end_ms) = window.get();
            let hidden = hidden.read();
            let annotations = annotations.read();
            let mut view = View::new(TimeRange { start_ms, end_ms }, &hidden);
            view.annotations = &annotations;
            view.utc_offset_minutes = zone.read().offset_minutes(end_ms);
            let picture = Arc::new(figure.prepare(surface, &view, &theme, &text));
            Some(Prepared { figure, picture, surface })
        },
        // Every new input is a new picture; comparing two would cost more than drawing one.
        |_, _| true,
    )
}

/// The picture, its crosshair on a canvas over it, and the pointer's events.
#[component]
fn Canvases(
    prepared: Memo<Option<Prepared>>,
    theme: RwSignal<Theme>,
    link: ChartLink,
    /// Where the pointer is over the picture.
    pointer: RwSignal<Option<(f64, f64)>>,
    /// The tooltip that is kept.
    pinned: RwSignal<Option<PlacedTip>>,
    /// The columns where a drag began and where it is.
    drag: RwSignal<Option<(f64, f64)>>,
    stage: NodeRef<html::Div>,
    label: Signal<String>,
    #[prop(into)] on_zoom: Callback<(i64, i64)>,
) -> impl IntoView {
    let (plot, marks) = (NodeRef::<html::Canvas>::new(), NodeRef::<html::Canvas>::new());
    Effect::new(move |_| {
        let Some(canvas) = plot.get() else { return };
        let theme = theme.read();
        prepared.with(|prepared| {
            let Some(Prepared { picture, surface, .. }) = prepared else { return };
            let backend = PlotCanvas::cleared(canvas, *surface).and_then(|canvas| canvas.backend());
            if let Some(mut backend) = backend {
                // A canvas reports no errors; the picture would lack what failed.
                let _ = picture.draw(&mut backend, &theme);
            }
        });
    });
    Effect::new(move |_| {
        let Some(canvas) = marks.get() else { return };
        let (drag, cursor, own) = (drag.get(), link.cursor(), link.own_cursor().is_some());
        let theme = theme.read();
        prepared.with(|prepared| {
            let Some(Prepared { picture, surface, .. }) = prepared else { return };
            let backend = PlotCanvas::cleared(canvas, *surface).and_then(|canvas| canvas.backend());
            let Some(mut backend) = backend else { return };
            let _ = match (drag, cursor) {
                (Some((from, to)), _) if (from - to).abs() >= SHORTEST_DRAG => {
                    picture.draw_over(&mut backend, Over::Selection(from, to), &theme)
                }
                (_, Some(cursor)) => {
                    let over = Over::Moment(cursor.at_ms, cursor.y.filter(|_| own));
                    picture.draw_over(&mut backend, over, &theme)
                }
                _ => Ok(()),
            };
        });
    });
    let time_at = move |x: f64| prepared.with_untracked(|prepared| prepared.as_ref()?.picture.time_at(x));
    let on_move = move |event: PointerEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        pointer.set(Some((x, y)));
        if let Some(at) = time_at(x) {
            link.point_at(at, Some(y));
        }
        if let Some((from, _)) = drag.get_untracked() {
            drag.set(Some((from, x)));
        }
    };
    let on_down = move |event: PointerEvent| {
        let x = f64::from(event.offset_x());
        if event.button() == 0 && event.pointer_type() != "touch" && time_at(x).is_some() {
            drag.set(Some((x, x)));
            if let Some(stage) = stage.get_untracked() {
                // The drag may leave the picture and come back.
                let _ = stage.set_pointer_capture(event.pointer_id());
            }
        }
    };
    let on_up = move |event: PointerEvent| {
        let (from, to) = drag.get_untracked().unwrap_or_default();
        drag.set(None);
        if event.button() != 0 {
            return;
        }
        if (from - to).abs() < SHORTEST_DRAG {
            // A click keeps the tooltip, the next one lets it go.
            let here = (f64::from(event.offset_x()), f64::from(event.offset_y()));
            let tip = prepared.with_untracked(|prepared| tip_at(prepared.as_ref()?, here));
            pinned.update(|pinned| *pinned = if pinned.is_some() { None } else { tip });
        } else if let (Some(start), Some(end)) = (time_at(from.min(to)), time_at(from.max(to))) {
            on_zoom.run((start, end));
        }
    };
    let on_leave = move |event: PointerEvent| {
        if event.pointer_type() != "touch" && drag.with_untracked(Option::is_none) {
            pointer.set(None);
            link.clear();
        }
    };
    view! {
        <div
            class="chart__stage board__canvas"
            role="img"
            aria-label=move || label.get()
            node_ref=stage
            on:pointermove=on_move
            on:pointerdown=on_down
            on:pointerup=on_up
            on:pointercancel=move |_| drag.set(None)
            on:pointerleave=on_leave
        >
            <canvas class="chart__canvas" node_ref=plot></canvas>
            <canvas class="chart__canvas" node_ref=marks></canvas>
        </div>
    }
}
