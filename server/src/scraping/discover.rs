//! What files, URLs and the cluster say about targets, read again when it is time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::Labels;
use crowsnest_scrape::config::{Discoveries, HttpDiscovery, read_groups};
use reqwest::Url;
use tracing::warn;

use super::Tools;
use super::ask::{AskError, Asker};
use super::kubernetes::{self, KubernetesSource};
use crate::config_folder::{Stamp, stamp_files};

/// How often files are looked at, whatever their refresh interval: Prometheus is told by the system, and as quick.
const FILE_INTERVAL: Duration = Duration::from_secs(5);
/// How long a request for targets may take, and how long its answer may be.
const LIMIT: Duration = Duration::from_secs(30);
const MAX_BYTES: usize = 16 << 20;
/// Files of one pattern.
const MAX_FILES: usize = 1000;

/// Where the targets of one job come from, and what was last heard from there.
pub(super) struct Discovery {
    fixed: Vec<Labels>,
    files: Vec<FileSource>,
    urls: Vec<UrlSource>,
    objects: Vec<KubernetesSource>,
    tools: Arc<Tools>,
}

struct FileSource {
    patterns: Vec<PathBuf>,
    stamp: Option<Stamp>,
    last: Vec<Labels>,
}

struct UrlSource {
    config: HttpDiscovery,
    asker: Asker,
    asked: Option<Instant>,
    last: Vec<Labels>,
}

impl Discovery {
    pub(super) fn new(discoveries: &Discoveries, tools: &Arc<Tools>) -> Self {
        let files = discoveries.files.iter().map(|files| FileSource {
            patterns: files.patterns.clone(),
            stamp: None,
            last: Vec::new(),
        });
        let urls = discoveries.urls.iter().map(|config| UrlSource {
            asker: Asker::new(Arc::clone(tools), config.http.clone()),
            config: config.clone(),
            asked: None,
            last: Vec::new(),
        });
        let fixed = discoveries.static_targets.clone();
        let objects = discoveries.kubernetes.iter().map(KubernetesSource::new).collect();
        let tools = Arc::clone(tools);
        Self { fixed, files: files.collect(), urls: urls.collect(), objects, tools }
    }

    /// How long nothing can change; `None` is for ever.
    pub(super) fn wait(&self) -> Option<Duration> {
        let files = (!self.files.is_empty()).then_some(FILE_INTERVAL);
        let objects = (!self.objects.is_empty()).then_some(kubernetes::REFRESH);
        self.urls
            .iter()
            .map(|url| url.config.refresh.max(Duration::from_secs(1)))
            .chain(files)
            .chain(objects)
            .min()
    }

    /// What is known now. Whoever cannot be asked has said what he said last.
    pub(super) async fn targets(&mut self) -> Vec<Labels> {
        for files in &mut self.files {
            files.refresh();
        }
        for url in &mut self.urls {
            url.refresh().await;
        }
        for objects in &mut self.objects {
            objects.refresh(&self.tools).await;
        }
        let from_objects = self.objects.iter().flat_map(|objects| &objects.last);
        let from_files = self.files.iter().flat_map(|files| &files.last);
        let from_urls = self.urls.iter().flat_map(|url| &url.last);
        self.fixed.iter().chain(from_files).chain(from_urls).chain(from_objects).cloned().collect()
    }
}

impl FileSource {
    fn refresh(&mut self) {
        let paths: Vec<PathBuf> = self.patterns.iter().flat_map(|pattern| matching(pattern)).collect();
        let stamp = stamp_files(paths.clone());
        if self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        let mut found = Vec::new();
        for path in paths {
            match read(&path) {
                Ok(targets) => found.extend(targets),
                Err(why) => {
                    warn!(file = %path.display(), why, "cannot read targets; those of before stay");
                    self.stamp = Some(stamp);
                    return;
                }
            }
        }
        (self.stamp, self.last) = (Some(stamp), found);
    }
}

/// The files of a pattern, whose last part may have a `*`.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let Some(entries) = pattern.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(fits).take(MAX_FILES).collect();
    found.sort();
    found
}

fn read(path: &Path) -> Result<Vec<Labels>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.len() > MAX_BYTES as u64 {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut targets = groups(&text)?;
    for labels in &mut targets {
        let mut builder = labels.to_builder();
        builder.set("__meta_filepath", path.display().to_string());
        *labels = builder.build();
    }
    Ok(targets)
}

fn groups(text: &str) -> Result<Vec<Labels>, String> {
    read_groups(text).map_err(|faults| faults.first().map_or_else(String::new, ToString::to_string))
}

impl UrlSource {
    async fn refresh(&mut self) {
        if self.asked.is_some_and(|asked| asked.elapsed() < self.config.refresh) {
            return;
        }
        self.asked = Some(Instant::now());
        let asked = tokio::time::timeout(LIMIT, self.ask()).await;
        match asked.unwrap_or_else(|_| Err(format!("no answer within {LIMIT:?}"))) {
            Ok(targets) => self.last = targets,
            Err(why) => warn!(url = self.config.url, why, "cannot ask for targets; those of before stay"),
        }
    }

    async fn ask(&self) -> Result<Vec<Labels>, String> {
        let url: Url = self.config.url.parse().map_err(|_| "the URL is not one".to_owned())?;
        let refresh = self.config.refresh.as_secs().to_string();
        let headers = [("Accept", "application/json"), ("X-Prometheus-Refresh-Interval-Seconds", &refresh)];
        let mut answer = self.asker.get(&url, &headers).await.map_err(|error| error.to_string())?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| AskError::from(error).to_string())? {
            if body.len() + piece.len() > MAX_BYTES {
                return Err(format!("the answer has more than {MAX_BYTES} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        let text = String::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
        let mut targets = groups(&text)?;
        for labels in &mut targets {
            let mut builder = labels.to_builder();
            builder.set("__meta_url", self.config.url.as_str());
            *labels = builder.build();
        }
        Ok(targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_again_when_they_change_and_bad_ones_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let mut source =
            FileSource { patterns: vec![folder.path().join("*.json")], stamp: None, last: Vec::new() };
        let mut after = |text: &str| {
            std::fs::write(&path, text).unwrap();
            source.refresh();
            source
                .last
                .iter()
                .map(|labels| labels.get("__address__").unwrap().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(after(r#"[{"targets": ["a:1"]}]"#), ["a:1"]);
        assert_eq!(after(r#"[{"targets": ["a:1", "b:1"]}]"#), ["a:1", "b:1"]);
        assert_eq!(after("[{"), ["a:1", "b:1"]);
        assert_eq!(after("[]"), Vec::<String>::new());
        assert!(source.last.is_empty());
    }
}
