//! `crowsnest serve`: puts the parts together and runs them until a signal.

mod background;
mod certificate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use crowsnest_promql::{Engine, EngineOptions, Features, RangeCache, Receipts};
use crowsnest_rbac::{Authoriser, DeniedCertificates, IngestTokens, RoleAuthoriser, StaticUsers};
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use self::certificate::CertificateKeeper;
use crate::api_v1::write::WriteGate;
use crate::audit::AuditLog;
use crate::auth::{Auth, Oidc, Sessions, Trusted, Users};
use crate::clock;
use crate::cluster::{Cluster, ClusterAuthoriser};
use crate::config::{Config, QueryLimits};
use crate::config_folder::{self, ConfigFolder};
use crate::control::{ControlStore, SledStore};
use crate::dashboards::Dashboards;
use crate::data_dir::{DataDir, write_public};
use crate::fetch::Fetcher;
use crate::forward::Forwards;
use crate::gone::GonePods;
use crate::http::{self, App, AppState};
use crate::incidents;
use crate::listen::{CertificateStore, Listener, TlsAcceptor, fingerprint};
use crate::logging;
use crate::notices::{EPHEMERAL, Notices};
use crate::notifier::{Notifier, ToldLog};
use crate::pushgateway::Gateway;
use crate::query_pool::QueryPool;
use crate::rules::chart::Illustrator;
use crate::rules::{RuleSettings, Rules};
use crate::scraping::Scraping;
use crate::settings::AuthMode;
use crate::sources::pace::Pace;
use crate::sources::watch::SourceWatch;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::watched::Watched;
use crate::watching::Places;

/// `<data-dir>/listen.json`: where the server can be reached, written once it can.
#[derive(Debug, Serialize)]
pub(crate) struct ListenFile {
    listen: SocketAddr,
    http_listen: Option<SocketAddr>,
    /// For people and programs on this machine.
    pub(crate) url: String,
    /// The CA to trust, unless the operator brought a certificate without one.
    pub(crate) ca: Option<PathBuf>,
    /// Its SHA-256, to compare with what a browser shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_sha256: Option<String>,
}

impl ListenFile {
    /// Where programs on this machine connect to.
    pub(crate) fn local(&self) -> SocketAddr {
        reachable(self.listen)
    }
}

/// What the query of a notification's chart may take.
const CHART_TIMEOUT: Duration = Duration::from_secs(5);
const CHART_BYTES: usize = 64 << 20;
const LISTEN_FILE: &str = "listen.json";

/// `crowsnest serve`: runs until SIGTERM or SIGINT.
pub(crate) fn run(config: Config) -> anyhow::Result<()> {
    start_process(&config)?.block_on(async {
        let data_dir = DataDir::open(&config.data_dir)?;
        let server = Server::start(config, data_dir).await?;
        wait_for_signal().await?;
        server.stop().await
    })
}

/// Starts logging and threads.
pub(crate) fn start_process(config: &Config) -> anyhow::Result<Runtime> {
    logging::start(config.log_format, &config.log_level)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("crowsnest")
        .build()
        .context("cannot start threads")
}

/// A running server.
pub(crate) struct Server {
    app: AppState,
    data_dir: DataDir,
    reach: ListenFile,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens everything, listens, and says so in `listen.json`.
    pub(crate) async fn start(config: Config, data_dir: DataDir) -> anyhow::Result<Self> {
        let certificates = certificates(&config, &data_dir)?;
        let certificate = certificates.load(&[])?;
        let app = compose(&config, &data_dir).await?;
        let tls = Arc::new(TlsAcceptor::new(&certificate, &app.auth.trusted.hints())?);
        let secure = Listener::bind(config.listen, Some(Arc::clone(&tls))).await?;
        let plain = match config.http_listen {
            Some(address) => Some(Listener::bind(address, None).await?),
            None => None,
        };
        let reach = ListenFile {
            listen: secure.address()?,
            http_listen: plain.as_ref().map(Listener::address).transpose()?,
            url: format!("https://{}{}", reachable(secure.address()?), config.base_path.with_slash()),
            ca_sha256: certificates.ca_file().as_deref().map(fingerprint).transpose()?,
            ca: certificates.ca_file(),
        };
        let certificates = CertificateKeeper::new(certificates, Arc::clone(&tls), &certificate, &app);
        let stopped = app.stop.subscribe();
        let router = http::router(&app);
        let mut tasks = JoinSet::new();
        tasks.spawn(secure.serve(router.clone(), stopped.clone()));
        if let Some(plain) = plain {
            tasks.spawn(plain.serve(router, stopped.clone()));
        }
        background::start(&mut tasks, &app, certificates, &stopped);
        app.ready.store(true, Ordering::Relaxed);
        write_public(&data_dir.join(LISTEN_FILE), &serde_json::to_vec_pretty(&reach)?)?;
        let ca_sha256 = reach.ca_sha256.as_deref().unwrap_or_default();
        info!(version = env!("CARGO_PKG_VERSION"), url = reach.url, ca_sha256, "crowsnest is ready");
        Ok(Self { app, data_dir, reach, tasks })
    }

    /// What its handlers share.
    pub(crate) const fn app(&self) -> &AppState {
        &self.app
    }

    /// Where it can be reached.
    pub(crate) fn reach(&self) -> &ListenFile {
        &self.reach
    }

    /// Lets requests finish, for ten seconds at most, and closes the store.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        info!("shutting down");
        self.app.ready.store(false, Ordering::Relaxed);
        self.app.notices.close(clock::now());
        self.app.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a part of the server panicked")?;
        }
        self.app.storage.local.close();
        drop(std::fs::remove_file(self.data_dir.join(LISTEN_FILE)));
        info!("stopped");
        Ok(())
    }
}

/// Everything that handlers share.
pub(crate) async fn compose(config: &Config, data_dir: &DataDir) -> anyhow::Result<AppState> {
    let (sled, control_damage) = SledStore::open_or_begin(&data_dir.subdir("control")?)?;
    if let Some(damage) = &control_damage {
        error!(damage, "control state was damaged: sessions and silences are lost, and begun anew");
    }
    let storage = Storage::open(config, data_dir, sled.block_manifest()?)?;
    let control: Arc<dyn ControlStore> = Arc::new(sled);
    let sources = SourceWatch::open(
        Arc::clone(&control),
        Arc::clone(&storage.appender),
        Arc::clone(&storage.queryable),
        clock::now(),
    )?;
    let notifier = Arc::new(Notifier::open(
        provisioned(config, "alertmanager.yml"),
        &config.forwarding,
        external_url(config),
        Arc::clone(&control),
        Fetcher::to(&config.outbound_allow),
        ToldLog::open(data_dir)?,
    )?);
    let rules = Rules::open(
        rule_settings(config),
        Engine::new(engine_options(config)),
        Arc::clone(&storage.queryable),
        Arc::clone(&storage.appender),
        Arc::clone(&control),
        Arc::clone(&notifier),
    )?;
    let rules = Arc::new(rules);
    notifier.studio.engage(Illustrator::new(&rules, Engine::new(chart_options(config))));
    let dashboards = Dashboards::open(Arc::clone(&control), provisioned(config, "dashboards"))?;
    let cluster = cluster(config).await?;
    let scraping = Scraping::open(
        provisioned(config, "scrape"),
        Fetcher::to(&config.outbound_allow),
        Arc::clone(&storage.appender),
        cluster.clone(),
    )?;
    let gateway = Gateway::open(Arc::clone(&control), Arc::clone(&storage.appender))?;
    let notices = Notices::new(clock::now());
    if config.ephemeral {
        warn!("--ephemeral: samples, rules and sessions are lost with this server's pod");
        notices.stand(EPHEMERAL, clock::now());
    }
    Ok(Arc::new(App {
        auth: auth(config, data_dir, Arc::clone(&control), cluster.clone())?,
        control,
        gone: match &cluster {
            Some(_) if !config.cluster_metrics.is_off() => {
                Some(Arc::new(GonePods::open(data_dir.subdir("gone")?)))
            }
            _ => None,
        },
        cluster,
        audit: AuditLog::open(data_dir)?,
        pool: QueryPool::new(&config.queries),
        engine: Engine::new(engine_options(config)),
        range_cache: RangeCache::new(config.queries.cache),
        receipts: Receipts::default(),
        rules,
        dashboards: Arc::new(dashboards),
        scraping: Arc::new(scraping),
        notifier,
        storage,
        control_damage,
        sources,
        writes: WriteGate::new(Pace::new(config.max_push_rate)),
        gateway,
        deltas: tokio::sync::Mutex::default(),
        telemetry: Telemetry::default(),
        notices,
        started: clock::now(),
        streams: Places::of_streams(),
        terminals: Places::of_terminals(),
        pictures: Places::of_pictures(),
        forwards: Forwards::default(),
        stop: watch::Sender::new(false),
        ready: AtomicBool::new(false),
        config: config.clone(),
    }))
}

/// A file or folder of the provisioning folder, where there is one.
fn provisioned(config: &Config, name: &str) -> Option<PathBuf> {
    config.provisioning.as_ref().map(|folder| folder.join(name))
}

/// The file that says of which events somebody is told; it may come and go.
fn events_file(config: &Config) -> Option<PathBuf> {
    provisioned(config, incidents::FILE)
}

fn rule_settings(config: &Config) -> RuleSettings {
    RuleSettings {
        folder: ConfigFolder::new(provisioned(config, "rules"), config_folder::YAML),
        curated: config.curated_rules.clone(),
        interval: config.evaluation_interval,
        external_labels: config.external_labels.clone(),
        external_url: external_url(config),
    }
}

/// Without a slash at the end.
fn external_url(config: &Config) -> String {
    config.external_url.as_ref().map_or("", |url| url.as_str()).trim_end_matches('/').to_owned()
}

fn certificates(config: &Config, data_dir: &DataDir) -> anyhow::Result<CertificateStore> {
    Ok(match &config.tls_files {
        Some((cert, key)) => CertificateStore::Files { cert: cert.clone(), key: key.clone() },
        None => CertificateStore::Own {
            folder: data_dir.subdir("tls")?,
            address: config.listen.ip(),
            names: config.tls_names.clone(),
        },
    })
}

/// The cluster, where one is of use: its users sign in, or metrics are made of it.
pub(crate) async fn cluster(config: &Config) -> anyhow::Result<Option<Arc<Cluster>>> {
    let source = config.cluster.as_ref();
    let of_use = config.auth == AuthMode::Kube
        || config.scrape_monitors
        || config.dashboard_config_maps
        || config.rule_objects
        || events_file(config).is_some_and(|file| file.exists())
        || !config.cluster_metrics.is_off();
    match source.filter(|_| of_use) {
        Some(source) => Ok(Some(Arc::new(Cluster::connect(source).await?))),
        None => Ok(None),
    }
}

fn auth(
    config: &Config,
    data_dir: &DataDir,
    control: Arc<dyn ControlStore>,
    cluster: Option<Arc<Cluster>>,
) -> anyhow::Result<Auth> {
    let users = match (config.auth, &config.static_token_file, cluster) {
        (AuthMode::Static, Some(path), _) => Users::Static(Watched::open(path, |yaml| {
            StaticUsers::parse(yaml).map_err(|error| error.to_string())
        })?),
        (AuthMode::Kube, _, Some(cluster)) => Users::Cluster(cluster),
        (AuthMode::Static | AuthMode::Kube, ..) => bail!("there is nowhere for users to come from"),
        (AuthMode::None, ..) => {
            warn!("--auth none: everybody who reaches this address is an administrator");
            Users::Open
        }
    };
    let ingest = config
        .ingest_token_file
        .as_ref()
        .map(|path| Watched::open(path, |text| IngestTokens::parse(text).map_err(|error| error.to_string())));
    let sessions = Sessions::open(control, &data_dir.subdir("keys")?)?;
    let authoriser: Box<dyn Authoriser> = match &users {
        Users::Cluster(cluster) => Box::new(ClusterAuthoriser(Arc::clone(cluster))),
        Users::Open | Users::Static(_) => Box::new(RoleAuthoriser),
    };
    let denied =
        config.client_cert_deny_file.as_ref().map(|path| Watched::open(path, DeniedCertificates::parse));
    let trusted = Trusted::new(config.opened, config.client_ca.as_deref(), denied.transpose()?)?;
    let oidc = config.oidc.clone().map(|settings| Oidc::new(settings, Fetcher::to(&config.outbound_allow)));
    Ok(Auth::new(users, ingest.transpose()?, sessions, authoriser, trusted, oidc.transpose()?))
}

/// Prometheus's features that the engine knows; others are told about and otherwise ignored, as Prometheus does.
fn engine_options(config: &Config) -> EngineOptions {
    let mut features = Features::default();
    for feature in &config.features {
        match feature.as_str() {
            "promql-experimental-functions" => features.experimental_functions = true,
            "promql-extended-range-selectors" => features.extended_ranges = true,
            "promql-delayed-name-removal" => features.delayed_name_removal = true,
            other => warn!(feature = other, "--enable-feature: not known here"),
        }
    }
    let QueryLimits { timeout, max_samples, lookback, .. } = config.queries;
    EngineOptions { features, timeout, max_samples, lookback, ..EngineOptions::default() }
}

/// What a chart of a notification may cost: nobody waits for it.
fn chart_options(config: &Config) -> EngineOptions {
    let options = engine_options(config);
    EngineOptions {
        timeout: options.timeout.min(CHART_TIMEOUT),
        max_bytes: options.max_bytes.min(CHART_BYTES),
        ..options
    }
}

/// An address that can be connected to: listening everywhere includes loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        std::net::IpAddr::V4(_) => SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, address.port())),
        std::net::IpAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
    }
}

/// Waits until the process is told to stop.
pub(crate) async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
