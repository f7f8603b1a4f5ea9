//! Backups: samples and control state of a moment in one file, a tar archive compressed with zstd. Written while samples go on coming, read
//! by `crowsnest restore`.

pub(crate) mod control;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use crowsnest_tsdb::{Newest, Options, Tsdb};
use tokio::sync::mpsc;

use crate::clock;
use crate::control::{Collection, ControlStore, SledStore};
use crate::data_dir::DataDir;

/// What a snapshot consists of, and the folders in an archive.
pub(crate) const PARTS: [&str; 2] = ["blocks", "wal"];
/// The snapshot that is being packed.
const SNAPSHOT: &str = "backup";
/// Blocks and log are compressed already.
const LEVEL: i32 = 1;
/// How much of an archive goes out at once.
const PIECE: usize = 256 << 10;

/// Takes a snapshot and packs it into `out`. Only one at a time: the snapshot has a fixed name.
///
/// # Errors
/// When the snapshot cannot be taken or read, or `out` takes no more.
pub(crate) fn pack(
    store: &Tsdb,
    control: &dyn ControlStore,
    data_dir: &Path,
    out: impl Write,
) -> anyhow::Result<()> {
    clear(data_dir);
    let snapshot = store.snapshot(SNAPSHOT, Newest::Included)?;
    let packed = write(&snapshot, control, BufWriter::with_capacity(PIECE, out));
    clear(data_dir);
    packed.context("cannot pack the snapshot")
}

/// The same of a data folder whose server is stopped.
///
/// # Errors
/// When there is no data folder of ours, a server uses it, or anything in it cannot be opened.
pub(crate) fn pack_stopped(data_dir: &Path, out: impl Write) -> anyhow::Result<()> {
    ensure!(data_dir.join("tsdb").is_dir(), "{} has no samples of ours", data_dir.display());
    let folder = DataDir::open(data_dir)?;
    let control = SledStore::open(&folder.subdir("control")?)?;
    let manifest = control.block_manifest()?;
    let opened = Tsdb::open(&folder.subdir("tsdb")?, manifest, Options::default(), clock::now());
    let (store, _) = opened.context("cannot open the sample store")?;
    let packed = pack(&store, &control, data_dir, out);
    store.close();
    packed
}

/// Removes what a backup left that ended with the process.
pub(crate) fn clear(data_dir: &Path) {
    let folder = data_dir.join("tsdb").join("snapshots");
    for name in [SNAPSHOT.to_owned(), format!("{SNAPSHOT}.tmp")] {
        // Mostly there is none.
        fs::remove_dir_all(folder.join(name)).ok();
    }
}

fn write(snapshot: &Path, control: &dyn ControlStore, out: impl Write) -> io::Result<()> {
    let mut compressed = zstd::Encoder::new(out, LEVEL)?;
    compressed.include_checksum(true)?;
    let mut archive = tar::Builder::new(compressed);
    for part in PARTS {
        archive.append_dir(part, snapshot.join(part))?;
        let mut files: Vec<PathBuf> =
            fs::read_dir(snapshot.join(part))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.sort();
        for file in files {
            archive
                .append_path_with_name(&file, Path::new(part).join(file.file_name().unwrap_or_default()))?;
        }
    }
    for collection in Collection::BACKED_UP {
        let file = control::dump(control, collection)?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(file.len() as u64);
        archive.append_data(&mut header, Path::new(control::FOLDER).join(collection.name()), &*file)?;
    }
    archive.into_inner()?.finish()?.flush()
}

/// Sends what is written to it, piece by piece.
pub(crate) struct Pieces(pub(crate) mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Ok(Bytes::copy_from_slice(bytes));
        self.0.blocking_send(piece).map_err(|_| io::Error::other("nobody takes the backup any more"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name that stands for the standard input.
pub(crate) const STDIN: &str = "-";

/// Unpacks an archive into a folder of the data folder, which becomes a snapshot.
///
/// # Errors
/// When the archive cannot be read to its end, or has anything in it that a backup does not have.
pub(crate) fn unpack(archive: &Path, data_dir: &DataDir) -> anyhow::Result<PathBuf> {
    let folder = data_dir.join("restore.tmp");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
        }
        _ => {}
    }
    for part in PARTS {
        fs::create_dir_all(folder.join(part))
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let unpacked = if archive == Path::new(STDIN) {
        read(io::stdin().lock(), &folder)
    } else {
        let file = fs::File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?;
        read(BufReader::new(file), &folder)
    };
    unpacked.with_context(|| format!("cannot unpack {}", archive.display()))?;
    Ok(folder)
}

fn read(archive: impl Read, folder: &Path) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(archive)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let kind = entry.header().entry_type();
        match path.components().collect::<Vec<_>>().as_slice() {
            [Component::Normal(part)] if is_part(part) && kind.is_dir() => {}
            [Component::Normal(part), Component::Normal(name)] if is_part(part) && kind.is_file() => {
                let mut file = fs::File::create_new(folder.join(part).join(name))?;
                io::copy(&mut entry, &mut file)?;
                file.sync_all()?;
            }
            [Component::Normal(part), Component::Normal(name)]
                if is_control(part, name) && kind.is_file() =>
            {
                fs::create_dir_all(folder.join(part))?;
                io::copy(&mut entry, &mut fs::File::create_new(folder.join(part).join(name))?)?;
            }
            _ => bail!("{} is not part of a backup", path.display()),
        }
    }
    // The end of an archive comes before that of its compressed stream, which has the checksum.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(())
}

fn is_part(name: &OsStr) -> bool {
    PARTS.iter().any(|part| *part == name)
}

fn is_control(folder: &OsStr, name: &OsStr) -> bool {
    folder == control::FOLDER && Collection::BACKED_UP.iter().any(|known| known.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::MemoryStore;

    fn archive(entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
        for (path, kind) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(0);
            header.set_mode(0o600);
            header.set_cksum();
            builder.append(&header, io::empty()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[track_caller]
    fn check(path: &str, kind: tar::EntryType, good: bool) {
        let dir = tempfile::tempdir().unwrap();
        for part in PARTS {
            fs::create_dir_all(dir.path().join("to").join(part)).unwrap();
        }
        let read = read(archive(&[(path, kind)]).as_slice(), &dir.path().join("to"));
        assert_eq!(read.is_ok(), good, "{path}: {read:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{path}");
    }

    #[test]
    fn an_archive_writes_nothing_outside_its_folders() {
        use tar::EntryType;
        check("blocks", EntryType::Directory, true);
        check("blocks/01.block", EntryType::Regular, true);
        check("wal/1.wal", EntryType::Regular, true);
        check("../1.wal", EntryType::Regular, false);
        check("wal/../../1.wal", EntryType::Regular, false);
        check("/wal/1.wal", EntryType::Regular, false);
        check("wal/1.wal", EntryType::Symlink, false);
        check("wal/1.wal", EntryType::Link, false);
        check("wal/deep/1.wal", EntryType::Regular, false);
        check("control/silences", EntryType::Regular, true);
        check("control/sessions", EntryType::Regular, false);
        check("control/keys", EntryType::Regular, false);
    }

    #[test]
    fn an_archive_that_was_cut_short_is_refused_wherever_that_was() {
        let dir = tempfile::tempdir().unwrap();
        for part in PARTS {
            fs::create_dir(dir.path().join(part)).unwrap();
            fs::write(dir.path().join(part).join("1"), vec![7; 5000]).unwrap();
        }
        let mut whole = Vec::new();
        write(dir.path(), &MemoryStore::default(), &mut whole).unwrap();
        for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let to = tempfile::tempdir().unwrap();
            PARTS.iter().for_each(|part| fs::create_dir(to.path().join(part)).unwrap());
            assert!(read(&whole[..length], to.path()).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}
