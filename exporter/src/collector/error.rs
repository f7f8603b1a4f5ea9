//! Why a collector has nothing to give.

use std::io;
use std::path::PathBuf;

/// Why a collector has nothing to give.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A file that should be there cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds something else than the kernel documents.
    #[error("{}: unexpected {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found there, at most 120 characters of it.
        found: String,
    },
    /// A system call failed.
    #[error("{call} failed")]
    Call {
        /// The call's name.
        call: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl CollectError {
    /// Whether the kernel simply lacks what the collector reads; not worth a warning.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
