//! Charts that go along with notifications, as the receivers meet them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::support::push::labelled;
use crate::support::{Server, now_ms};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A request that a receiver got.
struct Got {
    /// `POST /path`.
    line: String,
    content_type: String,
    body: Vec<u8>,
}

impl Got {
    /// The picture in it, whole.
    fn png(&self) -> Option<&[u8]> {
        let find = |what: &[u8]| self.body.windows(what.len()).position(|window| window == what);
        let (start, end) = (find(PNG)?, find(b"IEND")?);
        Some(&self.body[start..end + 8])
    }
}

/// Takes what all receivers are sent. Discord refuses pictures where `is_picky`.
fn receivers(is_picky: bool) -> (u16, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut lines, mut length, mut content_type) = (Vec::new(), 0, String::new());
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if let Some(value) = lower.strip_prefix("content-type:") {
                    content_type = value.trim().to_owned();
                }
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let line = lines[0].trim_end_matches(" HTTP/1.1\r\n").to_owned();
            let got = Got { line, content_type, body };
            let status =
                if is_picky && got.line.contains("/discord") && got.png().is_some() { 413 } else { 200 };
            let answer = r#"{"content_uri": "mxc://m/1"}"#;
            let length = answer.len();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(format!("{head}{answer}").as_bytes()).unwrap();
            if sender.send(got).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

/// A server that tells these receivers of what has more load than it should.
fn server(integrations: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let rule = "{alert: TooMuchLoad, expr: 'load > 5', labels: {severity: page}}";
    let rules = format!("groups: [{{name: g, interval: 1s, rules: [{rule}]}}]\n");
    std::fs::write(folder.path().join("rules/r.yml"), rules).unwrap();
    let config = format!(
        "route: {{receiver: all, group_wait: 100ms, repeat_interval: 1h}}\nreceivers: [{{name: all, {integrations}}}]\n"
    );
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let provisioning = folder.path().to_str().unwrap().to_owned();
    let server = Server::start_with(&["--provisioning", &provisioning, "--curated-rules", "none"]);
    let now = now_ms();
    let load = |pod: &str, last: f64| {
        let at = |minutes: i64| now - minutes * 60_000;
        let samples: Vec<_> =
            (0..60).rev().map(|ago| (at(ago), last * (1.0 - f64::from(ago as i32) / 90.0))).collect();
        let labels = [
            ("__name__", "load"),
            ("instance", "i"),
            ("job", "test"),
            ("namespace", "shop"),
            ("node", "n"),
            ("pod", pod),
        ];
        labelled(&labels, &samples)
    };
    server.push(vec![load("web-1", 9.0), load("web-2", 7.0), load("calm", 2.0)]);
    (server, folder)
}

/// The first request whose line has this in it; what comes before it is none of the caller's business.
fn find<'g>(got: &'g [Got], part: &str) -> Option<&'g Got> {
    got.iter().find(|got| got.line.contains(part))
}

fn gather(requests: &Receiver<Got>, count: usize) -> Vec<Got> {
    (0..count).map(|_| requests.recv_timeout(Duration::from_secs(60)).unwrap()).collect()
}

#[test]
fn a_chart_goes_along_to_those_who_can_carry_it_and_want_it() {
    let (port, requests) = receivers(false);
    let at = format!("http://127.0.0.1:{port}");
    let integrations = format!(
        "discord_configs: [{{webhook_url: '{at}/discord', chart: true}}, {{webhook_url: '{at}/plain'}}], \
         telegram_configs: [{{api_url: '{at}', bot_token: '1:s', chat_id: 7, chart: true}}], \
         ntfy_configs: [{{url: '{at}', topic: ops, chart: true}}], \
         matrix_configs: [{{homeserver: '{at}', room_id: '!a:m', access_token: s, chart: true}}]"
    );
    let (_server, _folder) = server(&integrations);
    // Matrix has three requests: the text, the file, and the event with the file.
    let got = gather(&requests, 7);
    for (part, kind) in [
        ("POST /discord", "multipart/form-data"),
        ("POST /bot1:s/sendPhoto", "multipart/form-data"),
        ("PUT /ops?filename=chart.png", "image/png"),
        ("POST /_matrix/media/v3/upload", "image/png"),
    ] {
        let request = find(&got, part).unwrap_or_else(|| panic!("no {part}"));
        assert!(request.content_type.starts_with(kind), "{part}: {}", request.content_type);
        let png = request.png().unwrap_or_else(|| panic!("{part} has no picture"));
        assert!((10_000..500_000).contains(&png.len()), "{part}: {} bytes", png.len());
        // For whoever wants to look at it.
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("alert-chart.png"), png).unwrap();
    }
    let event = got.iter().find(|got| got.line.contains("-chart")).unwrap();
    let event: Value = serde_json::from_slice(&event.body).unwrap();
    assert_eq!((event["msgtype"].as_str(), event["url"].as_str()), (Some("m.image"), Some("mxc://m/1")));
    let plain = find(&got, "POST /plain").unwrap();
    assert_eq!(plain.content_type, "application/json", "nobody asked for one there");
    assert!(plain.png().is_none());
}

#[test]
fn a_receiver_that_refuses_the_chart_gets_the_words() {
    let (port, requests) = receivers(true);
    let (server, _folder) = server(&format!(
        "discord_configs: [{{webhook_url: 'http://127.0.0.1:{port}/discord', chart: true}}]"
    ));
    let got = gather(&requests, 2);
    assert!(got[0].png().is_some() && got[1].png().is_none());
    let body: Value = serde_json::from_slice(&got[1].body).unwrap();
    assert!(body["embeds"][0]["title"].as_str().unwrap().contains("TooMuchLoad"), "{body}");
    assert_eq!(requests.recv_timeout(Duration::from_secs(2)).err().map(|_| ()), Some(()), "it is told once");
    let log = server.log();
    assert!(log.contains("413"), "{log}");
}
