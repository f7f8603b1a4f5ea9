//! Whom the API server believes about who somebody is, as it tells servers behind it.

use serde::Deserialize;

use super::{As, Cluster, ClusterError, Form, Path};

/// Where every cluster has it; the Role `extension-apiserver-authentication-reader` beside it lets one read it.
const CONFIG_MAP: &str = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
/// Our APIServices: that of the page, and that of the resource metrics.
pub(crate) const PAGE: &str = "/apis/apiregistration.k8s.io/v1/apiservices/v1.ui.crowsnest.dev";
pub(crate) const RESOURCE_METRICS: &str =
    "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io";

/// The fields of the ConfigMap that count here; empty where they are missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExtensionAuthentication {
    /// Who signs client certificates, PEM.
    #[serde(rename = "client-ca-file")]
    pub(crate) client_ca: String,
    /// Who signs the certificate that the API server shows where it passes requests on, PEM.
    #[serde(rename = "requestheader-client-ca-file")]
    pub(crate) proxy_ca: String,
    /// The common names that this certificate may have, a JSON list.
    #[serde(rename = "requestheader-allowed-names")]
    pub(crate) proxy_names: String,
}

#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    data: ExtensionAuthentication,
}

impl Cluster {
    /// Asks, with the server's own credential.
    pub(crate) async fn extension_authentication(&self) -> Result<ExtensionAuthentication, ClusterError> {
        let map: ConfigMap = self.get(As::Server, &Path::fixed(CONFIG_MAP), Form::Whole).await?;
        Ok(map.data)
    }

    /// Tells the API server which authority to trust where it passes requests of an APIService on to us.
    pub(crate) async fn vouch_for_ourselves(
        &self,
        service: &'static str,
        ca_pem: &str,
    ) -> Result<(), ClusterError> {
        let bundle = openssl::base64::encode_block(ca_pem.as_bytes());
        let change = serde_json::json!({"spec": {"caBundle": bundle}});
        self.merge(As::Server, &Path::fixed(service), &change).await?;
        Ok(())
    }
}
