//! The store as the caller may see it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use crowsnest_promql::{Confined, Confinement, Queryable};
use crowsnest_rbac::Caller;
use http::request::Parts;

use crate::auth::Identified;
use crate::http::{ApiError, AppState, Viewer};

/// What the caller may see of the samples. Handlers ask this and never the store itself.
pub(crate) struct Seen {
    store: Arc<dyn Queryable>,
    confinement: Confinement,
}

impl Seen {
    /// The store; whatever it is asked, it answers with what may be seen.
    pub(crate) fn store(&self) -> Confined<'_> {
        self.confinement.of(&*self.store)
    }

    /// What the caller is confined to.
    pub(crate) fn confinement(&self) -> &Confinement {
        &self.confinement
    }

    /// Whether there is anything that may not be seen.
    pub(crate) fn is_confined(&self) -> bool {
        !self.confinement.is_none()
    }
}

impl FromRequestParts<AppState> for Seen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        // The guard puts it there, in front of every route.
        let identified = parts
            .extensions
            .get::<Identified>()
            .cloned()
            .ok_or_else(|| ApiError::internal(anyhow::anyhow!("a route without a guard")))?;
        let confinement = match &identified.caller {
            // Static users have a role instead, which the guard has looked at.
            Caller::User { identity, .. } if identity.credential().is_none() => Confinement::none(),
            _ => {
                let viewer = Viewer::of(app, &identified)?;
                match viewer.cluster.confinement(&viewer.user, &viewer.credential).await {
                    Ok(confinement) => confinement,
                    Err(error) => return Err(viewer.refused(app, error).await),
                }
            }
        };
        Ok(Self { store: Arc::clone(&app.storage.queryable), confinement })
    }
}
