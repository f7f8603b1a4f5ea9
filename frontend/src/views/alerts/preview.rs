//! What would have come of the rule that is written, and who would be told what.

use std::time::Duration;

use crowsnest_api::rules::{Asking, Duplicate, Firing, Preview, Rehearsed};
use crowsnest_chart::{Annotation, AnnotationKind, Paint, Severity, Threshold as DrawnThreshold};
use crowsnest_dashboards::Unit;
use leptos::prelude::*;

use super::editor::Draft;
use super::log::readable;
use super::timeline::{Rows, Stretch};
use crate::alerts::label_words;
use crate::api::{preview_rule, range, use_client};
use crate::components::{
    BoneLines, ChartData, ChartHeight, ChartSeries, Faced, Icon, IconName, LegendForm, Panel, Segmented,
    TimeRange, TimeSeriesChart,
};
use crate::format;
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::query_text::Mistake;

/// How long nothing must be typed before it is asked.
const PAUSE: Duration = Duration::from_millis(700);
/// How far back, in hours.
const SPANS: [(u32, Msg); 3] = [(24, Msg::LastDay), (7 * 24, Msg::LastWeek), (30 * 24, Msg::LastMonth)];
/// Alerts that are drawn, and series.
const MOST: usize = 20;
const MOST_SERIES: usize = 50;
/// Points of a line.
const POINTS: i64 = 300;

/// The preview of a draft. It follows what is typed.
#[component]
pub(super) fn PreviewPanel(draft: Draft) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let hours = RwSignal::new(24_u32);
    let asking = Memo::new(move |_| Asking {
        rule: draft.rule(),
        folder: draft.folder(),
        id: draft.id.get_value(),
        hours: hours.get(),
    });
    let settled = RwSignal::new(asking.get_untracked());
    let mut settle =
        leptos::leptos_dom::helpers::debounce(PAUSE, move |asked: Asking| drop(settled.try_set(asked)));
    Effect::new(move || settle(asking.get()));
    let feed = poll(
        move || {
            let asked = settled.get();
            let is_right = is_right(&asked);
            (asked, if is_right { Cadence::Once } else { Cadence::Never })
        },
        move |asked, abort| async move {
            // A name is none of what the past depends on.
            let mut asked: Asking = asked;
            if asked.rule.alert.trim().is_empty() {
                asked.rule.alert = "unnamed".to_owned();
            }
            preview_rule(client, &asked, &abort).await
        },
    );
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let spans = move || SPANS.map(|(hours, word)| (hours, word.text(lang.get()).to_owned())).to_vec();
    let content = move || {
        match feed.value.get() {
        Some(Ok(preview)) => view! { <Past preview=preview draft=draft/> }.into_any(),
        Some(Err(wrong)) => {
            view! { <div class="note is-warning" role="status"><Icon name=IconName::Warning/><span>{wrong}</span></div> }
                .into_any()
        }
        None => view! { <p class="panel__none">{tr(Msg::PreviewNothing)}</p> }.into_any(),
    }
    };
    view! {
        <Panel title=word(Msg::Preview)>
            <div class="rule-editor__form">
                <Segmented
                    label=word(Msg::Preview)
                    options=Signal::derive(spans)
                    value=hours
                    on_change=move |chosen| hours.set(chosen)
                />
                <Show
                    when=move || settled.with(is_right)
                    fallback=|| view! { <p class="panel__none">{tr(Msg::PreviewNothing)}</p> }
                >
                    <Faced feed=feed what=Msg::Preview bones=|| view! { <BoneLines/> } content=content/>
                </Show>
            </div>
        </Panel>
    }
}

/// Whether the expression can be read; what is wrong with one that cannot is said below it.
fn is_right(asked: &Asking) -> bool {
    let expr = asked.rule.expr.trim();
    !expr.is_empty() && Mistake::of_text(expr).is_none()
}

#[component]
fn Past(preview: Preview, draft: Draft) -> impl IntoView {
    let lang = use_lang();
    let (fired, span, step) = (preview.fired, preview.span, preview.step);
    let length = ((span.1 - span.0) * 1e3) as i64;
    let words = move || {
        let lang = lang.get();
        let times = count(lang, fired, Msg::TimesOne, Msg::TimesMany);
        fill(Msg::WouldHaveFired.text(lang), &[("times", &times), ("span", &format::duration(lang, length))])
    };
    let looked = move || {
        fill(
            Msg::LookedEvery.text(lang.get()),
            &[("step", &format::duration(lang.get(), (step * 1e3) as i64))],
        )
    };
    let rows = rows(&preview.firings, span);
    let query =
        preview.threshold.as_ref().map_or_else(|| untrack(|| draft.rule().expr), |one| one.query.clone());
    let line = preview.threshold.map(|one| DrawnThreshold {
        value: one.value,
        label: format!("{} {}", one.op, format::number(one.value)),
        severity: Severity::Critical,
    });
    let marks = marks(&preview.firings);
    let duplicates = preview
        .duplicates
        .into_iter()
        .map(|one| view! { <Warning words=Signal::derive(move || duplicate(lang.get(), &one))/> });
    let never = preview.never.into_iter().map(|selector| {
        let words = move || fill(Msg::NeverMatches.text(lang.get()), &[("selector", &selector)]);
        view! { <Warning words=Signal::derive(words)/> }
    });
    let example = preview.example;
    let of = label_words(&example.labels, "");
    let about = if example.made_up { Msg::ToldOfMadeUp } else { Msg::ToldOfLast };
    view! {
        <p class="rule-editor__fired" role="status"><strong>{words}</strong>" "<span class="table__dim">{looked}</span></p>
        {never.collect_view()}
        {duplicates.collect_view()}
        <Drawn query=query span=span line=line marks=marks/>
        {(!rows.is_empty()).then(|| view! { <Rows rows=rows/> })}
        <h3 class="section-title">{tr(Msg::WouldBeTold)}</h3>
        <p class="field__hint">{tr(about)}" "<code>{of}</code></p>
        {preview.told.into_iter().map(|one| view! { <Told one=one/> }).collect_view()}
    }
}

#[component]
fn Warning(words: Signal<String>) -> impl IntoView {
    view! { <div class="note is-warning"><Icon name=IconName::Warning/><span>{move || words.get()}</span></div> }
}

fn duplicate(lang: crate::i18n::Lang, one: &Duplicate) -> String {
    let msg = if one.same_query { Msg::SameQuery } else { Msg::SameName };
    fill(msg.text(lang), &[("name", &one.name), ("group", &one.group), ("file", &one.file)])
}

/// What one integration would get.
#[component]
fn Told(one: Rehearsed) -> impl IntoView {
    let Rehearsed { receiver, kind, target, payload, failed } = one;
    let is_silent = kind.is_empty();
    let head = if is_silent { receiver } else { format!("{receiver} ({kind})") };
    if is_silent {
        return view! { <p><strong>{head}</strong>" "{tr(Msg::ToldNobody)}</p> }.into_any();
    }
    let body = if failed {
        view! { <p class="field__hint is-wrong">{payload}</p> }.into_any()
    } else {
        view! { <pre class="snippet" tabindex="0" role="region" aria-label=tr(Msg::WhatWasSent)>{readable(&payload)}</pre> }
            .into_any()
    };
    view! {
        <details class="rule-editor__told">
            <summary><strong>{head}</strong>" "<span class="mono table__dim">{target}</span></summary>
            {body}
        </details>
    }
    .into_any()
}

/// What the rule compares over the same time, with the times at which it would have fired.
#[component]
fn Drawn(
    query: String,
    span: (f64, f64),
    line: Option<DrawnThreshold>,
    marks: Vec<Annotation>,
) -> impl IntoView {
    let client = use_client();
    let window = TimeRange { start_ms: (span.0 * 1e3) as i64, end_ms: (span.1 * 1e3) as i64 };
    let title = StoredValue::new(query);
    let feed = poll(
        || ((), Cadence::Once),
        move |(), abort| async move {
            let step = ((window.end_ms - window.start_ms) / POINTS).max(15_000) / 1000 * 1000;
            let span = (window.start_ms / step * step, window.end_ms / step * step);
            let answer = range(client, &title.get_value(), span, step, &abort).await?;
            Ok(answer.result.into_lines())
        },
    );
    let data = Memo::new(move |_| {
        let lines = feed.value.get().unwrap_or_default();
        let series = lines.into_iter().take(MOST_SERIES).map(|line| ChartSeries {
            name: line.labels.to_string(),
            labels: line.labels.clone(),
            points: line.points,
        });
        ChartData { series: series.collect() }
    });
    let content = move || {
        view! {
            <TimeSeriesChart
                data=data
                range=Signal::stored(window)
                unit=Unit::parse("short")
                title=Signal::derive(move || title.get_value())
                thresholds=Signal::stored(line.clone().into_iter().collect::<Vec<_>>())
                annotations=Signal::stored(marks.clone())
                height=ChartHeight::Small
                legend=LegendForm::Hidden
            />
        }
    };
    view! { <Faced feed=feed what=Msg::ChartsWord bones=|| view! { <BoneLines/> } content=content/> }
}

/// The stretches in which it would have fired, as marks on the chart.
fn marks(firings: &[Firing]) -> Vec<Annotation> {
    let fired = firings.iter().filter_map(|one| Some((one.fires_since?, one.until)));
    let mark = |(from, until): (f64, Option<f64>)| Annotation {
        at_ms: (from * 1e3) as i64,
        until_ms: until.map(|until| (until * 1e3) as i64),
        label: String::new(),
        kind: AnnotationKind::Mark(Paint::Critical),
    };
    fired.take(MOST_SERIES).map(mark).collect()
}

/// Of each alert its labels, and when it was pending and firing.
fn rows(firings: &[Firing], (start, end): (f64, f64)) -> Vec<(String, Vec<Stretch>)> {
    let share = |time: f64| ((time - start) / (end - start).max(1.0)).clamp(0.0, 1.0);
    let mut rows: Vec<(String, Vec<Stretch>)> = Vec::new();
    for one in firings {
        let until = one.until.unwrap_or(end);
        // What has only just begun is drawn, too.
        let pending = (one.fires_since != Some(one.since))
            .then(|| (one.since, one.fires_since.unwrap_or(until), false));
        let firing = one.fires_since.map(|from| (from, until, true));
        let stretches = [pending, firing].into_iter().flatten();
        let stretches = stretches.map(|(from, to, is_firing)| Stretch {
            from: share(from),
            length: share(to) - share(from),
            is_firing,
        });
        let name = label_words(&one.labels, "");
        match rows.iter().position(|(known, _)| *known == name) {
            Some(at) => rows.get_mut(at).into_iter().for_each(|(_, known)| known.extend(stretches.clone())),
            None if rows.len() < MOST => rows.push((name, stretches.collect())),
            None => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    #[test]
    fn an_alert_is_a_row_with_the_stretches_in_which_it_was_pending_and_fired() {
        let firing = |since, fires_since, until| Firing {
            labels: Labels::from_pairs([("alertname", "A"), ("pod", "web")]),
            since,
            fires_since,
            until,
        };
        let firings = [firing(0.0, Some(10.0), Some(50.0)), firing(80.0, None, None)];
        let rows = rows(&firings, (0.0, 100.0));
        let [(name, stretches)] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(name, "pod=\"web\"");
        let spans: Vec<_> = stretches.iter().map(|one| (one.from, one.is_firing)).collect();
        assert_eq!(spans, [(0.0, false), (0.1, true), (0.8, false)]);
        assert_eq!(marks(&firings).len(), 1);
    }
}
