//! What is wrong, worst first, each with its cause and the way to it.

use crowsnest_api::about::CertificateOf;
use leptos::prelude::*;

use super::Wrong;
use crate::clock::use_clock;
use crate::cluster::expiry;
use crate::cluster::problem::{Problem, WorkloadProblem};
use crate::components::{Badge, BoneLines, Icon, IconName, Panel};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::kinds;
use crate::router::{Page, Route};
use crate::views::list::Age;
use crate::views::object::tone_of;

/// How many are listed until somebody wants all.
const MOST: usize = 8;

/// A problem as it is shown.
struct Line {
    name: String,
    /// "shop · Deployment, 0 of 2 well"
    place: String,
    badge: String,
    why: String,
    page: Page,
    at: Option<i64>,
}

fn line(lang: Lang, wrong: &Wrong, now: i64) -> Line {
    match wrong {
        Wrong::Machine(problem) => Line {
            name: problem.node.clone(),
            place: Msg::NodeLabel.text(lang).to_owned(),
            badge: problem.kind.title().text(lang).to_owned(),
            why: problem.kind.why(lang),
            page: Page::Node(problem.node.clone()),
            at: None,
        },
        Wrong::Certificate(_, certificate) => Line {
            name: certificate.name.clone(),
            place: [&*certificate.namespace, expiry::words(certificate.of).text(lang)]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            badge: Msg::CertificateEnds.text(lang).to_owned(),
            why: {
                let left = expiry::left_words(lang, expiry::left(certificate, now));
                fill(Msg::CertificateEndsWhy.text(lang), &[("when", &left)])
            },
            page: match certificate.of {
                CertificateOf::Secret => {
                    Page::Object("secrets", certificate.namespace.clone(), certificate.name.clone())
                }
                _ => Page::Cluster,
            },
            at: None,
        },
        Wrong::Deprecated(used) => Line {
            name: used.what.clone(),
            place: "API".to_owned(),
            badge: Msg::ApiDeprecated.text(lang).to_owned(),
            why: match used.removed.as_str() {
                "" => Msg::ApiDeprecatedWhy.text(lang).to_owned(),
                release => fill(Msg::ApiGoneWhy.text(lang), &[("release", release)]),
            },
            page: Page::Cluster,
            at: None,
        },
        Wrong::Cluster(Problem::Node(trouble)) => Line {
            name: trouble.node.clone(),
            place: Msg::NodeLabel.text(lang).to_owned(),
            badge: trouble.reason.clone(),
            why: trouble.message.clone(),
            page: Page::Node(trouble.node.clone()),
            at: trouble.since,
        },
        Wrong::Cluster(Problem::Volume(trouble)) => Line {
            name: trouble.filling.claim.clone(),
            place: format!("{} · {}", trouble.filling.namespace, Msg::VolumeClaim.text(lang)),
            badge: trouble.title().text(lang).to_owned(),
            why: trouble.why(lang),
            page: match trouble.pod.as_str() {
                "" => kinds::PODS.list_page(),
                pod => kinds::PODS.object_page(&trouble.filling.namespace, pod),
            },
            at: None,
        },
        Wrong::Cluster(Problem::Ingress(trouble)) => Line {
            name: trouble.name.clone(),
            place: format!("{} · Ingress", trouble.namespace),
            badge: Msg::IngressNowhere.text(lang).to_owned(),
            why: trouble.why(lang),
            page: kinds::INGRESSES.object_page(&trouble.namespace, &trouble.name),
            at: None,
        },
        Wrong::Cluster(Problem::Workload(problem)) => Line {
            name: problem.workload.name.clone(),
            place: place_words(lang, problem),
            badge: problem.trouble.badge(lang),
            why: problem.trouble.why(lang),
            page: kinds::PODS.object_page(&problem.workload.namespace, &problem.pod),
            at: problem.trouble.at,
        },
    }
}

fn place_words(lang: Lang, problem: &WorkloadProblem) -> String {
    let workload = &problem.workload;
    let (affected, total) = problem.pods;
    let place = format!("{} · {}", workload.namespace, workload.kind);
    if total <= 1 {
        return place;
    }
    let values = [affected.to_string(), total.to_string()];
    let [affected, total] = values.each_ref().map(String::as_str);
    format!("{place}, {}", fill(Msg::PodsAffected.text(lang), &[("n", affected), ("total", total)]))
}

/// The list.
#[component]
pub(super) fn Problems(wrong: Memo<Vec<Wrong>>, is_ready: Memo<bool>) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let all = RwSignal::new(false);
    let row = move |wrong: &Wrong| {
        let tone = tone_of(wrong.severity());
        let lang = lang.get();
        let Line { name, place, badge, why, page, at } = line(lang, wrong, clock.now());
        let inspect = Msg::Inspect.text(lang);
        view! {
            <li class=format!("problem {}", tone.class())>
                <Icon name=tone.icon()/>
                <p class="problem__title">
                    <span class="problem__name">{name.clone()}</span>
                    <span class="problem__place">{place}</span>
                    <Badge tone=tone>{badge}</Badge>
                </p>
                <p class="problem__why">{why}</p>
                <span class="problem__side">
                    <span class="problem__at">{at.map(|at| view! { <Age at=at/> })}</span>
                    <a class="btn btn--sm" href=Route::to(page).to_string() aria-label=format!("{inspect}: {name}")>
                        {inspect}
                    </a>
                </span>
            </li>
        }
    };
    let rows = move || {
        let most = if all.get() { usize::MAX } else { MOST };
        wrong.with(|wrong| wrong.iter().take(most).map(row).collect_view())
    };
    let hidden = Memo::new(move |_| wrong.with(Vec::len).saturating_sub(MOST));
    let more = move || {
        if all.get() {
            Msg::ShowFewerProblems.text(lang.get()).to_owned()
        } else {
            fill(Msg::MoreProblems.text(lang.get()), &[("n", &hidden.get().to_string())])
        }
    };
    let (title, note) = (tr(Msg::Problems), tr(Msg::WorstFirst));
    let quiet = || {
        view! {
            <p class="problems__none is-ok"><Icon name=IconName::Ok/>{tr(Msg::NothingWrong)}</p>
        }
    };
    view! {
        <Panel
            title=Signal::derive(move || title().to_owned())
            note=Signal::derive(move || note().to_owned())
            flush=true
            class="grid__16"
        >
            <Show when=move || is_ready.get() fallback=|| view! { <BoneLines/> }>
                <Show when=move || wrong.with(|wrong| !wrong.is_empty()) fallback=quiet>
                    <ul>{rows}</ul>
                    <Show when=move || hidden.get() != 0>
                        <button
                            type="button"
                            class="btn btn--quiet problems__more"
                            on:click=move |_| all.update(|all| *all = !*all)
                        >
                            {more}
                        </button>
                    </Show>
                </Show>
            </Show>
        </Panel>
    }
}
