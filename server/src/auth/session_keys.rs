//! The keys of sessions: half of each signs tokens, half of it seals records. The key from before a change is believed for as long as
//! its sessions can run, and no longer.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context as _;
use crowsnest_api::Timestamp;
use crowsnest_rbac::{Claims, SESSION_LIFETIME, SealError, SealingKey, SessionTokens, TokenError};

use crate::data_dir::{make_key, read_or_make_key, write_private};

/// How long a key signs. Whoever gets hold of one can use it for this long and a day.
const SIGNS_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// What a key is made of.
pub(super) type KeyBytes = [u8; 64];

struct Key {
    tokens: SessionTokens,
    sealing: SealingKey,
}

/// The key that signs and seals, and the one before it.
pub(super) struct SessionKeys {
    current: Key,
    previous: Option<Key>,
}

impl SessionKeys {
    pub(super) fn new(current: &KeyBytes, previous: Option<&KeyBytes>) -> Self {
        Self { current: Key::new(current), previous: previous.map(Key::new) }
    }

    pub(super) fn sign(&self, claims: Claims) -> Result<String, TokenError> {
        self.current.tokens.sign(claims)
    }

    pub(super) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.try_each(|key| key.tokens.verify(token))
    }

    pub(super) fn seal(&self, name: &str, record: &[u8]) -> Result<Vec<u8>, SealError> {
        self.current.sealing.seal(name, record)
    }

    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.try_each(|key| key.sealing.open(name, sealed))
    }

    fn try_each<T, E>(&self, of: impl Fn(&Key) -> Result<T, E>) -> Result<T, E> {
        of(&self.current).or_else(|error| self.previous.as_ref().map_or(Err(error), of))
    }
}

impl Key {
    fn new(bytes: &KeyBytes) -> Self {
        let (mut signing, mut sealing) = ([0; 32], [0; 32]);
        for ((sign, seal), (first, second)) in
            signing.iter_mut().zip(&mut sealing).zip(bytes.iter().take(32).zip(bytes.iter().skip(32)))
        {
            (*sign, *seal) = (*first, *second);
        }
        Self { tokens: SessionTokens::new(&signing), sealing: SealingKey::new(sealing) }
    }
}

/// Where keys lie: `session.key`, whose age is the file's, and `session-before.key`.
pub(super) struct KeyFiles {
    current: PathBuf,
    previous: PathBuf,
}

impl KeyFiles {
    pub(super) fn of(folder: &Path) -> Self {
        Self { current: folder.join("session.key"), previous: folder.join("session-before.key") }
    }

    /// The keys in the files; the first is made where there is none.
    pub(super) fn load(&self) -> anyhow::Result<SessionKeys> {
        let current = read_or_make_key(&self.current)?;
        let previous = if self.previous.exists() { Some(read_or_make_key(&self.previous)?) } else { None };
        Ok(SessionKeys::new(&current, previous.as_ref()))
    }

    /// Begins another key when this one has signed for long enough, and forgets the one before it when nothing of its can
    /// run any more. The keys, if they are others now.
    pub(super) fn renew(&self, now: Timestamp) -> anyhow::Result<Option<SessionKeys>> {
        let age = self.age(now)?;
        if age >= SIGNS_FOR {
            let current: KeyBytes = read_or_make_key(&self.current)?;
            // The old key is kept under its other name before the new one takes its place.
            write_private(&self.previous, &current)?;
            let _: KeyBytes = make_key(&self.current)?;
        } else if age >= SESSION_LIFETIME && self.previous.exists() {
            remove(&self.previous)?;
        } else {
            return Ok(None);
        }
        self.load().map(Some)
    }

    /// How long ago the key was made.
    fn age(&self, now: Timestamp) -> anyhow::Result<Duration> {
        let made = std::fs::metadata(&self.current).and_then(|file| file.modified());
        let made = made.with_context(|| format!("cannot read the key file {}", self.current.display()))?;
        let made = made.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default());
        Ok(now.saturating_sub(made))
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn opens(keys: &SessionKeys, sealed: &[u8]) -> bool {
        keys.open("id", sealed).is_ok()
    }

    #[test]
    fn a_key_signs_for_a_month_and_is_believed_a_day_longer() {
        let dir = tempfile::tempdir().unwrap();
        let files = KeyFiles::of(dir.path());
        let first = files.load().unwrap();
        let sealed = first.seal("id", b"record").unwrap();
        let month = clock::now().plus(SIGNS_FOR).plus_millis(1000);
        assert!(files.renew(month.plus_millis(-60_000)).unwrap().is_none(), "not a month old");

        let second = files.renew(month).unwrap().unwrap();
        assert!(opens(&second, &sealed));
        assert!(!opens(&first, &second.seal("id", b"record").unwrap()), "the new one seals");
        assert!(opens(&files.load().unwrap(), &sealed), "after a restart, too");
        assert!(files.renew(clock::now()).unwrap().is_none());

        let later = clock::now().plus(SESSION_LIFETIME).plus_millis(1000);
        let third = files.renew(later).unwrap().unwrap();
        assert!(!opens(&third, &sealed));
        assert!(opens(&third, &second.seal("id", b"record").unwrap()));
        assert!(files.renew(later).unwrap().is_none());
    }
}
