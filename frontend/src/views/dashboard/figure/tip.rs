//! What lies under the pointer, beside it; a click keeps it where it is, so that its links can be followed.

use crowsnest_chart::{Theme, Tip, TipMark, TipRow};
use leptos::prelude::*;

use super::Prepared;
use crate::boards::BrowserPatterns;
use crate::components::{ChartLink, Icon, IconName};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::views::dashboard::links::value_link;

/// More rows than this hide the picture.
const MOST_ROWS: usize = 14;

/// A tooltip, and the column from which on it stands on the left of its point.
pub(super) type PlacedTip = (Tip, f64);

/// The tooltip of the picture that the pointer is over.
#[component]
pub(super) fn TipView(
    prepared: Memo<Option<Prepared>>,
    theme: RwSignal<Theme>,
    link: ChartLink,
    pointer: RwSignal<Option<(f64, f64)>>,
    /// What is kept, as it was.
    pinned: RwSignal<Option<PlacedTip>>,
) -> impl IntoView {
    let lang = use_lang();
    let on_key = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && pinned.get_untracked().is_some() {
            pinned.set(None);
        }
    });
    on_cleanup(move || on_key.remove());
    let tip = Memo::new(move |_| {
        if let Some(kept) = pinned.get() {
            return Some(kept);
        }
        let at = pointer.get()?;
        link.cursor();
        prepared.with(|prepared| tip_at(prepared.as_ref()?, at))
    });
    let row = move |row: &TipRow| {
        let color = theme.with(|theme| row.paint.css(theme));
        view! {
            <div class="chart__tip-row" class:is-nearest=row.nearest>
                <i class="swatch swatch--own" style:background-color=color></i>
                <span class="chart__tip-name">{row.name.clone()}</span>
                <span class="chart__tip-value">{row.value.clone()}</span>
            </div>
            {pinned.get().is_some().then(|| links(row))}
        }
    };
    let mark = move |mark: &TipMark| {
        let color = theme.with(|theme| mark.paint.css(theme));
        view! {
            <div class="chart__tip-mark">
                <i class="swatch swatch--own" style:background-color=color></i>
                <span><small>{mark.when.clone()}</small><br/>{mark.words.clone()}</span>
            </div>
        }
    };
    let close = move || {
        view! {
            <button type="button" class="btn btn--quiet btn--icon btn--sm chart__tip-close" aria-label=tr(Msg::Close) on:click=move |_| pinned.set(None)>
                <Icon name=IconName::Close/>
            </button>
        }
    };
    let shown = move |(tip, half): PlacedTip| {
        let is_pinned = pinned.get().is_some();
        let label = Msg::TipOfValues.text(lang.get()).to_owned();
        let has_links = tip.rows.iter().any(|row| !row.links.is_empty());
        let hint = (has_links && !is_pinned)
            .then(|| view! { <div class="chart__tip-more">{Msg::ClickForLinks.text(lang.get())}</div> });
        // What is kept can be scrolled.
        let most = if is_pinned { usize::MAX } else { MOST_ROWS };
        let more = tip.rows.len().saturating_sub(most);
        let more = (more > 0).then(|| {
            let words = fill(Msg::MoreSeries.text(lang.get()), &[("n", &more.to_string())]);
            view! { <div class="chart__tip-more">{words}</div> }
        });
        view! {
            <div class="chart__tip" class:is-left={tip.x > half} class:is-pinned=is_pinned style=("--tip-x", format!("{}px", tip.x))
                role=is_pinned.then_some("dialog") aria-label=is_pinned.then(|| label.clone()) aria-hidden=(!is_pinned).then_some("true")>
                {is_pinned.then(close)}
                <div class="chart__tip-time">{tip.head.clone()}</div>
                {tip.rows.iter().take(most).map(row).collect_view()}
                {more}
                {tip.marks.iter().map(mark).collect_view()}
                {hint}
            </div>
        }
    };
    move || tip.get().map(shown)
}

/// What lies at a point of a picture; `None` where there is nothing to say.
pub(super) fn tip_at(prepared: &Prepared, (x, y): (f64, f64)) -> Option<PlacedTip> {
    let tip = prepared.picture.tip(&prepared.figure, x, y, &BrowserPatterns)?;
    (!tip.rows.is_empty() || !tip.head.is_empty()).then_some((tip, prepared.surface.width / 2.0))
}

/// Where a row of it leads.
fn links(row: &TipRow) -> impl IntoView + use<> {
    let links =
        row.links.iter().map(|link| view! { <li>{value_link(link, String::new())}</li> }).collect_view();
    view! { <ul class="chart__tip-links">{links}</ul> }
}
