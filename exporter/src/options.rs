//! The command line; every flag is also an environment variable.

mod collectors;
mod scrape;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use crowsnest_scrape::Grid;
use nix::unistd::gethostname;
use tracing::level_filters::LevelFilter;

use self::collectors::CollectorOptions;
use crate::agent::{Config, Destination, PushConfig, QueuePlace};
use crate::collector::COLLECTORS;
use crate::host::Host;
use crate::push::{ClientIdentity, PlainHttp, Target, Version};
use crate::serve::Security;

/// Where the queue is kept unless told otherwise; systemd's `StateDirectory=crowsnest-agent`.
const DEFAULT_QUEUE_DIR: &str = "/var/lib/crowsnest-agent";
/// Below this the queue could not hold one collection of a large machine.
const MIN_QUEUE_BYTES: u64 = 1 << 20;

/// Collects this machine's metrics, pushes them to Crowsnest and serves them as /metrics.
#[derive(Debug, Parser)]
#[command(name = "crowsnest-agent", version)]
pub struct Options {
    /// Base URL of the server; samples go to api/v1/write below it
    #[arg(long, env = "CROWSNEST_SERVER", value_name = "URL", required_unless_present = "no_push")]
    server: Option<String>,
    /// File with the bearer token; read again when it changes
    #[arg(long, env = "CROWSNEST_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// PEM file with the certificate authorities to trust instead of the system's
    #[arg(long, env = "CROWSNEST_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Allow plain http:// to servers on other machines
    #[arg(long, env = "CROWSNEST_ALLOW_PLAIN_HTTP", value_parser = FalseyValueParser::new())]
    allow_plain_http: bool,
    /// PEM file with the client certificate to show to the server, and those of its issuers
    #[arg(long, env = "CROWSNEST_CLIENT_CERT", value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// PEM file with the client certificate's private key
    #[arg(long, env = "CROWSNEST_CLIENT_KEY", value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// Base URL of a second server that gets the same, with a queue of its own
    #[arg(long, env = "CROWSNEST_ALSO_SERVER", value_name = "URL", requires = "server")]
    also_server: Option<String>,
    /// File with the second server's bearer token; read again when it changes
    #[arg(long, env = "CROWSNEST_ALSO_TOKEN_FILE", value_name = "FILE", requires = "also_server")]
    also_token_file: Option<PathBuf>,
    /// PEM file with the certificate authorities to trust for the second server instead of the system's
    #[arg(long, env = "CROWSNEST_ALSO_CA", value_name = "FILE", requires = "also_server")]
    also_ca: Option<PathBuf>,
    /// Version of remote write; auto begins with 2.0 and goes on with 1.0 where the server does not take it
    #[arg(long, env = "CROWSNEST_REMOTE_WRITE_VERSION", value_enum, default_value_t = WireVersion::Auto)]
    remote_write_version: WireVersion,
    /// Serve /metrics only
    #[arg(long, env = "CROWSNEST_NO_PUSH", value_parser = FalseyValueParser::new())]
    no_push: bool,
    /// Time between two collections, e.g. 15s; collections happen at its multiples
    #[arg(long, env = "CROWSNEST_INTERVAL", value_name = "DURATION", default_value = "15s", value_parser = parse_duration)]
    interval: Duration,
    /// Value of the labels `instance` and `node` [default: the host name]
    #[arg(long, env = "CROWSNEST_NODE_NAME", value_name = "NAME")]
    node_name: Option<String>,

    /// Address of /metrics; port 0 picks one. Off loopback it is served by TLS with a self-made certificate
    #[arg(long, env = "CROWSNEST_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Serve /metrics without TLS on addresses other than loopback too
    #[arg(long, env = "CROWSNEST_LISTEN_INSECURE", value_parser = FalseyValueParser::new())]
    listen_insecure: bool,

    /// Folder for what could not be sent yet [default: /var/lib/crowsnest-agent, or memory where that cannot be used]
    #[arg(long, env = "CROWSNEST_QUEUE_DIR", value_name = "DIR")]
    queue_dir: Option<PathBuf>,
    /// Size of the queue on disk; past it the oldest is dropped
    #[arg(long, env = "CROWSNEST_QUEUE_MAX_BYTES", value_name = "SIZE", default_value = "64MiB", value_parser = parse_size)]
    queue_max_bytes: u64,

    /// Where procfs is mounted
    #[arg(long = "path.procfs", env = "CROWSNEST_PATH_PROCFS", value_name = "DIR", default_value = "/proc")]
    path_procfs: PathBuf,
    /// Where sysfs is mounted
    #[arg(long = "path.sysfs", env = "CROWSNEST_PATH_SYSFS", value_name = "DIR", default_value = "/sys")]
    path_sysfs: PathBuf,
    /// Where the host's root is mounted; stripped from mount points
    #[arg(long = "path.rootfs", env = "CROWSNEST_PATH_ROOTFS", value_name = "DIR", default_value = "/")]
    path_rootfs: PathBuf,
    /// Where udev keeps its data
    #[arg(
        long = "path.udev.data",
        env = "CROWSNEST_PATH_UDEV_DATA",
        value_name = "DIR",
        default_value = "/run/udev/data"
    )]
    path_udev_data: PathBuf,

    /// Collectors that do not run, separated by commas
    #[arg(
        long = "collector.disable",
        env = "CROWSNEST_COLLECTOR_DISABLE",
        value_name = "NAMES",
        value_delimiter = ','
    )]
    collector_disable: Vec<String>,
    #[command(flatten)]
    collectors: CollectorOptions,

    #[command(flatten)]
    scrape: scrape::ScrapeOptions,

    /// End in order when the process that started the agent ends, in whatever way
    #[arg(long, env = "CROWSNEST_EXIT_WITH_PARENT", value_parser = FalseyValueParser::new())]
    pub exit_with_parent: bool,
    /// Form of the log on standard error
    #[arg(long, env = "CROWSNEST_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace or off
    #[arg(long, env = "CROWSNEST_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

/// What `--remote-write-version` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WireVersion {
    /// The newest that the server takes.
    Auto,
    /// 1.0.
    #[value(name = "1.0")]
    One,
    /// 2.0.
    #[value(name = "2.0")]
    Two,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text an event.
    Text,
    /// A JSON object an event.
    Json,
}

impl Options {
    /// What the flags mean, checked together.
    pub fn into_config(self) -> anyhow::Result<Config> {
        for name in &self.collector_disable {
            let known = || COLLECTORS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
            ensure!(
                COLLECTORS.iter().any(|row| row.name == name),
                "there is no collector {name:?}; there are {}",
                known()
            );
        }
        let push = if self.no_push { None } else { Some(self.push_config()?) };
        let state = match self.queue_dir {
            Some(path) => QueuePlace::Folder(path),
            None => QueuePlace::FolderIfUsable(DEFAULT_QUEUE_DIR.into()),
        };
        Ok(Config {
            host: Host {
                procfs: self.path_procfs,
                sysfs: self.path_sysfs,
                rootfs: self.path_rootfs,
                udev_data: self.path_udev_data,
            },
            settings: self.collectors.settings,
            collectors: self.collectors.collectors.without(&self.collector_disable),
            listen: self.listen,
            security: Security::for_address(self.listen, self.listen_insecure),
            state,
            push,
        })
    }

    fn push_config(&self) -> anyhow::Result<PushConfig> {
        let Some(server) = &self.server else { bail!("--server is needed, or --no-push") };
        let plain = if self.allow_plain_http { PlainHttp::Anywhere } else { PlainHttp::LoopbackOnly };
        let node = match &self.node_name {
            Some(name) => name.clone(),
            None => gethostname()
                .context("cannot learn the host name; use --node-name")?
                .to_string_lossy()
                .into_owned(),
        };
        ensure!(!node.trim().is_empty(), "the node's name is empty; use --node-name");
        ensure!(
            self.queue_max_bytes >= MIN_QUEUE_BYTES,
            "--queue-max-bytes must be at least 1MiB, or the queue could not hold one collection of a large machine"
        );
        let identity = match (&self.client_cert, &self.client_key) {
            (Some(certificate), Some(key)) => {
                Some(ClientIdentity { certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        };
        Ok(PushConfig {
            target: Target::new(server, self.ca.as_deref(), plain)?.with_identity(identity)?,
            token_file: self.token_file.clone(),
            version: match self.remote_write_version {
                WireVersion::Auto => None,
                WireVersion::One => Some(Version::One),
                WireVersion::Two => Some(Version::Two),
            },
            second: match &self.also_server {
                Some(url) => Some(Destination {
                    target: Target::new(url, self.also_ca.as_deref(), plain)?,
                    token_file: self.also_token_file.clone(),
                }),
                None => None,
            },
            node,
            grid: Grid::new(self.interval).context("--interval must be longer than zero")?,
            queue_max_bytes: self.queue_max_bytes,
            scrape: self.scrape.config()?,
        })
    }
}

/// `500ms`, `15s`, `1m` or `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit_ms) = split_unit(text, &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)])
        .ok_or_else(|| format!("{text:?} is not a duration like 15s or 1m"))?;
    Ok(Duration::from_millis(number.saturating_mul(unit_ms)))
}

/// Bytes: `1048576`, `64MiB`, `1GiB`.
fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) =
        split_unit(text, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1), ("", 1)])
            .ok_or_else(|| format!("{text:?} is not a size like 64MiB"))?;
    Ok(number.saturating_mul(unit))
}

/// A whole number and the value of the unit behind it.
fn split_unit(text: &str, units: &[(&str, u64)]) -> Option<(u64, u64)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (_, value) = units.iter().find(|(name, _)| *name == unit)?;
    Some((number.parse().ok()?, *value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn config(flags: &[&str]) -> Result<Config, String> {
        let flags = ["crowsnest-agent"].iter().chain(flags);
        let options = Options::try_parse_from(flags).map_err(|error| error.to_string())?;
        options.into_config().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let without_variable: Vec<String> = Options::command()
            .get_arguments()
            .filter(|argument| {
                argument.get_env().is_none() && !matches!(argument.get_id().as_str(), "help" | "version")
            })
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert_eq!(without_variable, Vec::<String>::new());
    }

    #[test]
    fn a_server_is_needed_unless_nothing_is_pushed() {
        assert!(config(&[]).unwrap_err().contains("--server"));
        assert!(config(&["--no-push"]).unwrap().push.is_none());
        assert!(config(&["--server", "http://127.0.0.1:1"]).unwrap().push.is_some());
    }

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(parse_duration("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("10"), Ok(10));
        for text in ["", "s", "-1s", "1.5s", "15", "1d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(config(&["--server", "http://127.0.0.1:1", "--interval", "0s"]).is_err());
        assert!(config(&["--server", "http://127.0.0.1:1", "--queue-max-bytes", "1KiB"]).is_err());
    }

    #[test]
    fn an_unknown_collector_is_named_with_those_that_exist() {
        let error = config(&["--no-push", "--collector.disable", "cpu,quantum"]).unwrap_err();
        assert!(error.contains("\"quantum\"") && error.contains("vmstat"), "{error}");
    }

    #[test]
    fn expressions_are_checked_at_the_start() {
        let error = config(&["--no-push", "--collector.netdev.device-exclude", "("]).unwrap_err();
        assert!(error.contains("--collector.netdev.device-exclude") && error.contains("regular"), "{error}");
    }

    fn runs(flags: &[&str], collector: &str) -> bool {
        let flags = [&["--no-push"], flags].concat();
        config(&flags).unwrap().collectors.names().any(|name| name == collector)
    }

    #[test]
    fn collectors_are_switched_on_and_off_by_name_and_the_last_flag_counts() {
        assert!(runs(&[], "cpu") && !runs(&[], "systemd"));
        assert!(!runs(&["--no-collector.cpu"], "cpu"));
        assert!(runs(&["--collector.systemd"], "systemd"));
        assert!(!runs(&["--collector.systemd", "--no-collector.systemd"], "systemd"));
        assert!(runs(&["--no-collector.cpu", "--collector.cpu"], "cpu"));
        assert!(!runs(&["--collector.disable-defaults"], "cpu"));
        let only = ["--collector.disable-defaults", "--collector.loadavg"];
        assert!(runs(&only, "loadavg") && !runs(&only, "cpu"));
        assert!(!runs(&["--collector.cpu", "--collector.disable", "cpu"], "cpu"));
    }

    #[test]
    fn what_is_included_by_name_is_not_excluded_by_default() {
        let disks = |flags: &[&str], disk: &str| {
            config(&[&["--no-push"], flags].concat()).unwrap().settings.disk_devices.admits(disk)
        };
        assert!(disks(&[], "sda") && !disks(&[], "loop0"));
        assert!(disks(&["--collector.diskstats.device-include=^loop0$"], "loop0"));
        assert!(disks(&["--collector.diskstats.device-exclude="], "loop0"));
    }

    #[test]
    fn units_of_systemd_are_matched_as_a_whole() {
        let settings = |flags: &[&str]| config(&[&["--no-push"], flags].concat()).unwrap().settings;
        let units = settings(&[]).systemd_units;
        assert!(units.admits("ssh.service") && !units.admits("dev-sda.device"));
        let units = settings(&["--collector.systemd.unit-include=ssh"]).systemd_units;
        assert!(!units.admits("ssh.service") && units.admits("ssh"));
    }
}
