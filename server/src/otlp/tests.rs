//! Requests as series.

use std::fmt::Write as _;

use super::deltas::Adding;
use super::wire::*;
use super::*;

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Any::StringValue(value.to_owned())) }),
    }
}

fn request(metrics: Vec<Metric>) -> ExportRequest {
    let attributes = [("service.name", "cart"), ("service.instance.id", "1"), ("host.name", "n")];
    let attributes = attributes.map(|(key, value)| attribute(key, value)).to_vec();
    let scope_metrics = vec![ScopeMetrics { metrics }];
    ExportRequest {
        resource_metrics: vec![ResourceMetrics { resource: Some(Resource { attributes }), scope_metrics }],
    }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        description: "What it is.".to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
    }
}

const SECOND: u64 = 1_000_000_000;

/// The series without `target_info`, one a line, with samples at seconds.
fn series(request: &ExportRequest, deltas: &mut Deltas) -> String {
    let mut adding = Adding::to(Some(deltas));
    let pushed = translate::translate(request, &mut adding);
    adding.keep();
    let mut text = String::new();
    for series in pushed.into_series() {
        if series.labels.metric_name() == "target_info" {
            continue;
        }
        write!(text, "{}", series.labels).unwrap();
        for sample in &series.samples {
            write!(text, " {}@{}", sample.value, sample.timestamp).unwrap();
        }
        for (at, histogram) in &series.extras.histograms {
            let buckets: Vec<String> =
                histogram.positive_buckets().map(|(i, n)| format!("{i}:{n}")).collect();
            write!(text, " {{{} {} [{}]}}@{at}", histogram.count, histogram.sum, buckets.join(" ")).unwrap();
        }
        text.push('\n');
    }
    text
}

fn number(at: u64, value: f64) -> NumberPoint {
    NumberPoint {
        attributes: vec![attribute("http.route", "/")],
        start_time_unix_nano: SECOND,
        time_unix_nano: at * SECOND,
        value: Some(Number::AsDouble(value)),
        flags: 0,
    }
}

fn sum(points: Vec<NumberPoint>, temporality: Temporality) -> Data {
    Data::Sum(Sum { data_points: points, aggregation_temporality: temporality as i32, is_monotonic: true })
}

const LABELS: &str = "http_route=\"/\", instance=\"1\", job=\"cart\"";

#[test]
fn numbers_are_named_by_unit_and_kind_and_carry_their_target() {
    let gauge = Data::Gauge(Gauge { data_points: vec![number(5, 0.5)] });
    let total = sum(vec![number(5, 7.0)], Temporality::Cumulative);
    let request = request(vec![metric("memory.used", "By", gauge), metric("requests", "1", total)]);
    assert_eq!(
        series(&request, &mut Deltas::default()),
        format!("memory_used_bytes{{{LABELS}}} 0.5@5\nrequests_total{{{LABELS}}} 7@5\n")
    );
}

#[test]
fn a_resource_has_its_info_for_as_long_as_it_has_points() {
    let gauge = Data::Gauge(Gauge { data_points: vec![number(5, 1.0), number(205, 1.0)] });
    let mut adding = Adding::to(None);
    let pushed = translate::translate(&request(vec![metric("a", "", gauge)]), &mut adding);
    let info =
        pushed.into_series().into_iter().find(|series| series.labels.metric_name() == "target_info").unwrap();
    assert_eq!(info.labels.to_string(), "target_info{host_name=\"n\", instance=\"1\", job=\"cart\"}");
    let times: Vec<i64> = info.samples.iter().map(|sample| sample.timestamp.millis() / 1000).collect();
    assert_eq!(times, [5, 155, 205]);
}

#[test]
fn deltas_are_added_up_from_push_to_push() {
    let mut deltas = Deltas::default();
    let push = |at: u64, value: f64| {
        request(vec![metric("requests", "", sum(vec![number(at, value)], Temporality::Delta))])
    };
    assert_eq!(series(&push(5, 2.0), &mut deltas), format!("requests_total{{{LABELS}}} 2@5\n"));
    assert_eq!(series(&push(6, 3.0), &mut deltas), format!("requests_total{{{LABELS}}} 5@6\n"));
    assert_eq!(series(&push(6, 3.0), &mut deltas), "", "what was told does not count twice");
}

#[test]
fn classic_histograms_count_what_lies_below_each_bound() {
    let point = HistogramPoint {
        time_unix_nano: 5 * SECOND,
        count: 6,
        sum: Some(2.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.1, 1.0],
        ..HistogramPoint::default()
    };
    let histogram = Histogram { data_points: vec![point], aggregation_temporality: 2 };
    let request = request(vec![metric("latency", "s", Data::Histogram(histogram))]);
    let target = "instance=\"1\", job=\"cart\"";
    assert_eq!(
        series(&request, &mut Deltas::default()),
        format!(
            "latency_seconds_sum{{{target}}} 2.5@5\nlatency_seconds_count{{{target}}} 6@5\n\
             latency_seconds_bucket{{{target}, le=\"0.1\"}} 1@5\nlatency_seconds_bucket{{{target}, le=\"1\"}} 3@5\n\
             latency_seconds_bucket{{{target}, le=\"+Inf\"}} 6@5\n"
        )
    );
}

fn exponential(scale: i32, count: u64) -> ExportRequest {
    let point = ExponentialPoint {
        time_unix_nano: 5 * SECOND,
        count,
        sum: Some(9.0),
        scale,
        zero_count: 1,
        positive: Some(Buckets { offset: -1, bucket_counts: vec![2, 0, 3] }),
        ..ExponentialPoint::default()
    };
    let of = ExponentialHistogram { data_points: vec![point], aggregation_temporality: 1 };
    request(vec![metric("size", "By", Data::ExponentialHistogram(of))])
}

#[test]
fn exponential_histograms_are_native_ones_and_deltas_of_them_add_up() {
    let mut deltas = Deltas::default();
    let target = "instance=\"1\", job=\"cart\"";
    let first = format!("size_bytes{{{target}}} {{6 9 [0:2 2:3]}}@5\n");
    assert_eq!(series(&exponential(0, 6), &mut deltas), first);
    let mut later = exponential(0, 6);
    let Some(Data::ExponentialHistogram(of)) =
        &mut later.resource_metrics[0].scope_metrics[0].metrics[0].data
    else {
        panic!("another kind")
    };
    of.data_points[0].time_unix_nano = 6 * SECOND;
    assert_eq!(series(&later, &mut deltas), format!("size_bytes{{{target}}} {{12 18 [0:4 2:6]}}@6\n"));
}

#[test]
fn what_cannot_be_is_refused_with_its_name() {
    let refused = |request: &ExportRequest| {
        let mut adding = Adding::to(None);
        let pushed = format!("{:?}", translate::translate(request, &mut adding));
        pushed.split("rejected: ").last().unwrap().to_owned()
    };
    assert!(refused(&exponential(-5, 6)).contains("scale -5 is not taken"));
    assert!(refused(&exponential(0, 7)).contains("6 observations found in buckets, but the count is 7"));
    let unspecified = sum(vec![number(5, 1.0)], Temporality::Unspecified);
    assert!(
        refused(&request(vec![metric("a", "", unspecified)]))
            .contains("a_total: neither cumulative nor delta")
    );
    let empty = NumberPoint { value: None, ..number(5, 1.0) };
    let gauge = Data::Gauge(Gauge { data_points: vec![empty] });
    assert!(refused(&request(vec![metric("a", "", gauge.clone())])).contains("no value"));
    assert!(refused(&request(vec![metric("..", "", gauge)])).contains("a metric without a name"));
}

#[test]
fn points_without_a_value_end_their_series() {
    let ended = NumberPoint { value: None, flags: 1, ..number(5, 1.0) };
    let request = request(vec![metric("a", "", Data::Gauge(Gauge { data_points: vec![ended] }))]);
    let pushed = translate::translate(&request, &mut Adding::to(None));
    let series = pushed.into_series();
    assert!(crowsnest_api::is_stale(series[0].samples[0].value));
}

#[test]
fn json_says_what_protobuf_says() {
    let json = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
        "scopeMetrics":[{"scope":{"name":"s"},"metrics":[
          {"name":"requests","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
            {"timeUnixNano":"5000000000","asInt":"7","attributes":[{"key":"code","value":{"intValue":"200"}}]}]}},
          {"name":"latency","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":5000000000,"count":"3","sum":1.5,"bucketCounts":["1",2],"explicitBounds":[0.5]}]}}]}]}]}"#;
    let request = Form::Json.read(json.as_bytes()).unwrap();
    let again = Form::Protobuf.read(&request.encode_to_vec()).unwrap();
    assert_eq!(request, again);
    assert_eq!(
        series(&request, &mut Deltas::default()),
        "requests_total{code=\"200\", job=\"cart\"} 7@5\nlatency_sum{job=\"cart\"} 1.5@5\nlatency_count{job=\"cart\"} 3@5\n\
         latency_bucket{job=\"cart\", le=\"0.5\"} 1@5\nlatency_bucket{job=\"cart\", le=\"+Inf\"} 3@5\n"
    );
    assert!(Form::Json.read(b"7").is_err() && Form::Protobuf.read(b"\xff").is_err());
}
