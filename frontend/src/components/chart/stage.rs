//! The two canvases and what pointer and keys do on them.

use crowsnest_chart::{Marker, Theme, TimeRange};
use leptos::html;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, MouseEvent, PointerEvent};

use super::Prepared;
use super::canvas::{PageText, PlotCanvas};
use super::link::ChartLink;
use crate::i18n::{Msg, use_lang};

/// A drag shorter than this (CSS pixels) is a click with an unsteady hand.
const SHORTEST_DRAG: f64 = 5.0;
/// No zoom goes below this many milliseconds.
const SHORTEST_RANGE: i64 = 1000;
/// What browsers call a finger.
const TOUCH: &str = "touch";
/// How many samples an arrow key passes with Shift.
const LONG_STEP: usize = 10;

/// What the pointer is about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Gesture {
    #[default]
    None,
    /// Selecting a stretch: the column where it began and the one where it is.
    Drag { from: f64, to: f64 },
}

impl Gesture {
    pub(super) fn is_dragging(self) -> bool {
        matches!(self, Self::Drag { from, to } if (from - to).abs() >= SHORTEST_DRAG)
    }
}

/// The picture of a chart, its crosshair, and the events on it.
#[component]
pub(super) fn Stage(
    node_ref: NodeRef<html::Div>,
    label: Memo<String>,
    chart: Memo<Option<Prepared>>,
    theme: RwSignal<Theme>,
    link: ChartLink,
    gesture: RwSignal<Gesture>,
    on_zoom: Option<Callback<TimeRange>>,
) -> impl IntoView {
    let lang = use_lang();
    let plot_ref = NodeRef::<html::Canvas>::new();
    let marks_ref = NodeRef::<html::Canvas>::new();

    Effect::new(move |_| {
        let Some(canvas) = plot_ref.get() else { return };
        let theme = theme.read();
        chart.with(|prepared| {
            let Some(Prepared { chart, surface }) = prepared else { return };
            let canvas = PlotCanvas::cleared(canvas, *surface);
            let (backend, text) = (canvas.and_then(|canvas| canvas.backend()), PageText::new(&theme.font));
            if let (Some(mut backend), Some(text)) = (backend, text) {
                // A canvas reports no errors; the picture would lack what failed.
                let _ = chart.draw(&mut backend, &theme, &text);
            }
        });
    });
    Effect::new(move |_| {
        let Some(canvas) = marks_ref.get() else { return };
        let (gesture, cursor) = (gesture.get(), link.cursor());
        let own = link.own_cursor().is_some();
        let theme = theme.read();
        chart.with(|prepared| {
            let Some(Prepared { chart, surface }) = prepared else { return };
            let Some(mut backend) = PlotCanvas::cleared(canvas, *surface).and_then(|canvas| canvas.backend())
            else {
                return;
            };
            let drawn = match (gesture, cursor) {
                (Gesture::Drag { from, to }, _) if gesture.is_dragging() => {
                    chart.draw_crosshair(&mut backend, Marker::Selection(from, to), &theme)
                }
                (_, Some(cursor)) if own || chart.layout().range.contains(cursor.at_ms) => {
                    let hover = chart.hover_at(cursor.at_ms, cursor.y.filter(|_| own));
                    chart.draw_crosshair(&mut backend, Marker::Crosshair(&hover), &theme)
                }
                _ => Ok(()),
            };
            let _ = drawn;
        });
    });

    // The instant below a column, held within the plot.
    let time_at = move |x: f64| {
        chart.with_untracked(|prepared| prepared.as_ref().map(|prepared| prepared.chart.layout().time_at(x)))
    };
    let range = move || {
        chart.with_untracked(|prepared| prepared.as_ref().map(|prepared| prepared.chart.layout().range))
    };
    let zoom = move |range: TimeRange| {
        if let Some(on_zoom) = on_zoom {
            let end_ms = range.end_ms.max(range.start_ms + SHORTEST_RANGE);
            on_zoom.run(TimeRange { end_ms, ..range });
        }
    };
    // Half or twice the range, around the moment under the crosshair.
    let zoom_by = move |factor: f64, around: Option<i64>| {
        let Some(range) = range() else { return };
        let around = around.unwrap_or(range.start_ms + range.span_ms() / 2);
        let side = |end: i64| around + ((end - around) as f64 * factor) as i64;
        zoom(TimeRange { start_ms: side(range.start_ms), end_ms: side(range.end_ms) });
    };

    let on_move = move |event: PointerEvent| {
        let (x, y) = offset(&event);
        if let Some(at) = time_at(x) {
            link.point_at(at, Some(y));
        }
        if let Gesture::Drag { from, .. } = gesture.get_untracked() {
            gesture.set(Gesture::Drag { from, to: x });
        }
    };
    let on_down = move |event: PointerEvent| {
        let (x, y) = offset(&event);
        if event.pointer_type() == TOUCH {
            // A finger reads; it has no way to hover. The time picker zooms.
            if let Some(at) = time_at(x) {
                link.point_at(at, Some(y));
            }
            return;
        }
        if event.button() != 0 || !event.is_primary() || on_zoom.is_none() {
            return;
        }
        gesture.set(Gesture::Drag { from: x, to: x });
        if let Some(stage) = node_ref.get_untracked() {
            // The drag may leave the chart and come back.
            let _ = stage.set_pointer_capture(event.pointer_id());
        }
    };
    let on_up = move |_: PointerEvent| {
        let done = gesture.get_untracked();
        gesture.set(Gesture::None);
        if let Gesture::Drag { from, to } = done
            && done.is_dragging()
            && let (Some(start_ms), Some(end_ms)) = (time_at(from.min(to)), time_at(from.max(to)))
        {
            zoom(TimeRange { start_ms, end_ms });
        }
    };
    let on_leave = move |event: PointerEvent| {
        // What a finger showed stays until it points elsewhere.
        if event.pointer_type() != TOUCH && gesture.get_untracked() == Gesture::None {
            link.clear();
        }
    };
    let on_double_click = move |event: MouseEvent| zoom_by(2.0, time_at(f64::from(event.offset_x())));

    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let at = link.cursor().map(|cursor| cursor.at_ms);
        let steps = if event.shift_key() { LONG_STEP } else { 1 };
        match event.key().as_str() {
            "ArrowLeft" => walk(chart, link, at, steps, Direction::Back),
            "ArrowRight" => walk(chart, link, at, steps, Direction::Forth),
            "Home" => walk(chart, link, None, 1, Direction::Forth),
            "End" => walk(chart, link, None, 1, Direction::Back),
            "+" | "=" => zoom_by(0.5, at),
            "-" => zoom_by(2.0, at),
            "Escape" if at.is_some() => link.clear(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    // The pointer drags, so the keyboard's focus may be anywhere.
    let escape = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && gesture.get_untracked() != Gesture::None {
            gesture.set(Gesture::None);
        }
    });
    on_cleanup(move || escape.remove());

    view! {
        <div
            class="chart__stage"
            class:is-zoomable=on_zoom.is_some()
            role="img"
            tabindex="0"
            aria-label=move || label.get()
            aria-description=move || Msg::ChartKeysHint.text(lang.get())
            node_ref=node_ref
            on:pointermove=on_move
            on:pointerdown=on_down
            on:pointerup=on_up
            on:pointercancel=move |_| gesture.set(Gesture::None)
            on:pointerleave=on_leave
            on:dblclick=on_double_click
            on:keydown=on_key
            on:blur=move |_| link.clear()
        >
            <canvas class="chart__canvas" node_ref=plot_ref></canvas>
            <canvas class="chart__canvas" node_ref=marks_ref></canvas>
        </div>
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Forth,
}

/// Moves the crosshair by `steps` samples; without a crosshair, to the sample at the far end.
fn walk(chart: Memo<Option<Prepared>>, link: ChartLink, at: Option<i64>, steps: usize, direction: Direction) {
    chart.with_untracked(|prepared| {
        let Some(Prepared { chart, .. }) = prepared else { return };
        let (forward, range) = (direction == Direction::Forth, chart.layout().range);
        let mut here = at.unwrap_or(if forward { range.start_ms - 1 } else { range.end_ms + 1 });
        for _ in 0..steps {
            match chart.next_sample(here, forward) {
                Some(next) => here = next,
                None => break,
            }
        }
        if range.contains(here) {
            link.point_at(here, None);
        }
    });
}

/// The pointer relative to the stage, whose canvases fill it.
fn offset(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}
