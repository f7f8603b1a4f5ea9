//! What can be done to objects: one row an action, and everything about it in its row.
//!
//! A row says which kinds have the action, which right it takes, how dangerous it is, what is asked before, and – as pure functions of
//! the object and of what was asked – which changes it sends and which `kubectl` command would do the same. The buttons on the page of an
//! object, the menu beside them, and what is done to many objects of a list all come from this table.

mod batch;
mod look;
mod meta;
mod network;
mod nodes;
mod table;
mod workloads;

use crate::json::Value;
use crowsnest_api::access::Right;

use crate::api::{Change, ObjectRef};
use crate::cluster::object;
use crate::components::IconName;
use crate::i18n::Msg;

pub(crate) use look::added_last;
pub(crate) use nodes::{DrainPod, drained};
pub(crate) use table::{ACTIONS, find};
pub(crate) use workloads::{Revision, restore, revisions};

/// A kind without its version: group and plural.
pub(crate) type KindName = (&'static str, &'static str);

/// How much is asked before an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Danger {
    /// What can be undone by its opposite: a click, and it is done where nothing else is asked.
    Plain,
    /// What is felt: a window that says what will happen.
    Confirm,
    /// What is lost: the object's name has to be typed.
    TypeName,
}

/// Where an action is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Button,
    Menu,
}

/// What an action's window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// The fields of its row, and what it sends.
    Form,
    /// The same, with what else goes.
    Delete,
    Drain,
    RollBack,
}

/// Something that is asked before an action.
pub(crate) struct Field {
    pub(crate) label: Msg,
    pub(crate) hint: Option<Msg>,
    pub(crate) takes: Takes,
    /// What stands there at first.
    pub(crate) initial: fn(&Value) -> String,
}

/// What a field takes.
pub(crate) enum Takes {
    Number,
    Text,
    /// Several lines.
    Lines,
    /// One of these.
    Choice(fn(&Value) -> Vec<String>),
}

/// What was typed into the fields of an action, in their order.
pub(crate) struct Given<'a> {
    pub(crate) values: &'a [String],
    /// Now, as Kubernetes writes times.
    pub(crate) now: &'a str,
}

impl Given<'_> {
    pub(crate) fn text(&self, at: usize) -> &str {
        self.values.get(at).map(String::as_str).unwrap_or_default().trim()
    }
}

/// What follows when an action on one object has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// A terminal at the process of the container that was added.
    Attach,
    /// The address that was answered, in another tab.
    Browser,
}

/// What cannot be sent, and why.
pub(crate) type Wrong = Msg;

/// One row.
pub(crate) struct Action {
    pub(crate) id: &'static str,
    pub(crate) label: Msg,
    pub(crate) icon: IconName,
    /// Empty for all kinds.
    pub(crate) kinds: &'static [KindName],
    /// Whether it makes sense for the object as it is.
    pub(crate) applies: fn(&Value) -> bool,
    pub(crate) rights: fn(&ObjectRef) -> Vec<Right>,
    pub(crate) danger: Danger,
    pub(crate) place: Place,
    /// Whether it can be done to many at once.
    pub(crate) bulk: bool,
    pub(crate) window: Window,
    /// What will happen, in a sentence.
    pub(crate) why: Msg,
    pub(crate) fields: &'static [Field],
    pub(crate) then: Then,
    pub(crate) changes: fn(&ObjectRef, &Value, &Given<'_>) -> Result<Vec<Change>, Wrong>,
    pub(crate) kubectl: fn(&ObjectRef, &Given<'_>) -> String,
}

impl Action {
    /// Whether objects of a kind have it.
    pub(crate) fn is_for(&self, (group, resource): (&str, &str)) -> bool {
        let is_kind = |kind: &KindName| *kind == (group, resource);
        self.kinds.is_empty() || self.kinds.iter().any(is_kind)
    }

    /// How much is asked before it is done to this object.
    pub(crate) fn danger_to(&self, target: &ObjectRef) -> Danger {
        let kind = (target.kind.group(), target.kind.resource());
        if self.window == Window::Delete && table::LOSES_MUCH.contains(&kind) {
            Danger::TypeName
        } else {
            self.danger
        }
    }
}

/// A right to objects of the target's kind, in its namespace.
pub(crate) fn right(target: &ObjectRef, verb: &'static str, below: &'static str) -> Right {
    Right {
        verb: verb.into(),
        group: target.kind.group().to_owned().into(),
        resource: target.kind.resource().to_owned().into(),
        subresource: below.into(),
        namespace: target.namespace.clone().into(),
        name: String::new().into(),
    }
}

/// `deployment/web -n shop`, as `kubectl` takes it.
pub(crate) fn kubectl_name(target: &ObjectRef) -> String {
    let group = target.kind.group();
    let dot = if group.is_empty() { String::new() } else { format!(".{group}") };
    let place = if target.namespace.is_empty() { String::new() } else { format!(" -n {}", target.namespace) };
    format!("{}{dot}/{}{place}", target.kind.resource(), target.name)
}

/// The address of an object of a kind.
#[cfg(test)]
fn target_of((group, version, resource): (&str, &str, &str), object: &Value) -> Option<ObjectRef> {
    let kind = crowsnest_api::cluster::Kind::new(group, version, resource).ok()?;
    Some(ObjectRef {
        kind,
        namespace: object::namespace(object).to_owned(),
        name: object::name(object).to_owned(),
    })
}

/// A text in quotes where a shell would read it as something else.
pub(crate) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The uid, by which an object is told from a later one of the same name.
pub(crate) fn uid(object: &Value) -> String {
    object::text(object, &["metadata", "uid"]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_as_kubectl_names_it() {
        let object = serde_json::json!({"metadata": {"name": "web", "namespace": "shop"}}).into();
        let target = target_of(("apps", "v1", "deployments"), &object).unwrap();
        assert_eq!(kubectl_name(&target), "deployments.apps/web -n shop");
        assert_eq!(shell("a=b"), "a=b");
        assert_eq!(shell("it's"), r"'it'\''s'");
        let scale = right(&target, "patch", "scale");
        assert_eq!(scale.to_string(), "patch,apps,deployments/scale,shop,");
    }
}
