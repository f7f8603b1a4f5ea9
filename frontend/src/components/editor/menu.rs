//! The list of what can stand at the caret, and help about the offer under the cursor.

use leptos::html;
use leptos::prelude::*;

use super::dom::Place;
use super::help::AboutView;
use crate::assist::{About, Offer, OfferKind, Offers, Vocabulary};
use crate::i18n::{Msg, count, tr, use_lang};

/// How wide the list is with its help, in pixels; the style sheet has the same.
const WIDTH: f64 = 720.0;

/// The list; nothing while nothing is offered.
#[component]
pub(super) fn Menu(
    offered: Memo<Option<Offers>>,
    cursor: RwSignal<usize>,
    place: RwSignal<Option<Place>>,
    vocabulary: Signal<Vocabulary>,
    /// Called with the number of the offer that is taken.
    #[prop(into)]
    on_take: Callback<usize>,
) -> impl IntoView {
    let lang = use_lang();
    let list = NodeRef::<html::Ul>::new();
    Effect::new(move || {
        let at = cursor.get();
        let Some(list) = list.get() else { return };
        let item = u32::try_from(at).ok().and_then(|at| list.children().item(at));
        if let Some(item) = item {
            let (top, bottom) =
                (item.get_bounding_client_rect().top(), item.get_bounding_client_rect().bottom());
            let seen = list.get_bounding_client_rect();
            let by = (bottom - seen.bottom()).max(0.0) + (top - seen.top()).min(0.0);
            list.set_scroll_top(list.scroll_top() + by.round() as i32);
        }
    });
    let left =
        move || place.get().map(|place| format!("{:.0}px", place.left.min(place.room - WIDTH).max(0.0)));
    let top = move || place.get().map(|place| format!("{:.0}px", place.top));
    let items = move || {
        let offers = offered.get().map(|offers| offers.list).unwrap_or_default();
        offers
            .into_iter()
            .enumerate()
            .map(|(at, offer)| view! { <Item at=at offer=offer cursor=cursor on_take=on_take/> })
            .collect_view()
    };
    let about = Memo::new(move |_| {
        let at = cursor.get();
        let offer = offered.with(|offered| offered.as_ref()?.list.get(at).cloned())?;
        vocabulary.with(|known| About::of_offer(&offer, known))
    });
    let words = move || {
        let number = offered.with(|offered| offered.as_ref().map(|offers| offers.list.len() + offers.more));
        number.map(|number| count(lang.get(), number, Msg::OffersOne, Msg::OffersMany))
    };
    let more = move || {
        let more = offered.with(|offered| offered.as_ref().map_or(0, |offers| offers.more));
        (more > 0).then(|| {
            let words = count(lang.get(), more, Msg::OffersMore, Msg::OffersMore);
            view! { <p class="complete__more">{words}</p> }
        })
    };
    view! {
        <p class="visually-hidden" role="status">{words}</p>
        <Show when=move || offered.with(Option::is_some)>
            // The focus stays in the text.
            <div
                class="complete"
                class:is-bare=move || about.with(Option::is_none)
                style:left=left
                style:top=top
                on:mousedown=|event| event.prevent_default()
            >
                <div class="complete__side">
                    <ul node_ref=list class="complete__list" id="editor-offers" role="listbox" tabindex="0" aria-label=tr(Msg::Offers)>
                        {items}
                    </ul>
                    {more}
                </div>
                {move || about.get().map(|about| view! { <div class="complete__about"><AboutView about=about/></div> })}
            </div>
        </Show>
    }
}

/// One offer.
#[component]
fn Item(at: usize, offer: Offer, cursor: RwSignal<usize>, on_take: Callback<usize>) -> impl IntoView {
    let Offer { kind, name, hit, note } = offer;
    let part = |range: std::ops::Range<usize>| name.get(range).unwrap_or_default().to_owned();
    let (before, hit, after) = (part(0..hit.start), part(hit.clone()), part(hit.end..name.len()));
    let (glyph, class, says) = face(kind);
    view! {
        <li
            class="complete__item"
            class:is-cursor=move || cursor.get() == at
            role="option"
            id=format!("editor-offer-{at}")
            aria-selected=move || (cursor.get() == at).to_string()
            on:click=move |_| on_take.run(at)
        >
            <span class=format!("complete__glyph {class}") title=tr(says) aria-hidden="true">{glyph}</span>
            <span class="complete__name">{before}<b>{hit}</b>{after}</span>
            <small class="complete__note">{note}</small>
        </li>
    }
}

/// How a kind of offer looks, and what it is called.
fn face(kind: OfferKind) -> (&'static str, &'static str, Msg) {
    match kind {
        OfferKind::Metric => ("m", "is-metric", Msg::KindMetric),
        OfferKind::Function => ("ƒ", "is-function", Msg::KindFunction),
        OfferKind::Aggregator => ("Σ", "is-function", Msg::KindAggregation),
        OfferKind::Word => ("w", "is-keyword", Msg::KindWord),
        OfferKind::Label => ("l", "is-label", Msg::KindLabel),
        OfferKind::Value => ("=", "is-string", Msg::KindValue),
        OfferKind::Duration => ("t", "is-number", Msg::KindDuration),
    }
}
