//! The router: the current route as a signal, kept in step with the browser's history.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::Route;

/// The current route and the ways to change it. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    route: RwSignal<Route>,
}

impl Router {
    /// The current route; tracked.
    pub(crate) fn route(&self) -> Route {
        self.route.get()
    }

    /// The current route; not tracked.
    pub(crate) fn route_now(&self) -> Route {
        self.route.get_untracked()
    }

    /// One parameter of the current route, which changes only when it does.
    pub(crate) fn param(&self, name: &'static str) -> Memo<Option<String>> {
        let route = self.route;
        Memo::new(move |_| route.with(|route| route.params.get(name).map(str::to_owned)))
    }

    /// Goes to `route` with a new entry in the history, so that Back returns.
    pub(crate) fn push(&self, route: Route) {
        self.go(route, Entry::New);
    }

    /// Goes to `route` in place of the current entry.
    pub(crate) fn replace(&self, route: Route) {
        self.go(route, Entry::Same);
    }

    fn go(&self, route: Route, entry: Entry) {
        if self.route.with_untracked(|current| *current == route) {
            return;
        }
        let url = route.to_string();
        if let Ok(history) = window().history() {
            // It fails only when the page floods the history; the view then changes without the URL.
            let _ = match entry {
                Entry::New => history.push_state_with_url(&JsValue::NULL, "", Some(&url)),
                Entry::Same => history.replace_state_with_url(&JsValue::NULL, "", Some(&url)),
            };
        }
        self.route.set(route);
    }
}

#[derive(Clone, Copy)]
enum Entry {
    New,
    Same,
}

/// Starts following the browser's history and puts the router into the context.
pub(crate) fn provide_router() -> Router {
    let read = || Route::parse(&window().location().hash().unwrap_or_default());
    let route = RwSignal::new(read());
    for event in ["hashchange", "popstate"] {
        let handle = window_event_listener_untyped(event, move |_: ev::Event| {
            let next = read();
            if route.with_untracked(|current| *current != next) {
                route.set(next);
            }
        });
        on_cleanup(move || handle.remove());
    }
    let router = Router { route };
    provide_context(router);
    router
}

/// The router of this application.
pub(crate) fn use_router() -> Router {
    expect_context()
}
