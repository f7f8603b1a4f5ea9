//! The side bar: groups that fold, with the number of what needs somebody. On narrow screens it is a bar of tabs, and a window with all
//! of it.

use std::collections::BTreeSet;
use std::time::Duration;

use crowsnest_api::alerts::Summary;
use leptos::prelude::*;

use super::pages::{Entry, SECTIONS, Section, first, place_of};
use crate::api::{fetch_alert_summary, fetch_series_count, use_client};
use crate::components::{Brand, Dialog, Icon, IconName, Tone};
use crate::format;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::live::List;
use crate::poll::{Cadence, poll, throttled};
use crate::prefs::{load, store, use_prefs};
use crate::router::{Page, Route};
use crate::verdict::Severity;
use crate::views::cluster::{Cluster, use_metrics};
use crate::views::kinds_served::use_served;
use crate::views::parts;

/// How often the foot of the side bar is refreshed.
const SERIES_COUNT: Duration = Duration::from_secs(60);
/// How often it is asked how many alerts fire.
const ALERT_COUNT: Duration = Duration::from_secs(15);
/// How soon a change is seen in the counts of the side bar.
const COUNT_PAUSE: Duration = Duration::from_millis(500);
/// Where it is kept which groups somebody has folded or opened against what they are by themselves.
const TURNED_KEY: &str = "crowsnest.side-bar";

/// Which groups are open. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Folds {
    /// Those that are not as they are by themselves.
    turned: RwSignal<BTreeSet<String>>,
}

impl Folds {
    pub(super) fn new() -> Self {
        let kept = load(TURNED_KEY).unwrap_or_default();
        let known = |id: &&str| SECTIONS.iter().any(|section| section.id == *id);
        let turned = RwSignal::new(kept.split(',').filter(known).map(str::to_owned).collect::<BTreeSet<_>>());
        Effect::watch(
            move || turned.get(),
            |turned, _, _| {
                store(TURNED_KEY, &turned.iter().map(String::as_str).collect::<Vec<_>>().join(","));
            },
            false,
        );
        Self { turned }
    }

    fn is_open(self, section: &Section) -> bool {
        section.title.is_none() || section.is_open != self.turned.with(|turned| turned.contains(section.id))
    }

    fn turn(self, section: &Section) {
        self.turned.update(|turned| {
            if !turned.remove(section.id) {
                turned.insert(section.id.to_owned());
            }
        });
    }
}

/// The kinds of things there are, and how many of them need somebody.
#[component]
pub(super) fn SideBar(page: Memo<Page>, cluster: Option<Cluster>, folds: Folds) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let metrics = use_metrics();
    // How much the whole server holds is the business of those who see all of it; others would only be refused.
    let sees_all = Memo::new(move |_| cluster.is_none_or(|cluster| cluster.sees_everything()));
    let series_count = poll(
        move || {
            let cadence = if sees_all.get() { Cadence::Every(SERIES_COUNT) } else { Cadence::Never };
            ((), if metrics.may() { cadence } else { Cadence::Never })
        },
        move |(), abort| fetch_series_count(client, abort),
    );
    let series = move || {
        let number = series_count.value.get()?;
        Some(fill(Msg::SeriesCount.text(lang.get()), &[("n", &format::number(number as f64))]))
    };
    let version = move || fill(Msg::Version.text(lang.get()), &[("version", env!("CARGO_PKG_VERSION"))]);
    view! {
        <nav class="app__side sidenav" aria-label=tr(Msg::MainNavigation)>
            <a class="sidenav__head" href=Route::to(Page::Overview).to_string() aria-label="Crowsnest"><Brand/></a>
            <div class="sidenav__body"><Sections page=page cluster=cluster folds=folds/></div>
            <div class="sidenav__foot">
                <span>{series}</span>
                <span>{version}</span>
            </div>
        </nav>
    }
}

/// All groups with their pages.
#[component]
fn Sections(page: Memo<Page>, cluster: Option<Cluster>, folds: Folds) -> impl IntoView {
    SECTIONS
        .iter()
        .map(|section| view! { <SectionView section=section page=page cluster=cluster folds=folds/> })
        .collect_view()
}

#[component]
fn SectionView(
    section: &'static Section,
    page: Memo<Page>,
    cluster: Option<Cluster>,
    folds: Folds,
) -> impl IntoView {
    let served = use_served();
    let has_cluster = cluster.is_some();
    let entries = Memo::new(move |_| {
        served.track();
        section.entries(has_cluster)
    });
    let here = Memo::new(move |_| {
        let page = page.get();
        entries.with(|entries| entries.iter().find(|entry| entry.is_around(&page)).cloned())
    });
    // A folded group still says where one is.
    let shown =
        Memo::new(
            move |_| if folds.is_open(section) { entries.get() } else { here.get().into_iter().collect() },
        );
    let head = section.title.map(|title| {
        view! {
            <h2 class="sidenav__group">
                <button
                    type="button"
                    class="sidenav__fold"
                    aria-expanded=move || folds.is_open(section).to_string()
                    on:click=move |_| folds.turn(section)
                >
                    <span>{tr(title)}</span>
                    <Icon name=Signal::derive(move || if folds.is_open(section) { IconName::Down } else { IconName::Right })/>
                </button>
            </h2>
        }
    });
    view! {
        <div class="sidenav__section" hidden=move || entries.with(Vec::is_empty)>
            {head}
            <ul>
                <For each=move || shown.get() key=|entry| Route::to(entry.page.clone()).to_string() let(entry)>
                    <Item entry=entry page=page cluster=cluster/>
                </For>
            </ul>
        </div>
    }
}

#[component]
fn Item(entry: Entry, page: Memo<Page>, cluster: Option<Cluster>) -> impl IntoView {
    let lang = use_lang();
    let (label, key) = (entry.label, entry.key);
    let title = move || match key {
        "" => label.text(lang.get()).to_owned(),
        key => format!("{} (G {key})", label.text(lang.get())),
    };
    let count = match (&entry.page, cluster) {
        (Page::Alerts, _) => Some(view! { <AlertCount/> }.into_any()),
        (Page::Nodes, None) => Some(view! { <NodeCount/> }.into_any()),
        (Page::Nodes, Some(cluster)) => Some(view! { <ListCount list=cluster.nodes/> }.into_any()),
        (Page::List("pods"), Some(cluster)) => Some(view! { <ListCount list=cluster.pods/> }.into_any()),
        _ => None,
    };
    let href = Route::to(entry.page.clone()).to_string();
    let icon = entry.icon;
    let is_here = Memo::new(move |_| page.with(|page| entry.is_around(page)));
    view! {
        <li>
            <a
                class="sidenav__item"
                class:is-current=is_here
                aria-current=move || is_here.get().then_some("page")
                href=href
                title=title
            >
                <Icon name=icon/>
                <span class="sidenav__label">{tr(label)}</span>
                {count}
            </a>
        </li>
    }
}

/// The navigation of narrow screens: a few pages, and everything behind "More".
#[component]
pub(super) fn TabBar(page: Memo<Page>, cluster: Option<Cluster>, folds: Folds) -> impl IntoView {
    let more = RwSignal::new(false);
    let tab = move |entry: Entry| {
        let (href, icon, label) = (Route::to(entry.page.clone()).to_string(), entry.icon, entry.label);
        let is_here = Memo::new(move |_| page.with(|page| entry.is_around(page)));
        view! {
            <a
                class="tabbar__item"
                class:is-current=is_here
                aria-current=move || is_here.get().then_some("page")
                href=href
            >
                <Icon name=icon/>
                {tr(label)}
            </a>
        }
    };
    // Whoever has chosen a page wants to see it.
    Effect::watch(move || page.get(), move |_, _, _| more.set(false), false);
    let has_cluster = cluster.is_some();
    let is_elsewhere = move || {
        let page = page.get();
        place_of(&page, has_cluster).is_some()
            && !first(has_cluster).iter().any(|entry| entry.is_around(&page))
    };
    let title = tr(Msg::AllPages);
    view! {
        <nav class="tabbar" aria-label=tr(Msg::MainNavigation)>
            {first(has_cluster).into_iter().map(tab).collect_view()}
            <button type="button" class="tabbar__item" class:is-current=is_elsewhere on:click=move |_| more.set(true)>
                <Icon name=IconName::Lines/>
                {tr(Msg::MorePages)}
            </button>
        </nav>
        <Dialog title=Signal::derive(move || title().to_owned()) open=more>
            <nav class="all-pages" aria-label=tr(Msg::AllPages)>
                <Sections page=page cluster=cluster folds=folds/>
            </nav>
        </Dialog>
    }
}

/// How many nodes there are; where some are broken, how many of those, in colour.
#[component]
fn NodeCount() -> impl IntoView {
    let watch = crate::views::watch::use_watch();
    let lang = use_lang();
    let wrong = Memo::new(move |_| {
        watch.problems.with(|problems| {
            let worst = problems.first().map(|problem| problem.severity)?;
            let mut nodes: Vec<&str> = problems
                .iter()
                .filter(|problem| problem.severity == worst)
                .map(|problem| problem.node.as_str())
                .collect();
            nodes.dedup();
            Some((worst, nodes.len()))
        })
    });
    let total = move || watch.feed.value.with(|nodes| nodes.as_ref().map(Vec::len));
    let number = move || wrong.get().map(|(_, count)| count).or_else(total).filter(|count| *count > 0);
    let title = move || {
        wrong.get().map(|(severity, n)| match severity {
            Severity::Critical => crate::i18n::count(lang.get(), n, Msg::BrokenOne, Msg::BrokenMany),
            Severity::Warning => crate::i18n::count(lang.get(), n, Msg::LookOne, Msg::LookMany),
        })
    };
    let of = move |severity| move || wrong.get().is_some_and(|(worst, _)| worst == severity);
    view! {
        <span
            class="sidenav__count"
            class:is-critical=of(Severity::Critical)
            class:is-warning=of(Severity::Warning)
            title=title
        >
            {number}
        </span>
    }
}

/// How many alerts fire that nobody has muted. Once others fire than at first, what tells of such news is fetched.
#[component]
fn AlertCount() -> impl IntoView {
    let (client, lang, metrics, prefs) = (use_client(), use_lang(), use_metrics(), use_prefs());
    let question = move || {
        let cadence = match (metrics.may(), prefs.notify.get()) {
            (false, _) => Cadence::Never,
            (true, false) => Cadence::Every(ALERT_COUNT),
            (true, true) => Cadence::AlsoHidden(ALERT_COUNT),
        };
        ((), cadence)
    };
    let feed = poll(question, move |(), abort| fetch_alert_summary(client, abort));
    let counts = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let first = StoredValue::new(None::<Summary>);
    let has_news = Memo::new(move |had: Option<&bool>| {
        feed.value.with(|now| {
            let Some(now) = now else { return false };
            first.update_value(|first| _ = first.get_or_insert_with(|| now.clone()));
            had == Some(&true)
                || first.with_value(|first| first.as_ref().is_some_and(|first| first.alerts != now.alerts))
        })
    });
    let announcer = move || {
        // What is kept is not followed; that there is news is.
        let first = has_news.get().then(|| first.get_value())??;
        // Whoever cannot fetch it has the number all the same.
        Some(Suspend::new(async move { parts::announcer(first, counts).await.ok() }))
    };
    let number = move || Some(counts.with(|counts| counts.firing)).filter(|firing| *firing > 0);
    let title = move || number().map(|n| fill(Msg::AlertsFiring.text(lang.get()), &[("n", &n.to_string())]));
    view! {
        <span
            class="sidenav__count"
            class:is-critical=move || counts.with(|counts| counts.critical > 0)
            class:is-warning=move || counts.with(|counts| counts.critical == 0)
            title=title
        >
            {number}
        </span>
        {announcer}
    }
}

/// How many objects there are; where some are broken, how many of those, in colour.
#[component]
fn ListCount(list: List) -> impl IntoView {
    let lang = use_lang();
    let changed = throttled(move || list.with(|all| _ = all.next()), COUNT_PAUSE);
    let counts = Memo::new(move |_| {
        changed.track();
        untrack(|| {
            let of = |tone: Tone| list.with(|all| all.filter(|entry| entry.tone == Some(tone)).count());
            (list.len(), of(Tone::Critical), of(Tone::Warning))
        })
    });
    let is_broken = move || counts.get().1 != 0;
    let needs_look = move || !is_broken() && counts.get().2 != 0;
    let number = move || match counts.get() {
        (0, ..) => None,
        (_, broken, _) if broken > 0 => Some(broken),
        (_, _, look) if look > 0 => Some(look),
        (total, ..) => Some(total),
    };
    let title = move || match counts.get() {
        (_, broken, _) if broken > 0 => {
            Some(crate::i18n::count(lang.get(), broken, Msg::BrokenOne, Msg::BrokenMany))
        }
        (_, _, look) if look > 0 => Some(crate::i18n::count(lang.get(), look, Msg::LookOne, Msg::LookMany)),
        _ => None,
    };
    view! {
        <span
            class="sidenav__count"
            class:is-critical=is_broken
            class:is-warning=needs_look
            title=title
        >
            {number}
        </span>
    }
}
