//! What the demo alerts of: rules about its broken workloads, routes, and a receiver that takes whatever it is told.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::Router;
use tokio::task::JoinHandle;

const RULES: &str = include_str!("alerting/rules.yml");
const ROUTES: &str = include_str!("alerting/alertmanager.yml");
/// What stands in the routes for where the receiver is.
const RECEIVER: &str = "RECEIVER";

/// A folder for `--provisioning`, and where its receiver listens.
pub(super) struct Alerting {
    pub(super) folder: PathBuf,
    listener: TcpListener,
}

impl Alerting {
    /// Writes the folder anew: the receiver has another port each time.
    pub(super) fn write(folder: &Path) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen for notifications")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        let folder = folder.join("provisioning");
        let rules = folder.join("rules");
        let write = |path: PathBuf, text: &str| {
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
        };
        std::fs::create_dir_all(&rules).with_context(|| format!("cannot make {}", rules.display()))?;
        write(rules.join("demo.yml"), RULES)?;
        write(folder.join("alertmanager.yml"), &ROUTES.replace(RECEIVER, &address))?;
        Ok(Self { folder, listener })
    }

    /// Takes notifications.
    pub(super) fn receive(self) -> anyhow::Result<JoinHandle<()>> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let receiver = Router::new().fallback(|| async { "ok" });
        Ok(tokio::spawn(async move {
            // It ends with the demo.
            drop(axum::serve(listener, receiver).await);
        }))
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_alerting::alertmanager::Config;
    use crowsnest_alerting::rules::RuleFile;
    use crowsnest_promql::Engine;

    use super::*;

    #[test]
    fn the_rules_and_routes_are_right() {
        let rules = RuleFile::parse(RULES, &Engine::default()).unwrap();
        assert!(rules.groups.iter().map(|group| group.rules.len()).sum::<usize>() > 5);
        Config::parse(&ROUTES.replace(RECEIVER, "127.0.0.1:1")).unwrap();
    }
}
