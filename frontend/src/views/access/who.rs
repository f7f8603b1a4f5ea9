//! Who can do this: a verb, a resource and a namespace in, users, groups and accounts out.

use crowsnest_api::access::{Right, Subject, Subjects};
use leptos::ev;
use leptos::prelude::*;

use super::{EVERYWHERE, PlaceSelect, use_place};
use crate::access::{VERBS, resource_words, typed_right};
use crate::api::{fetch_subjects, use_client};
use crate::components::{Blank, BoneRows, Faced, Icon, IconName, Panel, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::{Cadence, Feed, poll};
use crate::router::use_router;
use crate::views::cluster::Cluster;

/// Verbs beside those of tables.
const MORE_VERBS: &[&str] = &["impersonate", "bind", "escalate", "approve", "sign", "use"];
/// What people ask about most, and what they should.
const RESOURCES: &[&str] = &[
    "pods",
    "pods/exec",
    "pods/log",
    "secrets",
    "configmaps",
    "services",
    "nodes",
    "nodes/proxy",
    "namespaces",
    "persistentvolumeclaims",
    "serviceaccounts/token",
    "deployments.apps",
    "statefulsets.apps",
    "jobs.batch",
    "ingresses.networking.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "certificatesigningrequests.certificates.k8s.io/approval",
    "metrics.crowsnest.dev",
    "settings.crowsnest.dev",
];

/// The form and its answer. The question is in the address.
#[component]
pub(super) fn Who(cluster: Cluster) -> impl IntoView {
    let router = use_router();
    let client = use_client();
    let (verb, resource, place) = (router.param("verb"), router.param("resource"), use_place());
    let right = Memo::new(move |_| {
        let (verb, resource) = (verb.get()?, resource.get()?);
        let place = place.get();
        typed_right(&verb, &resource, if place == EVERYWHERE { "" } else { &place })
    });
    let feed = poll(
        move || {
            let right = right.get();
            let cadence = if right.is_some() { Cadence::Once } else { Cadence::Never };
            (right.unwrap_or_default(), cadence)
        },
        move |right, abort| fetch_subjects(client, right, abort),
    );
    // Nobody is to read the answer to another question.
    Effect::new(move || {
        right.track();
        feed.value.set(None);
    });
    view! {
        <Ask cluster=cluster place=place right=right/>
        <Show when=move || right.with(Option::is_some)>
            <Answer feed=feed right=right/>
        </Show>
    }
}

#[component]
fn Ask(cluster: Cluster, place: Memo<String>, right: Memo<Option<Right>>) -> impl IntoView {
    let router = use_router();
    let of = move |name: &'static str, default: &str| {
        let given = router.route_now().params.get(name).map(str::to_owned);
        RwSignal::new(given.unwrap_or_else(|| default.to_owned()))
    };
    let (verb, resource) = (of("verb", "get"), of("resource", ""));
    let wrong = RwSignal::new(false);
    // A link to another question leads to the same page.
    Effect::new(move || {
        if let Some(right) = right.get() {
            verb.set(right.verb.clone().into_owned());
            resource.set(resource_words(&right));
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (verb, resource) = (verb.get_untracked(), resource.get_untracked());
        let is_right = typed_right(&verb, &resource, "").is_some();
        wrong.set(!is_right);
        if is_right {
            router.push(router.route_now().with("verb", verb.trim()).with("resource", resource.trim()));
        }
    };
    let option = |word: &&'static str| view! { <option value=*word></option> };
    view! {
        <form class="who__form" on:submit=submit novalidate>
            <label class="field">
                <span class="field__label">{tr(Msg::Verb)}</span>
                <span class="input"><input
                    class="mono"
                    list="who-verbs"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || verb.get()
                    on:input:target=move |event| verb.set(event.target().value())
                /></span>
            </label>
            <label class="field who__resource">
                <span class="field__label">{tr(Msg::Resource)}</span>
                <span class="input" class:is-wrong=wrong><input
                    class="mono"
                    list="who-resources"
                    placeholder="deployments.apps/scale"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-invalid=move || wrong.get().to_string()
                    prop:value=move || resource.get()
                    on:input:target=move |event| resource.set(event.target().value())
                /></span>
            </label>
            <PlaceSelect cluster=cluster chosen=place/>
            <button type="submit" class="btn btn--primary"><Icon name=IconName::Search/>{tr(Msg::FindWho)}</button>
            <datalist id="who-verbs">{VERBS.iter().chain(MORE_VERBS).map(option).collect_view()}</datalist>
            <datalist id="who-resources">{RESOURCES.iter().map(option).collect_view()}</datalist>
        </form>
    }
}

#[component]
fn Answer(feed: Feed<Subjects>, right: Memo<Option<Right>>) -> impl IntoView {
    let lang = use_lang();
    let title = move || {
        let right = right.get().unwrap_or_default();
        let lang = lang.get();
        let place = match &*right.namespace {
            "" => Msg::WholeCluster.text(lang).to_owned(),
            namespace => namespace.to_owned(),
        };
        let resource = resource_words(&right);
        let values = [("verb", &*right.verb), ("resource", &*resource), ("place", &*place)];
        fill(Msg::WhoCanVerb.text(lang), &values)
    };
    let subjects = Memo::new(move |_| {
        feed.value.with(|found| found.as_ref().map(|found| found.subjects.clone()).unwrap_or_default())
    });
    let unread = Memo::new(move |_| {
        feed.value.with(|found| found.as_ref().map(|found| found.unread.clone()).unwrap_or_default())
    });
    let content = move || {
        view! {
            <Show when=move || unread.with(|unread| !unread.is_empty())>
                <div class="note is-warning">
                    <Icon name=IconName::Warning/>
                    <div>
                        <span class="note__title">{tr(Msg::WhoUnread)}</span>
                        <ul>{move || unread.get().into_iter().map(|why| view! { <li>{why}</li> }).collect_view()}</ul>
                    </div>
                </div>
            </Show>
            <Show
                when=move || subjects.with(|subjects| !subjects.is_empty())
                fallback=move || view! {
                    <Blank
                        icon=IconName::Lock
                        tone=Tone::Unknown
                        title=Signal::derive(move || Msg::WhoNobody.text(lang.get()).to_owned())
                        why=Signal::derive(move || Msg::WhoMasters.text(lang.get()).to_owned())
                    />
                }
            >
                <SubjectTable subjects=subjects/>
                <p class="who__masters">{tr(Msg::WhoMasters)}</p>
            </Show>
        }
    };
    view! {
        <Panel title=Signal::derive(title) flush=true>
            <Faced feed=feed what=Msg::RolesWord bones=|| view! { <BoneRows rows=6/> } content=content/>
        </Panel>
    }
}

#[component]
fn SubjectTable(subjects: Memo<Vec<Subject>>) -> impl IntoView {
    let row = |subject: Subject| {
        let place = (!subject.namespace.is_empty()).then(|| format!("{}/", subject.namespace));
        view! {
            <tr>
                <td>{subject.kind}</td>
                <th scope="row" class="who__name"><span class="table__dim">{place}</span>{subject.name}</th>
                <td class="who__why">{subject.binding}</td>
                <td class="who__why">{subject.role}</td>
            </tr>
        }
    };
    view! {
        <div class="table-wrap">
            <table class="table who">
                <thead>
                    <tr>
                        <th scope="col">{tr(Msg::SubjectKind)}</th>
                        <th scope="col">{tr(Msg::ColumnName)}</th>
                        <th scope="col">{tr(Msg::Binding)}</th>
                        <th scope="col">{tr(Msg::RoleWord)}</th>
                    </tr>
                </thead>
                <tbody>{move || subjects.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
