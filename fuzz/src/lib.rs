//! What is fuzzed. Each function takes any bytes; it may refuse them, and must not panic, hang or take much memory.
//!
//! A row of [`TARGETS`] is a target: its name is that of its program in `fuzz_targets/` and of its corpus. What reads sealed
//! bytes (checksums, compression) is let past the seal, see `cfg(fuzzing)` in the crates.

mod seeds;
mod templates;

// What is instrumented needs its symbols, in programs that fuzz nothing, too.
use libfuzzer_sys as _;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crowsnest_promql::Engine;
use crowsnest_rbac as rbac;

/// A target.
pub struct Target {
    /// Of its program and its corpus.
    pub name: &'static str,
    /// What reads it in the product.
    pub what: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets, in the order of the table in `docs/fuzzing.md`.
pub const TARGETS: &[Target] = &[
    Target {
        name: "store_varints",
        what: "primitives of the store's files",
        run: crowsnest_tsdb::fuzzing::varints,
        seeds: || seeds::of_store("varints"),
    },
    Target {
        name: "store_chunk",
        what: "chunks and columns of times",
        run: crowsnest_tsdb::fuzzing::chunk,
        seeds: || seeds::of_store("chunk"),
    },
    Target {
        name: "store_block",
        what: "blocks: footer, directory, pages, symbols, series, postings, times, chunks",
        run: crowsnest_tsdb::fuzzing::block,
        seeds: || seeds::of_store("block"),
    },
    Target {
        name: "store_log_segment",
        what: "log segments (snapshots have the same), into a head",
        run: crowsnest_tsdb::fuzzing::log_segment,
        seeds: || seeds::of_store("log_segment"),
    },
    Target {
        name: "store_log_batches",
        what: "pushes in the log, decompressed, into a head",
        run: crowsnest_tsdb::fuzzing::log_batches,
        seeds: || vec![vec![8, 0, 3, 0, 1, b's', 0, 0, 0, 0]],
    },
    Target {
        name: "prometheus_block",
        what: "blocks of Prometheus: index, chunks",
        run: prometheus_block,
        seeds: seeds::prometheus_block,
    },
    Target {
        name: "prometheus_log",
        what: "Prometheus' log: pages, records",
        run: prometheus_log,
        seeds: seeds::prometheus_log,
    },
    Target {
        name: "promql",
        what: "queries: parser, printer, completion",
        run: promql,
        seeds: seeds::promql,
    },
    Target { name: "exposition", what: "exposition text", run: exposition, seeds: seeds::exposition },
    Target {
        name: "scrape_configs",
        what: "YAML of what is scraped, lists of targets",
        run: scrape_configs,
        seeds: seeds::scrape_configs,
    },
    Target {
        name: "scraping",
        what: "pages of targets, as they arrive",
        run: scraping,
        seeds: seeds::scraping,
    },
    Target { name: "rules", what: "rule files", run: rules, seeds: seeds::rules },
    Target { name: "alertmanager", what: "alertmanager.yml", run: alertmanager, seeds: seeds::alertmanager },
    Target {
        name: "templates",
        what: "templates of rules and notifications, executed",
        run: templates::run,
        seeds: seeds::templates,
    },
    Target { name: "dashboards", what: "dashboards to import", run: dashboards, seeds: seeds::dashboards },
    #[cfg(feature = "server")]
    Target {
        name: "remote_write",
        what: "bodies of pushes: snappy, protobuf, grouping",
        run: crowsnest::fuzzing::remote_write,
        seeds: seeds::remote_write,
    },
    #[cfg(feature = "server")]
    Target {
        name: "senders",
        what: "OpenTelemetry's metrics, Influx's lines, paths of the Pushgateway",
        run: crowsnest::fuzzing::senders,
        seeds: seeds::senders,
    },
    #[cfg(feature = "server")]
    Target {
        name: "remote_read",
        what: "bodies of remote reads",
        run: crowsnest::fuzzing::remote_read,
        seeds: seeds::remote_read,
    },
    #[cfg(feature = "server")]
    Target {
        name: "form",
        what: "forms and query strings, their times, durations and selectors",
        run: crowsnest::fuzzing::form,
        seeds: || {
            seeds::texts(&["query=up&time=1.5&timeout=1m&step=15s", "match[]=%7Bjob%3D~%22a.*%22%7D&limit=3"])
        },
    },
    #[cfg(feature = "server")]
    Target {
        name: "credentials",
        what: "Authorization and cookies",
        run: crowsnest::fuzzing::credentials,
        seeds: || seeds::texts(&["Bearer abc\ncrowsnest-session=eyJ.a.b; other=1"]),
    },
    #[cfg(feature = "server")]
    Target {
        name: "base_path",
        what: "paths, and what proxies say about them",
        run: crowsnest::fuzzing::base_path,
        seeds: || seeds::texts(&["/a/./b//../c\n/p/a/c\n/p", "/apis/ui.crowsnest.dev/v1/web/x\n\n/q/"]),
    },
    Target { name: "sign_in", what: "JSON of the sign-in", run: sign_in, seeds: seeds::sign_in },
    Target { name: "jwt", what: "session tokens and bearer tokens", run: jwt, seeds: seeds::jwt },
    Target { name: "pkcs12", what: "PKCS #12 files", run: pkcs12, seeds: seeds::pkcs12 },
    Target { name: "kubeconfig", what: "kubeconfig files", run: kubeconfig, seeds: seeds::kubeconfig },
    Target { name: "certificate", what: "client certificates", run: certificate, seeds: seeds::certificate },
    Target {
        name: "token_files",
        what: "files of users, ingest tokens and denied certificates",
        run: token_files,
        seeds: || {
            seeds::texts(&[
                "- {user: ann, role: admin, token_sha256: ab}\n",
                "token-of-an-agent\n# comment\n",
            ])
        },
    },
];

/// Runs a target by its name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    (target.run)(data);
}

/// A folder of this process in memory.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(format!("/dev/shm/crowsnest-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder in memory");
    folder
});

/// The first bytes say how many of the rest are the index.
fn prometheus_block(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let (index, chunks) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    let block = FOLDER.join("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    fs::create_dir_all(block.join("chunks")).expect("a folder");
    fs::write(block.join("meta.json"), seeds::PROMETHEUS_META).expect("a file");
    fs::write(block.join("index"), index).expect("a file");
    fs::write(block.join("chunks/000001"), chunks).expect("a file");
    let (from, to) = (crowsnest_api::Timestamp::MIN, crowsnest_api::Timestamp::MAX);
    for block in crowsnest_prometheus_files::blocks(&FOLDER).expect("a readable folder") {
        let Ok(series) = block.series(from, to) else { continue };
        series.take_while(Result::is_ok).for_each(drop);
    }
}

fn prometheus_log(data: &[u8]) {
    let wal = FOLDER.join("wal");
    fs::create_dir_all(&wal).expect("a folder");
    fs::write(wal.join("00000000"), data).expect("a file");
    for log in crowsnest_prometheus_files::logs(&FOLDER).expect("a readable folder") {
        log.for_each(drop);
    }
}

fn promql(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    crowsnest_promql::tokenize(text);
    match crowsnest_promql::parse(text) {
        Ok(expr) => {
            let printed = expr.to_string();
            // As in Prometheus, an infinity is printed with a sign, which binds weaker than `^` when it is read again.
            if printed.len() > crowsnest_promql::MAX_QUERY_BYTES || printed.contains("Inf") {
                return;
            }
            let again = crowsnest_promql::parse(&printed);
            assert_eq!(again.expect("what was printed is a query").to_string(), printed);
            crowsnest_promql::pretty(&expr);
        }
        Err(error) => drop(error.to_string()),
    }
}

fn exposition(data: &[u8]) {
    use crowsnest_scrape::text;
    let Ok(families) = text::parse(data, text::Limits::default()) else { return };
    let mut page = String::new();
    text::encode(&mut page, &families);
    text::parse(page.as_bytes(), text::Limits::default()).expect("what was written is a page");
}

fn scrape_configs(data: &[u8]) {
    use crowsnest_scrape::{Target, config};
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = config::read_groups(text);
    let Ok(file) = config::ScrapeFile::parse(text, std::path::Path::new("/")) else { return };
    for job in file.jobs {
        for labels in &job.discoveries.static_targets {
            let _ = Target::new(&job.job, labels);
        }
    }
}

/// The first byte says in which format the rest is, the second in pieces of which size it comes. A page that was read is read again.
fn scraping(data: &[u8]) {
    use crowsnest_scrape::text::Dialect;
    use crowsnest_scrape::{Facts, Format, Job, Outcome, Scraper, Target};
    let [kind, piece, page @ ..] = data else { return };
    let format = match kind % 3 {
        0 => Format::Text(Dialect::Prometheus),
        1 => Format::Text(Dialect::OpenMetrics),
        _ => Format::Protobuf,
    };
    let job = Job { always_scrape_classic_histograms: kind & 0x80 != 0, ..Job::new("j") };
    let labels = crowsnest_api::Labels::from_pairs([("__address__", "h")]);
    let target = Target::new(&job, &labels).expect("an address").expect("nothing drops it");
    let mut scraper = Scraper::<crowsnest_api::Labels>::new(std::sync::Arc::new(job), target);
    let mut scrape = |at| {
        let mut pass = scraper.begin(format, Facts::Wanted);
        let mut pieces = page.chunks(usize::from(*piece).max(1));
        let read = pieces.try_for_each(|piece| pass.feed(piece)).and_then(|()| pass.finish());
        let outcome = if read.is_ok() { Outcome::Good } else { Outcome::Failed };
        let (result, at) = (pass.into_result(), crowsnest_api::Timestamp::from_millis(at));
        scraper.end(result, outcome, at, std::time::Duration::ZERO, |_| {})
    };
    let (first, again) = (scrape(1), scrape(2));
    assert_eq!((first.up, first.samples, first.kept), (again.up, again.samples, again.kept));
    assert!(!again.up || again.added == 0);
}

fn rules(data: &[u8]) {
    static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = crowsnest_alerting::rules::RuleFile::parse(text, &ENGINE);
}

/// What is imported is exported, and imported again unchanged.
fn dashboards(data: &[u8]) {
    use crowsnest_dashboards::import::{Answers, Limits, import};
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(first) = import(text, &Answers::new(), &Limits::default()) else { return };
    let again = import(&first.dashboard.export(), &Answers::new(), &Limits::default());
    assert_eq!(again.expect("an export is a dashboard").dashboard, first.dashboard);
    let placed = crowsnest_dashboards::layout::layout(&first.dashboard, &|_, _| true, &|_| Vec::new());
    assert!(placed.len() <= 4 * Limits::default().panels);
}

fn alertmanager(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = crowsnest_alerting::alertmanager::Config::parse(text);
}

fn sign_in(data: &[u8]) {
    let _ = serde_json::from_slice::<crowsnest_api::session::SignIn>(data);
}

fn jwt(data: &[u8]) {
    static TOKENS: LazyLock<rbac::SessionTokens> = LazyLock::new(|| {
        rbac::install_crypto_provider();
        rbac::SessionTokens::new(&[1; 32])
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (rbac::BearerClaims::peek(text), TOKENS.verify(text));
}

fn pkcs12(data: &[u8]) {
    // How often the password is hashed is in the file, an integer that should be short here: the product bounds it by the
    // time of a process of its own.
    if openssl::pkcs12::Pkcs12::from_der(data).is_ok_and(|_| data.windows(2).any(|w| matches!(w, [2, 3..=5])))
    {
        return;
    }
    let _ = rbac::ClientCertificate::from_pkcs12(data, "password");
}

fn kubeconfig(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = rbac::kubeconfig_user(text);
}

fn certificate(data: &[u8]) {
    let now = crowsnest_api::Timestamp::from_millis(1_700_000_000_000);
    let _ = rbac::Authorities::parse(data);
    let _ = rbac::ClientCertificate::from_pem(data, data);
    let Ok(certificate) = openssl::x509::X509::from_der(data) else { return };
    let _ = rbac::certificate_fingerprint(&certificate);
    let claims = rbac::CertificateClaims { user: "ann".to_owned(), groups: Vec::new(), ends: now };
    let _ = rbac::user_of_certificate(&certificate, claims);
}

fn token_files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (
        rbac::StaticUsers::parse(text),
        rbac::IngestTokens::parse(text),
        rbac::DeniedCertificates::parse(text),
    );
}
