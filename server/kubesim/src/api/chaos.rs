//! `/kubesim/chaos`: the switch of what goes wrong, for tests that see the server from outside.
//!
//! It is no part of Kubernetes. Access rules speak of it as of any other path: who may `put` every path, as
//! cluster-admin may, may turn it.

use http::{Method, StatusCode};

use super::Reply;
use crate::{access, chaos::Wish, cluster::Cluster, request::Request, status::ApiError};

/// Where the switch is.
pub(crate) const PATH: &str = "/kubesim/chaos";

/// Shows the switch, or turns it.
pub(super) fn answer(cluster: &Cluster, request: &Request) -> Result<Reply, ApiError> {
    access::authorize(cluster, &cluster.lock().store, &request.user, &request.attributes)?;
    match request.method {
        Method::GET => {}
        Method::PUT => {
            let wish = Wish::parse(&request.body)
                .map_err(|problem| ApiError::bad_request(format!("{PATH}: {problem}")))?;
            cluster.chaos.send_replace(wish.chaos);
            // Watches over the connection that this request came by would not notice a cut.
            if wish.drop_watches || wish.chaos.cut {
                cluster.drop_watches();
            }
        }
        _ => return Err(ApiError::method_not_allowed()),
    }
    Ok(Reply::json(StatusCode::OK, cluster.chaos.borrow().to_value()))
}
