//! How much of something is used.

use leptos::prelude::*;

use super::Tone;

/// A bar that fills from the start. It repeats a figure that stands beside it, so screen readers skip it.
#[component]
pub(crate) fn Meter(
    /// 0 to 1; nothing where it is not known.
    #[prop(into)]
    share: Signal<Option<f64>>,
    /// Colours it where it matters.
    #[prop(into)]
    tone: Signal<Option<Tone>>,
    /// A share that is spoken for, used or not; drawn behind.
    #[prop(optional, into)]
    asked: Signal<Option<f64>>,
) -> impl IntoView {
    let class = move || match tone.get() {
        Some(tone) => format!("meter {}", tone.class()),
        None => "meter".to_owned(),
    };
    let percent = |share: Option<f64>| format!("{:.2}%", share.unwrap_or(0.0).clamp(0.0, 1.0) * 100.0);
    let width = move || percent(share.get());
    let asked_width = move || percent(asked.get());
    view! {
        <span class=class aria-hidden="true">
            <span class="meter__asked" style:width=asked_width></span>
            <span class="meter__used" style:width=width></span>
        </span>
    }
}
