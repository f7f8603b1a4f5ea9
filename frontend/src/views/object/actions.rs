//! What can be done to the object: the buttons at the end of its page's head.

use leptos::prelude::*;

use super::ObjectPage;
use crate::api::ObjectRef;
use crate::views::act::ActionBar;

/// The actions of the object's kind.
#[component]
pub(super) fn Actions(page: ObjectPage) -> impl IntoView {
    let target = target_of(page);
    target.map(|target| {
        let object = Memo::new(move |_| page.about(crate::json::Value::clone));
        view! { <ActionBar target=target object=object/> }
    })
}

/// The object's address.
pub(super) fn target_of(page: ObjectPage) -> Option<ObjectRef> {
    let (group, version, resource) = page.row.api;
    let kind = crowsnest_api::cluster::Kind::new(group, version, resource).ok()?;
    let (namespace, name) = page.wanted.get_value();
    Some(ObjectRef { kind, namespace, name })
}
