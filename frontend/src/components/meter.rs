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
) -> impl IntoView {
    let class = move || match tone.get() {
        Some(tone) => format!("meter {}", tone.class()),
        None => "meter".to_owned(),
    };
    let width = move || format!("{:.2}%", share.get().unwrap_or(0.0).clamp(0.0, 1.0) * 100.0);
    view! {
        <span class=class aria-hidden="true">
            <span class="meter__used" style:width=width></span>
        </span>
    }
}
