//! The metric browser: every metric the user may see, searched by name and help, with labels and queries to start from.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::found::{kind_of, search, starts};
use crate::api::{ApiError, fetch_labels, use_client};
use crate::assist::{LabelQuestion, Metric, Vocabulary};
use crate::components::{
    BoneRows, Dialog, EditorState, FailureFace, Icon, IconName, Select, element_size, rows_near,
};
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::poll::{Cadence, Failure, Feed, poll};
use crate::query_text::pieces;
use crate::router::use_router;

/// How tall a row is, in pixels; the style sheet has the same.
const ROW: f64 = 30.0;
/// How tall the place is until it has been measured.
const HEIGHT: f64 = 480.0;
/// How long the cursor rests on a metric until its labels are asked for.
const REST: Duration = Duration::from_millis(200);
/// The types there are filters for.
const KINDS: &[&str] = &["counter", "gauge", "histogram", "summary", "info", "stateset", "untyped"];

/// The dialog. Taking a metric writes its name where the caret was.
#[component]
pub(super) fn MetricBrowser(
    open: RwSignal<bool>,
    feed: Feed<Vocabulary>,
    editor: EditorState,
) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || Msg::Metrics.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open wide=true>
            <Browser open=open feed=feed editor=editor/>
        </Dialog>
    }
}

#[component]
fn Browser(open: RwSignal<bool>, feed: Feed<Vocabulary>, editor: EditorState) -> impl IntoView {
    let lang = use_lang();
    let typed = RwSignal::new(String::new());
    let kind = RwSignal::new(String::new());
    let cursor = RwSignal::new(0_usize);
    let find = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(find) = find.get() {
            let _ = find.focus();
        }
    });
    let known = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let found = Memo::new(move |_| {
        typed.with(|typed| kind.with(|kind| known.with(|known| search(known.metrics(), typed, kind))))
    });
    Effect::watch(move || found.track(), move |(), _, _| cursor.set(0), false);
    let metric_at = move |at: usize| {
        let place = found.with(|found| found.get(at).map(|(place, _)| *place))?;
        known.with(|known| known.metrics().get(place).cloned())
    };
    let current = Memo::new(move |_| metric_at(cursor.get()));
    let take = move |name: &str| {
        open.set(false);
        // Behind a modal dialog nothing can be written.
        let name = name.to_owned();
        request_animation_frame(move || editor.write(&name));
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        let at = cursor.get_untracked();
        let to = match event.key().as_str() {
            "ArrowDown" => at + 1,
            "ArrowUp" => at.saturating_sub(1),
            "PageDown" => at + 10,
            "PageUp" => at.saturating_sub(10),
            "Enter" => {
                event.prevent_default();
                if let Some(metric) = current.get_untracked() {
                    take(&metric.name);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        cursor.set(to.min(last));
    };
    let kinds = move || {
        let every = (String::new(), Msg::AllTypes.text(lang.get()).to_owned());
        let there =
            |kind: &&&str| known.with(|known| known.metrics().iter().any(|metric| kind_of(metric) == **kind));
        let kinds = KINDS.iter().filter(there).map(|kind| ((*kind).to_owned(), (*kind).to_owned()));
        std::iter::once(every).chain(kinds).collect::<Vec<_>>()
    };
    let shown = move || {
        let values = [found.with(Vec::len), known.with(|known| known.metrics().len())].map(|n| n.to_string());
        let [shown, total] = values.each_ref().map(String::as_str);
        fill(Msg::Shown.text(lang.get()), &[("shown", shown), ("total", total)])
    };
    let failure = Signal::derive(move || {
        feed.failure.get().unwrap_or(Failure { error: ApiError::Aborted, retry_at: None })
    });
    let is_failed = move || feed.failure.with(Option::is_some) && feed.value.with(Option::is_none);
    let list = move || {
        if is_failed() {
            return view! {
                <FailureFace failure=failure what=Msg::MetricsWord on_retry=move |()| feed.refresh()/>
            }
            .into_any();
        }
        if feed.value.with(Option::is_none) {
            return view! { <BoneRows rows=8/> }.into_any();
        }
        view! { <Rows known=known found=found cursor=cursor/> }.into_any()
    };
    view! {
        <div class="metrics">
            <div class="metrics__head">
                <label class="input metrics__find">
                    <Icon name=IconName::Search/>
                    <input
                        node_ref=find
                        type="text"
                        role="combobox"
                        aria-label=tr(Msg::MetricsFind)
                        aria-expanded="true"
                        aria-autocomplete="list"
                        aria-controls="metrics-list"
                        aria-activedescendant=move || {
                            current.with(Option::is_some).then(|| format!("metric-{}", cursor.get()))
                        }
                        placeholder=tr(Msg::MetricsFind)
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="off"
                        prop:value=move || typed.get()
                        on:input:target=move |event| typed.set(event.target().value())
                        on:keydown=on_keydown
                    />
                </label>
                <Select
                    label=Signal::derive(move || Msg::MetricType.text(lang.get()).to_owned())
                    options=Signal::derive(kinds)
                    value=kind
                    on_change=move |chosen| kind.set(chosen)
                />
                <span class="metrics__count" role="status">{shown}</span>
            </div>
            <div class="metrics__body">
                {list}
                {move || current.get().map(|metric| {
                    view! { <Detail metric=metric open=open on_take=move |name: String| take(&name)/> }
                })}
            </div>
        </div>
    }
}

/// The list. Only rows near to what is seen are in the document.
#[component]
fn Rows(
    known: Memo<Vocabulary>,
    found: Memo<Vec<(usize, std::ops::Range<usize>)>>,
    cursor: RwSignal<usize>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let size = element_size(place);
    let scrolled = RwSignal::new(0.0_f64);
    let total = Memo::new(move |_| found.with(Vec::len));
    let range = Memo::new(move |_| {
        let height = size.get().map_or(HEIGHT, |size| size.height);
        rows_near(total.get(), scrolled.get(), height, ROW)
    });
    // The cursor stays in sight.
    Effect::new(move || {
        let top = cursor.get() as f64 * ROW;
        let Some(place) = place.get() else { return };
        let (from, height) = (f64::from(place.scroll_top()), f64::from(place.client_height()));
        if top < from {
            place.set_scroll_top(top as i32);
        } else if top + ROW > from + height {
            place.set_scroll_top((top + ROW - height) as i32);
        }
    });
    let row = move |at: usize| {
        let metric = found.with(|found| {
            let (place, hit) = found.get(at)?.clone();
            known.with(|known| Some((known.metrics().get(place)?.clone(), hit)))
        });
        metric.map(|(metric, hit)| {
            let part = |range: std::ops::Range<usize>| metric.name.get(range).unwrap_or_default().to_owned();
            let (before, after) = (part(0..hit.start), part(hit.end..metric.name.len()));
            view! {
                <div
                    class="metrics__row"
                    class:is-cursor=move || cursor.get() == at
                    role="option"
                    id=format!("metric-{at}")
                    aria-selected=move || (cursor.get() == at).to_string()
                    aria-posinset=(at + 1).to_string()
                    aria-setsize=move || total.get().to_string()
                    on:click=move |_| cursor.set(at)
                >
                    <span class="metrics__name mono" title=metric.name.clone()>{before}<b>{part(hit)}</b>{after}</span>
                    <span class="metrics__kind">{metric.kind}</span>
                    <span class="metrics__help">{metric.help}</span>
                </div>
            }
        })
    };
    let rows = move || {
        let (start, count) = range.get();
        (start..start + count).map(row).collect_view()
    };
    let height = move || format!("{:.0}px", total.get() as f64 * ROW);
    let shift = move || format!("translateY({:.0}px)", range.get().0 as f64 * ROW);
    view! {
        <div
            node_ref=place
            class="metrics__list"
            id="metrics-list"
            role="listbox"
            aria-label=tr(Msg::Metrics)
            tabindex="-1"
            on:scroll:target=move |event| scrolled.set(f64::from(event.target().scroll_top()))
        >
            <Show
                when=move || { total.get() > 0 }
                fallback=|| view! { <p class="metrics__none" role="option" aria-selected="false" aria-disabled="true">{tr(Msg::MetricsNone)}</p> }
            >
                <div class="metrics__whole" role="presentation" style:height=height>
                    <div role="presentation" style:transform=shift>{rows}</div>
                </div>
            </Show>
        </div>
    }
}

/// What is known of one metric, and what to do with it.
#[component]
fn Detail(metric: Metric, open: RwSignal<bool>, #[prop(into)] on_take: Callback<String>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let router = use_router();
    let name = metric.name.clone();
    let labels = poll(
        {
            let question = LabelQuestion { label: None, of: vec![selector(&metric.name)] };
            move || (question.clone(), Cadence::Once)
        },
        move |question, abort| async move {
            sleep(REST).await;
            if abort.aborted() { Err(ApiError::Aborted) } else { fetch_labels(client, question, abort).await }
        },
    );
    let label_list = move || {
        labels.value.get().map(|found| {
            let names: Vec<String> =
                found.names.iter().filter(|name| *name != crowsnest_api::METRIC_NAME).cloned().collect();
            let number = count(lang.get(), names.len(), Msg::LabelsOne, Msg::LabelsMany);
            view! {
                <h3 class="metrics__title">{number}</h3>
                <p class="metrics__labels">
                    {names.into_iter().map(|name| view! { <code>{name}</code> }).collect_view()}
                </p>
            }
        })
    };
    let facts = [metric.kind.as_str(), metric.unit.as_str()];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", ");
    let help = metric.help.clone();
    let help = move || {
        if help.is_empty() { Msg::MetricUndescribed.text(lang.get()).to_owned() } else { help.clone() }
    };
    let start = move |query: String| {
        let href = router.route_now().with("q", &query).to_string();
        let painted = pieces(&query, None)
            .into_iter()
            .map(|piece| view! { <span class=piece.class.unwrap_or_default()>{piece.text}</span> })
            .collect_view();
        view! { <li><a class="metrics__start" href=href on:click=move |_| open.set(false)><code>{painted}</code></a></li> }
    };
    view! {
        <section class="metrics__detail" aria-label=tr(Msg::MetricChosen)>
            <h3 class="metrics__chosen mono">{metric.name.clone()}</h3>
            <p class="metrics__facts">{facts}</p>
            <p>{help}</p>
            <button type="button" class="btn btn--sm" on:click=move |_| on_take.run(name.clone())>
                {tr(Msg::MetricInsert)}
            </button>
            <h3 class="metrics__title">{tr(Msg::MetricStarts)}</h3>
            <ul>{starts(&metric).into_iter().map(start).collect_view()}</ul>
            {label_list}
        </section>
    }
}

/// A selector of every series of a metric, whatever its name.
fn selector(name: &str) -> String {
    format!("{{{}={:?}}}", crowsnest_api::METRIC_NAME, name)
}
