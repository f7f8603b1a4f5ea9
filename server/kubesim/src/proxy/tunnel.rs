//! Connections whose two ends have agreed to speak another protocol, as WebSockets do: bytes go either way, unread.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::cluster::Cluster;

/// Joins the client's connection to the backend's until either ends, the cluster ends or is cut off.
pub(super) async fn join(cluster: Arc<Cluster>, client: OnUpgrade, backend: OnUpgrade) {
    let (mut ending, mut chaos) = (cluster.ending.subscribe(), cluster.chaos.subscribe());
    let carry = async {
        let (client, backend) = tokio::try_join!(client, backend)?;
        let (mut client, mut backend) = (TokioIo::new(client), TokioIo::new(backend));
        // An end that closes without a farewell is no trouble of the proxy.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
        Ok::<_, hyper::Error>(())
    };
    tokio::select! {
        result = carry => {
            if let Err(error) = result {
                tracing::debug!(%error, "connection not upgraded");
            }
        }
        _ = ending.wait_for(|ending| *ending) => {}
        _ = chaos.wait_for(|chaos| chaos.cut) => {}
    }
}
