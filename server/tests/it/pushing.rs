//! Remote write: what is accepted, and what each refusal says. The table in `docs/ingest.md`, row by row.

use crate::support::push::{compress, labelled};
use crate::support::server::{VIEWER, json};
use crate::support::{Server, body, now_ms, series};

#[track_caller]
fn check(server: &Server, body: Vec<u8>, status: u16, error: &str) {
    let (found, answer) = json(server.push_bytes(body));
    assert_eq!(found, status, "{answer}");
    let text = answer["error"].as_str().unwrap_or_default();
    assert!(text.contains(error), "{answer}");
}

/// Whatever was refused, the server still stores the next push.
#[track_caller]
fn check_alive(server: &Server) {
    let now = now_ms();
    server.push(vec![series("alive", &[(now, 1.0)])]);
    assert!(server.samples("alive").iter().any(|(at, _)| *at == now));
}

#[test]
fn bytes_that_are_no_push_are_refused() {
    let server = Server::start();
    check(&server, b"not snappy at all".to_vec(), 400, "snappy");
    check(&server, Vec::new(), 400, "snappy");
    check(&server, vec![0xff, 0xff, 0xff, 0xff, 0x0f], 413, "decompresses to 4294967295 bytes");
    check(&server, compress(b"\x0a\xff\xff\xff\x7f"), 400, "WriteRequest");
    check(&server, compress(b"\x07nonsense"), 400, "WriteRequest");
    check(&server, compress(&vec![0; (32 << 20) + 1]), 413, "at most 33554432 are allowed");
    check_alive(&server);
}

#[test]
fn headers_must_say_remote_write_one() {
    let server = Server::start();
    let push = |name: &'static str, value: &'static str| {
        let mut request = server.push_request(body(vec![])).build().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        server.http.execute(request).unwrap().status().as_u16()
    };
    assert_eq!(push("content-type", "application/json"), 415);
    assert_eq!(push("content-encoding", "gzip"), 415);
    assert_eq!(push("x-prometheus-remote-write-version", "2.0.0"), 415);
    assert_eq!(push("content-type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), 415);
    assert_eq!(push("content-type", "application/x-protobuf;proto=prometheus.WriteRequest"), 204);
    assert_eq!(push("authorization", "Bearer wrong"), 401);
    let as_viewer = format!("Bearer {VIEWER}");
    let mut request = server.push_request(body(vec![])).build().unwrap();
    request.headers_mut().insert("authorization", as_viewer.parse().unwrap());
    assert_eq!(server.http.execute(request).unwrap().status().as_u16(), 403);
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_the_connection_stays_good() {
    let server = Server::start();
    check(&server, vec![0; (32 << 20) + 1], 413, "has 33554433 bytes; at most 33554432 are allowed");
    check_alive(&server);
}

#[test]
fn absurd_labels_are_refused_and_the_good_series_beside_them_stored() {
    let server = Server::start();
    let now = now_ms();
    let long = "x".repeat(100_000);
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("label_{n:03}"), "v".to_owned())).collect();
    let mut too_many = vec![("__name__", "too_many")];
    too_many.extend(many.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let absurd = [
        labelled(&[("__name__", "unsorted"), ("b", "1"), ("a", "2")], &[(now, 1.0)]),
        labelled(&[("__name__", "twice"), ("a", "1"), ("a", "2")], &[(now, 1.0)]),
        labelled(&[("job", "nameless")], &[(now, 1.0)]),
        labelled(&[], &[(now, 1.0)]),
        labelled(&[("", "empty name"), ("__name__", "x")], &[(now, 1.0)]),
        labelled(&[("__name__", "long_value"), ("a", &long)], &[(now, 1.0)]),
        labelled(&[("__name__", &long)], &[(now, 1.0)]),
        labelled(&too_many, &[(now, 1.0)]),
    ];
    for (n, bad) in absurd.into_iter().enumerate() {
        let good = format!("good_{n}");
        let (status, answer) = json(server.push_bytes(body(vec![bad, series(&good, &[(now, 1.0)])])));
        assert_eq!(status, 400, "{n}: {answer}");
        let text = answer["error"].as_str().unwrap();
        assert!(
            text.contains("1 samples were rejected and 1 stored") && text.contains("invalid labels"),
            "{text}"
        );
        assert!(text.len() < 2000, "an error repeats an absurd label");
        assert_eq!(server.samples(&good).len(), 1, "{n}");
    }
    let spoilt = compress(&[0x0a, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0xff, 0xfe]);
    check(&server, spoilt, 400, "WriteRequest");
}

#[test]
fn every_value_is_stored_as_it_is() {
    let server = Server::start();
    let now = now_ms() - 60_000;
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, f64::MAX, 0.1];
    let samples: Vec<(i64, f64)> = (now..).zip(values).collect();
    server.push(vec![series("odd", &samples)]);
    let found: Vec<String> = server.samples("odd").into_iter().map(|(_, value)| value).collect();
    assert_eq!(found[..3], ["NaN", "+Inf", "-Inf"]);
    for (text, value) in found[3..].iter().zip(&values[3..]) {
        assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
    }
}

#[test]
fn a_staleness_marker_ends_a_series() {
    let server = Server::start();
    let now = now_ms() - 10_000;
    server.push(vec![series("ended", &[(now, 1.0), (now + 1000, crowsnest_api::stale_nan())])]);
    assert!(server.query("ended").is_empty());
    assert_eq!(server.samples("ended"), [(now, "1".to_owned())]);
}

#[test]
fn samples_far_in_the_past_or_the_future_are_refused_with_counts_and_the_rest_is_stored() {
    let server = Server::start();
    let now = now_ms();
    let day = 24 * 3600 * 1000;
    check(
        &server,
        body(vec![series("future", &[(now, 1.0), (now + day, 2.0)])]),
        400,
        "1 × sample too far in the future",
    );
    assert_eq!(server.samples("future"), [(now, "1".to_owned())]);
    check(&server, body(vec![series("past", &[(now - 400 * day, 1.0), (now, 2.0)])]), 400, "1 × ");
    assert_eq!(server.samples("past"), [(now, "2".to_owned())]);
    for extreme in [i64::MIN, i64::MAX] {
        check(&server, body(vec![series("extreme", &[(extreme, 1.0)])]), 400, "1 × ");
    }
    server.push(vec![series("late", &[(now, 1.0)])]);
    check(&server, body(vec![series("late", &[(now - 2 * 3600 * 1000, 1.0)])]), 400, "out-of-order window");
    server.push(vec![series("late", &[(now - 60_000, 0.5)])]);
    assert_eq!(server.samples("late").len(), 2, "within the window it is stored");
}

#[test]
fn a_repeated_push_is_accepted_and_another_value_for_the_same_moment_is_not() {
    let server = Server::start();
    let now = now_ms();
    for _ in 0..2 {
        server.push(vec![series("twice", &[(now, 1.0)])]);
    }
    check(&server, body(vec![series("twice", &[(now, 2.0)])]), 400, "duplicate sample for timestamp");
    assert_eq!(server.samples("twice"), [(now, "1".to_owned())]);
}

#[test]
fn metadata_is_kept() {
    use crowsnest_api::remote_write::{MetricMetadata, MetricType, WriteRequest};
    use prost::Message as _;
    let server = Server::start();
    let metadata = MetricMetadata {
        r#type: MetricType::Counter as i32,
        metric_family_name: "requests_total".into(),
        help: "Requests.".into(),
        unit: String::new(),
    };
    let request = WriteRequest { timeseries: vec![], metadata: vec![metadata] };
    assert_eq!(server.push_bytes(compress(&request.encode_to_vec())).status().as_u16(), 204);
    let (_, answer) = server.ask("api/v1/metadata", &[("metric", "requests_total")]);
    assert_eq!(answer["data"]["requests_total"][0]["type"], "counter");
}
