//! Who says who is told of alerts: other Alertmanagers, `alertmanager.yml`, somebody in the interface, or nobody.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::message::Templates;
use crowsnest_alerting::yaml::Fault;
use crowsnest_api::alerts::RoutingSource;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::control::{Collection, ControlError, ControlStore};

/// What routes alerts as long as nobody says how: to nobody.
const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
/// What is to be seen of routes where others route.
const FORWARDED: &str = "route: {receiver: forwarded}\nreceivers: [{name: forwarded}]\n";
/// The folder beside `alertmanager.yml` with what typed configurations name.
const SECRETS: &str = "secrets";
/// The one key of what is typed.
const KEY: &str = "typed";
/// The longest text that is kept.
const MAX_BYTES: usize = 256 << 10;

/// What somebody has typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Typed {
    pub(crate) text: String,
    pub(crate) version: u64,
    pub(crate) by: String,
    /// Seconds since the epoch.
    pub(crate) at: i64,
}

/// Why something that was typed does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TypeError {
    /// It is wrong; a line each.
    #[error("{0}")]
    Wrong(String),
    /// Somebody else was faster.
    #[error("{by} saved version {version} meanwhile")]
    Changed { by: String, version: u64 },
    /// Something else counts.
    #[error("who is told of alerts is said by {0}; take that away first")]
    NotHere(&'static str),
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Where configurations come from.
pub(super) struct Sources {
    /// `alertmanager.yml`.
    pub(super) file: Option<PathBuf>,
    pub(super) is_forwarded: bool,
    pub(super) typed: Mutex<Option<Typed>>,
}

/// The configuration that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) who: RoutingSource,
    pub(super) text: String,
}

impl Sources {
    pub(super) fn open(
        file: Option<PathBuf>,
        is_forwarded: bool,
        control: &dyn ControlStore,
    ) -> anyhow::Result<Self> {
        let kept = control.get(Collection::Routing, KEY)?;
        let typed = kept.map(|json| serde_json::from_slice(&json)).transpose();
        let typed = Mutex::new(typed.context("cannot read what was typed of who is told of alerts")?);
        Ok(Self { file, is_forwarded, typed })
    }

    /// What counts now.
    pub(super) fn read(&self) -> anyhow::Result<Source> {
        let of = |who, text: &str| Source { who, text: text.to_owned() };
        if self.is_forwarded {
            return Ok(of(RoutingSource::Forwarded, FORWARDED));
        }
        if let Some(file) = self.file.as_ref().filter(|file| file.exists()) {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            return Ok(Source { who: RoutingSource::File, text });
        }
        Ok(match &*self.typed.lock() {
            Some(typed) if !typed.text.trim().is_empty() => of(RoutingSource::Typed, &typed.text),
            _ => of(RoutingSource::Nobody, NOBODY),
        })
    }

    /// The configuration, and the templates that it names, which are relative to it.
    pub(super) fn parse(&self, source: &Source) -> anyhow::Result<(Config, Templates)> {
        let told = |name: &str, faults: Vec<Fault>| {
            let told: Vec<_> = faults.iter().take(20).map(|fault| format!("{name}:{fault}")).collect();
            anyhow!(told.join("\n"))
        };
        let name = self.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        match source.who {
            RoutingSource::File => {
                let config = Config::parse(&source.text).map_err(|faults| told(&name, faults))?;
                let templates = self.templates(&config, &name)?;
                Ok((config, templates))
            }
            RoutingSource::Typed => {
                let config = self.typed_config(&source.text).map_err(|faults| told("routing", faults))?;
                Ok((config, templates_of(&[], "routing")?))
            }
            RoutingSource::Nobody | RoutingSource::Forwarded => {
                let config = Config::parse(&source.text).map_err(|faults| told("built in", faults))?;
                Ok((config, templates_of(&[], "built in")?))
            }
        }
    }

    fn typed_config(&self, text: &str) -> Result<Config, Vec<Fault>> {
        let secrets = self.file.as_ref().and_then(|file| file.parent()).map(|folder| folder.join(SECRETS));
        Config::parse_typed(text, secrets.as_deref())
    }

    /// Keeps what somebody types, durably, if it is right and nothing else counts.
    pub(super) fn save(&self, typed: Typed, control: &dyn ControlStore) -> Result<u64, TypeError> {
        if self.is_forwarded {
            return Err(TypeError::NotHere("--forward-alerts"));
        }
        if self.file.as_ref().is_some_and(|file| file.exists()) {
            return Err(TypeError::NotHere("alertmanager.yml"));
        }
        if typed.text.len() > MAX_BYTES {
            return Err(TypeError::Wrong(format!("it may have {} KiB", MAX_BYTES >> 10)));
        }
        if !typed.text.trim().is_empty() {
            self.typed_config(&typed.text).map_err(|faults| {
                let told: Vec<_> = faults.iter().take(20).map(ToString::to_string).collect();
                TypeError::Wrong(told.join("\n"))
            })?;
        }
        let mut kept = self.typed.lock();
        let (version, by) = kept.as_ref().map(|kept| (kept.version, kept.by.clone())).unwrap_or_default();
        if version != typed.version {
            return Err(TypeError::Changed { by, version });
        }
        let typed = Typed { version: version + 1, ..typed };
        control.put(Collection::Routing, KEY, json!(typed).to_string().as_bytes())?;
        *kept = Some(typed);
        Ok(version + 1)
    }

    fn templates(&self, config: &Config, name: &str) -> anyhow::Result<Templates> {
        let folder = self.file.as_ref().and_then(|file| file.parent()).unwrap_or(Path::new(""));
        let mut files = Vec::new();
        for pattern in &config.templates {
            let paths = glob::glob(&folder.join(pattern).display().to_string());
            for path in paths.with_context(|| format!("{name}: templates: {pattern}"))? {
                let path = path.with_context(|| format!("{name}: templates: {pattern}"))?;
                let text = std::fs::read_to_string(&path);
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                files.push((path.display().to_string(), text));
            }
        }
        templates_of(&files, name)
    }
}

fn templates_of(files: &[(String, String)], name: &str) -> anyhow::Result<Templates> {
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Templates::new(files).map_err(|error| anyhow!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::MemoryStore;

    const TEXT: &str = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://x'}]}]\n";

    fn typed(text: &str, version: u64) -> Typed {
        Typed { text: text.to_owned(), version, by: "anna".to_owned(), at: 0 }
    }

    #[test]
    fn what_is_typed_counts_where_there_is_no_file_and_survives_a_restart() {
        let (folder, control) = (tempfile::tempdir().unwrap(), MemoryStore::default());
        let file = folder.path().join("alertmanager.yml");
        let open = || Sources::open(Some(file.clone()), false, &control).unwrap();
        let sources = open();
        let who = |sources: &Sources| sources.read().unwrap().who;
        assert_eq!(who(&sources), RoutingSource::Nobody);
        assert_eq!(sources.save(typed(TEXT, 0), &control).unwrap(), 1);
        assert_eq!(who(&open()), RoutingSource::Typed);
        let late = sources.save(typed(TEXT, 0), &control).unwrap_err();
        assert_eq!(late.to_string(), "anna saved version 1 meanwhile");
        let wrong = sources.save(typed("route: {}", 1), &control).unwrap_err();
        assert!(wrong.to_string().starts_with("1:"), "{wrong}");
        std::fs::write(&file, TEXT).unwrap();
        assert_eq!(who(&sources), RoutingSource::File);
        assert!(matches!(sources.save(typed(TEXT, 1), &control), Err(TypeError::NotHere(_))));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(sources.save(typed("", 1), &control).unwrap(), 2);
        assert_eq!(who(&open()), RoutingSource::Nobody);
    }
}
