//! One figure with its label, its bar and a note.

use leptos::prelude::*;

use super::{Meter, Tone};

/// A figure. Texts that are not known are empty.
#[component]
pub(crate) fn Stat(
    #[prop(into)] label: Signal<String>,
    /// What stands at the label's other end: "7.4 of 20 cores".
    #[prop(into)]
    aside: Signal<String>,
    #[prop(into)] value: Signal<String>,
    /// The unit, set smaller.
    #[prop(into)]
    unit: Signal<String>,
    /// The bar, 0 to 1.
    #[prop(into)]
    share: Signal<Option<f64>>,
    #[prop(into)] tone: Signal<Option<Tone>>,
    #[prop(into)] note: Signal<String>,
    /// The share that is spoken for, behind the bar.
    #[prop(optional, into)]
    asked: Signal<Option<f64>>,
) -> impl IntoView {
    let class = move || match tone.get() {
        Some(tone) => format!("stat {}", tone.class()),
        None => "stat".to_owned(),
    };
    view! {
        <div class=class>
            <dt class="stat__head">
                <span class="stat__label">{move || label.get()}</span>
            </dt>
            <dd class="stat__aside">{move || aside.get()}</dd>
            <dd class="stat__value">{move || value.get()}<small class="stat__unit">{move || unit.get()}</small></dd>
            <dd class="stat__bar"><Meter share=share tone=tone asked=asked/></dd>
            <dd class="stat__note">{move || note.get()}</dd>
        </div>
    }
}
