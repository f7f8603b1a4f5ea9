//! The route's `range`, as a signal and as something to change.

use leptos::prelude::*;

use crate::range::Range;
use crate::router::use_router;

/// The time range in the URL, or `default` where there is none or a wrong one; and the way to change it.
pub(crate) fn range_param(default: Range) -> (Memo<Range>, Callback<Range>) {
    let router = use_router();
    let text = router.param("range");
    let range = Memo::new(move |_| text.get().and_then(|text| text.parse().ok()).unwrap_or(default));
    let change = Callback::new(move |range: Range| {
        let text = if range == default { String::new() } else { range.to_string() };
        router.push(router.route_now().with("range", &text));
    });
    (range, change)
}
