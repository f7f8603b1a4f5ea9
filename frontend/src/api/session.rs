//! `/api/crowsnest/v1/session`: who is signed in. The CSRF value lives here, in memory, and nowhere else.

use crowsnest_api::session::{OwnSession, Session, SignIn};
use leptos::prelude::*;
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::router::encode;

pub(super) const PATH: &str = "api/crowsnest/v1/session";
/// All of one's own.
const ALL: &str = "api/crowsnest/v1/sessions";

/// Where the visitor stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SessionState {
    /// Not known yet: the first request is on its way.
    Asking,
    /// The first request failed for another reason than a missing session.
    Failed(ApiError),
    /// Nobody is signed in.
    Out(Farewell),
    /// Somebody is.
    In(Session),
}

/// Why nobody is signed in; the sign-in page says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// There was no session when the page was opened.
    Fresh,
    /// There was one and it ended by itself.
    Ended,
    /// The user signed out.
    Left,
}

/// The session as a signal, and the ways it changes. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct SessionStore {
    state: RwSignal<SessionState>,
}

impl SessionStore {
    /// The state; tracked.
    pub(crate) fn state(&self) -> SessionState {
        self.state.get()
    }

    /// Whoever is signed in; not tracked.
    pub(crate) fn current(&self) -> Option<Session> {
        self.state.with_untracked(|state| match state {
            SessionState::In(session) => Some(session.clone()),
            _ => None,
        })
    }

    /// The signed-in user's name, or nothing; tracked.
    pub(crate) fn user(&self) -> String {
        self.state.with(|state| match state {
            SessionState::In(session) => session.user.clone(),
            _ => String::new(),
        })
    }

    /// Whether there is a cluster to look at; tracked.
    pub(crate) fn has_cluster(&self) -> bool {
        self.state.with(|state| matches!(state, SessionState::In(session) if session.cluster))
    }

    /// Whether what the server keeps is lost with its pod; tracked.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.state.with(|state| matches!(state, SessionState::In(session) if session.ephemeral))
    }

    /// The same as [`Self::has_cluster`], not tracked.
    pub(crate) fn has_cluster_now(&self) -> bool {
        self.state.with_untracked(|state| matches!(state, SessionState::In(session) if session.cluster))
    }

    /// What mutations must carry, while somebody is signed in; not tracked.
    pub(crate) fn csrf(&self) -> Option<String> {
        self.state.with_untracked(|state| match state {
            SessionState::In(session) => Some(session.csrf.clone()),
            _ => None,
        })
    }

    /// Notes that the server no longer knows the session. The URL stays, so signing in returns to it.
    pub(crate) fn lost(&self) {
        self.state.try_update(|state| match state {
            SessionState::In(_) => *state = SessionState::Out(Farewell::Ended),
            SessionState::Asking | SessionState::Failed(_) => *state = SessionState::Out(Farewell::Fresh),
            // A refused sign-in attempt: whoever was out stays out.
            SessionState::Out(_) => {}
        });
    }

    /// Asks the server who is signed in.
    pub(crate) async fn ask(&self, client: Client) {
        self.state.set(SessionState::Asking);
        match client.get::<Session>(PATH, "", None).await {
            Ok(session) => self.state.set(SessionState::In(session)),
            Err(ApiError::SignedOut) => {}
            Err(error) => self.state.set(SessionState::Failed(error)),
        }
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`ApiError::Refused`] with status 401 where the server does not accept what was given.
    pub(crate) async fn sign_in(&self, client: Client, with: &SignIn) -> Result<(), ApiError> {
        let session = client.post_credentials::<Session>(PATH, with).await?;
        self.state.set(SessionState::In(session));
        Ok(())
    }

    /// Signs out. A session that is gone already counts as signed out.
    ///
    /// # Errors
    /// Whatever keeps the server from ending the session; the user is then still signed in.
    pub(crate) async fn sign_out(&self, client: Client) -> Result<(), ApiError> {
        self.leave(client, PATH).await
    }

    /// Ends all sessions of the user, wherever they are.
    ///
    /// # Errors
    /// As [`Self::sign_out`].
    pub(crate) async fn sign_out_everywhere(&self, client: Client) -> Result<(), ApiError> {
        self.leave(client, ALL).await
    }

    async fn leave(&self, client: Client, path: &str) -> Result<(), ApiError> {
        match client.delete(path).await {
            Ok(()) | Err(ApiError::SignedOut) => {
                self.state.set(SessionState::Out(Farewell::Left));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// The sessions of the user, the one used last first.
pub(crate) async fn fetch_sessions(client: Client, abort: AbortSignal) -> Result<Vec<OwnSession>, ApiError> {
    client.get(ALL, "", Some(&abort)).await
}

/// Ends another session of the user's.
pub(crate) async fn end_session(client: Client, id: &str) -> Result<(), ApiError> {
    client.delete(&format!("{ALL}/{}", encode(id))).await
}

/// Puts the session into the context.
pub(crate) fn provide_session() -> SessionStore {
    let store = SessionStore { state: RwSignal::new(SessionState::Asking) };
    provide_context(store);
    store
}

/// The session of this application.
pub(crate) fn use_session() -> SessionStore {
    expect_context()
}
