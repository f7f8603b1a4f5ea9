//! `crowsnest demo`: a server, a simulated cluster in the same process, an agent on this machine, and what other agents
//! would push.
//!
//! Everything lives in one folder (`./crowsnest-demo` unless `--data-dir` says otherwise) and is kept: a second run
//! continues with the same data, and sessions and tokens of the first are good in it. The cluster itself begins anew.

mod agent;
mod alerting;
mod cluster;
mod credentials;
mod feed;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Config;
use crate::data_dir::{DataDir, write_private};
use crate::http::AppState;
use crate::rules::curated;
use crate::serve::{Server, start_process, wait_for_signal};
use crate::settings::{AuthMode, Settings};

use agent::Agent;
use alerting::Alerting;
use cluster::DemoCluster;
use credentials::Credentials;

/// Where the demo keeps everything unless told otherwise.
const DEFAULT_FOLDER: &str = "crowsnest-demo";

/// Whose labels are labels of series.
const LABELS_SHOWN: &str = "namespaces=[*],nodes=[*],persistentvolumeclaims=[*],pods=[*]";

/// `<data-dir>/demo.json`: how to get in; for its owner only.
#[derive(Debug, Serialize)]
struct DemoFile<'a> {
    url: &'a str,
    /// What to sign in with, unless the operator brought users.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// The same for somebody who sees one namespace of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    viewer_token: Option<&'a str>,
    ca: Option<PathBuf>,
    /// A client certificate of the cluster's administrator, and what it is opened with.
    #[serde(skip_serializing_if = "Option::is_none")]
    p12: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p12_password: Option<&'a str>,
    /// A file with which kubectl gets into the simulated cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<PathBuf>,
}

/// Runs the demo until SIGTERM or SIGINT.
pub(crate) fn run(mut settings: Settings) -> anyhow::Result<()> {
    let folder = settings.data_dir.get_or_insert_with(|| PathBuf::from(DEFAULT_FOLDER));
    let data_dir = DataDir::open(folder)?;
    let folder = data_dir.subdir("demo")?;
    let credentials = Credentials::keep(&folder)?;
    let simulates = settings.kube.is_none() && settings.kubeconfig.is_none();
    let own_users = choose_users(&mut settings, &folder, &credentials, simulates);
    settings.ingest_token_file.get_or_insert(credentials.ingest_file.clone());
    settings.log_level.get_or_insert_with(|| "warn".to_owned());
    if simulates {
        show_all_metrics(&mut settings);
        settings.keep_last_logs.get_or_insert(true);
    }
    let alerting = match (&settings.provisioning, simulates) {
        (None, true) => Some(Alerting::write(&folder)?),
        _ => None,
    };
    if let Some(alerting) = &alerting {
        settings.provisioning = Some(alerting.folder.clone());
        // The demo's own rules find the same as those about Kubernetes, only sooner.
        let others = || curated::names().filter(|name| *name != "kubernetes").map(str::to_owned).collect();
        settings.curated_rules.get_or_insert_with(others);
    }
    let chose_port = settings.listen.is_some();
    let mut config = Config::resolve(settings)?;
    if !chose_port && !is_free(config.listen) {
        config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    }
    start_process(&config)?.block_on(async {
        let agent_queue = data_dir.subdir("agent-queue")?;
        let demo_file = data_dir.join("demo.json");
        let ingest_file = config.ingest_token_file.clone().unwrap_or_else(|| credentials.ingest_file.clone());
        let cluster = if simulates {
            Some(DemoCluster::start(&folder, &credentials.p12_password).await?)
        } else {
            None
        };
        let receiver = alerting.map(Alerting::receive).transpose()?;
        let server = Server::start(config, data_dir).await?;
        let reach = server.reach();
        if let Some(cluster) = &cluster {
            cluster.lead_to(reach.local());
        }
        let (token, viewer_token) = match (own_users, &cluster) {
            (Users::Cluster, Some(cluster)) => (Some(&*cluster.token), Some(&*cluster.viewer_token)),
            (Users::Demo, _) => (Some(&*credentials.token), None),
            (Users::Cluster | Users::Operator, _) => (None, None),
        };
        let kubeconfig = cluster.is_some().then(|| cluster::kubeconfig(&folder));
        let has_p12 = own_users == Users::Cluster;
        let told = DemoFile {
            url: &reach.url,
            token,
            viewer_token,
            ca: reach.ca.clone(),
            p12: has_p12.then(|| cluster::p12(&folder)),
            p12_password: has_p12.then_some(&credentials.p12_password),
            kubeconfig,
        };
        write_private(&demo_file, &serde_json::to_vec_pretty(&told)?)?;
        let scraping = cluster.as_ref().map_or(Ok(Vec::new()), |cluster| cluster.scraping(&folder))?;
        let agent = Agent::start(&reach.url, &ingest_file, reach.ca.as_deref(), &agent_queue, scraping)
            .context("cannot start the agent")?;
        let feed = cluster.as_ref().map(|cluster| {
            tokio::spawn(feed::run(AppState::clone(server.app()), Arc::clone(&cluster.running)))
        });
        announce(&told);
        wait_for_signal().await?;
        agent.stop().await;
        for task in feed.into_iter().chain(receiver) {
            // It is in the middle of nothing that matters.
            task.abort();
        }
        server.stop().await
    })
}

/// Who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Users {
    /// The accounts of the simulated cluster.
    Cluster,
    /// The user that the demo makes.
    Demo,
    /// Whom the operator brought.
    Operator,
}

/// What the operator brings wins; the demo's own users are for those who bring none.
fn choose_users(settings: &mut Settings, folder: &Path, credentials: &Credentials, simulates: bool) -> Users {
    if simulates {
        settings.kubeconfig = Some(cluster::kubeconfig(folder));
    }
    let brings = settings.static_token_file.is_some() || settings.kubeconfig.is_some() && !simulates;
    let default = if brings || !simulates { AuthMode::Static } else { AuthMode::Kube };
    match *settings.auth.get_or_insert(default) {
        AuthMode::Kube if simulates => Users::Cluster,
        AuthMode::Static if settings.static_token_file.is_none() => {
            settings.static_token_file = Some(credentials.users_file.clone());
            Users::Demo
        }
        AuthMode::Kube | AuthMode::Static | AuthMode::None => Users::Operator,
    }
}

/// The simulated cluster has no secrets worth keeping: all that can be made metrics of is, with the labels that dashboards join by.
fn show_all_metrics(settings: &mut Settings) {
    settings.cluster_metrics.get_or_insert_with(|| vec!["*".to_owned()]);
    if settings.metric_labels_allowlist.is_none() {
        settings.metric_labels_allowlist = LABELS_SHOWN.parse().ok();
    }
}

fn is_free(address: SocketAddr) -> bool {
    std::net::TcpListener::bind(address).is_ok()
}

fn announce(told: &DemoFile<'_>) {
    println!();
    println!("  Crowsnest is running, and watches this machine as node {}.", agent::NODE);
    println!();
    println!("    Open     {}", told.url);
    match told.token {
        Some(token) => println!("    Token    {token}"),
        None => println!("    Sign in  as a user that you brought"),
    }
    if let Some(token) = told.viewer_token {
        println!("    Viewer   {token}");
        println!("             (sees namespace shop and nothing else)");
    }
    if let (Some(p12), Some(password)) = (&told.p12, told.p12_password) {
        println!("    p12      {}", p12.display());
        println!("             (password {password})");
    }
    if let Some(kubeconfig) = &told.kubeconfig {
        println!("    kubectl  --kubeconfig {}", kubeconfig.display());
    }
    if let Some(ca) = &told.ca {
        println!("    CA       {}", ca.display());
        println!();
        println!(
            "  The certificate is our own, so the browser warns once; it is safe to go on, or to trust the CA."
        );
    }
    println!("  Ctrl-C stops it; the data stays.");
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settings: Settings, simulates: bool, users: Users, auth: AuthMode) {
        let dir = tempfile::tempdir().unwrap();
        let credentials = Credentials::keep(dir.path()).unwrap();
        let mut settings = settings;
        assert_eq!(choose_users(&mut settings, dir.path(), &credentials, simulates), users);
        assert_eq!(settings.auth, Some(auth));
        assert_eq!(settings.static_token_file.is_some(), auth == AuthMode::Static);
    }

    #[test]
    fn the_labels_that_are_shown_are_a_list() {
        let list: crowsnest_cluster_metrics::AllowList = LABELS_SHOWN.parse().unwrap();
        assert_eq!(list.resources().count(), 4);
    }

    #[test]
    fn the_accounts_of_the_simulated_cluster_sign_in_unless_the_operator_brings_users() {
        check(Settings::default(), true, Users::Cluster, AuthMode::Kube);
        let file = Settings { static_token_file: Some("users.yaml".into()), ..Settings::default() };
        check(file, true, Users::Operator, AuthMode::Static);
        let auth = |auth| Settings { auth: Some(auth), ..Settings::default() };
        check(auth(AuthMode::Static), true, Users::Demo, AuthMode::Static);
        check(auth(AuthMode::None), true, Users::Operator, AuthMode::None);
        check(Settings::default(), false, Users::Demo, AuthMode::Static);
        let kubeconfig = Settings { kubeconfig: Some("k".into()), ..auth(AuthMode::Kube) };
        check(kubeconfig, false, Users::Operator, AuthMode::Kube);
    }
}
