//! Targets that a file names: `scrape_configs` with static targets, read again when the file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use crowsnest_scrape::config::{Authorization, HttpConfig, ScrapeFile, ScrapeJob};
use crowsnest_scrape::{Job, Limits, ScrapeError, Target};
use tokio::time::sleep;

use super::{Access, BODY_LIMIT, Credential, Group, Trust, Wanted};

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// How many faults are told; whoever mends these will be told of others.
const MAX_TOLD: usize = 20;

/// Reads the file.
///
/// # Errors
/// What is wrong with it, with line and column.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<ScrapeJob>> {
    let file = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {file}"))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    match ScrapeFile::parse(&text, folder) {
        Ok(read) => {
            let others = |job: &&ScrapeJob| {
                let from = &job.discoveries;
                !from.files.is_empty() || !from.urls.is_empty() || !from.kubernetes.is_empty()
            };
            if let Some(job) = read.jobs.iter().find(others) {
                let name = &job.job.name;
                bail!(
                    "{file}: job {name:?}: the agent reads static_configs only; the server reads the others"
                );
            }
            Ok(read.jobs)
        }
        Err(faults) => {
            let told: Vec<String> =
                faults.iter().take(MAX_TOLD).map(|fault| format!("{file}:{fault}")).collect();
            bail!(told.join("\n"))
        }
    }
}

/// Keeps the targets what the file says, for ever. While anything is wrong with it, those of before go on.
pub(super) async fn follow(path: PathBuf, mut group: Group) {
    let mut seen = None;
    loop {
        let stamp = stamp(&path);
        if seen.as_ref() != Some(&stamp) {
            seen = Some(stamp);
            match read(&path) {
                Ok(jobs) => group.set(jobs.into_iter().flat_map(wanted).collect()),
                Err(error) => {
                    tracing::warn!(err = format!("{error:#}"), "cannot read targets; those of before go on");
                }
            }
        }
        sleep(INTERVAL).await;
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn wanted(scrape: ScrapeJob) -> Vec<Wanted> {
    let ScrapeJob { job, http, discoveries } = scrape;
    let body_bytes = if job.limits.body_bytes > 0 { job.limits.body_bytes } else { BODY_LIMIT };
    let job = Arc::new(Job { limits: Limits { body_bytes, ..job.limits }, ..job });
    let access = Arc::new(access(http));
    let targets: Vec<Target> = discoveries
        .static_targets
        .iter()
        .filter_map(|labels| match Target::new(&job, labels) {
            Ok(target) => target,
            Err(error) => {
                tracing::warn!(job = job.name, target = %labels, err = error.to_string(), "this is no target");
                None
            }
        })
        .collect();
    let (number, limit) = (targets.len() as u64, job.limits.targets);
    let fails = (limit > 0 && number > limit).then_some(ScrapeError::Targets { targets: number, limit });
    let one =
        |target| Wanted { job: Arc::clone(&job), target, access: Arc::clone(&access), fails: fails.clone() };
    targets.into_iter().map(one).collect()
}

fn access(http: HttpConfig) -> Access {
    let trust = match http.tls.ca {
        _ if http.tls.insecure_skip_verify => Trust::Unverified,
        Some(file) => Trust::File(file),
        None => Trust::System,
    };
    let credential = match http.authorization {
        Authorization::None => Credential::None,
        written => Credential::Written(written),
    };
    Access { trust, credential, identity: http.tls.identity }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.yml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            super::read(&path).map(|jobs| jobs.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read("scrape_configs: [{job_name: a, static_configs: [{targets: ['h:1']}]}]\n"), Ok(1));
        assert!(read("scrape_configs: [{job_name: a, scheme: x}]\n").unwrap_err().contains("s.yml:1:40: "));
        let files = "scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.json]}]}]\n";
        assert!(read(files).unwrap_err().contains("static_configs only"));
    }
}
