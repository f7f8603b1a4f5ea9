//! The charts of one machine that runs an agent, in their sections.

use leptos::prelude::*;

use super::chart_panel::{ChartPanel, ChartPlace};
use crate::charts::{SECTIONS, Section};
use crate::i18n::tr;

/// All sections.
#[component]
pub(super) fn MachineCharts(place: ChartPlace) -> impl IntoView {
    let section = move |section: &'static Section| {
        let panels =
            section.charts.iter().map(|spec| view! { <ChartPanel spec=spec place=place class="grid__12"/> });
        view! {
            <section class="node__section">
                <h2 class="rowhead">{tr(section.title)}</h2>
                <div class="grid">{panels.collect_view()}</div>
            </section>
        }
    };
    SECTIONS.iter().map(section).collect_view()
}
