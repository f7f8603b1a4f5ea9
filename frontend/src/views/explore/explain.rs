//! What the query costs: its parts as a tree, each with its series, samples and time.

use crowsnest_api::query_stats::QueryStatistics;
use leptos::prelude::*;

use super::answer::Answered;
use super::cost::{Line, lines};
use crate::components::{BoneLines, EditorState, Panel};
use crate::format::{latency, number};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::Feed;
use crate::query_text::pieces;

/// A part that takes this share of the whole is where the time goes.
const HEAVY: f64 = 0.4;

/// The panel. Choosing a part selects it in the editor.
#[component]
pub(super) fn Explain(feed: Feed<Answered>, editor: EditorState) -> impl IntoView {
    let lang = use_lang();
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let told = Memo::new(move |_| {
        feed.value.with(|answered| {
            let answered = answered.as_ref()?;
            let cost = answered.cost.clone()?;
            let lines = cost.root.as_ref().map(|root| lines(&answered.ask.query, root)).unwrap_or_default();
            Some((answered.ask.query.clone(), cost, lines))
        })
    });
    let content = move || match told.get() {
        None if feed.failure.with(Option::is_some) => {
            view! { <p class="panel__none panel__none--flush">{tr(Msg::ExplainNone)}</p> }.into_any()
        }
        None => view! { <div class="explain__wait"><BoneLines/></div> }.into_any(),
        Some((query, cost, lines)) => view! {
            <Tree query=query lines=lines editor=editor/>
            <Totals cost=cost/>
        }
        .into_any(),
    };
    view! {
        <Panel title=word(Msg::Explain) note=word(Msg::ExplainNote) flush=true class="explain">{content}</Panel>
    }
}

#[component]
fn Tree(query: String, lines: Vec<Line>, editor: EditorState) -> impl IntoView {
    let lang = use_lang();
    let whole = lines.first().map_or(0.0, |line| line.total);
    let row = move |line: Line| {
        let share = if whole > 0.0 { line.own / whole } else { 0.0 };
        let query = query.clone();
        let span = line.span.clone();
        let select = move |_| {
            if editor.text.with_untracked(|text| *text == query) {
                editor.select(&span);
            }
        };
        let text = pieces(&line.text, None)
            .into_iter()
            // What stands for another part is no mistake.
            .map(|piece| (piece.class.filter(|class| *class != "editor__invalid"), piece.text))
            .map(|(class, text)| view! { <span class=class.unwrap_or_default()>{text}</span> })
            .collect_view();
        let with_parts = move || {
            let total = latency(lang.get(), line.total);
            fill(Msg::ExplainWithParts.text(lang.get()), &[("time", &total)])
        };
        view! {
            <tr>
                <th scope="row" class="explain__part" style=("--depth", line.depth.to_string())>
                    <button type="button" class="explain__text" title=line.text.clone() on:click=select>{text}</button>
                </th>
                <td class="table__num">{number(line.series as f64)}</td>
                <td class="table__num">{number(line.samples as f64)}</td>
                <td class="table__num explain__time" class:is-heavy=move || { share >= HEAVY } title=with_parts>
                    <span class="explain__bar" style=("--share", format!("{share:.3}"))></span>
                    {move || latency(lang.get(), line.own)}
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-wrap explain__tree">
            <table class="table">
                <caption class="visually-hidden">{tr(Msg::Explain)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr(Msg::ExplainPart)}</th>
                        <th scope="col" class="table__num">{tr(Msg::ExplainSeries)}</th>
                        <th scope="col" class="table__num">{tr(Msg::ExplainSamples)}</th>
                        <th scope="col" class="table__num">{tr(Msg::ExplainTime)}</th>
                    </tr>
                </thead>
                <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// What it took together.
#[component]
fn Totals(cost: QueryStatistics) -> impl IntoView {
    let lang = use_lang();
    let words = move || {
        let lang = lang.get();
        let time = |seconds: f64| latency(lang, seconds * 1e3);
        let values = [
            time(cost.timings.exec_total_time),
            time(cost.timings.exec_queue_time),
            number(cost.samples.total_queryable_samples as f64),
            number(cost.samples.peak_samples as f64),
        ];
        let [total, queued, looked, peak] = values.each_ref().map(String::as_str);
        let values = [("total", total), ("queued", queued), ("looked", looked), ("peak", peak)];
        fill(Msg::ExplainTotals.text(lang), &values)
    };
    view! { <p class="explain__totals">{words}</p> }
}
