//! What the user may do, known before they try: asked about once for all that want to know, and again now and then.

mod manifest;
mod matrix;

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::access::Right;
use leptos::prelude::*;

use crate::api::{fetch_allowed, use_client};
use crate::i18n::{Lang, Msg, fill};
use crate::poll::{Cadence, Feed, poll};

pub(crate) use manifest::role_manifest;
pub(crate) use matrix::{Row, VERBS, matrix};

/// The server remembers answers for some seconds; rights change rarely.
const AGAIN: Duration = Duration::from_secs(30);

/// The rights that parts of the page want to know about, and what is known. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    /// How many parts ask about each.
    wanted: RwSignal<BTreeMap<Right, usize>>,
    feed: Feed<BTreeMap<Right, bool>>,
}

impl Access {
    /// Which of these rights the user lacks; `None` until that is known. Asked about while the caller lives.
    pub(crate) fn missing(self, rights: impl Fn() -> Vec<Right> + 'static) -> Signal<Option<Vec<Right>>> {
        let asked = RwSignal::new(Vec::new());
        Effect::new(move || {
            let rights = rights();
            let before = asked.get_untracked();
            if rights != before {
                self.wanted.update(|wanted| exchange(wanted, &before, &rights));
                asked.set(rights);
            }
        });
        on_cleanup(move || {
            let before = asked.try_get_untracked().unwrap_or_default();
            self.wanted.try_update(|wanted| exchange(wanted, &before, &[]));
        });
        Signal::derive(move || {
            let asked = asked.get();
            if asked.is_empty() {
                return None;
            }
            self.feed.value.with(|known| lacking(known.as_ref()?, &asked))
        })
    }
}

/// Those of `asked` that are refused; `None` where one of them is not known.
fn lacking(known: &BTreeMap<Right, bool>, asked: &[Right]) -> Option<Vec<Right>> {
    let mut lacking = Vec::new();
    for right in asked {
        if !*known.get(right)? {
            lacking.push(right.clone());
        }
    }
    Some(lacking)
}

/// One part asks about `after` where it asked about `before`.
fn exchange(wanted: &mut BTreeMap<Right, usize>, before: &[Right], after: &[Right]) {
    for right in after {
        *wanted.entry(right.clone()).or_default() += 1;
    }
    for right in before {
        if let Some(count) = wanted.get_mut(right) {
            *count -= 1;
        }
    }
    wanted.retain(|_, count| *count > 0);
}

/// Puts it into the context.
pub(crate) fn provide_access() -> Access {
    let client = use_client();
    let wanted = RwSignal::new(BTreeMap::new());
    let asked = Memo::new(move |_| wanted.with(|wanted| wanted.keys().cloned().collect::<Vec<Right>>()));
    let feed = poll(
        move || {
            let asked = asked.get();
            let cadence = if asked.is_empty() { Cadence::Never } else { Cadence::Every(AGAIN) };
            (asked, cadence)
        },
        move |asked, abort| fetch_allowed(client, asked, abort),
    );
    let access = Access { wanted, feed };
    provide_context(access);
    access
}

/// What the user may do.
pub(crate) fn use_access() -> Access {
    expect_context()
}

/// The resource with its group, as `kubectl` writes it: `deployments.apps/scale`.
pub(crate) fn resource_words(right: &Right) -> String {
    let dot = if right.group.is_empty() { "" } else { "." };
    let slash = if right.subresource.is_empty() { "" } else { "/" };
    format!("{}{dot}{}{slash}{}", right.resource, right.group, right.subresource)
}

/// "bob needs create on pods/exec in shop."
pub(crate) fn needs_words(lang: Lang, user: &str, right: &Right) -> String {
    let resource = resource_words(right);
    let values =
        [("user", user), ("verb", &*right.verb), ("resource", &*resource), ("namespace", &*right.namespace)];
    let msg = if right.namespace.is_empty() { Msg::NeedsRight } else { Msg::NeedsRightIn };
    fill(msg.text(lang), &values)
}

/// The right that somebody has typed: a verb, and a resource as [`resource_words`] writes it.
pub(crate) fn typed_right(verb: &str, resource: &str, namespace: &str) -> Option<Right> {
    let (kind, below) = resource.trim().split_once('/').unwrap_or((resource.trim(), ""));
    let (plural, group) = kind.split_once('.').unwrap_or((kind, ""));
    format!("{},{group},{plural}/{below},{namespace}", verb.trim()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_two_parts_ask_about_is_asked_about_until_both_are_gone() {
        let (pods, nodes) = (Right::to("list", "", "pods", ""), Right::to("get", "", "nodes", ""));
        let mut wanted = BTreeMap::new();
        exchange(&mut wanted, &[], &[pods.clone(), nodes.clone()]);
        exchange(&mut wanted, &[], std::slice::from_ref(&pods));
        exchange(&mut wanted, &[pods.clone(), nodes], &[]);
        assert_eq!(wanted.keys().collect::<Vec<_>>(), [&pods]);
        exchange(&mut wanted, &[pods], &[]);
        assert!(wanted.is_empty());
    }

    #[test]
    fn what_is_lacking_is_known_when_every_answer_is_there() {
        let (pods, nodes) = (Right::to("list", "", "pods", ""), Right::to("get", "", "nodes", ""));
        let known = BTreeMap::from([(pods.clone(), true)]);
        assert_eq!(lacking(&known, std::slice::from_ref(&pods)), Some(vec![]));
        assert_eq!(lacking(&known, &[pods.clone(), nodes.clone()]), None);
        let known = BTreeMap::from([(pods.clone(), true), (nodes.clone(), false)]);
        assert_eq!(lacking(&known, &[pods, nodes.clone()]), Some(vec![nodes]));
    }

    #[test]
    fn a_typed_resource_reads_as_kubectl_would_read_it() {
        let scale = Right::to("update", "apps", "deployments", "shop").below("scale");
        assert_eq!(typed_right("update", "deployments.apps/scale", "shop"), Some(scale.clone()));
        assert_eq!(resource_words(&scale), "deployments.apps/scale");
        assert_eq!(typed_right("list", " pods ", ""), Some(Right::to("list", "", "pods", "")));
        let roles = typed_right("get", "roles.rbac.authorization.k8s.io", "").unwrap();
        assert_eq!((&*roles.resource, &*roles.group), ("roles", "rbac.authorization.k8s.io"));
        assert_eq!(typed_right("list", "", ""), None);
    }

    #[test]
    fn what_is_missing_is_said_with_its_place() {
        let exec = Right::to("create", "", "pods", "shop").below("exec");
        assert_eq!(needs_words(Lang::English, "bob", &exec), "bob needs create on pods/exec in shop.");
        let nodes = Right::to("get", "", "nodes", "");
        assert_eq!(needs_words(Lang::English, "bob", &nodes), "bob needs get on nodes in the whole cluster.");
    }
}
