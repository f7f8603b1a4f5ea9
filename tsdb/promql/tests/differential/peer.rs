//! A Prometheus of our own, with one set of data, that answers queries.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crowsnest_api::remote_write::{LabelPair, TimeSeries, WireSample, WriteRequest};
use crowsnest_api::{Labels, Timestamp, parse_value};
use prost::Message as _;
use serde_json::Value as Json;

use super::answer::{Answer, Point};
use super::data::Data;
use super::generator::When;

/// A running `prometheus`, ended when it is dropped.
pub(crate) struct Peer {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

/// Whether there is such a program.
pub(crate) fn is_installed() -> bool {
    let mut version = Command::new("prometheus");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

impl Peer {
    /// Starts one and gives it the data.
    pub(crate) fn start(data: &Data) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, "global: {}\n").unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let peer = Self { child, address, _folder: folder };
        let patience = Instant::now();
        while peer.request("GET", "/-/ready", "", &[]).is_none_or(|(status, _)| status != 200) {
            assert!(patience.elapsed() < Duration::from_secs(60), "prometheus does not get ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        peer.write(data);
        peer
    }

    fn write(&self, data: &Data) {
        let timeseries = data.series.iter().map(|(labels, samples)| TimeSeries {
            labels: labels
                .iter()
                .map(|label| LabelPair { name: label.name.to_string(), value: label.value.to_string() })
                .collect(),
            samples: samples
                .iter()
                .map(|sample| WireSample { value: sample.value, timestamp: sample.timestamp.millis() })
                .collect(),
            histograms: Vec::new(),
        });
        let request = WriteRequest { timeseries: timeseries.collect(), metadata: Vec::new() };
        let body = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
        let written = self.request("POST", "/api/v1/write", "application/x-protobuf", &body);
        assert_eq!(written.map(|(status, _)| status), Some(204));
    }

    /// What it answers to a query.
    pub(crate) fn ask(&self, query: &str, when: When) -> Answer {
        let seconds = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
        let (path, times) = match when {
            When::Instant(at) => ("/api/v1/query", vec![("time", seconds(at))]),
            When::Range { start, end, step } => (
                "/api/v1/query_range",
                vec![("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))],
            ),
        };
        read(&self.post(path, query, times))
    }

    /// The query as it lays it out, or `None` when it cannot be read.
    pub(crate) fn format(&self, query: &str) -> Option<String> {
        let formatted = self.post("/api/v1/format_query", query, Vec::new());
        formatted["data"].as_str().map(str::to_owned)
    }

    fn post(&self, path: &str, query: &str, more: Vec<(&str, String)>) -> Json {
        let mut form = format!("query={}", encoded(query));
        for (name, value) in more {
            form.push_str(&format!("&{name}={value}"));
        }
        let answer = self.request("POST", path, "application/x-www-form-urlencoded", form.as_bytes());
        let (_, body) = answer.expect("prometheus answers");
        serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{query}: {error}: {}", String::from_utf8_lossy(&body)))
    }

    /// One request on a connection of its own, by HTTP/1.0, so that the body ends where the connection does.
    fn request(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: {media_type}\r\nContent-Encoding: {}\r\n\
             X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
            self.address,
            if path.ends_with("/write") { "snappy" } else { "identity" },
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let head_end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let status = std::str::from_utf8(&answer).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_off(head_end)))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn read(body: &Json) -> Answer {
    if body["status"] != "success" {
        return Answer::Error(body["error"].as_str().unwrap_or_default().to_owned());
    }
    let data = &body["data"];
    let result = data["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    match data["resultType"].as_str() {
        Some("scalar") => Answer::Scalar(point(&data["result"])),
        Some("string") => Answer::String(data["result"][1].as_str().unwrap_or_default().to_owned()),
        Some("vector") => {
            Answer::Vector(result.iter().map(|one| (labels(&one["metric"]), point(&one["value"]))).collect())
        }
        Some("matrix") => Answer::Matrix(
            result
                .iter()
                .map(|one| {
                    let values = one["values"].as_array().map(Vec::as_slice).unwrap_or_default();
                    (labels(&one["metric"]), values.iter().map(point).collect())
                })
                .collect(),
        ),
        other => panic!("{other:?} is no type of answers"),
    }
}

fn labels(metric: &Json) -> Labels {
    let pairs = metric.as_object().into_iter().flatten();
    Labels::from_pairs(pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())))
}

fn point(pair: &Json) -> Point {
    let at = (pair[0].as_f64().unwrap_or_default() * 1000.0).round() as i64;
    let value = pair[1].as_str().and_then(parse_value).expect("a number");
    Point { at: Timestamp::from_millis(at), value }
}
