//! The bearer token: from a file, read again when the file changes, never shown.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use http::HeaderValue;

/// A token is far shorter; this is a guard against naming the wrong file.
const MAX_BYTES: u64 = 64 << 10;

/// A file that holds a token and nothing else.
pub struct TokenFile {
    path: PathBuf,
    known: Option<(Fingerprint, HeaderValue)>,
}

/// Why there is no token. The messages never hold any of the file's content.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the token file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the token file is empty")]
    Empty,
    /// It holds something that cannot be a token.
    #[error("the token file {} must hold one line of printable ASCII characters", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// What changes when a file is written or replaced.
#[derive(PartialEq, Eq)]
struct Fingerprint {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl TokenFile {
    /// The token in the file at `path`; nothing is read yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), known: None }
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub fn bearer(&mut self) -> Result<HeaderValue, TokenError> {
        let failed = |source| TokenError::Read { path: self.path.clone(), source };
        let fingerprint = Fingerprint::of(&self.path).map_err(failed)?;
        if let Some((known, value)) = &self.known
            && *known == fingerprint
        {
            return Ok(value.clone());
        }
        let mut text = String::new();
        File::open(&self.path)
            .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
            .map_err(failed)?;
        let token = text.trim();
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        let malformed = || TokenError::Malformed { path: self.path.clone() };
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed());
        }
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| malformed())?;
        value.set_sensitive(true);
        self.known = Some((fingerprint, value.clone()));
        Ok(value)
    }
}

impl Fingerprint {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        Ok(Self { modified: metadata.modified().ok(), length: metadata.len(), inode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_again_when_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut token = TokenFile::new(&path);
        assert!(matches!(token.bearer(), Err(TokenError::Read { .. })));
        fs::write(&path, " one\n").unwrap();
        assert_eq!(token.bearer().unwrap(), "Bearer one");
        fs::write(&path, "second").unwrap();
        assert_eq!(token.bearer().unwrap(), "Bearer second");
        assert!(token.bearer().unwrap().is_sensitive());
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for content in ["two words", "line\nline", "k\u{e9}y"] {
            fs::write(&path, content).unwrap();
            let error = TokenFile::new(&path).bearer().unwrap_err();
            assert!(matches!(error, TokenError::Malformed { .. }));
            assert!(!error.to_string().contains(content));
        }
        fs::write(&path, "\n").unwrap();
        assert!(matches!(TokenFile::new(&path).bearer(), Err(TokenError::Empty)));
    }
}
