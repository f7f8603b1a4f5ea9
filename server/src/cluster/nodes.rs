//! What the server does in the cluster by itself, with its own credential: it learns what nodes are called, and tells its agents
//! whom to trust.

use crowsnest_api::cluster::{ObjectName, Scope};
use serde::Deserialize;
use serde_json::json;

use super::{As, Cluster, ClusterError, Form, Path};

/// Nodes whose names are asked for: each name makes a certificate longer, which every handshake sends.
const MAX_NODES: &str = "100";
/// The key of the ConfigMap.
const CA_KEY: &str = "ca.crt";

#[derive(Deserialize)]
struct Nodes {
    items: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
struct NodeStatus {
    #[serde(default)]
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

impl Cluster {
    /// Names and addresses of the nodes; of a hundred, where there are more.
    pub(crate) async fn node_names(&self) -> Result<Vec<String>, ClusterError> {
        let path = Path::fixed("/api/v1/nodes").with("limit", MAX_NODES);
        let nodes: Nodes = self.get(As::Server, &path, Form::Whole).await?;
        let addresses = nodes.items.into_iter().flat_map(|node| node.status.addresses);
        Ok(addresses.map(|address| address.address).collect())
    }

    /// Writes certificates into a ConfigMap that is there.
    pub(crate) async fn publish_ca(
        &self,
        scope: &Scope,
        name: &ObjectName,
        pem: &str,
    ) -> Result<(), ClusterError> {
        let path = Path::config_map(scope, name);
        self.merge(As::Server, &path, &json!({"data": {CA_KEY: pem}})).await?;
        Ok(())
    }
}
