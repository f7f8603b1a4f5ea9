//! Native histograms from the wire to the disk, and out again in every form that has them.

use crowsnest_api::remote_read::{ChunkedReadResponse, LabelMatcher, Query, ReadRequest, ReadResponse};
use crowsnest_api::remote_write::{BucketSpan, Histogram, TimeSeries, v2};
use prost::Message as _;
use serde_json::{Value, json as value};

use crate::support::push::compress;
use crate::support::server::{VIEWER, json};
use crate::support::tools::{self, Peer};
use crate::support::{Server, body, now_ms, series, wait_for};

/// A counter with integer counts after so many observations of 0.7 and twice as many of 3.
fn histogram(at: i64, observations: u64) -> Histogram {
    Histogram {
        count_int: Some(3 * observations),
        sum: 6.7 * observations as f64,
        // As client libraries have it; without it, and without observations near zero, Prometheus 2 takes a float
        // histogram for a classic one.
        zero_threshold: 2.0_f64.powi(-128),
        zero_count_int: Some(0),
        positive_spans: vec![BucketSpan { offset: 0, length: 1 }, BucketSpan { offset: 1, length: 1 }],
        positive_deltas: vec![observations as i64, observations as i64],
        timestamp: at,
        ..Histogram::default()
    }
}

fn latency(histograms: Vec<Histogram>) -> TimeSeries {
    TimeSeries { histograms, ..series("latency", &[]) }
}

/// The newest sample of an instant query with one series.
fn native(server: &Server, query: &str, at: i64) -> Value {
    let at = format!("{}", at as f64 / 1000.0);
    let (status, body) = server.ask("api/v1/query", &[("query", query), ("time", &at)]);
    assert_eq!(status, 200, "{body}");
    let series = &body["data"]["result"][0];
    if series["histogram"].is_null() { series["value"][1].clone() } else { series["histogram"][1].clone() }
}

#[test]
fn what_is_pushed_is_queried_before_and_after_a_crash() {
    let mut server = Server::start();
    let start = now_ms() / 1000 * 1000 - 60_000;
    let samples = (0..5).map(|n| histogram(start + n * 10_000, 1 + n as u64)).collect();
    server.push(vec![latency(samples), series("beside", &[(start, 1.0)])]);
    for crashed in [false, true] {
        if crashed {
            server.crash_and_restart();
        }
        let buckets = value!([[0, "0.5", "1", "5"], [0, "2", "4", "10"]]);
        assert_eq!(
            native(&server, "latency", start + 40_000),
            value!({ "count": "15", "sum": "33.5", "buckets": buckets })
        );
        assert_eq!(native(&server, "histogram_count(increase(latency[40s]))", start + 40_001), "12");
        assert_eq!(native(&server, "histogram_quantile(0.5, latency)", start + 40_000), "2.378414230005442");
        let (_, body) = server.ask("api/v1/series", &[("match[]", "latency")]);
        assert_eq!(body["data"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_histogram_that_contradicts_itself_is_refused_with_its_series_and_the_others_are_stored() {
    let server = Server::start();
    let now = now_ms();
    let bad = Histogram { count_int: Some(99), ..histogram(now, 1) };
    let (status, body) = json(
        server.push_bytes(body(vec![latency(vec![bad, histogram(now - 1, 1)]), series("up", &[(now, 1.0)])])),
    );
    assert_eq!(status, 400);
    let error = body["error"].as_str().unwrap();
    assert!(
        error.starts_with("1 samples were rejected and 2 stored: 1 × invalid native histogram"),
        "{error}"
    );
    assert!(error.contains("latency{") && error.contains("3 observations found in buckets"), "{error}");
    // Another value for the same moment, as with floats.
    let (status, body) = json(server.push_bytes(self::body(vec![latency(vec![histogram(now - 1, 2)])])));
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("duplicate sample"), "{body}");
}

#[test]
fn remote_write_two_is_taken_and_told_what_was_stored() {
    let server = Server::start();
    let now = now_ms();
    let symbols = ["", "__name__", "requests_total", "instance", "i", "job", "test", "latency", "Requests."];
    let sample = v2::Sample { value: 7.0, timestamp: now, start_timestamp: now - 5_000 };
    let counter = v2::TimeSeries {
        labels_refs: vec![1, 2, 3, 4, 5, 6],
        samples: vec![sample],
        metadata: Some(v2::Metadata { r#type: 1, help_ref: 8, unit_ref: 0 }),
        ..v2::TimeSeries::default()
    };
    let native = v2::TimeSeries {
        labels_refs: vec![1, 7, 3, 4, 5, 6],
        histograms: vec![Histogram { start_timestamp: now - 9_000, ..histogram(now, 2) }],
        ..v2::TimeSeries::default()
    };
    let bad =
        v2::TimeSeries { histograms: vec![Histogram { schema: 77, ..histogram(now, 2) }], ..native.clone() };
    let push = |timeseries: Vec<v2::TimeSeries>| {
        let request = v2::Request { symbols: symbols.map(str::to_owned).to_vec(), timeseries };
        let mut request = server.push_request(compress(&request.encode_to_vec())).build().unwrap();
        request.headers_mut().insert("content-type", v2::CONTENT_TYPE.parse().unwrap());
        request.headers_mut().insert("x-prometheus-remote-write-version", v2::VERSION.parse().unwrap());
        let answer = server.http.execute(request).unwrap();
        let written = v2::WRITTEN_HEADERS.map(|name| answer.headers()[name].to_str().unwrap().to_owned());
        (answer.status().as_u16(), written.map(|count| count.parse::<u64>().unwrap()))
    };
    assert_eq!(push(vec![counter.clone(), native.clone()]), (204, [1, 1, 0]));
    assert_eq!(push(vec![counter, native, bad]), (400, [1, 1, 0]), "repeats, and one that is none");
    assert_eq!(
        push(vec![v2::TimeSeries { labels_refs: vec![99, 99], ..v2::TimeSeries::default() }]),
        (400, [0; 3])
    );
    assert_eq!(self::native(&server, "requests_total", now), "7");
    assert_eq!(self::native(&server, "histogram_count(latency)", now), "6");
    let (_, metadata) = server.ask("api/v1/metadata", &[("metric", "requests_total")]);
    assert_eq!(metadata["data"]["requests_total"][0]["help"], "Requests.", "{metadata}");
}

fn read(server: &Server, form: i32) -> Vec<u8> {
    let matchers = vec![LabelMatcher { r#type: 0, name: "__name__".into(), value: "latency".into() }];
    let query = Query { start_timestamp_ms: 0, end_timestamp_ms: i64::MAX, matchers };
    let request = ReadRequest { queries: vec![query], accepted_response_types: vec![form] };
    let body = compress(&request.encode_to_vec());
    server.post("api/v1/read").bearer_auth(VIEWER).body(body).send().unwrap().bytes().unwrap().to_vec()
}

#[test]
fn remote_read_has_histograms_as_samples_and_in_chunks() {
    let server = Server::start();
    let start = now_ms() - 60_000;
    let pushed: Vec<Histogram> = (0..4).map(|n| histogram(start + n * 1000, 1 + n as u64)).collect();
    // A float between them, and a restart.
    let restarted = histogram(start + 5000, 1);
    let float = series("latency", &[(start + 4000, 1.5)]);
    server.push(vec![TimeSeries { histograms: [pushed.clone(), vec![restarted]].concat(), ..float }]);
    let message = snap::raw::Decoder::new().decompress_vec(&read(&server, 0)).unwrap();
    let response = ReadResponse::decode(message.as_slice()).unwrap();
    let found = &response.results[0].timeseries[0];
    assert_eq!((found.samples.len(), found.histograms.len()), (1, 5));
    let hints: Vec<i32> = found.histograms.iter().map(|histogram| histogram.reset_hint).collect();
    assert_eq!(hints, [0, 2, 2, 2, 0], "what is not known, and what goes on");
    assert_eq!(found.histograms[0], pushed[0]);
    // Length, checksum, message.
    let frame = read(&server, 1);
    let mut rest = frame.as_slice();
    let length = prost::encoding::decode_varint(&mut rest).unwrap() as usize;
    let frame = ChunkedReadResponse::decode(&rest[4..4 + length]).unwrap();
    let kinds: Vec<i32> = frame.chunked_series[0].chunks.iter().map(|chunk| chunk.r#type).collect();
    assert_eq!(kinds, [3, 1, 3], "histograms, floats, histograms");
}

/// Debian's `prometheus` takes histograms from our federation and writes them back to us. Through remote
/// read 2.42 gave no answer about them; what we send there is held to our own reader of its chunks.
#[test]
fn prometheus_federates_native_histograms_and_sends_them() {
    if !tools::is_there("prometheus") {
        return;
    }
    let server = Server::start();
    let viewer = server.data_dir().join("viewer");
    std::fs::write(&viewer, VIEWER).unwrap();
    let tls = format!("tls_config: {{ca_file: '{}'}}", server.ca().display());
    let as_viewer = format!("{tls}\n    authorization: {{credentials_file: '{}'}}", viewer.display());
    let as_pusher =
        format!("{tls}\n    authorization: {{credentials_file: '{}'}}", server.ingest_file().display());
    let address = server.url.trim_start_matches("https://").trim_end_matches('/');
    let _peer = Peer::start_with(&["--enable-feature=native-histograms"], |_| {
        format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n\
             scrape_configs:\n  - job_name: federate\n    honor_labels: true\n    scheme: https\n    \
             metrics_path: /federate\n    params: {{'match[]': ['latency{{copy=\"\"}}']}}\n    \
             static_configs: [{{targets: ['{address}']}}]\n    {as_viewer}\n\
             remote_write:\n  - url: {url}api/v1/write\n    send_native_histograms: true\n    {as_pusher}\n    \
             queue_config: {{batch_send_deadline: 1s}}\n    \
             write_relabel_configs: [{{target_label: copy, replacement: 'yes'}}]",
            url = server.url,
        )
    });
    // Federated and written back: the same counts under another label.
    let mut observations = 100;
    wait_for("prometheus to write histograms back", || {
        observations += 1;
        server.push(vec![latency(vec![histogram(now_ms(), observations)])]);
        std::thread::sleep(std::time::Duration::from_millis(500));
        let (_, body) = server.ask("api/v1/query", &[("query", "histogram_count(latency{copy=\"yes\"})")]);
        let count = body["data"]["result"][0]["value"][1].as_str()?.parse::<f64>().ok()?;
        (count > 300.0 && count % 3.0 == 0.0).then_some(())
    });
}

#[test]
fn federation_has_histograms_for_those_who_take_protobuf() {
    let server = Server::start();
    let now = now_ms();
    server.push(vec![latency(vec![histogram(now, 2)]), series("up", &[(now, 1.0)])]);
    let page = |accept: &str| {
        let query = [("match[]", "{job=\"test\"}")];
        let request = server.get("federate").query(&query).bearer_auth(VIEWER).header("accept", accept);
        let answer = request.send().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.bytes().unwrap().to_vec())
    };
    let (kind, text) = page("text/plain");
    assert!(kind.starts_with("text/plain"), "{kind}");
    assert!(!String::from_utf8(text).unwrap().contains("latency"));
    let delimited = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;q=0.5";
    let (kind, families) = page(delimited);
    assert!(kind.starts_with("application/vnd.google.protobuf"), "{kind}");
    assert!(families.windows(7).any(|window| window == b"latency"));
}
