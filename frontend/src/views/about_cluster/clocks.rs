//! Whose clock shows another time than this server's: graphs have gaps then, and tokens are refused.

use std::time::Duration;

use crowsnest_api::about::AboutCluster;
use crowsnest_api::sources::Sources;
use leptos::prelude::*;

use super::{table, title, tone_within};
use crate::api::{ApiError, Client, fetch_clocks, fetch_sources, use_client};
use crate::arrange::Arrange as _;
use crate::clock::use_clock;
use crate::components::{Icon, IconName, Panel, Status};
use crate::format::NONE;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::poll::{Cadence, Feed, poll};
use crate::views::cluster::{Cluster, use_metrics};

const AGAIN: Duration = Duration::from_secs(30);
/// Seconds by which clocks may differ: headers tell whole seconds, and a push takes a moment.
const TOLERANCE: f64 = 3.0;
/// Seconds by which samples may be late before that is put down to a clock.
const LATE: f64 = 20.0;
const COLUMNS: [(Msg, &str); 2] = [(Msg::ColumnClock, ""), (Msg::ColumnAhead, "")];

/// A clock, and by how many seconds it is ahead of this server's; below zero it is behind.
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    who: String,
    ahead: Option<f64>,
}

/// The browser's, the API server's, and those of nodes.
#[component]
pub(super) fn ClocksPanel(cluster: Cluster, about: Feed<AboutCluster>) -> impl IntoView {
    let (client, clock, lang, metrics) = (use_client(), use_clock(), use_lang(), use_metrics());
    // Who pushes is the business of those who see all nodes; others see what is scraped.
    let sees_pushers = Memo::new(move |_| cluster.sees_everything());
    let nodes = poll(
        move || (sees_pushers.get(), metrics.cadence(Cadence::Every(AGAIN))),
        move |sees_pushers, abort| async move { of_nodes(client, sees_pushers, abort).await },
    );
    let readings = Memo::new(move |_| {
        let lang = lang.get();
        let api = about.value.with(|about| about.as_ref().and_then(|about| about.ahead_seconds));
        // Looked at again with each answer: the clock learns from them.
        about.at.track();
        let mut all = vec![
            Reading { who: Msg::ThisBrowser.text(lang).to_owned(), ahead: Some(clock.ahead() as f64 / 1e3) },
            Reading { who: Msg::ApiServer.text(lang).to_owned(), ahead: api },
        ];
        all.extend(nodes.value.get().unwrap_or_default());
        // What is off comes first.
        all.arrange_by_key(|one| one.ahead.is_none_or(is_right));
        all
    });
    let row = move |reading: Reading| {
        let words =
            move || reading.ahead.map_or_else(|| NONE.to_owned(), |ahead| ahead_words(lang.get(), ahead));
        let tone = tone_within(reading.ahead.is_none_or(is_right));
        view! {
            <tr>
                <th scope="row" class="table__name">{reading.who}</th>
                <td><Status tone=tone>{words}</Status></td>
            </tr>
        }
    };
    let is_off = Memo::new(move |_| {
        readings.with(|all| all.iter().any(|one| one.ahead.is_some_and(|ahead| !is_right(ahead))))
    });
    view! {
        <Panel title=title(Msg::Clocks) note=title(Msg::ClocksNote) flush=true class="grid__12">
            <Show when=move || is_off.get()>
                <p class="note is-warning about__note"><Icon name=IconName::Warning/><span>{tr(Msg::ClocksOff)}</span></p>
            </Show>
            {table(Msg::Clocks, &COLUMNS, move || readings.get().into_iter().map(row).collect_view())}
            <Show when=move || metrics.are_denied()>
                <p class="aside-note about__unread"><Icon name=IconName::Lock/>{tr(Msg::MetricsDenied)}</p>
            </Show>
        </Panel>
    }
}

fn is_right(ahead: f64) -> bool {
    ahead.abs() <= TOLERANCE
}

/// "right", "12 s ahead", "1 min 5 s behind".
fn ahead_words(lang: Lang, ahead: f64) -> String {
    if is_right(ahead) {
        return Msg::ClockRight.text(lang).to_owned();
    }
    let time = crate::format::duration(lang, (ahead.abs() * 1e3) as i64);
    fill(if ahead > 0.0 { Msg::ClockAhead } else { Msg::ClockBehind }.text(lang), &[("time", &time)])
}

/// Those that push tell by how late their samples are, those that are scraped by what they show at that moment.
async fn of_nodes(
    client: Client,
    sees_pushers: bool,
    abort: web_sys::AbortSignal,
) -> Result<Vec<Reading>, ApiError> {
    let scraped = fetch_clocks(client, &abort).await?;
    let pushing = if sees_pushers { fetch_sources(client, abort).await? } else { Sources::default() };
    Ok(together(&scraped, &pushing))
}

/// One reading a node: the one that is further off.
fn together(scraped: &[(String, f64)], pushing: &Sources) -> Vec<Reading> {
    let mut all: Vec<Reading> = Vec::new();
    let pushed = pushing.sources.iter().filter(|source| !source.silent).filter_map(|source| {
        let lag = source.lag_seconds?;
        // A push takes a moment, and is made some time after its samples are taken.
        let ahead = if (0.0..LATE).contains(&lag) { 0.0 } else { -lag };
        Some((source.node.clone()?, ahead))
    });
    for (node, ahead) in scraped.iter().cloned().chain(pushed) {
        match all.iter_mut().find(|one| one.who == node) {
            Some(one) if one.ahead.is_none_or(|known| ahead.abs() > known.abs()) => one.ahead = Some(ahead),
            Some(_) => {}
            None => all.push(Reading { who: node, ahead: Some(ahead) }),
        }
    }
    all.arrange_by(|a, b| a.who.cmp(&b.who));
    all
}

#[cfg(test)]
mod tests {
    use crowsnest_api::sources::Source;

    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_figure() {
        let words = |ahead| ahead_words(Lang::English, ahead);
        assert_eq!([words(0.4), words(12.0), words(-65.0)], ["right", "12 s ahead", "1 min 5 s behind"]);
    }

    #[test]
    fn samples_from_the_future_tell_of_a_clock_that_is_ahead() {
        let source = |node: &str, lag| Source {
            node: Some(node.to_owned()),
            lag_seconds: Some(lag),
            ..Source::default()
        };
        let pushing = Sources {
            sources: vec![source("b", -61.0), source("a", 0.8), source("c", 90.0)],
            ..Sources::default()
        };
        let all = together(&[("a".to_owned(), 0.01), ("d".to_owned(), -7.0)], &pushing);
        let told: Vec<_> = all.iter().map(|one| (one.who.as_str(), one.ahead.unwrap())).collect();
        assert_eq!(told, [("a", 0.01), ("b", 61.0), ("c", -90.0), ("d", -7.0)]);
    }
}
