//! The agent pushing over TLS, and the query API returning exactly what was pushed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crowsnest_api::remote_write::WriteRequest;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use prost::Message as _;

use crate::support::server::points;
use crate::support::{Server, wait_for};

/// The agent, built first where it is not.
pub(crate) fn agent_program() -> PathBuf {
    let server = PathBuf::from(env!("CARGO_BIN_EXE_crowsnest"));
    let agent = server.with_file_name("crowsnest-agent");
    if !agent.exists() {
        let release = server.parent().is_some_and(|folder| folder.ends_with("release"));
        let profile: &[&str] = if release { &["--release"] } else { &[] };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "crowsnest-agent"])
            .args(profile)
            .status();
        assert!(built.unwrap().success(), "cannot build crowsnest-agent");
    }
    agent
}

/// An agent that runs for as long as this lives.
pub(crate) struct Agent(Child);

impl Agent {
    /// The agent of `test-node`, which pushes to `url` every second what `server` takes there.
    pub(crate) fn start(url: &str, server: &Server, queue: &Path) -> Self {
        let agent = Command::new(agent_program())
            .args(["--server", url, "--node-name", "test-node"])
            .args(["--interval", "1s", "--listen", "127.0.0.1:0"])
            .arg("--token-file")
            .arg(server.ingest_file())
            .arg("--ca")
            .arg(server.ca())
            .arg("--queue-dir")
            .arg(queue)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(agent.unwrap())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Stands between agent and server with the server's certificate, and keeps what the server accepted.
struct Recorder {
    port: u16,
    accepted: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    fn start(server: &Server) -> Self {
        let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        tls.set_certificate_chain_file(server.data_dir().join("tls/server.crt")).unwrap();
        tls.set_private_key_file(server.data_dir().join("tls/server.key"), SslFiletype::PEM).unwrap();
        let tls = tls.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let (kept, http, url) =
            (Arc::clone(&accepted), server.client(), format!("{}api/v1/write", server.url));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = tls.accept(stream.unwrap()) else { continue };
                while let Some((headers, body)) = read_request(&mut stream) {
                    let mut request = http.post(&url).body(body.clone());
                    for (name, value) in headers {
                        request = request.header(name, value);
                    }
                    let status = request.send().unwrap().status();
                    if status.is_success() {
                        kept.lock().unwrap().push(body);
                    }
                    let answer = format!("HTTP/1.1 {} X\r\ncontent-length: 0\r\n\r\n", status.as_u16());
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        Self { port, accepted }
    }
}

type Headers = Vec<(String, String)>;

/// One HTTP/1.1 request; of its headers those that matter.
fn read_request(stream: &mut SslStream<std::net::TcpStream>) -> Option<(Headers, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let headers: Headers = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let matter =
        |name: &str| name.starts_with("content-") && name != "content-length" || name == "authorization";
    Some((headers.into_iter().filter(|(name, _)| matter(name)).collect(), body))
}

#[test]
fn the_query_api_returns_exactly_what_the_agent_pushed() {
    let server = Server::start();
    let recorder = Recorder::start(&server);
    let queue = tempfile::tempdir().unwrap();
    let agent = Agent::start(&format!("https://127.0.0.1:{}/", recorder.port), &server, queue.path());
    wait_for("three pushes", || (recorder.accepted.lock().unwrap().len() >= 3).then_some(()));
    drop(agent);

    let mut pushed: BTreeMap<BTreeMap<String, String>, BTreeMap<i64, u64>> = BTreeMap::new();
    for body in recorder.accepted.lock().unwrap().iter() {
        let request = snap::raw::Decoder::new().decompress_vec(body).unwrap();
        for series in WriteRequest::decode(request.as_slice()).unwrap().timeseries {
            let labels = series.labels.into_iter().map(|label| (label.name, label.value)).collect();
            let samples = series.samples.iter().filter(|sample| !crowsnest_api::is_stale(sample.value));
            pushed
                .entry(labels)
                .or_default()
                .extend(samples.map(|sample| (sample.timestamp, bits(sample.value))));
        }
    }
    pushed.retain(|_, samples| !samples.is_empty());
    assert!(pushed.len() > 100, "only {} series were pushed", pushed.len());

    let stored: BTreeMap<BTreeMap<String, String>, BTreeMap<i64, u64>> = server
        .query(r#"{job="node-exporter",__name__!="up"}[10m]"#)
        .iter()
        .map(|series| {
            let labels = serde_json::from_value(series["metric"].clone()).unwrap();
            let values = points(series).into_iter();
            (
                labels,
                values.map(|(at, text)| (at, bits(crowsnest_api::parse_value(&text).unwrap()))).collect(),
            )
        })
        .collect();
    for (labels, samples) in &pushed {
        assert_eq!(stored.get(labels), Some(samples), "{labels:?}");
    }
    assert_eq!(stored.len(), pushed.len());
    assert_eq!(server.query(r#"up{instance="test-node"}"#)[0]["metric"]["node"], "test-node");
}

/// The value's bits; all ordinary NaNs are one, since text has only one.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}
