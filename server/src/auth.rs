//! Who sent a request: bearer tokens, cookie sessions, ingest tokens.

mod cluster_users;
mod credentials;
mod oidc;
pub(crate) mod p12;
mod renewal;
mod session_keys;
mod sessions;
mod trusted;

pub(crate) use credentials::{Credentials, cookie_header, cookie_named, expired_cookie_header};
pub(crate) use oidc::{Oidc, OidcSettings};
pub(crate) use sessions::{NewSession, Sessions, SignedIn};
pub(crate) use trusted::{Opened, Trusted, Vouched};

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_api::session::{OidcAnswer, Way};
use crowsnest_rbac::oidc::{OidcError, PendingLogin};
use crowsnest_rbac::{
    Authoriser, Caller, ClusterAccess, Credential, Identity, IngestTokens, Refusal, Rights, Role, Secret,
    SessionRecord, SignInError, StaticUsers, Throttle, Via, certificate_fingerprint, kubeconfig_user,
};
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::cluster::Cluster;
use crate::listen::ShownCertificate;
use crate::watched::Watched;

/// Passwords hashed at once; each costs some twenty megabytes and a core.
const PASSWORDS_AT_ONCE: usize = 2;

/// Names of accounts that failures are counted for are no longer.
const MAX_ACCOUNT: usize = 256;

/// What a login under way is sealed as.
const PENDING: &str = "oidc login";

/// The user that everybody is with `--auth none`.
const ANYBODY: &str = "anonymous";

/// Where users come from.
pub(crate) enum Users {
    /// Nobody signs in; everybody may do everything.
    Open,
    /// The list in `--static-token-file`.
    Static(Watched<StaticUsers>),
    /// The Kubernetes cluster.
    Cluster(Arc<Cluster>),
}

/// Everything that sign-in and authorisation need.
pub(crate) struct Auth {
    pub(crate) users: Users,
    pub(crate) ingest: Option<Watched<IngestTokens>>,
    pub(crate) sessions: Sessions,
    pub(crate) authoriser: Box<dyn Authoriser>,
    pub(crate) trusted: Trusted,
    /// The issuer at which users of the cluster may sign in.
    oidc: Option<Oidc>,
    /// Sessions whose token is being renewed.
    renewing: Mutex<HashSet<String>>,
    throttle: Mutex<Throttle>,
    passwords: Arc<Semaphore>,
}

/// What a request's credentials came to.
#[derive(Clone, Debug)]
pub(crate) struct Identified {
    pub(crate) caller: Caller,
    /// The session, when the caller came with one.
    pub(crate) session: Option<SessionRecord>,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInFailure {
    /// Wrong credentials.
    #[error(transparent)]
    Wrong(#[from] SignInError),
    /// Too many failures.
    #[error("too many failed sign-ins from this address or for this user; wait {} s", .0.as_secs() + 1)]
    TooMany(Duration),
    /// Nobody signs in here.
    #[error("this server runs with --auth none: there is nothing to sign in to")]
    Open,
    /// The cluster's users have no passwords here.
    #[error("users of the cluster sign in with a token, a client certificate or a kubeconfig")]
    NoPasswords,
    /// The server's own users have nothing else.
    #[error("this server has users of its own: sign in with a token or a password")]
    NoCluster,
    /// There is no issuer.
    #[error("this server knows no OpenID Connect issuer; it would with --oidc-issuer-url")]
    NoIssuer,
    /// The credential is not good.
    #[error("{0}")]
    Refused(String),
    /// The API server cannot be asked.
    #[error("{0}")]
    CannotAsk(String),
    /// Our fault.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl Auth {
    pub(crate) fn new(
        users: Users,
        ingest: Option<Watched<IngestTokens>>,
        sessions: Sessions,
        authoriser: Box<dyn Authoriser>,
        trusted: Trusted,
        oidc: Option<Oidc>,
    ) -> Self {
        Self {
            users,
            ingest,
            sessions,
            authoriser,
            trusted,
            oidc,
            renewing: Mutex::default(),
            throttle: Mutex::new(Throttle::default()),
            passwords: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE)),
        }
    }

    /// Who these credentials belong to. A bearer token wins over a cookie; a wrong one is not made good by it.
    ///
    /// # Errors
    /// When the API server would have to be asked and cannot be.
    pub(crate) async fn identify(
        &self,
        credentials: &Credentials<'_>,
        now: Timestamp,
    ) -> Result<Identified, Refusal> {
        let without_session = |caller| Identified { caller, session: None };
        if let Some(name) = credentials.bearer.and_then(|bearer| self.verify_ingest_token(bearer)) {
            return Ok(without_session(Caller::Pusher { name }));
        }
        Ok(match (&self.users, credentials.bearer) {
            (Users::Open, _) => without_session(Caller::User { identity: anybody(), via: Via::Open }),
            (Users::Static(users), Some(bearer)) => without_session(match users.get().verify_token(bearer) {
                Ok(user) => Caller::User { identity: user.identity.clone(), via: Via::Bearer },
                Err(_) => Caller::Unknown,
            }),
            (Users::Cluster(cluster), Some(bearer)) => {
                without_session(cluster_users::identify(cluster, bearer, now).await?)
            }
            (Users::Static(_) | Users::Cluster(_), None) if credentials.unusable => {
                without_session(Caller::Unknown)
            }
            (Users::Static(_) | Users::Cluster(_), None) => {
                let identified = self.identify_by_cookie(&credentials.cookies, now);
                self.with_newer_token(identified, now).await
            }
        })
    }

    /// Whether a session that a connection opened is still that connection's user's.
    ///
    /// Somebody who is somebody else now at the API server, or chose another certificate, brings the cookie of whoever they were;
    /// a connection that shows nobody (by another way in) says nothing against it.
    pub(crate) fn is_still_shown(
        &self,
        identified: &Identified,
        shown: Option<&ShownCertificate>,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> bool {
        let access = identified.session.as_ref().and_then(|session| session.cluster.as_ref());
        let (Some(ClusterAccess { credential: Credential::Impersonated(user), .. }), Some(shown)) =
            (access, shown)
        else {
            return true;
        };
        // Mostly it is the same certificate, which nobody needs to look into.
        let own = shown.chain().first().and_then(|own| certificate_fingerprint(own).ok());
        if own.is_some() && own == user.certificate {
            return true;
        }
        match self.trusted.user_of(Some(shown), headers, now) {
            Ok(Vouched::Certificate(current) | Vouched::SignOn(current)) => {
                (&current.user, &current.groups) == (&user.user, &user.groups)
            }
            Err(_) => true,
        }
    }

    fn verify_ingest_token(&self, bearer: &str) -> Option<String> {
        self.ingest.as_ref().and_then(|ingest| ingest.get().verify(bearer).map(str::to_owned))
    }

    fn identify_by_cookie(&self, cookies: &[&str], now: Timestamp) -> Identified {
        for token in cookies {
            let Some((id, session)) = self.sessions.find(token, now) else { continue };
            if let Some(identity) = self.owner_of(&session) {
                let caller = Caller::User { identity, via: Via::Session { id } };
                return Identified { caller, session: Some(session) };
            }
        }
        let caller = if cookies.is_empty() { Caller::Anonymous } else { Caller::Unknown };
        Identified { caller, session: None }
    }

    /// Whose session it is. The user may have been removed, or got other credentials, since the sign-in; or users come
    /// from elsewhere now.
    fn owner_of(&self, session: &SessionRecord) -> Option<Identity> {
        match (&self.users, &session.cluster) {
            (Users::Static(users), None) => {
                let users = users.get();
                let user = users.find(&session.user).filter(|user| user.fingerprint == session.credential);
                user.map(|user| user.identity.clone())
            }
            (Users::Cluster(_), Some(ClusterAccess { credential: Credential::Impersonated(user), .. }))
                if self.trusted.is_denied(user) =>
            {
                None
            }
            (Users::Cluster(_), Some(access)) => Some(Identity {
                user: session.user.clone(),
                groups: access.groups.clone(),
                rights: Rights::Cluster(access.credential.clone()),
            }),
            _ => None,
        }
    }

    /// The ways to sign in, the best one first.
    pub(crate) const fn ways(&self) -> &'static [Way] {
        match (&self.users, &self.oidc) {
            (Users::Open, _) => &[],
            (Users::Static(_), _) => &[Way::Token, Way::Password],
            (Users::Cluster(_), Some(_)) => &[Way::Oidc, Way::Token, Way::P12, Way::Kubeconfig],
            (Users::Cluster(_), None) => &[Way::Token, Way::P12, Way::Kubeconfig],
        }
    }

    /// What people know the issuer by.
    pub(crate) fn issuer(&self) -> Option<String> {
        self.oidc.as_ref().map(Oidc::name)
    }

    /// Begins a login at the issuer that comes back to a page: what the browser keeps, and where it goes.
    pub(crate) async fn begin_login(
        &self,
        redirect_uri: String,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<(String, String), SignInFailure> {
        let oidc = self.oidc.as_ref().ok_or(SignInFailure::NoIssuer)?;
        self.note_attempt(from, None, now)?;
        let (login, url) = oidc.begin(redirect_uri, now).await?;
        self.throttle.lock().succeeded(from, None);
        let kept = serde_json::to_vec(&login).map_err(anyhow::Error::from)?;
        Ok((self.sessions.seal_text(PENDING, &kept).map_err(anyhow::Error::from)?, url))
    }

    /// Ends such a login: `kept` is what the browser kept.
    pub(crate) async fn sign_in_with_code(
        &self,
        kept: Option<&str>,
        answer: &OidcAnswer,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        let oidc = self.oidc.as_ref().ok_or(SignInFailure::NoIssuer)?;
        let refresh = Mutex::new(None);
        let signed_in = self.sign_in_to_cluster(from, now, async {
            let kept = kept.and_then(|kept| self.sessions.open_text(PENDING, kept));
            let login = kept.and_then(|kept| serde_json::from_slice::<PendingLogin>(&kept).ok());
            let login = login.ok_or_else(|| SignInFailure::Refused(OidcError::NotBegun.to_string()))?;
            let tokens = oidc.finish(&login, &answer.code, &answer.state, answer.iss.as_deref(), now).await?;
            *refresh.lock() = tokens.refresh_token;
            Ok(Credential::Token(tokens.id_token))
        });
        let signed_in = signed_in.await?;
        Ok(SignedIn { refresh: refresh.into_inner(), ..signed_in })
    }

    /// Checks a token that somebody wants to sign in with.
    pub(crate) async fn sign_in_with_token(
        &self,
        token: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        self.note_attempt(from, None, now)?;
        let signed_in = match &self.users {
            Users::Open => return Err(SignInFailure::Open),
            Users::Static(users) => users.get().verify_token(token)?.into(),
            Users::Cluster(cluster) => {
                let credential = Credential::Token(Secret::new(token.to_owned()));
                cluster_users::sign_in(cluster, credential, now).await?
            }
        };
        self.throttle.lock().succeeded(from, None);
        Ok(signed_in)
    }

    /// Checks a client certificate in a PKCS #12 file.
    pub(crate) async fn sign_in_with_p12(
        &self,
        p12: Vec<u8>,
        password: String,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        self.sign_in_to_cluster(from, now, async {
            Ok(Credential::Certificate(p12::open(p12, password).await?))
        })
        .await
    }

    /// Checks the user of a kubeconfig's current context.
    pub(crate) async fn sign_in_with_kubeconfig(
        &self,
        kubeconfig: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        self.sign_in_to_cluster(from, now, async {
            kubeconfig_user(kubeconfig).map_err(|error| SignInFailure::Refused(error.to_string()))
        })
        .await
    }

    /// Checks what a connection shows of its user: the certificate of a browser, or the API server's word.
    pub(crate) async fn sign_in_with_certificate(
        &self,
        shown: Option<&ShownCertificate>,
        headers: &HeaderMap,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        let user = || match self.trusted.user_of(shown, headers, now)? {
            Vouched::Certificate(user) | Vouched::SignOn(user) => Ok(Credential::Impersonated(user)),
        };
        self.sign_in_to_cluster(from, now, async { user() }).await
    }

    async fn sign_in_to_cluster(
        &self,
        from: IpAddr,
        now: Timestamp,
        credential: impl Future<Output = Result<Credential, SignInFailure>>,
    ) -> Result<SignedIn, SignInFailure> {
        let cluster = match &self.users {
            Users::Open => return Err(SignInFailure::Open),
            Users::Static(_) => return Err(SignInFailure::NoCluster),
            Users::Cluster(cluster) => cluster,
        };
        self.note_attempt(from, None, now)?;
        let signed_in = cluster_users::sign_in(cluster, credential.await?, now).await?;
        self.throttle.lock().succeeded(from, None);
        Ok(signed_in)
    }

    /// Checks a password, off the threads that serve requests.
    pub(crate) async fn sign_in_with_password(
        &self,
        user: String,
        password: String,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<SignedIn, SignInFailure> {
        let users = match &self.users {
            Users::Open => return Err(SignInFailure::Open),
            Users::Cluster(_) => return Err(SignInFailure::NoPasswords),
            Users::Static(users) => users.get(),
        };
        self.note_attempt(from, Some(&user), now)?;
        let account = user.clone();
        let permit = Arc::clone(&self.passwords).acquire_owned().await.map_err(anyhow::Error::from)?;
        let checked = tokio::task::spawn_blocking(move || {
            let user = users.verify_password(&user, &password).map(SignedIn::from);
            // Given back when the work ends, not when the client goes away.
            drop(permit);
            user
        });
        let user = checked.await.map_err(anyhow::Error::from)??;
        self.throttle.lock().succeeded(from, Some(&account));
        Ok(user)
    }

    fn note_attempt(&self, from: IpAddr, account: Option<&str>, now: Timestamp) -> Result<(), SignInFailure> {
        if matches!(self.users, Users::Open) {
            return Ok(());
        }
        // A name longer than any user's is nobody's account, and is not remembered.
        let account = account.filter(|account| account.len() <= MAX_ACCOUNT);
        self.throttle.lock().attempt(from, account, now).map_err(SignInFailure::TooMany)
    }

    /// The cluster that a caller's own credential leads to.
    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        match &self.users {
            Users::Cluster(cluster) => Some(cluster),
            Users::Open | Users::Static(_) => None,
        }
    }

    /// Reads users and ingest tokens again where their files have changed; mistakes are logged and change nothing.
    pub(crate) fn reload_changed_files(&self) {
        if let Users::Static(users) = &self.users {
            reload_if_changed(users, "users");
        }
        if let Some(ingest) = &self.ingest {
            reload_if_changed(ingest, "ingest tokens");
        }
        if let Some(denied) = self.trusted.denied() {
            reload_if_changed(denied, "denied client certificates");
        }
    }

    /// Reads users and ingest tokens again; the first mistake ends it.
    pub(crate) fn reload_files(&self) -> anyhow::Result<()> {
        if let Users::Static(users) = &self.users {
            users.reload()?;
        }
        if let Some(ingest) = &self.ingest {
            ingest.reload()?;
        }
        if let Some(denied) = self.trusted.denied() {
            denied.reload()?;
        }
        Ok(())
    }
}

fn anybody() -> Identity {
    Identity { user: ANYBODY.to_owned(), groups: Vec::new(), rights: Rights::Role(Role::Admin) }
}

fn reload_if_changed<T>(file: &Watched<T>, what: &str) {
    match file.reload_if_changed() {
        Ok(false) => {}
        Ok(true) => info!(file = %file.path().display(), what, "read a changed file"),
        Err(error) => {
            warn!(
                what,
                err = &*error as &dyn std::error::Error,
                "a changed file is bad; what it said before still counts"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use crowsnest_rbac::RoleAuthoriser;

    use super::*;
    use crate::clock;
    use crate::control::MemoryStore;

    fn auth(dir: &std::path::Path) -> Auth {
        crowsnest_rbac::install_crypto_provider();
        let path = dir.join("users.yaml");
        std::fs::write(&path, "[]").unwrap();
        let users = Watched::open(&path, |yaml| StaticUsers::parse(yaml).map_err(|error| error.to_string()));
        let sessions = Sessions::open(Arc::new(MemoryStore::default()), dir).unwrap();
        Auth::new(
            Users::Static(users.unwrap()),
            None,
            sessions,
            Box::new(RoleAuthoriser),
            Trusted::default(),
            None,
        )
    }

    #[test]
    fn a_client_that_goes_away_does_not_let_more_passwords_be_hashed_at_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let auth = auth(dir.path());
        let (release, held) = mpsc::channel::<()>();
        let _inside = runtime.enter();
        // The only thread for such work is busy, so that the hashing cannot end before it is looked at.
        let busy = runtime.spawn_blocking(move || held.recv());
        {
            let from = Ipv4Addr::LOCALHOST.into();
            let mut attempt = pin!(auth.sign_in_with_password("ann".into(), "x".into(), from, clock::now()));
            assert!(attempt.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(auth.passwords.available_permits(), PASSWORDS_AT_ONCE - 1);
        release.send(()).unwrap();
        runtime.block_on(busy).unwrap().unwrap();
        let all = runtime.block_on(auth.passwords.acquire_many(PASSWORDS_AT_ONCE as u32)).map(drop);
        assert!(all.is_ok(), "given back in the end");
    }
}
