//! When the alerts of a rule were pending and when they fired, over the last day.

use std::time::Duration;

use leptos::prelude::*;

use crate::alerts::{label, label_words};
use crate::api::{Line, history_query, range, use_client};
use crate::clock::use_clock;
use crate::components::{BoneLines, Faced};
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, poll};
use crate::range::{HOUR, MINUTE};

/// How often it is asked for.
const AGAIN: Duration = Duration::from_mins(1);
const LENGTH: i64 = 24 * HOUR;
const STEP: i64 = 5 * MINUTE;
/// Alerts that are drawn.
const MOST: usize = 20;

/// A stretch: from where to where as shares of the whole, and whether the alert fired in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: f64,
    pub(super) length: f64,
    pub(super) is_firing: bool,
}

/// The stretches of each alert.
#[component]
pub(super) fn Timeline(rule: String) -> impl IntoView {
    let (client, clock) = (use_client(), use_clock());
    let query = StoredValue::new(history_query(&rule));
    let feed = poll(
        || ((), Cadence::Every(AGAIN)),
        move |(), abort| async move {
            let end = clock.now();
            let answer = range(client, &query.get_value(), (end - LENGTH, end), STEP, &abort).await?;
            Ok(rows(&answer.result.into_lines(), end - LENGTH))
        },
    );
    let content = move || {
        let rows = feed.value.get().unwrap_or_default();
        if rows.is_empty() {
            return view! { <p class="panel__none">{tr(Msg::NeverFired)}</p> }.into_any();
        }
        view! { <Rows rows=rows/> }.into_any()
    };
    view! {
        <div class="alert-more__text">
            <h3 class="section-title">{tr(Msg::LastDay)}</h3>
            <Faced feed=feed what=Msg::ChartsWord bones=|| view! { <BoneLines/> } content=content/>
        </div>
    }
}

/// Alerts, each with its stretches.
#[component]
pub(super) fn Rows(rows: Vec<(String, Vec<Stretch>)>) -> impl IntoView {
    let stretch = |one: &Stretch| {
        let class = if one.is_firing { "timeline__part is-critical" } else { "timeline__part is-progress" };
        let (from, length) = (format!("{:.2}%", one.from * 100.0), format!("{:.2}%", one.length * 100.0));
        view! { <span class=class style:left=from style:width=length></span> }
    };
    let row = move |(name, stretches): (String, Vec<Stretch>)| {
        view! {
            <li class="timeline__row">
                <span class="timeline__name mono">{name}</span>
                <span class="timeline__bar">{stretches.iter().map(stretch).collect_view()}</span>
            </li>
        }
    };
    view! { <ol class="timeline">{rows.into_iter().map(row).collect_view()}</ol> }
}

/// Of each alert its labels and stretches; the pending and the firing series of one are one row.
fn rows(lines: &[Line], start: i64) -> Vec<(String, Vec<Stretch>)> {
    let mut rows: Vec<(String, Vec<Stretch>)> = Vec::new();
    for line in lines {
        let mut own = line.labels.to_builder();
        own.remove("alertstate").remove("__name__");
        let name = label_words(&own.build(), "");
        let stretches = stretches(&line.points, start, label(&line.labels, "alertstate") == "firing");
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.extend(stretches),
            None => rows.push((name, stretches)),
        }
    }
    rows.truncate(MOST);
    rows
}

fn stretches(points: &[(i64, f64)], start: i64, is_firing: bool) -> Vec<Stretch> {
    let share = |time: i64| time as f64 / LENGTH as f64;
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for (at, _) in points {
        match stretches.last_mut() {
            Some((_, end)) if *at <= *end => *end = at + STEP,
            _ => stretches.push((*at, at + STEP)),
        }
    }
    let stretch =
        |(from, to): (i64, i64)| Stretch { from: share(from - start), length: share(to - from), is_firing };
    stretches.into_iter().map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    #[test]
    fn points_in_a_row_are_one_stretch_and_both_states_one_row() {
        let line = |state: &str, at: &[i64]| Line {
            labels: Labels::from_pairs([("__name__", "ALERTS"), ("alertstate", state), ("pod", "web-1")]),
            points: at.iter().map(|at| (at * STEP, 1.0)).collect(),
        };
        let rows = rows(&[line("pending", &[0]), line("firing", &[1, 2, 5])], 0);
        let [(name, stretches)] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(name, "pod=\"web-1\"");
        let firing: Vec<_> = stretches.iter().map(|one| one.is_firing).collect();
        assert_eq!(firing, [false, true, true]);
        assert!((stretches[1].length - 2.0 * STEP as f64 / LENGTH as f64).abs() < 1e-9);
    }
}
