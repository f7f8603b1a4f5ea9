//! A small curve without axes, for tables and figures.

use crowsnest_chart::{Spark, SparkPaths, TimeRange};
use leptos::prelude::*;

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

/// The size that curves are computed for; they are stretched over their place.
const BOX: (f64, f64) = (64.0, 18.0);

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
    #[prop(optional, into)]
    label: Signal<String>,
    /// A limit to show as a dashed line.
    #[prop(optional, into)]
    limit: Signal<Option<f64>>,
    /// Whether the curve starts at zero, as amounts do.
    #[prop(default = true)]
    from_zero: bool,
    #[prop(optional, into)] tone: Signal<SparkTone>,
) -> impl IntoView {
    let paths = Memo::new(move |_| {
        let spark = |points: &Vec<_>| {
            Spark { points, range: range.get(), limit: limit.get(), from_zero }.paths(BOX.0, BOX.1)
        };
        points.with(spark)
    });
    let is_named = move || label.with(|label| !label.is_empty());
    let path = |class: &'static str, of: fn(&SparkPaths) -> &String| {
        view! { <path class=class d=move || paths.with(|paths| of(paths).clone())></path> }
    };
    view! {
        <svg
            class="sparkline"
            class:is-warning=move || tone.get() == SparkTone::Warning
            class:is-critical=move || tone.get() == SparkTone::Critical
            viewBox="0 0 64 18"
            preserveAspectRatio="none"
            role=move || is_named().then_some("img")
            aria-label=move || is_named().then(|| label.get())
            aria-hidden=move || (!is_named()).then_some("true")
            focusable="false"
        >
            {path("sparkline__area", |paths| &paths.area)}
            {path("sparkline__line", |paths| &paths.line)}
            {path("sparkline__limit", |paths| &paths.limit)}
        </svg>
    }
}
