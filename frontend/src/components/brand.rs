//! The mark: a crow's nest on its mast, a flag above.

use leptos::prelude::*;

/// The mark alone.
#[component]
pub(crate) fn BrandMark() -> impl IntoView {
    view! {
        <svg class="brand__mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path class="brand__flag" d="M12 1.800h8.400l-2.500 2.700 2.500 2.700H12z"></path>
            <path class="brand__spar" d="M12 2v20M3.600 10.300h16.800"></path>
            <path class="brand__nest" d="M5 10.500h14l-1.500 6a1.600 1.600 0 0 1-1.550 1.200h-7.900a1.600 1.600 0 0 1-1.550-1.200z"></path>
        </svg>
    }
}

/// The mark with the name.
#[component]
pub(crate) fn Brand() -> impl IntoView {
    view! {
        <span class="brand">
            <BrandMark/>
            <span class="brand__name">"Crowsnest"</span>
        </span>
    }
}
