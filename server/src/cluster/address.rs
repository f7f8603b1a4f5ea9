//! Where users reach the API server, which is seldom where a pod does.

use crowsnest_rbac::{Credential, kubeconfig_server};
use serde::Deserialize;

use super::{As, Cluster, Form, Path};

/// What kubeadm tells everybody: a kubeconfig without a user.
const CLUSTER_INFO: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";

#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    kubeconfig: String,
}

impl Cluster {
    /// The API server's address as the cluster tells it to everybody; where it does not, the one that we use ourselves, which may be good
    /// inside of the cluster only.
    pub(crate) async fn public_url(&self, credential: &Credential) -> String {
        let told = self.cluster_info(credential).await;
        told.and_then(|yaml| kubeconfig_server(&yaml)).unwrap_or_else(|| self.source.url())
    }

    /// The kubeconfig that the cluster tells everybody, where it does. kubeadm lets those read it who are nobody, and forgets the others:
    /// whoever may not is told what nobody is told.
    pub(crate) async fn cluster_info(&self, credential: &Credential) -> Option<String> {
        for who in [As::User(credential), As::Nobody] {
            if let Ok(map) = self.get::<ConfigMap>(who, &Path::fixed(CLUSTER_INFO), Form::Whole).await {
                return Some(map.data.kubeconfig);
            }
        }
        None
    }
}
