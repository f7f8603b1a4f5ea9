//! Choosing a time range: earlier, later, the usual lengths, or two moments in the viewer's time zone.

use leptos::ev;
use leptos::prelude::*;

use super::{Icon, IconName, Popover, Select};
use crate::clock::use_clock;
use crate::format;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::moment::{self, Moment};
use crate::range::{DAY, OFFERED, Range};
use crate::shortcuts::shortcut;
use crate::zone::{self, Zone};

/// A range in words: "Last 1 h", or its two ends as clocks of `zone` show them.
fn range_words(lang: Lang, range: Range, zone: &Zone) -> String {
    match range {
        Range::Last(length) => {
            let time = match length / DAY {
                days if length % DAY == 0 && days > 0 => crate::i18n::count(
                    lang,
                    usize::try_from(days).unwrap_or_default(),
                    Msg::DaysOne,
                    Msg::DaysMany,
                ),
                _ => format::duration(lang, length),
            };
            fill(Msg::LastRange.text(lang), &[("time", &time)])
        }
        Range::Between(from, to) => {
            let (from, to) = (moment::text_in(from, zone), moment::text_in(to, zone));
            // The same day needs its date only once.
            match (from.split_once(' '), to.split_once(' ')) {
                (Some((day, _)), Some((other, time))) if day == other => format!("{from} – {time}"),
                _ => format!("{from} – {to}"),
            }
        }
    }
}

/// The control for a page's time range. Keys: T opens it, comma and full stop go earlier and later.
#[component]
pub(crate) fn TimePicker(
    #[prop(into)] range: Signal<Range>,
    #[prop(into)] on_change: Callback<Range>,
    /// Whose clocks its moments are read by.
    #[prop(optional, into)]
    zone: Signal<Zone>,
    /// Called with the name of another zone; without it there is no choice.
    #[prop(optional, into)]
    on_zone: Option<Callback<String>>,
) -> impl IntoView {
    let clock = use_clock();
    let lang = use_lang();
    let open = RwSignal::new(false);
    let shift = move |direction| on_change.run(range.get_untracked().shifted(direction, clock.now()));
    shortcut("t", move || open.update(|open| *open = !*open));
    shortcut(",", move || shift(-1));
    shortcut(".", move || shift(1));
    let words = Memo::new(move |_| {
        // The range may follow from the zone: what others follow from is read first.
        let zone = zone.get();
        range_words(lang.get(), range.get(), &zone)
    });
    let choose = move |range| {
        open.set(false);
        on_change.run(range);
    };
    let label = move || format!("{}: {}", Msg::TimeRange.text(lang.get()), words.get());
    let trigger = move || {
        view! {
            <Icon name=IconName::Clock/>
            <span class="time-picker__words">{move || words.get()}</span>
            <Icon name=IconName::Down/>
        }
    };
    view! {
        <div class="time-picker btn-group" role="group" aria-label=tr(Msg::TimeRange)>
            <button
                type="button"
                class="btn btn--icon"
                aria-label=tr(Msg::Earlier)
                title=move || format!("{} (,)", Msg::Earlier.text(lang.get()))
                on:click=move |_| shift(-1)
            >
                <Icon name=IconName::Left/>
            </button>
            <Popover open=open label=Signal::derive(label) class="btn" trigger=trigger>
                <div class="time-picker__panel">
                    <AbsoluteForm range=range on_choose=choose zone=zone on_zone=on_zone/>
                    <ul class="time-picker__lengths">
                        {OFFERED
                            .iter()
                            .map(|length| {
                                let offered = Range::Last(*length);
                                view! {
                                    <li>
                                        <button
                                            type="button"
                                            class="menu__item"
                                            class:is-current=move || range.get() == offered
                                            aria-pressed=move || (range.get() == offered).to_string()
                                            on:click=move |_| choose(offered)
                                        >
                                            {move || range_words(lang.get(), offered, &zone.read())}
                                        </button>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                </div>
            </Popover>
            <button
                type="button"
                class="btn btn--icon"
                aria-label=tr(Msg::Later)
                title=move || format!("{} (.)", Msg::Later.text(lang.get()))
                disabled=move || range.get().is_live()
                on:click=move |_| shift(1)
            >
                <Icon name=IconName::Right/>
            </button>
            <button
                type="button"
                class="btn btn--icon"
                aria-label=tr(Msg::ZoomOut)
                title=tr(Msg::ZoomOut)
                on:click=move |_| on_change.run(range.get_untracked().widened(clock.now()))
            >
                <Icon name=IconName::ZoomOut/>
            </button>
        </div>
    }
}

/// Two text fields for the two ends.
#[component]
fn AbsoluteForm(
    range: Signal<Range>,
    #[prop(into)] on_choose: Callback<Range>,
    zone: Signal<Zone>,
    on_zone: Option<Callback<String>>,
) -> impl IntoView {
    let clock = use_clock();
    let (from, to) = range.get_untracked().bounds(clock.now());
    let text = move |at: i64| moment::text_in(at, &zone.read_untracked());
    let from = RwSignal::new(text(from));
    let to = RwSignal::new(if range.get_untracked().is_live() { "now".to_owned() } else { text(to) });
    let complaint = RwSignal::new(None::<Msg>);
    let apply = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let now = clock.now();
        let ends = (Moment::read(&from.get_untracked()), Moment::read(&to.get_untracked()));
        let (Some(from), Some(to)) = ends else { return complaint.set(Some(Msg::TimeInvalid)) };
        match (from, to) {
            (Moment::Ago(length), Moment::Ago(0)) if length > 0 => on_choose.run(Range::Last(length)),
            _ => {
                let zone = zone.get_untracked();
                let (Some(from), Some(to)) = (from.at_in(now, &zone), to.at_in(now, &zone)) else {
                    return complaint.set(Some(Msg::TimeInvalid));
                };
                if from >= to {
                    return complaint.set(Some(Msg::TimeOrder));
                }
                on_choose.run(Range::between(from, to));
            }
        }
    };
    let field = move |label: Msg, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span class="field__label">{tr(label)}</span>
                <span class="input" class:is-wrong=move || complaint.get().is_some()>
                    <input
                        type="text"
                        spellcheck="false"
                        autocomplete="off"
                        prop:value=move || value.get()
                        aria-invalid=move || complaint.get().is_some().to_string()
                        on:input:target=move |event| {
                            complaint.set(None);
                            value.set(event.target().value());
                        }
                    />
                </span>
            </label>
        }
    };
    let lang = use_lang();
    view! {
        <form class="time-picker__ends" on:submit=apply novalidate>
            {field(Msg::From, from)}
            {field(Msg::To, to)}
            <p class="field__hint" class:is-wrong=move || complaint.get().is_some() aria-live="polite">
                {move || complaint.get().unwrap_or(Msg::TimeHint).text(lang.get())}
            </p>
            <div class="time-picker__foot">
                {zone_control(zone, on_zone)}
                <button type="submit" class="btn btn--primary btn--sm">{tr(Msg::Apply)}</button>
            </div>
        </form>
    }
}

/// The zone's name, or a choice of them. What is typed stays as it is: its moments are read by the new clocks.
fn zone_control(zone: Signal<Zone>, on_zone: Option<Callback<String>>) -> AnyView {
    let Some(on_zone) = on_zone else {
        return view! { <span class="field__hint">{moment::zone_name()}</span> }.into_any();
    };
    let lang = use_lang();
    let names = StoredValue::new(zone::names());
    let options = Signal::derive(move || {
        let lang = lang.get();
        let own = fill(Msg::ZoneBrowser.text(lang), &[("name", &moment::zone_name())]);
        let mut options = vec![("browser".to_owned(), own), ("utc".to_owned(), "UTC".to_owned())];
        let current = zone.read().name().to_owned();
        names.with_value(|names| {
            if !names.contains(&current) && !options.iter().any(|(name, _)| *name == current) {
                options.push((current.clone(), current));
            }
            options
                .extend(names.iter().filter(|name| *name != "UTC").map(|name| (name.clone(), name.clone())));
        });
        options
    });
    let value = Signal::derive(move || zone.read().name().to_owned());
    let label = Signal::derive(move || Msg::ZoneOf.text(lang.get()).to_owned());
    view! { <Select label=label options=options value=value on_change=on_zone quiet=true/> }.into_any()
}
