//! Parts of the interface that not every page needs: their code is fetched when it is needed first.
//!
//! The build (`frontend/bundle`) cuts the compiled module at the functions marked `#[wasm_split]`: what only they reach
//! becomes a module of its own. Those of one name share theirs; what several modules reach becomes one for each such choice of them, so
//! there are few names. In native tests nothing is cut.

use crowsnest_api::alerts::Summary;
use crowsnest_api::logs::LogTarget;
use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::about_cluster::AboutClusterView;
use super::access::{AccessView, Question};
use super::act::{Acting, Asked, Chosen};
use super::alerts::{AlertsView, Announcer, BrowserNotices};
use super::cluster::Cluster;
use super::create::CreateView;
use super::dashboard::DashboardView;
use super::dashboards::DashboardsView;
use super::explore::Explore;
use super::logs::LogsView;
use super::map::MapView;
use super::node::NodeView;
use super::nodes::NodesView;
use super::object::{ObjectPage, Yaml};
use super::overview::Overview;
use super::sources::SourcesView;
use super::terminal::TerminalsView;
use crate::api::{ApiError, ObjectRef};
use crate::components::FailureFace;
use crate::i18n::Msg;
use crate::poll::Failure;

/// The code of a part could not be fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

type Loaded = Result<AnyView, NotLoaded>;

/// The page on which queries are written.
#[wasm_split(explore, fallible)]
pub(super) fn explore() -> Loaded {
    Ok(view! { <Explore/> }.into_any())
}

/// The page on which objects are made.
#[wasm_split(pages, fallible)]
pub(super) fn create() -> Loaded {
    Ok(view! { <CreateView/> }.into_any())
}

/// What traffic passes through.
#[wasm_split(pages, fallible)]
pub(super) fn map(cluster: Cluster) -> Loaded {
    Ok(view! { <MapView cluster=cluster/> }.into_any())
}

/// The page of the cluster itself.
#[wasm_split(pages, fallible)]
pub(super) fn about_cluster(cluster: Cluster) -> Loaded {
    Ok(view! { <AboutClusterView cluster=cluster/> }.into_any())
}

/// The list of dashboards.
#[wasm_split(boards, fallible)]
pub(super) fn dashboards() -> Loaded {
    Ok(view! { <DashboardsView/> }.into_any())
}

/// A dashboard.
#[wasm_split(boards, fallible)]
pub(super) fn dashboard(uid: String) -> Loaded {
    Ok(view! { <DashboardView uid=uid/> }.into_any())
}

/// The page of what sends samples.
#[wasm_split(pages, fallible)]
pub(super) fn sources() -> Loaded {
    Ok(view! { <SourcesView/> }.into_any())
}

/// Alerts, silences, rules, and what was told.
#[wasm_split(alerts, fallible)]
pub(super) fn alerts() -> Loaded {
    Ok(view! { <AlertsView/> }.into_any())
}

/// What tells of alerts that begin and end, once there is something to tell.
#[wasm_split(alerts, fallible)]
pub(super) fn announcer(first: Summary, now: Memo<Summary>) -> Loaded {
    Ok(view! { <Announcer first=first now=now/> }.into_any())
}

/// Whether the browser tells of alerts.
#[wasm_split(alerts, fallible)]
pub(super) fn browser_notices() -> Loaded {
    Ok(view! { <BrowserNotices/> }.into_any())
}

/// The pages of who may do what.
#[wasm_split(pages, fallible)]
pub(super) fn access(cluster: Option<Cluster>, question: Question) -> Loaded {
    Ok(view! { <AccessView cluster=cluster question=question/> }.into_any())
}

/// The overview of machines without a cluster.
#[wasm_split(pages, fallible)]
pub(super) fn machines() -> Loaded {
    Ok(view! { <Overview/> }.into_any())
}

/// The list of machines without a cluster.
#[wasm_split(pages, fallible)]
pub(super) fn machine_list() -> Loaded {
    Ok(view! { <NodesView/> }.into_any())
}

/// A machine without a cluster.
#[wasm_split(pages, fallible)]
pub(super) fn machine(name: String) -> Loaded {
    Ok(view! { <NodeView name=name/> }.into_any())
}

/// What is asked before something is done to objects.
#[wasm_split(object, fallible)]
pub(super) fn act(acting: Acting, chosen: Chosen) -> Loaded {
    Ok(view! { <Asked acting=acting chosen=chosen/> }.into_any())
}

/// The text of an object, to be read and changed.
#[wasm_split(object, fallible)]
pub(super) fn yaml(page: ObjectPage, target: ObjectRef) -> Loaded {
    Ok(view! { <Yaml page=page target=target/> }.into_any())
}

/// Logs of pods.
#[wasm_split(object, fallible)]
pub(super) fn logs(target: LogTarget) -> Loaded {
    Ok(view! { <LogsView target=target/> }.into_any())
}

/// Terminals in the containers of a pod.
#[wasm_split(object, fallible)]
pub(super) fn terminals(
    target: LogTarget,
    containers: Memo<Vec<String>>,
    running: Memo<Vec<String>>,
) -> Loaded {
    Ok(view! { <TerminalsView target=target containers=containers running=running/> }.into_any())
}

/// Shows a part: nothing until its code is here, then the part, or why it cannot be had, with another try.
#[component]
pub(super) fn Lazy<F>(part: impl Fn() -> F + Send + 'static) -> impl IntoView
where
    F: Future<Output = Loaded> + Send + 'static,
{
    let tries = RwSignal::new(0_u32);
    let failed = move |NotLoaded| {
        let failure = Failure { error: ApiError::Unreachable, retry_at: None };
        let again = move |()| tries.update(|tries| *tries += 1);
        view! { <FailureFace failure=failure what=Msg::ThisServer on_retry=again/> }.into_any()
    };
    move || {
        tries.track();
        let part = part();
        Suspend::new(async move { part.await.unwrap_or_else(failed) })
    }
}
