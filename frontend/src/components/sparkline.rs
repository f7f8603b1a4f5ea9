//! A small curve without axes, for tables and figures.

use crowsnest_chart::{Spark, TimeRange, draw_sparkline};
use leptos::html;
use leptos::prelude::*;

use super::chart::{PlotCanvas, element_size, use_chart_theme};

/// What the colour of a sparkline says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SparkTone {
    /// Nothing.
    #[default]
    Neutral,
    /// It needs a look.
    Warning,
    /// It needs action.
    Critical,
}

/// A sparkline as large as its place: the page's style gives it width and height.
#[component]
pub(crate) fn Sparkline(
    /// Milliseconds since the Unix epoch and value, in ascending order of time.
    #[prop(into)]
    points: Signal<Vec<(i64, f64)>>,
    /// From its left to its right edge.
    #[prop(into)]
    range: Signal<TimeRange>,
    /// What it shows, for those who cannot see it; empty where the figure beside it says it all.
    #[prop(into)]
    label: Signal<String>,
    /// A limit to show as a dashed line.
    #[prop(optional, into)]
    limit: Signal<Option<f64>>,
    /// Whether the curve starts at zero, as amounts do.
    #[prop(default = true)]
    from_zero: bool,
    #[prop(optional, into)] tone: Signal<SparkTone>,
) -> impl IntoView {
    let theme = use_chart_theme();
    let frame_ref = NodeRef::<html::Div>::new();
    let canvas_ref = NodeRef::<html::Canvas>::new();
    let size = element_size(frame_ref);
    Effect::new(move |_| {
        let (Some(canvas), Some(surface)) = (canvas_ref.get(), size.get()) else { return };
        let theme = theme.read();
        let color = match tone.get() {
            SparkTone::Neutral => theme.palette.first().copied().unwrap_or(theme.axis),
            SparkTone::Warning => theme.warning,
            SparkTone::Critical => theme.critical,
        };
        let canvas = PlotCanvas::cleared(canvas, surface);
        if let Some(mut backend) = canvas.and_then(|canvas| canvas.backend()) {
            let points = points.read();
            let spark = Spark { points: &points, range: range.get(), limit: limit.get(), from_zero };
            // A canvas reports no errors; the picture would lack what failed.
            let _ = draw_sparkline(&mut backend, surface, &spark, color, &theme);
        }
    });
    let hidden = move || label.with(String::is_empty).then_some("true");
    view! {
        <div
            class="sparkline"
            role="img"
            aria-label=move || label.get()
            aria-hidden=hidden
            node_ref=frame_ref
        >
            <canvas class="sparkline__canvas" node_ref=canvas_ref></canvas>
        </div>
    }
}
