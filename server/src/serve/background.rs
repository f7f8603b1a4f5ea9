//! What the server does by itself, again and again, until it stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::certificate::CertificateKeeper;
use crate::clock;
use crate::cluster_metrics::ClusterMetrics;
use crate::dashboards::config_maps;
use crate::gone::keeper::Keeper;
use crate::http::AppState;
use crate::incidents;
use crate::notices::DAMAGED;
use crate::pushgateway;
use crate::rules;

/// How often files are looked at for changes.
const FILE_INTERVAL: Duration = Duration::from_secs(2);
/// How often silent sources are looked for.
const SOURCE_INTERVAL: Duration = Duration::from_secs(1);
/// How often the sample store is looked after.
const MAINTAIN_INTERVAL: Duration = Duration::from_secs(1);
/// How often sessions that are over are removed.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(600);

/// Starts all of it.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    app: &AppState,
    certificates: CertificateKeeper,
    stopped: &watch::Receiver<bool>,
) {
    tasks.spawn(watch_files(Arc::clone(app), stopped.clone()));
    tasks.spawn(Arc::clone(&app.rules).run(stopped.clone()));
    tasks.spawn(Arc::clone(&app.scraping).run(stopped.clone()));
    if app.config.scrape_monitors {
        tasks.spawn(Arc::clone(&app.scraping).follow_monitors(stopped.clone()));
    }
    if let Some(cluster) = app.cluster.clone().filter(|_| app.config.dashboard_config_maps) {
        tasks.spawn(config_maps::follow(Arc::clone(&app.dashboards), cluster, stopped.clone()));
    }
    if let Some(cluster) = app.cluster.clone().filter(|_| app.config.rule_objects) {
        let (rules, from) = (Arc::clone(&app.rules), app.config.rules_from.clone());
        tasks.spawn(rules::objects::follow(rules, cluster, from, stopped.clone()));
    }
    if let Some(file) = super::events_file(&app.config) {
        let place = match (&app.cluster, &app.config.cluster) {
            (Some(cluster), _) => incidents::Where::Known(Arc::clone(cluster)),
            (None, Some(source)) => incidents::Where::At(source.clone()),
            (None, None) => incidents::Where::Nowhere,
        };
        tasks.spawn(incidents::follow(file, place, Arc::clone(&app.notifier), stopped.clone()));
    }
    tasks.spawn(rules::authors::follow(Arc::clone(app), stopped.clone()));
    tasks.spawn(Arc::clone(&app.notifier).run(stopped.clone()));
    tasks.spawn(reload_on_hangup(Arc::clone(app), stopped.clone()));
    tasks.spawn(watch_sources(Arc::clone(app), stopped.clone()));
    tasks.spawn(tell_pushed_groups(Arc::clone(app), stopped.clone()));
    tasks.spawn(maintain(Arc::clone(app), stopped.clone()));
    tasks.spawn(upkeep(Arc::clone(app), stopped.clone()));
    tasks.spawn(certificates.run(stopped.clone()));
    if let Some(cluster) = app.cluster.clone().filter(|_| !app.config.cluster_metrics.is_off()) {
        let witness = app.gone.clone().map(|gone| {
            let (keeper, witness) = Keeper::new(gone, Arc::clone(&cluster), app.config.keep_last_logs);
            tasks.spawn(keeper.run(stopped.clone()));
            witness
        });
        let metrics = ClusterMetrics {
            settings: app.config.cluster_metrics.clone(),
            witness,
            cluster,
            appender: Arc::clone(&app.storage.appender),
            queryable: Arc::clone(&app.storage.queryable),
        };
        tasks.spawn(metrics.run(stopped.clone()));
    }
}

/// Reads files again on SIGHUP, as Prometheus does.
async fn reload_on_hangup(app: AppState, mut stopped: watch::Receiver<bool>) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            return warn!(err = &error as &dyn std::error::Error, "cannot listen for SIGHUP");
        }
    };
    loop {
        tokio::select! {
            _ = hangups.recv() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let app = AppState::clone(&app);
        match tokio::task::spawn_blocking(move || app.reload()).await {
            Ok(Ok(())) => info!("reloaded"),
            Ok(Err(error)) => warn!(err = &*error as &dyn std::error::Error, "cannot reload"),
            Err(error) => warn!(err = &error as &dyn std::error::Error, "a background job panicked"),
        }
    }
}

/// Reads users, ingest tokens, rules, scrape files, alertmanager.yml and dashboards again when their files change.
async fn watch_files(app: AppState, stopped: watch::Receiver<bool>) {
    every(FILE_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || {
            app.auth.reload_changed_files();
            app.rules.reload_if_changed();
            app.scraping.reload_if_changed();
            app.notifier.reload_if_changed();
            app.dashboards.reload_if_changed();
        }
    })
    .await;
}

/// Looks for sources that have fallen silent.
async fn watch_sources(app: AppState, stopped: watch::Receiver<bool>) {
    every(SOURCE_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || app.sources.look(clock::now())
    })
    .await;
}

/// Stores what jobs have pushed once more.
async fn tell_pushed_groups(app: AppState, stopped: watch::Receiver<bool>) {
    every(pushgateway::INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || app.gateway.tell(clock::now())
    })
    .await;
}

/// Cuts blocks and applies retention.
async fn maintain(app: AppState, stopped: watch::Receiver<bool>) {
    every(MAINTAIN_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || {
            app.storage.maintain();
            // Blocks tell of damage when something reads them.
            if app.damage().any() {
                app.notices.stand(DAMAGED, clock::now());
            }
        }
    })
    .await;
}

/// Removes sessions that are over, and changes their keys.
async fn upkeep(app: AppState, stopped: watch::Receiver<bool>) {
    every(UPKEEP_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || {
            match app.auth.sessions.sweep(clock::now()) {
                Ok(0) => {}
                Ok(removed) => info!(removed, "removed sessions that are over"),
                Err(error) => {
                    warn!(err = &error as &dyn std::error::Error, "cannot remove sessions that are over");
                }
            }
            if let Err(error) = app.auth.sessions.renew_keys(clock::now()) {
                warn!(error = format!("{error:#}"), "cannot change the keys of sessions; the old ones stay");
            }
        }
    })
    .await;
}

/// Does `job` off the async threads, again and again, until `stopped`.
async fn every<J>(interval: Duration, mut stopped: watch::Receiver<bool>, job: impl Fn() -> J)
where
    J: FnOnce() + Send + 'static,
{
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = tokio::task::spawn_blocking(job()).await {
            warn!(err = &error as &dyn std::error::Error, "a background job panicked");
        }
    }
}
