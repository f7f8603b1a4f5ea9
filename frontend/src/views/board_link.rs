//! From a page to the dashboard that comes with the server and shows the same over time.

use leptos::prelude::*;

use crate::boards::Times;
use crate::components::{Icon, IconName};
use crate::i18n::{Msg, tr};
use crate::range::Range;
use crate::router::{Page, Route, VARIABLE};

/// What of an object a variable is set to.
#[derive(Clone, Copy)]
enum Value {
    Namespace,
    Name,
}

/// The dashboard of a kind's objects, and its variables.
type OfKind = (&'static str, &'static str, &'static [(&'static str, Value)]);

/// By the kind's name. What keeps pods and has no dashboard of its own is seen in that of its namespace.
const BOARDS: &[OfKind] = &[
    ("cronjobs", "crowsnest-namespace", &[("namespace", Value::Namespace)]),
    ("daemonsets", "crowsnest-namespace", &[("namespace", Value::Namespace)]),
    ("deployments", "crowsnest-workload", &[("namespace", Value::Namespace), ("workload", Value::Name)]),
    ("jobs", "crowsnest-namespace", &[("namespace", Value::Namespace)]),
    ("namespaces", "crowsnest-namespace", &[("namespace", Value::Name)]),
    ("nodes", "crowsnest-node", &[("node", Value::Name)]),
    ("persistentvolumeclaims", "crowsnest-storage", &[("namespace", Value::Namespace)]),
    ("pods", "crowsnest-pod", &[("namespace", Value::Namespace), ("pod", Value::Name)]),
    ("statefulsets", "crowsnest-namespace", &[("namespace", Value::Namespace)]),
];

/// The dashboard of the whole cluster.
pub(super) fn of_cluster() -> Route {
    Route::to(Page::Dashboard("crowsnest-cluster".to_owned()))
}

/// The dashboard of an object, with its variables; `None` where its kind has none.
pub(super) fn of_object(kind: &str, namespace: &str, name: &str) -> Option<Route> {
    let (_, uid, variables) = BOARDS.iter().find(|(known, ..)| *known == kind)?;
    let route = Route::to(Page::Dashboard((*uid).to_owned()));
    Some(variables.iter().fold(route, |route, (variable, value)| {
        let value = match value {
            Value::Namespace => namespace,
            Value::Name => name,
        };
        route.with(&format!("{VARIABLE}{variable}"), value)
    }))
}

/// The way there, over the range that the page shows.
#[component]
pub(super) fn BoardLink(route: Route, #[prop(into)] range: Signal<Range>) -> impl IntoView {
    let href = move || {
        let Times { from, to } = Times::chosen(range.get());
        route.clone().with("from", &from).with("to", &to).to_string()
    };
    view! { <a class="btn" href=href><Icon name=IconName::Gauge/>{tr(Msg::Dashboard)}</a> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn an_object_s_dashboard_has_its_variables() {
        assert!(BOARDS.is_sorted_by_key(|(kind, ..)| *kind));
        assert!(BOARDS.iter().all(|(kind, ..)| kinds::find(kind).is_some()));
        let href = |kind: &str| of_object(kind, "shop", "web").map(|route| route.to_string());
        assert_eq!(
            href("pods").as_deref(),
            Some("#/dashboards/crowsnest-pod?var-namespace=shop&var-pod=web")
        );
        assert_eq!(href("nodes").as_deref(), Some("#/dashboards/crowsnest-node?var-node=web"));
        assert_eq!(href("secrets"), None);
    }
}
