//! What a request needs, and the one place that says whether a caller has it.

use std::future::{Future, ready};
use std::pin::Pin;

use crate::{Caller, Rights, Role};

/// What a caller must be to use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anybody. Only health, sign-in and static assets.
    Public,
    /// Any user who is signed in or brings a token.
    User,
    /// A user who may look at metrics. A static user needs the role viewer and sees all of them; a user of a cluster sees
    /// those that the cluster's access rules show, which is for the handler to see to.
    Series,
    /// A user with at least this role.
    Role(Role),
    /// A sender of samples, or an administrator.
    Ingest,
    /// The API server, which passes on what it has let through. It is told by its connection, so no caller has this by a credential.
    ApiServer,
}

/// Whether a route changes anything. Cookie sessions must show where a changing request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Answers a question, whatever its method: Prometheus's queries may be `POST`ed.
    Reads,
    /// Changes state.
    Changes,
}

/// Why a caller was turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credentials: 401.
    #[error("sign in, or send a bearer token")]
    NoCredentials,
    /// Credentials that are not (or no longer) good: 401.
    #[error("the credentials are wrong, expired or revoked")]
    BadCredentials,
    /// Good credentials, but not for this: 403.
    #[error("{who} may not do this; it needs {needs}")]
    Forbidden {
        /// The caller.
        who: String,
        /// What would have been enough.
        needs: &'static str,
    },
    /// Whoever knows cannot be asked now: 503.
    #[error("cannot tell now whether {who} may do this: {why}")]
    CannotTell {
        /// The caller.
        who: String,
        /// Why not.
        why: String,
    },
}

/// An answer of an [`Authoriser`]; a future, because some must ask a Kubernetes API server.
pub type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + 'a>>;

/// Says who may do what. Every handler of the server is behind it.
pub trait Authoriser: Send + Sync {
    /// Whether `caller` has what `access` asks for.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is missing.
    fn authorise<'a>(&'a self, caller: &'a Caller, access: Access) -> Verdict<'a>;
}

/// Decides by the role in the list of static users. Users of a cluster have none and may do what any user may.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleAuthoriser;

impl Authoriser for RoleAuthoriser {
    fn authorise<'a>(&'a self, caller: &'a Caller, access: Access) -> Verdict<'a> {
        Box::pin(ready(decide(caller, access)))
    }
}

fn decide(caller: &Caller, access: Access) -> Result<(), Refusal> {
    let allowed = match (access, caller) {
        (Access::Public, _) => true,
        (Access::ApiServer, _) => false,
        (_, Caller::Anonymous) => return Err(Refusal::NoCredentials),
        (_, Caller::Unknown) => return Err(Refusal::BadCredentials),
        (Access::Ingest, Caller::Pusher { .. }) | (Access::User, Caller::User { .. }) => true,
        (Access::Series, Caller::User { identity, .. }) => {
            matches!(identity.rights, Rights::Cluster(_)) || has(&identity.rights, Role::Viewer)
        }
        (Access::Ingest, Caller::User { identity, .. }) => has(&identity.rights, Role::Admin),
        (Access::Role(needed), Caller::User { identity, .. }) => has(&identity.rights, needed),
        (Access::User | Access::Series | Access::Role(_), Caller::Pusher { .. }) => false,
    };
    if allowed { Ok(()) } else { Err(Refusal::Forbidden { who: caller.describe(), needs: needs(access) }) }
}

fn has(rights: &Rights, needed: Role) -> bool {
    matches!(rights, Rights::Role(role) if *role >= needed)
}

const fn needs(access: Access) -> &'static str {
    match access {
        Access::Public => "nothing",
        Access::User => "a user's session or token",
        Access::Series | Access::Role(Role::Viewer) => "the role viewer",
        Access::Role(Role::Editor) => "the role editor",
        Access::Role(Role::Admin) => "the role admin",
        Access::Ingest => "an ingest token or the role admin",
        Access::ApiServer => "the API server's own connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credential, Identity, Secret, Via};

    fn user(role: Role) -> Caller {
        let identity = Identity { user: "ann".into(), groups: vec![], rights: Rights::Role(role) };
        Caller::User { identity, via: Via::Bearer }
    }

    fn pusher() -> Caller {
        Caller::Pusher { name: "p".into() }
    }

    #[track_caller]
    fn check(caller: &Caller, access: Access, allowed: bool) {
        assert_eq!(decide(caller, access).is_ok(), allowed, "{caller:?} {access:?}");
    }

    #[test]
    fn nobody_gets_past_a_route_that_is_not_public() {
        check(&user(Role::Admin), Access::ApiServer, false);
        for access in [Access::User, Access::Role(Role::Viewer), Access::Role(Role::Admin), Access::Ingest] {
            assert_eq!(decide(&Caller::Anonymous, access), Err(Refusal::NoCredentials));
            assert_eq!(decide(&Caller::Unknown, access), Err(Refusal::BadCredentials));
        }
        check(&Caller::Anonymous, Access::Public, true);
        check(&Caller::Unknown, Access::Public, true);
    }

    #[test]
    fn an_ingest_token_pushes_and_does_nothing_else() {
        check(&pusher(), Access::Ingest, true);
        check(&pusher(), Access::User, false);
        check(&pusher(), Access::Series, false);
        check(&pusher(), Access::Role(Role::Viewer), false);
    }

    #[test]
    fn each_role_may_do_what_lower_roles_may_and_no_more() {
        let roles = [Role::Viewer, Role::Editor, Role::Admin];
        for has in roles {
            for needed in roles {
                check(&user(has), Access::Role(needed), has >= needed);
            }
            check(&user(has), Access::User, true);
            check(&user(has), Access::Ingest, has == Role::Admin);
        }
    }

    #[test]
    fn a_user_of_a_cluster_has_no_role_here() {
        let rights = Rights::Cluster(Credential::Token(Secret::new("t".into())));
        let identity = Identity { user: "ann".into(), groups: vec![], rights };
        let caller = Caller::User { identity, via: Via::Bearer };
        check(&caller, Access::User, true);
        check(&caller, Access::Series, true);
        check(&caller, Access::Role(Role::Viewer), false);
        check(&caller, Access::Ingest, false);
    }
}
