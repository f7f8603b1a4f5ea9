//! One panel: asked for while it is seen, drawn when its answers are here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_chart::{Figure, FigureContext};
use crowsnest_dashboards::interpolate::{Bound, Format, interpolate};
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::panel::frames;
use crowsnest_dashboards::query::Query;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use super::figure::FigureView;
use super::frame::PanelFrame;
use crate::boards::{Board, BrowserPatterns, PanelData, Scopes, use_asker};
use crate::components::{TimeRange, element_size};
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, Feed, poll};

/// How far below and above the screen panels are asked for already.
const AHEAD: &str = "300px";

/// What of a panel does not change with its data.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) board: Board,
    pub(super) panel: Memo<Option<Panel>>,
    pub(super) scope: Memo<BTreeMap<String, Bound>>,
    /// Its name in URLs.
    pub(super) name: StoredValue<String>,
}

impl Shown {
    /// `text` with the panel's variables filled in; tracked.
    pub(super) fn fill(&self, text: &str, format: &Format) -> String {
        if !text.contains(['$', '[']) {
            return text.to_owned();
        }
        let globals = self.board.globals();
        self.scope.with(|own| {
            self.board.loading.with(|loading| {
                let scopes = Scopes { own, board: loading.scope(), globals: &globals };
                interpolate(text, &scopes, format)
            })
        })
    }
}

/// A figure that another one replaces as a whole.
pub(super) type SharedFigure = Memo<Option<Arc<Figure>>>;

/// What a panel asks.
#[derive(Clone, PartialEq)]
struct Asked {
    window: (i64, i64),
    queries: Vec<Query>,
    matchers: Vec<String>,
}

/// The panel.
#[component]
pub(super) fn PanelView(
    board: Board,
    panel: Memo<Option<Panel>>,
    scope: Memo<BTreeMap<String, Bound>>,
    name: String,
) -> impl IntoView {
    let shown = Shown { board, panel, scope, name: StoredValue::new(name) };
    let root = NodeRef::<html::Div>::new();
    let is_seen = seen(root);
    let feed = asked_for(shown, root, is_seen);
    let figure = figure_of(shown, feed);
    let is_late = move || feed.pending.get() && is_seen.get();
    let errors = Memo::new(move |_| {
        feed.value.with(|data| data.as_ref().map(|data| data.errors.clone()).unwrap_or_default())
    });
    let remarks = Memo::new(move |_| {
        feed.value.with(|data| data.as_ref().map(|data| data.remarks.clone()).unwrap_or_default())
    });
    let failure = feed.failure;
    let is_first = move || feed.value.with(Option::is_none) && failure.with(Option::is_none);
    let window = Memo::new(move |_| {
        feed.value.with(|data| data.as_ref().map_or_else(|| board.window.get(), |data| data.window))
    });
    view! {
        <div node_ref=root class="board__panel">
            <PanelFrame shown=shown figure=figure feed=feed errors=errors remarks=remarks is_late=Signal::derive(is_late)>
                <Show when=is_first fallback=move || view! { <FigureView shown=shown figure=figure window=window/> }>
                    <p class="visually-hidden">{tr(Msg::Loading)}</p>
                </Show>
            </PanelFrame>
        </div>
    }
}

/// Asks for a panel's data while it is seen, and again when its questions change.
fn asked_for(shown: Shown, root: NodeRef<html::Div>, is_seen: RwSignal<bool>) -> Feed<PanelData> {
    let asker = use_asker();
    let size = element_size(root);
    // Half the width is the same picture; a window that is dragged would ask at each pixel.
    let width = Memo::new(move |_| size.get().map(|surface| (surface.width / 50.0).round() * 50.0));
    let asked = Memo::new(move |before: Option<&Option<Asked>>| {
        // What is out of sight keeps its last question: seen again it has its picture at once.
        if !is_seen.get() {
            return before.cloned().flatten();
        }
        let width = width.get()?;
        let panel = shown.panel.get()?;
        let (window, queries) =
            shown.scope.with(|scope| shown.board.questions(&panel, scope, width.max(50.0) as u32));
        let matchers = shown.board.loading.with(|loading| loading.adhoc_matchers());
        Some(Asked { window, queries, matchers })
    });
    // Of the next answer only what differs from this one is sent.
    let had = StoredValue::new(PanelData::default());
    poll(
        move || match asked.get() {
            Some(asked) => (Some(asked), Cadence::Once),
            None => (None, Cadence::Never),
        },
        move |asked: Option<Asked>, abort| async move {
            let Some(Asked { window, queries, matchers }) = asked else { return Ok(PanelData::default()) };
            if let Some(kept) = shown.board.kept.get_value() {
                let none = || PanelData { window, ..PanelData::default() };
                return Ok(shown.name.with_value(|name| kept.get(name).cloned()).unwrap_or_else(none));
            }
            let before = had.try_get_value().unwrap_or_default();
            let data = Board::answers(asker, window, queries, matchers, before, abort).await?;
            had.try_set_value(data.clone());
            Ok(data)
        },
    )
}

/// The figure of the newest data.
fn figure_of(shown: Shown, feed: Feed<PanelData>) -> SharedFigure {
    Memo::new_with_compare(
        move |_| {
            let panel = shown.panel.get()?;
            let globals = shown.board.globals_now();
            let zone = shown.board.zone.get();
            feed.value.with(|data| {
                let data = data.as_ref()?;
                let (start_ms, end_ms) = data.window;
                let range = TimeRange { start_ms, end_ms };
                shown.board.loading.with_untracked(|loading| {
                    shown.scope.with_untracked(|own| {
                        let scopes = Scopes { own, board: loading.scope(), globals: &globals };
                        let frames = frames(&panel, &data.answers, &scopes, &BrowserPatterns);
                        let utc_offset_minutes = zone.offset_minutes(end_ms);
                        let context = FigureContext {
                            range,
                            utc_offset_minutes,
                            variables: &scopes,
                            engine: &BrowserPatterns,
                        };
                        Some(Arc::new(Figure::new(&panel, &frames, &context)))
                    })
                })
            })
        },
        // New data is a new figure.
        |before, after| match (before, after) {
            (Some(Some(before)), Some(Some(after))) => !Arc::ptr_eq(before, after),
            (before, after) => before.is_some() != after.is_some() || after.is_some(),
        },
    )
}

/// Whether an element is on the screen, or near it.
fn seen(element: NodeRef<html::Div>) -> RwSignal<bool> {
    let is_seen = RwSignal::new(false);
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let on_change = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let newest =
                entries.iter().last().and_then(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
            if let Some(entry) = newest {
                is_seen.try_set(entry.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(AHEAD);
        let observer = IntersectionObserver::new_with_options(on_change.as_ref().unchecked_ref(), &options);
        if let Ok(observer) = observer {
            observer.observe(&element);
            let kept = StoredValue::new_local((observer, on_change));
            on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
        }
    });
    is_seen
}
