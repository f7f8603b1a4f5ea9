//! The diagnostics bundle: what somebody who helps has to know, in one archive, without secrets.
//!
//! Only what is listed here goes in, every text of it through the mask; no file is copied as it is but tails of logs.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::DoctorArgs;
use super::finding::Finding;
use super::mask::Mask;
use super::patient::Patient;
use super::rights;
use crate::api_v1::status::settings::table;
use crate::client::Server;

/// The most bytes of one answer or log that go in.
const MAX_TEXT: usize = 4 << 20;
/// The last lines of a log.
const LOG_LINES: usize = 2000;
/// Files of the data folder that are listed.
const MAX_FILES: usize = 20_000;
const LEVEL: i32 = 6;

/// What is asked of a running server: the name in the archive, and the path.
const ANSWERS: &[(&str, &str)] = &[
    ("server/readyz.txt", "readyz"),
    ("server/metrics.txt", "metrics"),
    ("server/buildinfo.json", "api/v1/status/buildinfo"),
    ("server/flags.json", "api/v1/status/flags"),
    ("server/runtimeinfo.json", "api/v1/status/runtimeinfo"),
    ("server/tsdb.json", "api/v1/status/tsdb"),
    ("server/blocks.json", "api/v1/status/tsdb/blocks"),
    ("server/notifications.json", "api/v1/notifications"),
    ("server/sources.json", "api/crowsnest/v1/sources"),
];

/// Journals in the data folder.
const JOURNALS: &[(&str, &str)] = &[("audit.txt", "audit.log"), ("told.txt", "notifications.log")];

/// One file of the archive.
type Entry = (String, String);

/// Writes the archive; says how many bytes it has.
///
/// # Errors
/// When there is a file of the name, or it cannot be written.
pub(super) async fn write(
    file: &Path,
    patient: &Patient,
    findings: &[Finding],
    args: &DoctorArgs,
) -> anyhow::Result<u64> {
    ensure!(!file.exists(), "{} is there already", file.display());
    let mask = Mask::of(patient, args.token_file.as_deref());
    let mut entries = vec![
        ("report.json".to_owned(), report(findings)?),
        ("version.txt".to_owned(), version()),
        ("variables.txt".to_owned(), variables()),
        ("data-folder.txt".to_owned(), listing(&patient.data_dir)),
    ];
    if let Some(config) = patient.known.config() {
        entries.push(("settings.json".to_owned(), serde_json::to_string_pretty(&table(config))?));
    }
    entries.push(("rights.txt".to_owned(), told_rights(patient).await));
    if let Some(server) = patient.server() {
        entries.extend(answers(server).await);
    }
    let journals = JOURNALS.iter().map(|(name, of)| (*name, patient.data_dir.join(of)));
    for (name, path) in journals.filter(|(_, path)| path.exists()) {
        entries.push((name.to_owned(), tail(&path)?));
    }
    if let Some(log) = &args.log {
        entries.push(("log.txt".to_owned(), tail(log)?));
    }
    let hidden: Vec<Entry> = entries.into_iter().map(|(name, text)| (name, mask.hide(&text))).collect();
    if let Some((name, _)) = hidden.iter().find(|(_, text)| mask.is_in(text.as_bytes())) {
        bail!("a secret would be in {name} of the bundle; nothing was written");
    }
    save(file, &hidden).with_context(|| format!("cannot write {}", file.display()))
}

/// Findings without what parsers quote of files.
fn report(findings: &[Finding]) -> anyhow::Result<String> {
    let findings: Vec<Finding> = findings.iter().cloned().map(Finding::without_quotes).collect();
    Ok(serde_json::to_string_pretty(&findings)?)
}

fn version() -> String {
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "crowsnest {}\n{}\n{}, kernel {}, {processors} processors\n",
        env!("CARGO_PKG_VERSION"),
        openssl::version::version(),
        std::env::consts::ARCH,
        kernel.unwrap_or_default()
    )
}

/// Which variables of ours are set. Their values are among the settings.
fn variables() -> String {
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("CROWSNEST_"))
        .collect();
    names.sort();
    names.join("\n")
}

/// Path, size and mode of every file in the data folder.
fn listing(folder: &Path) -> String {
    let mut lines = Vec::new();
    list(folder, folder, &mut lines);
    lines.sort();
    lines.join("\n")
}

fn list(root: &Path, folder: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else { continue };
        if lines.len() >= MAX_FILES {
            return;
        }
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        lines.push(format!("{shown} {} {:o}", metadata.len(), metadata.mode() & 0o7777));
        if metadata.is_dir() {
            list(root, &path, lines);
        }
    }
}

async fn told_rights(patient: &Patient) -> String {
    let line = |answer: &rights::Answered| {
        let allowed = match &answer.allowed {
            Ok(true) => "yes",
            Ok(false) => "no",
            Err(why) => why,
        };
        format!("{}: {}: {allowed}\n", answer.feature, answer.right)
    };
    rights::ask(patient).await.iter().map(line).collect()
}

async fn answers(server: &Server) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, path) in ANSWERS {
        let text = match server.get(path).await {
            Ok(answer) => {
                let body = String::from_utf8_lossy(&answer.body).chars().take(MAX_TEXT).collect::<String>();
                if answer.status.is_success() { body } else { format!("{}\n{body}", answer.status) }
            }
            Err(error) => format!("{error:#}"),
        };
        entries.push(((*name).to_owned(), text));
    }
    entries
}

/// The last lines of a file.
fn tail(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let from = bytes.len().saturating_sub(MAX_TEXT);
    let text = String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n"))
}

/// The file gets its name once it is whole.
fn save(file: &Path, entries: &[Entry]) -> anyhow::Result<u64> {
    let mut unfinished = file.to_owned().into_os_string();
    unfinished.push(".tmp");
    let out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let written = pack(out, entries).and_then(|()| Ok(fs::rename(&unfinished, file)?));
    if let Err(error) = written {
        // What is said is why it could not be written.
        fs::remove_file(&unfinished).ok();
        return Err(error);
    }
    Ok(fs::metadata(file)?.len())
}

fn pack(out: fs::File, entries: &[Entry]) -> anyhow::Result<()> {
    let mut archive = tar::Builder::new(zstd::Encoder::new(out, LEVEL)?);
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, Path::new("crowsnest-doctor").join(name), text.as_bytes())?;
    }
    let mut out = archive.into_inner()?.finish()?;
    out.flush()?;
    out.sync_all()?;
    Ok(())
}
