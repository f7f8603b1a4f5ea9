//! The lines themselves. Only those near to what is seen are in the document, so a hundred thousand cost no more than fifty.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::options::{Options, Times};
use super::state::{Logs, pretty};
use super::{follow, toggle, tools};
use crate::clock::use_clock;
use crate::components::{CopyButton, Icon, IconName, element_size};
use crate::format;
use crate::i18n::{Lang, Msg, count, tr, use_lang};
use crate::logs::{Ink, Level, Row, Span, mark, spans};
use crate::moment::clock_text;

/// How tall a line is, and how wide a letter, until they have been measured.
const LINE: f64 = 19.0;
const LETTER: f64 = 7.2;
/// Lines above and below what is seen.
const BEYOND: f64 = 20.0;
/// Letters of the ruler.
const RULER: &str = "0000000000";
/// So near to the end one follows.
const NEAR: f64 = 4.0;

/// A row as it is drawn.
#[derive(Clone)]
struct Drawn {
    row: Arc<Row>,
    at: usize,
    top: u32,
    lines: u32,
    is_open: bool,
    /// Changes with everything that changes how rows are written.
    look: u32,
}

/// The lines; their place scrolls.
#[component]
pub(super) fn Rows(logs: Logs, options: Options, current: RwSignal<Option<usize>>) -> impl IntoView {
    let lang = use_lang();
    let place = NodeRef::<html::Div>::new();
    let ruler = NodeRef::<html::Span>::new();
    let size = element_size(place);
    let scrolled = RwSignal::new(0.0_f64);
    let letter = RwSignal::new((LETTER, LINE));
    let open = RwSignal::new(Vec::<u64>::new());
    Effect::new(move || {
        size.track();
        let Some(ruler) = ruler.get() else { return };
        let rect = ruler.get_bounding_client_rect();
        if rect.width() > 1.0 && rect.height() > 1.0 {
            letter.set((rect.width() / RULER.len() as f64, rect.height()));
        }
    });
    // How many letters fit beside the columns, as the style sheet lays them out.
    Effect::new(move || {
        let (wrap, width) = (options.wrap.get(), letter.get().0);
        options.times.track();
        size.track();
        let room = place.get().and_then(|place| {
            let message = place.query_selector(".logs__text").ok().flatten()?;
            Some(message.get_bounding_client_rect().width())
        });
        let room = room.or_else(|| size.get_untracked().map(|size| size.width * 0.7));
        let columns = room.filter(|_| wrap).map(|room| (room / width).floor().max(20.0) as usize);
        let open = open.get();
        logs.look(move |look| (look.columns, look.open) = (columns, open));
    });
    let look = RwSignal::new(0_u32);
    Effect::new(move || {
        options.query.track();
        options.pattern.track();
        options.wrap.track();
        options.json.track();
        options.times.track();
        lang.track();
        look.update(|look| *look = look.wrapping_add(1));
    });
    let range = Memo::new(move |_| {
        let (line, height) = (letter.get().1, size.get().map_or(600.0, |size| size.height));
        let from = (scrolled.get() / line - BEYOND).max(0.0);
        // Whole steps, so that a pixel of scrolling draws nothing anew.
        let from = from - from % 8.0;
        (from as u32, (from + height / line + 2.0 * BEYOND + 8.0) as u32)
    });
    let drawn = move || {
        let ((from, to), look) = (range.get(), look.get());
        let open = open.get();
        logs.with(|seen| {
            let (first, end) = seen.heights.within(from, to);
            let rows = seen.rows.get(first..end).unwrap_or_default().iter().zip(first..end);
            let drawn = rows.map(|(row, at)| {
                let (top, next) = (seen.heights.top(at), seen.heights.top(at + 1));
                Drawn {
                    row: Arc::clone(row),
                    at,
                    top,
                    lines: next - top,
                    is_open: open.contains(&row.id),
                    look,
                }
            });
            drawn.collect::<Vec<_>>()
        })
    };
    let height =
        move || format!("{:.1}px", f64::from(logs.with(|seen| seen.heights.total())) * letter.get().1);
    // The newest line stays in sight while one follows.
    Effect::new(move || {
        let total = logs.with(|seen| seen.heights.total());
        let line = letter.get().1;
        size.track();
        if !logs.following.get() {
            return;
        }
        request_animation_frame(move || {
            // The reader may have stopped it, or left, since the last frame.
            if logs.following.try_get_untracked() != Some(true) {
                return;
            }
            if let Some(place) = place.try_get_untracked().flatten() {
                place.set_scroll_top((f64::from(total) * line) as i32);
                // Which tells this from what the reader does.
                scrolled.set(f64::from(place.scroll_top()));
            }
        });
    });
    // The row that one has gone to stands in the middle.
    Effect::new(move || {
        let Some(at) = current.get() else { return };
        let row = logs.with_untracked(|seen| seen.found.get(at).map(|row| seen.heights.top(*row)));
        if let (Some(row), Some(place)) = (row, place.get_untracked()) {
            let middle = f64::from(row) * letter.get_untracked().1 - f64::from(place.client_height()) / 2.0;
            place.set_scroll_top(middle.max(0.0) as i32);
        }
    });
    let on_scroll = move |place: &web_sys::HtmlElement| {
        let top = f64::from(place.scroll_top());
        // An event of our own scrolling, which may come after the reader has stopped it.
        if top == scrolled.get_untracked() {
            return;
        }
        let is_up = top < scrolled.get_untracked();
        scrolled.set(top);
        let rest = f64::from(place.scroll_height() - place.client_height()) - top;
        if rest <= NEAR && !logs.following.get_untracked() && current.get_untracked().is_none() {
            follow(logs, true);
        } else if is_up && rest > letter.get_untracked().1 && logs.following.get_untracked() {
            follow(logs, false);
        }
    };
    let current_row = Memo::new(move |_| {
        let at = current.get()?;
        logs.with(|seen| seen.found.get(at).copied())
    });
    let several = Memo::new(move |_| logs.sources.with(|sources| sources.len() > 1));
    let class = move || {
        let times = options.times.get();
        format!("logs__place is-times-{} {}", times.id(), if several.get() { "is-several" } else { "" })
    };
    let newer = move || count(lang.get(), logs.newer.get(), Msg::LogsNewerOne, Msg::LogsNewer);
    view! {
        <div class="logs__frame">
            <div
                node_ref=place
                class=class
                class:is-wrapped=move || options.wrap.get()
                role="log"
                aria-label=tr(Msg::Logs)
                aria-live="off"
                tabindex="0"
                on:scroll:target=move |event| on_scroll(&event.target())
            >
                <span class="logs__ruler" node_ref=ruler aria-hidden="true">{RULER}</span>
                <div class="logs__all" style:height=height>
                    <For
                        each=drawn
                        key=|drawn| (drawn.row.id, drawn.top, drawn.lines, drawn.is_open, drawn.look)
                        let(drawn)
                    >
                        <Line logs=logs options=options drawn=drawn letter=letter current=current_row open=open/>
                    </For>
                </div>
            </div>
            <Show when=move || !logs.following.get()>
                <button type="button" class="btn logs__jump" on:click=move |_| { current.set(None); follow(logs, true); }>
                    <Icon name=IconName::Down/>
                    {move || if logs.newer.get() == 0 { Msg::LogsToEnd.text(lang.get()).to_owned() } else { newer() }}
                </button>
            </Show>
        </div>
    }
}

/// One line. It is drawn once; what changes it makes another one of it.
#[component]
fn Line(
    logs: Logs,
    options: Options,
    drawn: Drawn,
    letter: RwSignal<(f64, f64)>,
    current: Memo<Option<usize>>,
    open: RwSignal<Vec<u64>>,
) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let Drawn { row, at, top, lines, is_open, .. } = drawn;
    let style = move |lines: u32| format!("{:.2}px", f64::from(lines) * letter.get().1);
    let tone = match row.level {
        Level::Error => "is-critical",
        Level::Warn => "is-warning",
        Level::Debug => "is-quiet",
        Level::Info | Level::Unknown => "",
    };
    let millis = row.at.millis();
    let time = match options.times.get_untracked() {
        Times::Off => None,
        Times::Clock => Some(clock_text(millis).into_any()),
        Times::Ago => {
            let ago = move || format::duration(lang.get(), (clock.ticking() - millis).max(0));
            Some(ago.into_any())
        }
    };
    let source = logs.sources.with_untracked(|sources| sources.get(row.source).cloned());
    let pod =
        source.map(|source| (short(&source.pod).to_owned(), format!("{}/{}", source.pod, source.container)));
    let pod = pod.map(|(short, whole)| view! { <span class="logs__pod" title=whole>{short}</span> });
    let level = (row.level != Level::Unknown).then(|| tr(tools::name_of(row.level)));
    let whole = pretty(&row.text);
    let id = row.id;
    let toggle = whole.is_some().then(|| {
        view! {
            <button
                type="button"
                class="logs__open"
                aria-expanded=is_open.to_string()
                aria-label=tr(Msg::LogsWhole)
                on:click=move |_| open.update(|open| toggle(open, id))
            >
                <Icon name=if is_open { IconName::Down } else { IconName::Right }/>
            </button>
        }
    });
    let json = whole.filter(|_| is_open).map(|text| {
        let copied = text.clone();
        view! {
            <div class="logs__whole">
                <pre>{text}</pre>
                <CopyButton label=Msg::RawCopy text=move |()| copied.clone()/>
            </div>
        }
    });
    let cut = (row.cut > 0).then(|| cut_words(lang.get_untracked(), row.cut));
    view! {
        <div
            class=format!("logs__line is-ink-{} {tone}", row.source % 8 + 1)
            class:is-cursor=move || current.get() == Some(at)
            style:top=move || style(top)
            style:height=move || style(lines)
        >
            <span class="logs__time">{time}</span>
            {pod}
            <span class="logs__level">{level}</span>
            <span class="logs__text">{toggle}{parts(&row.text, options, logs)}{cut}</span>
            {json}
        </div>
    }
}

/// The parts of a line's text.
fn parts(text: &str, options: Options, logs: Logs) -> impl IntoView + use<> {
    let parts = spans(text, options.json.get_untracked());
    let parts = match logs.finder() {
        Some(finder) => mark(parts, |text| finder.places(text)),
        None => parts,
    };
    let one = |Span { ink, text }| match ink {
        Ink::Plain => text.into_any(),
        Ink::Name => view! { <span class="logs__name">{text}</span> }.into_any(),
        Ink::Match => view! { <mark>{text}</mark> }.into_any(),
    };
    parts.into_iter().map(one).collect_view()
}

fn cut_words(lang: Lang, cut: usize) -> String {
    crate::i18n::fill(Msg::LogsLineCut.text(lang), &[("n", &cut.to_string())])
}

/// The end of a pod's name, which is what tells it from its like.
fn short(pod: &str) -> &str {
    const MOST: usize = 22;
    let start = pod.len().saturating_sub(MOST);
    pod.get(pod.ceil_char_boundary(start)..).unwrap_or(pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_name_the_end_is_shown() {
        assert_eq!(short("web-1"), "web-1");
        assert_eq!(short("a-very-long-name-of-a-deployment-5c9f7d-x2kqp"), "eployment-5c9f7d-x2kqp");
    }
}
