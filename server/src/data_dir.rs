//! The data folder: who may use it, where things are in it, and files that only their owner may read.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

/// The data folder, locked against a second server for as long as this lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder where it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        make_private_dir(path)?;
        let path =
            path.canonicalize().with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another crowsnest uses the data folder {}; stop it or choose another --data-dir",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock_path.display()))
            }
        }
    }

    /// The path of `name` in the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A subfolder that only its owner may enter, made where it is missing.
    pub(crate) fn subdir(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        make_private_dir(&path)?;
        Ok(path)
    }
}

/// Makes `N` random bytes the key in a file.
pub(crate) fn make_key<const N: usize>(path: &Path) -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    openssl::rand::rand_bytes(&mut bytes).context("no randomness for a new key")?;
    write_private(path, &bytes)?;
    Ok(bytes)
}

/// The `N` random bytes in a key file, made on first use.
pub(crate) fn read_or_make_key<const N: usize>(path: &Path) -> anyhow::Result<[u8; N]> {
    match fs::read(path) {
        Ok(bytes) => {
            let length = bytes.len();
            bytes.try_into().map_err(|_| {
                anyhow::anyhow!(
                    "the key file {} has {length} bytes instead of {N}; remove it to make a new key \
                     (this ends all sessions)",
                    path.display()
                )
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(path),
        Err(error) => Err(error).with_context(|| format!("cannot read the key file {}", path.display())),
    }
}

fn make_private_dir(path: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))?;
    ensure!(path.is_dir(), "{} is not a folder", path.display());
    Ok(())
}

/// Writes a file whole or not at all, synced, readable by its owner only.
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, contents, 0o600).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file whole or not at all, synced, readable by everybody.
pub(crate) fn write_public(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, contents, 0o644).with_context(|| format!("cannot write {}", path.display()))
}

fn write_atomically(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&temporary)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // Of a file that is named without its folder, the parent is the empty path.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_second_server_on_the_same_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let refused = DataDir::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("another crowsnest"), "{refused}");
        drop(first);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.key");
        let key: [u8; 64] = read_or_make_key(&path).unwrap();
        assert_eq!(read_or_make_key::<64>(&path).unwrap(), key);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(read_or_make_key::<32>(&path).unwrap_err().to_string().contains("64 bytes instead of 32"));
    }

    #[test]
    fn a_file_is_replaced_whole_and_debris_of_a_crash_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(dir.path().join("f.tmp"), "debris").unwrap();
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!dir.path().join("f.tmp").exists());
    }
}
