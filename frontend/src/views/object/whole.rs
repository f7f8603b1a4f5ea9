//! The whole object. Lists leave out what they do not show, so the page asks for the rest, again whenever the object changes.

use crate::json::Value;
use leptos::prelude::*;

use super::Shown;
use super::gone::GonePage;
use crate::api::{fetch_object, use_client};
use crate::cluster::object::text;
use crate::kinds::KindRow;
use crate::live::Key;
use crate::poll::{Cadence, Feed, poll};

/// Where the whole object is. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    /// In the list.
    Listed(Shown),
    /// Asked for.
    Asked(Feed<Value>),
}

impl Whole {
    /// Something about the object; tracked. The default while it is not known.
    pub(super) fn about<T: Default>(self, read: impl FnOnce(&Value) -> T) -> T {
        match self {
            Self::Listed(shown) => {
                shown.with(|entry| entry.as_ref().map(|entry| read(&entry.object)).unwrap_or_default())
            }
            Self::Asked(feed) => feed.value.with(|object| object.as_ref().map(read).unwrap_or_default()),
        }
    }
}

/// Finds the whole object that a list has some of.
pub(super) fn whole(row: &'static KindRow, shown: Shown, wanted: StoredValue<Key>, gone: GonePage) -> Whole {
    if row.lists_whole() {
        return Whole::Listed(shown);
    }
    let client = use_client();
    let version = Memo::new(move |_| {
        shown.with(|entry| {
            entry.as_ref().map(|entry| text(&entry.object, &["metadata", "resourceVersion"]).to_owned())
        })
    });
    let question = move || {
        let kept = gone.pod();
        let cadence =
            if version.with(Option::is_some) || kept.is_some() { Cadence::Once } else { Cadence::Never };
        ((wanted.get_value(), kept), cadence)
    };
    Whole::Asked(poll(question, move |((namespace, name), kept): (Key, Option<Value>), abort| async move {
        if let Some(kept) = kept {
            return Ok(kept);
        }
        fetch_object(client, row, &namespace, &name, abort).await
    }))
}
