//! What can be done to the object: the buttons at the end of its page's head.

use leptos::prelude::*;

use super::ObjectPage;

/// The actions of the object's kind.
#[component]
pub(super) fn Actions(page: ObjectPage) -> impl IntoView {
    // The place is kept; what stands in it comes with the changes that it makes.
    let _ = page;
}
