//! Cookie sessions: sealed records in the control store, named by a signed token.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crowsnest_api::Timestamp;
use crowsnest_api::stream::EndReason;
use crowsnest_rbac::{
    Claims, ClusterAccess, Identity, SESSION_LIFETIME, SealError, Secret, SessionRecord, StaticUser,
    TokenError, random_token,
};
use tracing::{info, warn};

use super::session_keys::{KeyFiles, SessionKeys};
use crate::control::{Collection, ControlError, ControlStore};

/// Sessions that one user may have; the next one ends the one that was used longest ago. Somebody who signs in again and
/// again fills neither the disk nor the memory.
const MAX_PER_USER: usize = 100;

/// All sessions.
pub(crate) struct Sessions {
    store: Arc<dyn ControlStore>,
    files: KeyFiles,
    keys: ArcSwap<SessionKeys>,
}

/// Somebody who has just shown who they are.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) identity: Identity,
    /// Tells the credential that it was shown with from others.
    pub(crate) fingerprint: String,
    /// When that credential ends.
    pub(crate) ends: Option<Timestamp>,
    /// What newer ones can be had with.
    pub(crate) refresh: Option<Secret>,
}

impl From<&StaticUser> for SignedIn {
    fn from(user: &StaticUser) -> Self {
        Self {
            identity: user.identity.clone(),
            fingerprint: user.fingerprint.clone(),
            ends: None,
            refresh: None,
        }
    }
}

/// A session that has just begun.
pub(crate) struct NewSession {
    /// What goes into the cookie.
    pub(crate) token: String,
    /// What was stored.
    pub(crate) record: SessionRecord,
}

/// A session cannot be made, kept or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionsError {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("no randomness for a session")]
    Random(#[from] openssl::error::ErrorStack),
    #[error("cannot write a session record")]
    Json(#[from] serde_json::Error),
}

impl Sessions {
    /// Sessions under the keys in a folder.
    pub(crate) fn open(store: Arc<dyn ControlStore>, key_folder: &Path) -> anyhow::Result<Self> {
        let files = KeyFiles::of(key_folder);
        let keys = ArcSwap::from_pointee(files.load()?);
        Ok(Self { store, files, keys })
    }

    /// Goes over to another key when it is time. Running sessions go on. Waits for the disk.
    pub(crate) fn renew_keys(&self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(keys) = self.files.renew(now)? {
            self.keys.store(Arc::new(keys));
            info!("the keys of sessions are others from now on");
        }
        Ok(())
    }

    /// Begins a session. Waits for the disk.
    pub(crate) fn begin(
        &self,
        signed_in: SignedIn,
        origin: Option<String>,
        now: Timestamp,
    ) -> Result<NewSession, SessionsError> {
        let SignedIn { identity, fingerprint, ends, refresh } = signed_in;
        // Where newer credentials can be had, the session outlasts this one.
        let ends = ends.filter(|_| refresh.is_none());
        self.make_room(&identity.user, now)?;
        let id = random_token()?;
        let credential = identity.credential().cloned();
        let record = SessionRecord {
            user: identity.user,
            credential: fingerprint,
            origin,
            csrf: random_token()?,
            created: now,
            last_seen: now,
            cluster: credential.map(|credential| ClusterAccess {
                groups: identity.groups,
                credential,
                ends,
                refresh,
            }),
        };
        self.save(&id, &record)?;
        let token = self.keys.load().sign(Claims {
            sub: record.user.clone(),
            sid: id,
            iat: now.millis().div_euclid(1000),
            exp: now.plus(SESSION_LIFETIME).millis().div_euclid(1000),
        })?;
        Ok(NewSession { token, record })
    }

    /// The id and record of the session that `token` names, if it still runs.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<(String, SessionRecord)> {
        let claims = self.keys.load().verify(token).ok()?;
        let record = match self.load(&claims.sid) {
            Ok(record) => record?,
            Err(error) => {
                warn!(err = &error as &dyn std::error::Error, "cannot read a session");
                return None;
            }
        };
        (!record.is_expired(now) && record.user == claims.sub).then_some((claims.sid, record))
    }

    /// Why the session with this id is over, if it is. Cheap enough to be asked every few seconds.
    pub(crate) fn end_of(&self, id: &str, now: Timestamp) -> Option<EndReason> {
        match self.load(id) {
            Ok(Some(record)) => record.is_expired(now).then_some(EndReason::Expired),
            Ok(None) | Err(_) => Some(EndReason::SignedOut),
        }
    }

    /// Ends a session. Waits for the disk.
    pub(crate) fn end(&self, id: &str) -> Result<(), SessionsError> {
        Ok(self.store.delete(Collection::Sessions, id)?)
    }

    /// Stores a record again. Waits for the disk.
    pub(crate) fn save(&self, id: &str, record: &SessionRecord) -> Result<(), SessionsError> {
        Ok(self.store.put(Collection::Sessions, id, &self.seal(id, record)?)?)
    }

    /// Notes that a session is used, unless it has been ended meanwhile; a sign-out at this very moment wins. Waits
    /// for the disk.
    pub(crate) fn save_if_running(&self, id: &str, record: &SessionRecord) -> Result<(), SessionsError> {
        self.store.replace(Collection::Sessions, id, &self.seal(id, record)?)?;
        Ok(())
    }

    /// Removes the records of sessions that are over, and those that cannot be read (the key was changed). Says how
    /// many. Waits for the disk.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<usize, SessionsError> {
        let mut removed = 0;
        for (id, sealed) in self.store.list(Collection::Sessions)? {
            let over = self.unseal(&id, &sealed).map_or(true, |record| record.is_expired(now));
            if over {
                self.end(&id)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The sessions of a user that run at `now`, the one used last first. Reads all sessions.
    pub(crate) fn of_user(
        &self,
        user: &str,
        now: Timestamp,
    ) -> Result<Vec<(String, SessionRecord)>, SessionsError> {
        let mut own = Vec::new();
        for (id, sealed) in self.store.list(Collection::Sessions)? {
            if let Ok(record) = self.unseal(&id, &sealed)
                && record.user == user
                && !record.is_expired(now)
            {
                own.push((id, record));
            }
        }
        own.sort_by(|(a, first), (b, second)| (second.last_seen, b).cmp(&(first.last_seen, a)));
        Ok(own)
    }

    /// Ends as many sessions of a user as there must be fewer, those first that were used longest ago.
    fn make_room(&self, user: &str, now: Timestamp) -> Result<(), SessionsError> {
        let own = self.of_user(user, now)?;
        own.iter().skip(MAX_PER_USER - 1).try_for_each(|(id, _)| self.end(id))
    }

    /// Seals something small for a browser to keep, as text that cookies can hold.
    pub(crate) fn seal_text(&self, purpose: &str, bytes: &[u8]) -> Result<String, SessionsError> {
        Ok(URL_SAFE_NO_PAD.encode(self.keys.load().seal(purpose, bytes)?))
    }

    /// What was sealed for the same purpose, unless it is anything else.
    pub(crate) fn open_text(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        self.keys.load().open(purpose, &URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// The record of a session, if there is one that can be read.
    pub(crate) fn record(&self, id: &str) -> Option<SessionRecord> {
        self.load(id).ok().flatten()
    }

    fn load(&self, id: &str) -> Result<Option<SessionRecord>, SessionsError> {
        let sealed = self.store.get(Collection::Sessions, id)?;
        sealed.map(|sealed| self.unseal(id, &sealed)).transpose()
    }

    fn seal(&self, id: &str, record: &SessionRecord) -> Result<Vec<u8>, SessionsError> {
        Ok(self.keys.load().seal(id, &serde_json::to_vec(record)?)?)
    }

    fn unseal(&self, id: &str, sealed: &[u8]) -> Result<SessionRecord, SessionsError> {
        Ok(serde_json::from_slice(&self.keys.load().open(id, sealed)?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crowsnest_rbac::{Digest, SESSION_IDLE, StaticUsers};

    use super::*;
    use crate::clock;
    use crate::control::MemoryStore;

    fn ann() -> SignedIn {
        let yaml = format!("- {{user: ann, role: viewer, token_sha256: {}}}", Digest::of(b"t").to_hex());
        StaticUsers::parse(&yaml).unwrap().find("ann").unwrap().into()
    }

    fn sessions() -> (Sessions, Arc<MemoryStore>) {
        crowsnest_rbac::install_crypto_provider();
        let store = Arc::new(MemoryStore::default());
        let folder = tempfile::tempdir().unwrap();
        (Sessions::open(Arc::clone(&store) as Arc<dyn ControlStore>, folder.path()).unwrap(), store)
    }

    #[test]
    fn a_session_goes_on_when_keys_change() {
        crowsnest_rbac::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(Arc::new(MemoryStore::default()), folder.path()).unwrap();
        let now = clock::now();
        let before = sessions.begin(ann(), None, now).unwrap();
        sessions.renew_keys(now.plus(40 * SESSION_LIFETIME)).unwrap();
        let after = sessions.begin(ann(), None, now).unwrap();
        for new in [&before, &after] {
            let (id, record) = sessions.find(&new.token, now).unwrap();
            sessions.save(&id, &record).unwrap();
            assert!(sessions.find(&new.token, now).is_some());
        }
        assert_eq!(sessions.sweep(now).unwrap(), 0);
        // A day later nothing that the old key has signed can run any more.
        sessions.renew_keys(clock::now().plus(2 * SESSION_LIFETIME)).unwrap();
        assert!(sessions.find(&before.token, now).is_none());
        assert!(sessions.find(&after.token, now).is_some());
    }

    #[test]
    fn a_session_is_found_by_its_token_until_it_ends() {
        let (sessions, _) = sessions();
        let now = clock::now();
        let new = sessions.begin(ann(), Some("https://h".into()), now).unwrap();
        let (id, found) = sessions.find(&new.token, now).unwrap();
        assert_eq!(found, new.record);
        assert_eq!(sessions.end_of(&id, now), None);
        assert_eq!(sessions.end_of(&id, now.plus(SESSION_LIFETIME)), Some(EndReason::Expired));
        sessions.end(&id).unwrap();
        assert_eq!(sessions.end_of(&id, now), Some(EndReason::SignedOut));
        assert!(sessions.find(&new.token, now).is_none());
        sessions.save_if_running(&id, &new.record).unwrap();
        assert!(sessions.find(&new.token, now).is_none(), "a late note brings no ended session back");
    }

    #[test]
    fn a_user_has_a_bounded_number_of_sessions_and_the_stalest_ends_first() {
        let (sessions, store) = sessions();
        let now = clock::now();
        let tokens: Vec<String> = (0..MAX_PER_USER as i64 + 2)
            .map(|n| sessions.begin(ann(), None, now.plus_millis(n)).unwrap().token)
            .collect();
        assert_eq!(store.list(Collection::Sessions).unwrap().len(), MAX_PER_USER);
        let runs: Vec<bool> = tokens.iter().map(|token| sessions.find(token, now).is_some()).collect();
        assert_eq!(runs.iter().take_while(|runs| !**runs).count(), 2);
        assert_eq!(runs.iter().filter(|runs| **runs).count(), MAX_PER_USER);
    }

    /// A store in which somebody signs out between any two of another's steps.
    struct SignsOutInBetween(Arc<MemoryStore>);

    impl ControlStore for SignsOutInBetween {
        fn get(&self, collection: Collection, key: &str) -> Result<Option<Vec<u8>>, ControlError> {
            let found = self.0.get(collection, key);
            self.0.delete(collection, key)?;
            found
        }
        fn put(&self, collection: Collection, key: &str, record: &[u8]) -> Result<(), ControlError> {
            self.0.put(collection, key, record)
        }
        fn replace(&self, collection: Collection, key: &str, record: &[u8]) -> Result<bool, ControlError> {
            let replaced = self.0.replace(collection, key, record);
            self.0.delete(collection, key)?;
            replaced
        }
        fn delete(&self, collection: Collection, key: &str) -> Result<(), ControlError> {
            self.0.delete(collection, key)
        }
        fn list(&self, collection: Collection) -> Result<Vec<(String, Vec<u8>)>, ControlError> {
            self.0.list(collection)
        }
    }

    #[test]
    fn a_note_of_use_that_meets_a_sign_out_does_not_bring_the_session_back() {
        let (sessions, store) = sessions();
        let now = clock::now();
        let new = sessions.begin(ann(), None, now).unwrap();
        let (id, record) = sessions.find(&new.token, now).unwrap();
        let racing = Sessions {
            store: Arc::new(SignsOutInBetween(store)),
            files: KeyFiles::of(Path::new("unused")),
            keys: ArcSwap::new(sessions.keys.load_full()),
        };
        racing.save_if_running(&id, &record).unwrap();
        assert!(sessions.find(&new.token, now).is_none());
    }

    #[test]
    fn idle_sessions_are_not_found_and_are_swept() {
        let (sessions, _) = sessions();
        let now = clock::now();
        let new = sessions.begin(ann(), None, now).unwrap();
        let later = now.plus(SESSION_IDLE);
        assert!(sessions.find(&new.token, later).is_none());
        assert_eq!(sessions.sweep(now.plus(Duration::from_secs(1))).unwrap(), 0);
        assert_eq!(sessions.sweep(later).unwrap(), 1);
    }

    #[test]
    fn what_is_stored_tells_nothing_and_another_key_cannot_read_it() {
        let (sessions, store) = sessions();
        let now = clock::now();
        let new = sessions.begin(ann(), None, now).unwrap();
        for (_, sealed) in store.list(Collection::Sessions).unwrap() {
            let text = String::from_utf8_lossy(&sealed);
            assert!(!text.contains("ann") && !text.contains(&new.record.csrf));
        }
        let folder = tempfile::tempdir().unwrap();
        let other = Sessions::open(store, folder.path()).unwrap();
        assert!(other.find(&new.token, now).is_none());
        assert_eq!(other.sweep(now).unwrap(), 1);
    }
}
