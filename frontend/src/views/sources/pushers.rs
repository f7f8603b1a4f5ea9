//! Who pushes samples: how much, since when, what was refused, and what to do about it.

use std::time::Duration;

use crowsnest_api::sources::{RefusedPushes, Source, Sources};
use leptos::prelude::*;

use super::SourcesTable;
use super::trouble::{State, advice, word};
use crate::api::{fetch_sources, use_client};
use crate::arrange::Arrange as _;
use crate::clock::use_clock;
use crate::components::{Blank, BoneRows, Faced, Icon, IconName, Status};
use crate::format;
use crate::i18n::{Lang, Msg, count, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::router::{Page, Route, use_router};

/// How often the list is asked for.
const AGAIN: Duration = Duration::from_secs(10);
const COLUMNS: [(Msg, &str); 7] = [
    (Msg::ColumnSource, ""),
    (Msg::ColumnStatus, ""),
    (Msg::ColumnSamplesPerSecond, "table__num"),
    (Msg::ColumnSeries, "table__num"),
    (Msg::ColumnInterval, "table__num is-optional"),
    (Msg::ColumnSince, "table__num is-optional"),
    (Msg::ColumnLastPush, "table__num"),
];

/// The table, what was refused as a whole, and how many of how many rows there are.
#[component]
pub(super) fn PusherTable(on_count: Callback<(usize, usize)>) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_sources(client, abort));
    let filter = use_router().param("filter");
    let all = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let shown = Memo::new(move |_| {
        let now = feed.at.get() as f64 / 1e3;
        all.with(|all| shown(all, &filter.get().unwrap_or_default(), now))
    });
    let total = move || all.with(|all| all.sources.len());
    Effect::new(move || on_count.run((shown.with(Vec::len), total())));
    let content = move || {
        view! {
            <dl class="sources__facts pagehead__facts">{move || all.with(|all| facts(lang.get(), all))}</dl>
            {move || all.with(|all| all.refused.clone()).into_iter().map(refused_note).collect_view()}
            <Show when=move || total() != 0 fallback=nobody>
                <SourcesTable caption=Msg::Sources columns=&COLUMNS shown=shown row=rows_of/>
            </Show>
        }
    };
    view! { <Faced feed=feed what=Msg::SourcesWord bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

/// Those that the filter finds, with how they are doing: trouble first, then by job and instance. `now` in seconds.
fn shown(all: &Sources, filter: &str, now: f64) -> Vec<(State, Source)> {
    let filter = filter.trim().to_lowercase();
    let matches = |source: &&Source| {
        [&source.job, &source.instance, &source.pusher]
            .iter()
            .any(|text| text.to_lowercase().contains(&filter))
    };
    let found = all.sources.iter().filter(matches);
    let mut shown: Vec<_> =
        found.map(|source| (State::of(source, &all.limits, now), source.clone())).collect();
    // The server sorts by job and instance.
    shown.arrange_by_key(|(state, _)| *state);
    shown
}

fn facts(lang: Lang, all: &Sources) -> impl IntoView + use<> {
    let silent = all.sources.iter().filter(|source| source.silent).count();
    let sum = |of: fn(&Source) -> f64| all.sources.iter().map(of).sum::<f64>();
    let facts = [
        (Msg::SourcePushing, format::number((all.sources.len() - silent) as f64)),
        (Msg::SourceSilent, format::number(silent as f64)),
        (Msg::ColumnSamplesPerSecond, format::number(sum(|source| source.samples_per_second).round())),
        (Msg::ColumnSeries, format::number(sum(|source| source.series as f64))),
        (Msg::SamplesRefused, format::number(sum(|source| source.refused as f64))),
        (Msg::SeriesPerSource, format::number(all.limits.series_per_source as f64)),
    ];
    let rate = all.limits.samples_per_second;
    let rate = rate.map(|rate| (Msg::RatePerPusher, format::number(rate as f64)));
    let facts = facts.into_iter().chain(rate);
    facts.map(|(name, value)| view! { <div><dt>{name.text(lang)}</dt><dd>{value}</dd></div> }).collect_view()
}

fn nobody() -> impl IntoView {
    let lang = use_lang();
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    view! { <Blank icon=IconName::Unplugged title=word(Msg::NoSources) why=word(Msg::NoSourcesWhy)/> }
}

/// Pushes of which nothing was stored.
fn refused_note(refused: RefusedPushes) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let RefusedPushes { pusher, way, pushes, last } = refused;
    let what = advice(last.reason);
    let pusher = format!("{pusher} · {}", way.name());
    let title = move || {
        let lang = lang.get();
        let ago = format::age(lang, clock.ticking() - (last.at * 1e3) as i64);
        let pushes = count(lang, pushes as usize, Msg::PushesRefusedOne, Msg::PushesRefusedMany);
        fill(Msg::PushesRefused.text(lang), &[("pusher", &pusher), ("pushes", &pushes), ("ago", &ago)])
    };
    view! {
        <div class="note is-warning sources__note">
            <Icon name=IconName::Warning/>
            <div>
                <span class="note__title">{title}</span>
                <code>{last.message}</code>
                <p>{tr(what)}</p>
            </div>
        </div>
    }
}

/// The row of a source, and where something is wrong the one that says what to do.
fn rows_of((state, source): (State, Source)) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let href = Route::to(Page::Explore).with("q", &cardinality(&source)).to_string();
    let age = move |at: f64| move || format::age(lang.get(), clock.ticking() - (at * 1e3) as i64);
    let interval = source.interval_seconds;
    let interval = move || {
        let millis = interval.map(|seconds| (seconds * 1e3).round() as i64);
        millis.map_or_else(|| format::NONE.to_owned(), |millis| format::duration(lang.get(), millis))
    };
    let why = why(state, &source);
    let name = if source.instance.is_empty() { source.pusher.clone() } else { source.instance.clone() };
    let about = [source.job.as_str(), source.pusher.as_str(), source.way.name()];
    let about = about.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    view! {
        <tr class:has-why=why.is_some()>
            <th scope="row" class="table__name">
                {name}
                <span class="sources__about">{about}</span>
            </th>
            <td><Status tone=state.tone()>{tr(state.word())}</Status></td>
            <td class="table__num" data-label=tr(Msg::ColumnSamplesPerSecond)>
                {format::number(round(source.samples_per_second))}
            </td>
            <td class="table__num" data-label=tr(Msg::ColumnSeries)>
                <a href=href title=tr(Msg::SeriesByMetric)>{format::number(source.series as f64)}</a>
            </td>
            <td class="table__num is-optional">{interval}</td>
            <td class="table__num table__dim is-optional">{age(source.since)}</td>
            <td class="table__num table__dim">{age(source.last_push)}</td>
        </tr>
        {why}
    }
}

/// What is wrong with a source, and what to do about it.
fn why(state: State, source: &Source) -> Option<impl IntoView + use<>> {
    let lang = use_lang();
    let refusal = source.last_refusal.clone().filter(|_| state == State::Refused);
    let what = match (state, &refusal) {
        (State::Pushing | State::Quiet, _) => return None,
        (State::NearLimit, _) => Msg::AdviceNearSeriesLimit,
        (_, Some(refusal)) => advice(refusal.reason),
        (_, None) => Msg::AdviceSilent,
    };
    let counts = source.refused_by.clone();
    let counts = move || {
        let lang = lang.get();
        let each = counts.iter().map(|refused| {
            format!("{} × {}", format::number(refused.samples as f64), word(refused.reason).text(lang))
        });
        format!("{} {}", Msg::RefusedSince.text(lang), each.collect::<Vec<_>>().join(", "))
    };
    Some(view! {
        <tr class="sources__why">
            <td colspan="7">
                {refusal.map(|refusal| view! { <code>{refusal.message}</code> <p>{counts}</p> })}
                <p>{tr(what)}</p>
            </td>
        </tr>
    })
}

/// Samples a second: one digit behind the point where there are few.
fn round(rate: f64) -> f64 {
    if rate < 10.0 { (rate * 10.0).round() / 10.0 } else { rate.round() }
}

/// A query for which metrics a source has most series of.
fn cardinality(source: &Source) -> String {
    let matcher = |name: &str, value: &str| format!("{name}={value:?}");
    let (job, instance) = (matcher("job", &source.job), matcher("instance", &source.instance));
    format!("topk(20, count by (__name__) ({{{job}, {instance}}}))")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(job: &str, instance: &str, silent: bool) -> Source {
        Source { job: job.into(), instance: instance.into(), silent, ..Source::default() }
    }

    #[test]
    fn trouble_comes_first_and_the_filter_looks_at_every_name() {
        let sources = vec![source("a", "1", false), source("b", "2", true), source("c", "12", false)];
        let all = Sources { sources, ..Sources::default() };
        let jobs = |filter: &str| {
            shown(&all, filter, 0.0).into_iter().map(|(_, source)| source.job).collect::<Vec<_>>()
        };
        assert_eq!(jobs(""), ["b", "a", "c"]);
        assert_eq!(jobs(" C"), ["c"]);
        assert_eq!(jobs("2"), ["b", "c"]);
        assert!(jobs("x").is_empty());
    }

    #[test]
    fn the_query_for_its_series_is_one() {
        let query = cardinality(&source("say \"hi\"", "n:1", false));
        assert!(crowsnest_promql::parse(&query).is_ok(), "{query}");
    }
}
