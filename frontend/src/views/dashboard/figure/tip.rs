//! What lies under the pointer, beside it.

use crowsnest_chart::{Theme, Tip, TipRow};
use leptos::prelude::*;

use super::Prepared;
use crate::boards::BrowserPatterns;
use crate::components::ChartLink;
use crate::i18n::{Msg, fill, use_lang};

/// More rows than this hide the picture.
const MOST_ROWS: usize = 14;

/// The tooltip of the picture that the pointer is over.
#[component]
pub(super) fn TipView(
    prepared: Memo<Option<Prepared>>,
    theme: RwSignal<Theme>,
    link: ChartLink,
    pointer: RwSignal<Option<(f64, f64)>>,
) -> impl IntoView {
    let lang = use_lang();
    let tip = Memo::new(move |_| {
        let (x, y) = pointer.get()?;
        link.cursor();
        prepared.with(|prepared| {
            let Prepared { figure, picture, .. } = prepared.as_ref()?;
            let tip = picture.tip(figure, x, y, &BrowserPatterns)?;
            let half = prepared.as_ref().map_or(0.0, |prepared| prepared.surface.width / 2.0);
            Some((tip, half))
        })
    });
    let row = move |row: &TipRow| {
        let color = theme.with(|theme| row.paint.css(theme));
        view! {
            <div class="chart__tip-row" class:is-nearest=row.nearest>
                <i class="swatch swatch--own" style:background-color=color></i>
                <span class="chart__tip-name">{row.name.clone()}</span>
                <span class="chart__tip-value">{row.value.clone()}</span>
            </div>
        }
    };
    let shown = move |(tip, half): (Tip, f64)| {
        let more = tip.rows.len().saturating_sub(MOST_ROWS);
        let more = (more > 0).then(|| {
            let words = fill(Msg::MoreSeries.text(lang.get()), &[("n", &more.to_string())]);
            view! { <div class="chart__tip-more">{words}</div> }
        });
        view! {
            <div class="chart__tip" class:is-left={tip.x > half} style=("--tip-x", format!("{}px", tip.x)) aria-hidden="true">
                <div class="chart__tip-time">{tip.head.clone()}</div>
                {tip.rows.iter().take(MOST_ROWS).map(row).collect_view()}
                {more}
            </div>
        }
    };
    move || tip.get().filter(|(tip, _)| !tip.rows.is_empty() || !tip.head.is_empty()).map(shown)
}
