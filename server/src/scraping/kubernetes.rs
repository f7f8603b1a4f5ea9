//! Targets that are objects of the cluster, listed again and again with the server's own credential.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::Labels;
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_scrape::config::{KubernetesDiscovery, KubernetesRole};
use crowsnest_scrape::kubernetes::{
    EndpointSlice, EndpointStyle, Endpoints, Ingress, Node, ObjectKey, Pod, Service, endpoint_labels,
    ingress_labels, node_labels, pod_labels, service_labels,
};
use serde::de::DeserializeOwned;
use tracing::warn;

use super::Tools;
use super::lists::Lists;
use crate::cluster::{Cluster, ClusterError, Path};

/// How often objects are listed.
pub(super) const REFRESH: Duration = Duration::from_secs(30);
/// Objects in one page of a list.
pub(crate) const PAGE: &str = "500";
/// Objects of one kind that are looked at.
const MAX_OBJECTS: usize = 50_000;

/// Objects that are targets, and which were there when they were last listed.
pub(super) struct KubernetesSource {
    config: KubernetesDiscovery,
    asked: Option<Instant>,
    failing: bool,
    pub(super) last: Vec<Labels>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error("there is no cluster to ask; see --kubeconfig and --auth kube")]
    NoCluster,
    #[error("{0:?} cannot be the name of a namespace")]
    Namespace(String),
    #[error(transparent)]
    Shared(Arc<ListError>),
    #[error("a list of {0} is read as something else by another job")]
    OtherType(&'static str),
    #[error("cannot list {resource}; the server's account needs the right to")]
    Cluster { resource: &'static str, source: ClusterError },
}

/// Group, version and name of a kind.
type KindName = (&'static str, &'static str, &'static str);

const PODS: KindName = ("", "v1", "pods");
const SERVICES: KindName = ("", "v1", "services");

impl KubernetesSource {
    pub(super) fn new(config: &KubernetesDiscovery) -> Self {
        Self { config: config.clone(), asked: None, failing: false, last: Vec::new() }
    }

    /// Lists objects again if it is time. When that fails, those of before stay.
    pub(super) async fn refresh(&mut self, tools: &Tools) {
        if self.asked.is_some_and(|asked| asked.elapsed() < REFRESH) {
            return;
        }
        self.asked = Some(Instant::now());
        let listed = match tools.cluster.as_deref() {
            Some(cluster) => self.targets(cluster, &tools.lists).await,
            None => Err(ListError::NoCluster),
        };
        match listed {
            Ok(targets) => (self.last, self.failing) = (targets, false),
            // What goes on failing is told once.
            Err(error) if !std::mem::replace(&mut self.failing, true) => {
                let role = self.config.role;
                let err = &error as &dyn std::error::Error;
                warn!(?role, err, "cannot look for targets; those of before stay");
            }
            Err(_) => {}
        }
    }

    async fn targets(&self, cluster: &Cluster, lists: &Lists) -> Result<Vec<Labels>, ListError> {
        let lister = Lister { cluster, lists, config: &self.config };
        Ok(match self.config.role {
            KubernetesRole::Node => {
                let nodes = lister.list::<Node>(("", "v1", "nodes"), Selected::Here).await?;
                nodes.iter().filter_map(node_labels).collect()
            }
            KubernetesRole::Pod => {
                lister.list::<Pod>(PODS, Selected::Here).await?.iter().flat_map(pod_labels).collect()
            }
            KubernetesRole::Service => {
                let services = lister.list::<Service>(SERVICES, Selected::Here).await?;
                services.iter().flat_map(service_labels).collect()
            }
            KubernetesRole::Ingress => {
                let kind = ("networking.k8s.io", "v1", "ingresses");
                lister.list::<Ingress>(kind, Selected::Here).await?.iter().flat_map(ingress_labels).collect()
            }
            KubernetesRole::Endpoints => {
                let endpoints = lister.list::<Endpoints>(("", "v1", "endpoints"), Selected::Here).await?;
                let slices = endpoints.iter().cloned().flat_map(Endpoints::into_slices).collect::<Vec<_>>();
                lister.behind(slices.iter(), EndpointStyle::Endpoints).await?
            }
            KubernetesRole::EndpointSlice => {
                let kind = ("discovery.k8s.io", "v1", "endpointslices");
                let slices = lister.list::<EndpointSlice>(kind, Selected::Here).await?;
                lister.behind(slices.iter(), EndpointStyle::Slices).await?
            }
        })
    }
}

/// Whether the configuration's selectors are about these objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selected {
    Here,
    Elsewhere,
}

struct Lister<'a> {
    cluster: &'a Cluster,
    lists: &'a Lists,
    config: &'a KubernetesDiscovery,
}

impl Lister<'_> {
    /// The label sets of slices, with those of Services and pods.
    async fn behind(
        &self,
        slices: impl Iterator<Item = &EndpointSlice>,
        style: EndpointStyle,
    ) -> Result<Vec<Labels>, ListError> {
        let services = self.list::<Service>(SERVICES, Selected::Elsewhere).await?;
        let services: BTreeMap<ObjectKey, &Service> =
            services.iter().map(|service| (service.key(), service)).collect();
        let pods = self.list::<Pod>(PODS, Selected::Elsewhere).await?;
        let pods: BTreeMap<ObjectKey, &Pod> = pods.iter().map(|pod| (pod.key(), pod)).collect();
        Ok(slices.flat_map(|slice| endpoint_labels(slice, style, &services, &pods)).collect())
    }

    /// Objects of a kind, of all namespaces or those that are named.
    async fn list<T>(&self, kind: KindName, selected: Selected) -> Result<Listed<T>, ListError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let (group, version, resource) = kind;
        let everywhere = self.config.namespaces.is_empty() || resource == "nodes";
        let scopes = if everywhere { vec!["-".to_owned()] } else { self.config.namespaces.clone() };
        let mut found = Vec::new();
        for scope in scopes {
            let parsed: Scope = scope.parse().map_err(|_| ListError::Namespace(scope.clone()))?;
            let kind =
                Kind::new(group, version, resource).map_err(|_| ListError::Namespace(resource.to_owned()))?;
            let mut base = Path::list(&kind, &parsed).with("limit", PAGE);
            let selectors = [
                ("labelSelector", &self.config.label_selector),
                ("fieldSelector", &self.config.field_selector),
            ];
            for (name, selector) in selectors {
                if selected == Selected::Here && !selector.is_empty() {
                    base = base.with(name, selector);
                }
            }
            found.push(self.lists.get(self.cluster, &base, resource, MAX_OBJECTS).await?);
        }
        Ok(Listed(found))
    }
}

/// Objects of a kind, by namespace where these are named.
struct Listed<T>(Vec<Arc<Vec<T>>>);

impl<T> Listed<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|list| list.iter())
    }
}

/// All objects that a path lists, page by page; no more pages once there are `most`.
pub(crate) async fn list_pages<T>(
    cluster: &Cluster,
    base: &Path,
    resource: &'static str,
    most: usize,
) -> Result<Vec<T>, ListError>
where
    T: DeserializeOwned + Send + 'static,
{
    let listed = cluster.list_all(base, most).await;
    listed.map(|(found, _)| found).map_err(|source| ListError::Cluster { resource, source })
}
