//! Sessions that outlast a token: an issuer gives newer ones for a refresh token.

use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_rbac::{Caller, Credential, Identity, Rights, Secret, SessionRecord, Via};
use tracing::{info, warn};

use super::oidc::OidcFailure;
use super::{Auth, Identified, Oidc, Users, cluster_users};
use crate::cluster::Cluster;

/// A token is renewed so long before its end, while it is still good.
const BEFORE: Duration = Duration::from_secs(120);

impl Auth {
    /// The same caller with a newer token, where theirs is about to end and there is something to get one with.
    ///
    /// One request renews; others that come meanwhile go on with the token that is still good.
    pub(super) async fn with_newer_token(&self, identified: Identified, now: Timestamp) -> Identified {
        let (Some(oidc), Users::Cluster(cluster)) = (&self.oidc, &self.users) else { return identified };
        let Identified { caller: Caller::User { via: Via::Session { id }, .. }, session: Some(session) } =
            &identified
        else {
            return identified;
        };
        let Some(refresh) = due(session, now) else { return identified };
        if !self.renewing.lock().insert(id.clone()) {
            return identified;
        }
        let renewed = self.renew(oidc, cluster, id, session.clone(), refresh, now).await;
        self.renewing.lock().remove(id);
        match renewed {
            Ok(renewed) => renewed,
            Err(OidcFailure::Unreachable(why)) if is_good(session, now) => {
                warn!(user = session.user, why, "cannot renew a token yet");
                identified
            }
            Err(failure) => {
                info!(user = session.user, reason = %failure, "a session ends: its token cannot be renewed");
                let over = self.sessions.end(id);
                if let Err(error) = over {
                    warn!(err = &error as &dyn std::error::Error, "cannot end a session");
                }
                Identified { caller: Caller::Unknown, session: None }
            }
        }
    }

    async fn renew(
        &self,
        oidc: &Oidc,
        cluster: &Cluster,
        id: &str,
        mut session: SessionRecord,
        refresh: Secret,
        now: Timestamp,
    ) -> Result<Identified, OidcFailure> {
        let tokens = oidc.renew(&refresh).await?;
        let credential = Credential::Token(tokens.id_token);
        let signed_in = cluster_users::sign_in(cluster, credential, now)
            .await
            .map_err(|failure| OidcFailure::Issuer(failure.to_string()))?;
        if signed_in.identity.user != session.user {
            return Err(OidcFailure::Issuer("the newer token is somebody else's".to_owned()));
        }
        let Identity { user, groups, rights } = signed_in.identity;
        if let (Some(access), Rights::Cluster(credential)) = (&mut session.cluster, &rights) {
            access.credential = credential.clone();
            access.groups.clone_from(&groups);
            // Some issuers give a new refresh token each time, and take the old one away.
            access.refresh = tokens.refresh_token.or(Some(refresh));
        }
        session.credential = signed_in.fingerprint;
        if let Err(error) = self.sessions.save_if_running(id, &session) {
            warn!(err = &error as &dyn std::error::Error, "cannot keep a newer token");
        }
        let caller = Caller::User {
            identity: Identity { user, groups, rights },
            via: Via::Session { id: id.to_owned() },
        };
        Ok(Identified { caller, session: Some(session) })
    }
}

/// What a newer token is to be had with, if it is time.
fn due(session: &SessionRecord, now: Timestamp) -> Option<Secret> {
    let access = session.cluster.as_ref()?;
    let ends = access.credential.ends()?;
    (now.plus(BEFORE) >= ends).then(|| access.refresh.clone())?
}

/// Whether the session's token is still good.
fn is_good(session: &SessionRecord, now: Timestamp) -> bool {
    let ends = session.cluster.as_ref().and_then(|access| access.credential.ends());
    ends.is_none_or(|ends| now < ends)
}
