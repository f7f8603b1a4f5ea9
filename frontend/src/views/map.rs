//! The map: what traffic passes through, and where it stops.
//!
//! In the document it is a list by namespace and column, which is what screen readers and narrow screens have; on wide ones the style
//! sheet puts the cards at the places that the layout has computed, and lines are drawn between them.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::cluster::Cluster;
use super::list_face::{ListFace, LiveChip, PartNote};
use super::namespace_picker::NamespacePicker;
use crate::cluster::map::layout::{ALL, Layout, WIDTH, layout};
use crate::cluster::map::{Below, Card, CardId, Dot, Group, Lane, Seen, bounded, groups, is_troubled};
use crate::components::{Blank, BoneRows, Icon, IconName, Segmented, Tone};
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::kinds::{INGRESSES, KindRow, PODS, SERVICES, find};
use crate::live::{Entry, List};
use crate::poll::throttled;
use crate::router::{Page, Route, use_router};

/// How soon a change is seen.
const PAUSE: Duration = Duration::from_millis(400);
/// Kinds that keep pods, and are drawn without any, too.
const KEEPERS: [&str; 3] = ["deployments", "statefulsets", "daemonsets"];

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
struct Drawn {
    groups: Vec<Arc<(Group, Layout)>>,
    /// Namespaces that are too much.
    hidden: usize,
    /// Cards that need somebody, whether they are drawn or not.
    troubled: usize,
}

/// A card that somebody points at: its namespace, and which.
type Lit = RwSignal<Option<(String, CardId)>>;

/// The page.
#[component]
pub(super) fn MapView(cluster: Cluster) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let (ingresses, services) = (cluster.list(INGRESSES), cluster.list(SERVICES));
    let claims = find("persistentvolumeclaims").map(|row| cluster.list(row));
    let keepers: Vec<(&'static KindRow, List)> =
        KEEPERS.iter().filter_map(|id| find(id)).map(|row| (row, cluster.list_if_few(row))).collect();
    let keepers = StoredValue::new(keepers);
    let (filter, only, show) = (router.param("filter"), router.param("only"), router.param("show"));
    let set = move |name: &'static str, value: &str| router.replace(router.route_now().with(name, value));
    let below = Memo::new(
        move |_| if show.get().as_deref() == Some("nodes") { Below::Nodes } else { Below::Volumes },
    );
    let is_narrowed = Memo::new(move |_| only.get().as_deref() == Some("problems"));
    let words = Memo::new(move |_| {
        let text = filter.get().unwrap_or_default().to_lowercase();
        text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    });
    let is_complete = Memo::new(move |_| services.is_complete() && ingresses.is_complete());
    let touch = |list: List| list.with(|all| _ = all.next());
    let changed = throttled(
        move || {
            for list in [ingresses, services, cluster.pods, cluster.nodes].into_iter().chain(claims) {
                touch(list);
            }
            keepers.with_value(|keepers| keepers.iter().for_each(|(_, list)| touch(*list)));
        },
        PAUSE,
    );
    let drawn = Memo::new(move |_| {
        changed.track();
        let (lang, below, is_complete) = (lang.get(), below.get(), is_complete.get());
        let take = |list: List| {
            let of = |entry: &&Arc<Entry>| entry.key.0.is_empty() || cluster.is_chosen(&entry.key.0);
            untrack(|| list.with(|all| all.filter(of).cloned().collect::<Vec<_>>()))
        };
        cluster.chosen.track();
        let claims = claims.filter(|list| untrack(|| list.is_complete() && list.has_content())).map(take);
        let keepers =
            keepers.with_value(|all| all.iter().map(|(row, list)| (*row, take(*list))).collect::<Vec<_>>());
        let all = [ingresses, services, cluster.pods, cluster.nodes].map(take);
        let [ingresses, services, pods, nodes] =
            all.each_ref().map(|list| list.iter().map(|entry| &entry.object).collect::<Vec<_>>());
        let workloads =
            keepers.iter().flat_map(|(row, list)| list.iter().map(|entry| (*row, &entry.object))).collect();
        let seen = Seen {
            ingresses,
            services,
            workloads,
            pods,
            claims: claims.as_ref().map(|list| list.iter().map(|entry| &entry.object).collect()),
            nodes,
            knows_services: is_complete,
        };
        let mut groups = groups(&seen, below, lang);
        let troubled = groups.iter().map(Group::troubled).sum();
        words.with(|words| {
            let is_wanted = |card: &Card| {
                (!is_narrowed.get() || is_troubled(card)) && words.iter().all(|word| card.says(word))
            };
            for group in &mut groups {
                if words.iter().all(|word| group.namespace.contains(word)) && !is_narrowed.get() {
                    continue;
                }
                group.keep(is_wanted);
            }
        });
        groups.retain(|group| !group.cards.is_empty());
        let (groups, hidden) = bounded(groups);
        let place = |group: Group| {
            let layout = layout(&group);
            Arc::new((group, layout))
        };
        Drawn { groups: groups.into_iter().map(place).collect(), hidden, troubled }
    });
    let troubled = Memo::new(move |_| drawn.with(|drawn| drawn.troubled));
    let options = Signal::derive(move || {
        let lang = lang.get();
        vec![
            (Below::Volumes, Msg::Claims.text(lang).to_owned()),
            (Below::Nodes, Msg::Nodes.text(lang).to_owned()),
        ]
    });
    let label = tr(Msg::MapBelow);
    let content = move || {
        view! {
            <Show when=move || is_complete.get() fallback=|| view! { <BoneRows rows=8/> }>
                <Groups drawn=drawn below=below/>
            </Show>
        }
    };
    view! {
        <div class="page page--flush map">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(Msg::Map)}</h1>
                <NamespacePicker cluster=cluster/>
                <label class="input list__filter">
                    <Icon name=IconName::Search/>
                    <input
                        type="search"
                        aria-label=tr(Msg::MapFind)
                        placeholder=tr(Msg::MapFind)
                        prop:value=move || filter.get().unwrap_or_default()
                        on:input:target=move |event| set("filter", &event.target().value())
                    />
                </label>
                <Segmented
                    label=Signal::derive(move || label().to_owned())
                    options=options
                    value=below
                    on_change=move |below| set("show", if below == Below::Nodes { "nodes" } else { "" })
                />
                <button
                    type="button"
                    class="chip is-warning"
                    aria-pressed=move || is_narrowed.get().to_string()
                    on:click=move |_| set("only", if is_narrowed.get_untracked() { "" } else { "problems" })
                >
                    <Icon name=IconName::Warning/>
                    {tr(Msg::MapProblems)}
                    <span class="chip__count">{troubled}</span>
                </button>
                <div class="pagehead__actions"><LiveChip list=cluster.pods/></div>
            </div>
            <PartNote cluster=cluster/>
            <ListFace cluster=cluster list=cluster.pods what=PODS.what bones=|| view! { <BoneRows rows=8/> } content=content/>
        </div>
    }
}

/// All namespaces, or why there is none.
#[component]
fn Groups(drawn: Memo<Drawn>, below: Memo<Below>) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let lit: Lit = RwSignal::new(None);
    let is_filtered = move || {
        let route = router.route();
        ["filter", "only", "ns"]
            .iter()
            .any(|name| route.params.get(name).is_some_and(|value| !value.is_empty()))
    };
    let text = move |filtered: Msg, empty: Msg| {
        Signal::derive(move || {
            let msg = if is_filtered() { filtered } else { empty };
            msg.text(lang.get()).to_owned()
        })
    };
    let (title, why) = (text(Msg::MapNothingMatches, Msg::MapEmpty), text(Msg::MapWhy, Msg::MapEmptyWhy));
    let spaces = move || {
        drawn.with(|drawn| drawn.groups.iter().map(|one| one.0.namespace.clone()).collect::<Vec<_>>())
    };
    let hidden = Memo::new(move |_| drawn.with(|drawn| drawn.hidden));
    let all = move || {
        view! { <a class="btn btn--sm" href=Route::to(Page::Map).to_string()>{tr(Msg::ClearFilter)}</a> }
    };
    let head = move |lane: Lane| {
        view! { <span style=("--map-x", format!("{:.0}px", lane_left(lane)))>{move || lane_words(lane, below.get()).text(lang.get())}</span> }
    };
    view! {
        <Show
            when=move || drawn.with(|drawn| !drawn.groups.is_empty())
            fallback=move || view! { <Blank icon=IconName::Map title=title why=why actions=all/> }
        >
            <div class="map__scroll">
                <div class="map__heads" aria-hidden="true">{Lane::ALL.map(head).collect_view()}</div>
                <For each=spaces key=Clone::clone let(space)>
                    <GroupView space=space drawn=drawn below=below lit=lit/>
                </For>
                <Show when=move || hidden.get() != 0>
                    <p class="part-note" role="status">
                        <Icon name=IconName::Eye/>
                        <span>{move || fill(Msg::MapHidden.text(lang.get()), &[("n", &hidden.get().to_string())])}</span>
                    </p>
                </Show>
            </div>
        </Show>
    }
}

fn lane_left(lane: Lane) -> f64 {
    (ALL - WIDTH) / 3.0 * (lane as usize as f64)
}

/// Its name in the document.
fn lane_id(lane: Lane) -> &'static str {
    match lane {
        Lane::Ingress => "ingress",
        Lane::Service => "service",
        Lane::Workload => "workload",
        Lane::Below => "below",
    }
}

fn lane_words(lane: Lane, below: Below) -> Msg {
    match (lane, below) {
        (Lane::Ingress, _) => Msg::Ingresses,
        (Lane::Service, _) => Msg::Services,
        (Lane::Workload, _) => Msg::GroupWorkloads,
        (Lane::Below, Below::Volumes) => Msg::Claims,
        (Lane::Below, Below::Nodes) => Msg::Nodes,
    }
}

/// A namespace.
#[component]
fn GroupView(space: String, drawn: Memo<Drawn>, below: Memo<Below>, lit: Lit) -> impl IntoView {
    let lang = use_lang();
    let space = StoredValue::new(space);
    let group = Memo::new(move |before: Option<&Arc<(Group, Layout)>>| {
        let found = drawn.with(|drawn| {
            space.with_value(|space| drawn.groups.iter().find(|one| one.0.namespace == *space).cloned())
        });
        found.or_else(|| before.cloned()).unwrap_or_default()
    });
    let note = move || {
        let lang = lang.get();
        let (pods, troubled) = group.with(|group| (group.0.pods, group.0.troubled()));
        let pods = count(lang, pods, Msg::PodsOne, Msg::PodsMany);
        match troubled {
            0 => pods,
            some => format!("{pods}, {}", count(lang, some, Msg::MapProblemsOne, Msg::MapProblemsMany)),
        }
    };
    let height = move || format!("{:.0}px", group.with(|group| group.1.height));
    let lines = move || {
        group.with(|group| {
            let line = |(from, to): &(CardId, CardId)| {
                let stops = group.0.cards.get(to).is_some_and(|card| card.tone == Tone::Critical);
                let ends = StoredValue::new((from.clone(), to.clone()));
                let is_lit = move || {
                    lit.with(|lit| {
                        lit.as_ref().is_some_and(|(of, id)| {
                            space.with_value(|space| space == of)
                                && ends.with_value(|(from, to)| id == from || id == to)
                        })
                    })
                };
                view! {
                    <path class="map__line" class:is-critical=stops class:is-lit=is_lit d=group.1.path(from, to)></path>
                }
            };
            group.0.edges.iter().map(line).collect_view()
        })
    };
    let lane = move |lane: Lane| {
        let ids = Memo::new(move |_| {
            group.with(|group| group.0.cards.keys().filter(|id| id.0 == lane).cloned().collect::<Vec<_>>())
        });
        view! {
            <div class="map__lane" hidden=move || ids.with(Vec::is_empty)>
                <h3 class="map__lane-title">{move || lane_words(lane, below.get()).text(lang.get())}</h3>
                <ul>
                    <For each=move || ids.get() key=Clone::clone let(id)>
                        <CardView id=id space=space group=group lit=lit/>
                    </For>
                </ul>
            </div>
        }
    };
    let (name, label) = (space.get_value(), space.get_value());
    let href = Route::to(Page::Object("namespaces", String::new(), name.clone())).to_string();
    view! {
        <section class="map__group" aria-label=label>
            <h2 class="map__namespace"><a href=href>{name}</a>" "<span>{note}</span></h2>
            <div class="map__area" style=("--map-width", format!("{ALL:.0}px")) style=("--map-height", height)>
                <svg class="map__lines" aria-hidden="true" focusable="false">{lines}</svg>
                {Lane::ALL.map(lane).collect_view()}
            </div>
        </section>
    }
}

/// One card, with the pods of a workload in it.
#[component]
fn CardView(
    id: CardId,
    space: StoredValue<String>,
    group: Memo<Arc<(Group, Layout)>>,
    lit: Lit,
) -> impl IntoView {
    let lang = use_lang();
    let lane = lane_id(id.0);
    let id = StoredValue::new(id);
    let card = Memo::new(move |before: Option<&Option<Card>>| {
        let found = group.with(|group| id.with_value(|id| group.0.cards.get(id).cloned()));
        found.or_else(|| before.cloned().flatten())
    });
    let place = Memo::new(move |_| group.with(|group| id.with_value(|id| group.1.places.get(id).copied())));
    let pixels = move |of: fn(&crate::cluster::map::layout::Place) -> f64| {
        move || format!("{:.0}px", place.with(|place| place.as_ref().map_or(0.0, of)))
    };
    let about = move |read: fn(&Card) -> String| {
        Memo::new(move |_| card.with(|card| card.as_ref().map(read).unwrap_or_default()))
    };
    let (title, note, href) =
        (about(|card| card.title.clone()), about(|card| card.note.clone()), about(|card| card.href.clone()));
    let tone = Memo::new(move |_| card.with(|card| card.as_ref().map_or(Tone::Unknown, |card| card.tone)));
    let icon = Memo::new(move |_| card.with(|card| card.as_ref().map_or(IconName::Pods, |card| card.icon)));
    let dots = Memo::new(move |_| {
        card.with(|card| card.as_ref().map(|card| (card.dots.clone(), card.more)).unwrap_or_default())
    });
    let leads = move || {
        let names: Vec<String> = group.with(|group| {
            let ends = group.0.edges.iter().filter(|(from, _)| id.with_value(|id| from == id));
            ends.filter_map(|(_, to)| group.0.cards.get(to)).map(|card| card.title.clone()).collect()
        });
        (!names.is_empty()).then(|| fill(Msg::MapLeadsTo.text(lang.get()), &[("names", &names.join(", "))]))
    };
    let dot = |dot: Dot| {
        let words = format!("{}: {}", dot.name, dot.word);
        view! {
            <li>
                <a class=format!("map__dot {}", dot.tone.class()) href=dot.href title=words.clone() aria-label=words>
                    <Icon name=dot.tone.icon()/>
                </a>
            </li>
        }
    };
    let pods = move || {
        let (all, more) = dots.get();
        (!all.is_empty()).then(|| {
            let more = (more != 0)
                .then(|| view! { <li class="map__more">{fill(Msg::MapMore.text(lang.get()), &[("n", &more.to_string())])}</li> });
            let label = fill(Msg::MapPods.text(lang.get()), &[("name", &title.get())]);
            view! { <ul class="map__dots" aria-label=label>{all.into_iter().map(dot).collect_view()}{more}</ul> }
        })
    };
    let light = move || lit.set(Some((space.get_value(), id.get_value())));
    let is_well = move || matches!(tone.get(), Tone::Ok | Tone::Done | Tone::Unknown);
    view! {
        <li
            class=move || format!("map__card {}", tone.get().class())
            data-lane=lane
            style=("--map-x", pixels(|place| place.x))
            style=("--map-y", pixels(|place| place.y))
            style=("--map-card", pixels(|place| place.height))
            on:pointerenter=move |_| light()
            on:pointerleave=move |_| lit.set(None)
            on:focusin=move |_| light()
            on:focusout=move |_| lit.set(None)
        >
            <a class="map__link" href=move || Some(href.get()).filter(|href| !href.is_empty()) title=title>
                <Icon name=icon/>
                <span class="map__title">{title}</span>
                <Show when=move || !is_well()><Icon name=Signal::derive(move || tone.get().icon())/></Show>
            </a>
            <p class="map__note" title=note>{note}</p>
            <p class="map__leads">{leads}</p>
            {pods}
        </li>
    }
}
