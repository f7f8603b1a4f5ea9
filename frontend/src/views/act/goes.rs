//! What goes with an object that is deleted: what it owns, or what is in a namespace.

use crate::json::Value;
use crowsnest_api::cluster::Kind;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Subject;
use crate::api::{Client, fetch_objects, use_client};
use crate::cluster::object::{list, name, text};
use crate::i18n::{Msg, fill, tr, use_lang};

/// Kinds whose objects are owned, the owners first.
const OWNED: &[(&str, &str, &str)] =
    &[("apps", "v1", "replicasets"), ("batch", "v1", "jobs"), ("", "v1", "pods")];
/// Kinds that a namespace is looked through for.
const WITHIN: &[(&str, &str, &str)] = &[
    ("apps", "v1", "deployments"),
    ("apps", "v1", "statefulsets"),
    ("apps", "v1", "daemonsets"),
    ("batch", "v1", "cronjobs"),
    ("batch", "v1", "jobs"),
    ("", "v1", "pods"),
    ("", "v1", "services"),
    ("", "v1", "configmaps"),
    ("", "v1", "secrets"),
    ("", "v1", "persistentvolumeclaims"),
];
/// Kinds that own something.
const OWNERS: &[&str] = &[
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "replicationcontrollers",
];
/// Names that are listed.
const SHOWN: usize = 12;
/// Objects of a bulk that are looked through.
const LOOKED: usize = 10;

/// The list, as far as the user may read it.
#[component]
pub(super) fn GoesWith(subjects: Vec<Subject>) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let lines = RwSignal::new(None::<Vec<String>>);
    let looks = subjects.iter().any(|(target, _)| {
        OWNERS.contains(&target.kind.resource()) || target.kind.resource() == "namespaces"
    });
    if !looks {
        return ().into_any();
    }
    spawn_local(async move {
        let mut found = Vec::new();
        for (target, object) in subjects.iter().take(LOOKED) {
            found.extend(match target.kind.resource() {
                "namespaces" => within(client, &target.name).await,
                _ => owned(client, &target.namespace, object).await,
            });
        }
        lines.try_set(Some(found));
    });
    let face = move || match lines.get() {
        None => view! { <p class="act__why">{tr(Msg::LookingWhatGoes)}</p> }.into_any(),
        Some(lines) if lines.is_empty() => {
            view! { <p class="act__why">{tr(Msg::NothingElseGoes)}</p> }.into_any()
        }
        Some(lines) => {
            let more = lines.len().saturating_sub(SHOWN);
            let more = (more > 0).then(|| {
                view! { <li>{move || fill(Msg::AndMore.text(lang.get()), &[("n", &more.to_string())])}</li> }
            });
            let items = lines
                .iter()
                .take(SHOWN)
                .map(|line| view! { <li class="mono">{line.clone()}</li> })
                .collect_view();
            view! {
                <div>
                    <p class="field__label">{tr(Msg::GoesAsWell)}</p>
                    <ul class="act__goes">{items}{more}</ul>
                </div>
            }
            .into_any()
        }
    };
    view! { <div>{face}</div> }.into_any()
}

/// Objects that are owned by one, or by what it owns.
async fn owned(client: Client, namespace: &str, owner: &Value) -> Vec<String> {
    let mut uids = vec![text(owner, &["metadata", "uid"]).to_owned()];
    let mut lines = Vec::new();
    for kind in OWNED {
        let Ok(api) = Kind::new(kind.0, kind.1, kind.2) else { continue };
        // What one may not read is not told, and is no error.
        let objects = fetch_objects(client, &api, namespace, "").await.unwrap_or_default();
        for object in objects.iter().filter(|object| is_owned(object, &uids)) {
            lines.push(format!("{}/{}", kind.2, name(object)));
        }
        let more: Vec<String> = objects
            .iter()
            .filter(|object| is_owned(object, &uids))
            .map(|object| text(object, &["metadata", "uid"]).to_owned())
            .collect();
        uids.extend(more);
    }
    lines
}

fn is_owned(object: &Value, uids: &[String]) -> bool {
    let owners = list(object, &["metadata", "ownerReferences"]);
    owners.iter().any(|owner| uids.iter().any(|uid| !uid.is_empty() && text(owner, &["uid"]) == uid))
}

/// How much of each kind is in a namespace.
async fn within(client: Client, namespace: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in WITHIN {
        let Ok(api) = Kind::new(kind.0, kind.1, kind.2) else { continue };
        let count = fetch_objects(client, &api, namespace, "").await.map_or(0, |objects| objects.len());
        if count > 0 {
            lines.push(format!("{count} {}", kind.2));
        }
    }
    lines
}
