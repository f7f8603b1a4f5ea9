//! NetworkPolicies explained: who may reach a pod and whom it may reach, and what a policy says in sentences.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::namespace;
use crate::cluster::owner::Workload;
use crate::cluster::policy::{self, Direction, Line, Reach, World, ports_words};
use crate::components::{Icon, IconName, Panel, Tone};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::kinds::{find, find_kind, selector_words};
use crate::live::{Entry, List};
use crate::poll::throttled;
use crate::router::Route;

const PAUSE: Duration = Duration::from_millis(500);
/// Workloads of a rule that are named; the rest is counted.
const MOST_NAMED: usize = 6;

/// Both directions of a pod.
#[component]
pub(super) fn PodReach(page: ObjectPage) -> impl IntoView {
    let lists = ["networkpolicies", "namespaces"].map(|id| find(id).map(|row| page.cluster.list(row)));
    let [policies, spaces] = lists;
    let pods = page.cluster.pods;
    let changed = throttled(
        move || {
            for list in [Some(pods), policies, spaces].into_iter().flatten() {
                list.with(|all| _ = all.next());
            }
        },
        PAUSE,
    );
    let take = |list: Option<List>| -> Vec<Arc<Entry>> {
        list.map(|list| untrack(|| list.with(|all| all.cloned().collect()))).unwrap_or_default()
    };
    let both = Memo::new(move |_| {
        changed.track();
        let is_known = policies.is_some_and(|list| list.is_complete() && list.has_content());
        let (policies, spaces) = (take(policies), take(spaces));
        page.about(|pod| {
            // Most pods are held by nothing; then it need not be known who else there is.
            let is_near = policies.iter().any(|policy| namespace(&policy.object) == namespace(pod));
            let pods = if is_near { take(Some(pods)) } else { Vec::new() };
            let world = World {
                policies: policies.iter().map(|entry| &entry.object).collect(),
                pods: pods.iter().map(|entry| &entry.object).collect(),
                namespaces: spaces
                    .iter()
                    .map(|entry| (entry.key.1.as_str(), &entry.object))
                    .collect::<BTreeMap<_, _>>(),
            };
            is_known.then(|| Direction::BOTH.map(|direction| world.reach(pod, direction)))
        })
    });
    let panel = move |(at, title, sentences): (usize, Msg, [Msg; 3])| {
        let reach = Memo::new(move |_| {
            both.with(|both| both.as_ref().and_then(|both| both.get(at).cloned()).unwrap_or_default())
        });
        view! { <ReachPanel title=title sentences=sentences reach=reach/> }
    };
    let panels = [
        (0, Msg::ReachIn, [Msg::ReachInAll, Msg::ReachSome, Msg::ReachInNone]),
        (1, Msg::ReachOut, [Msg::ReachOutAll, Msg::ReachSome, Msg::ReachOutNone]),
    ];
    view! { <Show when=move || both.with(Option::is_some)>{panels.map(panel).collect_view()}</Show> }
}

/// One direction. The sentences are for everybody, for some, for nobody.
#[component]
fn ReachPanel(title: Msg, sentences: [Msg; 3], reach: Memo<Reach>) -> impl IntoView {
    let lang = use_lang();
    let heading = tr(title);
    let [everybody, some, nobody] = sentences;
    let sentence = move || {
        let lang = lang.get();
        reach.with(|reach| {
            let (tone, msg) = match reach {
                Reach { is_of_host: true, .. } => (Tone::Unknown, Msg::ReachHost),
                reach if reach.policies.is_empty() => (Tone::Unknown, everybody),
                reach if reach.lines.is_empty() => (Tone::Warning, nobody),
                _ => (Tone::Ok, some),
            };
            let words = fill(msg.text(lang), &[("policies", &reach.policies.join(", "))]);
            view! { <p class=format!("reach__sentence {}", tone.class())><Icon name=tone.icon()/><span>{words}</span></p> }
        })
    };
    let lines = move || {
        let lang = lang.get();
        reach.with(|reach| reach.lines.iter().map(|line| line_view(line, lang)).collect_view())
    };
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) class="grid__12 reach">
            {sentence}
            <ul class="reach__lines">{lines}</ul>
        </Panel>
    }
}

fn line_view(line: &Line, lang: Lang) -> impl IntoView + use<> {
    let rule = &line.rule;
    let policy = find("networkpolicies").map(|row| row.object_page(&rule.namespace, &rule.policy));
    let policy = policy
        .map(|page| view! { <a class="link" href=Route::to(page).to_string()>{rule.policy.clone()}</a> });
    let named = line.workloads.iter().take(MOST_NAMED).map(workload_view).collect_view();
    let rest = line.workloads.len().saturating_sub(MOST_NAMED);
    let rest = (rest != 0).then(|| fill(Msg::AndMore.text(lang), &[("n", &rest.to_string())]));
    let nobody = (line.workloads.is_empty() && !matches!(rule.peer, policy::Peer::Block { .. }))
        .then(|| Msg::ReachNobodyNow.text(lang));
    let held =
        (line.held_back != 0).then(|| fill(Msg::ReachHeld.text(lang), &[("n", &line.held_back.to_string())]));
    let missing = line.missing_port.as_ref().map(|port| fill(Msg::ReachNoPort.text(lang), &[("port", port)]));
    let warning = move |words: String| {
        view! { <p class="reach__warning"><Icon name=IconName::Warning/><span>{words}</span></p> }
    };
    view! {
        <li class="reach__line">
            <p><strong>{rule.peer.words(lang)}</strong>" · "<span class="mono">{ports_words(&rule.ports, lang)}</span>" · "{policy}</p>
            <p class="reach__now">{named}{rest}{nobody}</p>
            {held.map(warning)}
            {missing.map(warning)}
        </li>
    }
}

/// `web × 6`, leading to its page.
fn workload_view((workload, pods): &(Workload, usize)) -> impl IntoView + use<> {
    let Workload { namespace, kind, name } = workload;
    let words =
        if *pods > 1 { format!("{namespace}/{name} × {pods}") } else { format!("{namespace}/{name}") };
    match find_kind(kind).map(|row| row.object_page(namespace, name)) {
        Some(page) => {
            view! { <a class="link reach__peer" href=Route::to(page).to_string()>{words}</a> }.into_any()
        }
        None => view! { <span class="reach__peer">{words}</span> }.into_any(),
    }
}

/// What a policy says, as sentences.
#[component]
pub(super) fn PolicyWords(page: ObjectPage) -> impl IntoView {
    let lang = use_lang();
    let pods = page.cluster.pods;
    let changed = throttled(move || pods.with(|pods| _ = pods.next()), PAUSE);
    let sentences = Memo::new(move |_| {
        changed.track();
        let lang = lang.get();
        page.about(|policy| {
            let selector = page.row.selects.map(|selects| selects(policy)).unwrap_or_default();
            let space = namespace(policy);
            let is_meant = |entry: &&Arc<Entry>| entry.key.0 == space && selector.selects(&entry.object);
            let held = untrack(|| pods.with(|pods| pods.filter(is_meant).count()));
            let selected = match selector_words(&selector) {
                words if words.is_empty() => fill(Msg::PolicyHoldsAll.text(lang), &[("namespace", space)]),
                words => {
                    let msg = if held == 0 { Msg::PolicyHoldsNone } else { Msg::PolicyHolds };
                    fill(msg.text(lang), &[("n", &held.to_string()), ("pods", &words), ("namespace", space)])
                }
            };
            // How many there are is not known before all are.
            let mut told: Vec<String> = pods.is_complete().then_some(selected).into_iter().collect();
            for direction in Direction::BOTH {
                told.extend(direction_words(policy, direction, lang));
            }
            told
        })
    });
    let heading = tr(Msg::PolicyWords);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned())>
            <ul class="reach__lines">
                {move || sentences.get().into_iter().map(|words| view! { <li class="reach__line">{words}</li> }).collect_view()}
            </ul>
        </Panel>
    }
}

/// What a policy says about one direction.
fn direction_words(policy: &Value, direction: Direction, lang: Lang) -> Vec<String> {
    let [silent, nothing, allows] = match direction {
        Direction::Ingress => [Msg::PolicyInSilent, Msg::PolicyInNothing, Msg::PolicyInAllows],
        Direction::Egress => [Msg::PolicyOutSilent, Msg::PolicyOutNothing, Msg::PolicyOutAllows],
    };
    let rules = policy::rules(policy, direction);
    match rules.as_slice() {
        _ if !policy::is_for(policy, direction) => vec![silent.text(lang).to_owned()],
        [] => vec![nothing.text(lang).to_owned()],
        rules => rules
            .iter()
            .map(|rule| {
                let (peer, ports) = (rule.peer.words(lang), ports_words(&rule.ports, lang));
                fill(allows.text(lang), &[("peer", &peer), ("ports", &ports)])
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_policy_says_in_sentences_what_it_lets_through() {
        let policy = json!({"metadata": {"namespace": "data"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432}]}]}});
        let words = |direction| direction_words(&policy, direction, Lang::English);
        assert_eq!(words(Direction::Ingress), ["In: pods app=web of this namespace, on 5432/TCP."]);
        assert_eq!(words(Direction::Egress), ["Out: nothing. These pods reach nobody, not even DNS."]);
    }
}
