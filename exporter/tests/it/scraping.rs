//! Scraping a simulated cluster's kubelet and pods, and pushing what comes of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser as _;
use crowsnest_agent::{Options, run};
use crowsnest_api::is_stale;
use crowsnest_kubesim::{DemoSize, KubeSim};

use crate::receiver::Receiver;

/// A pushed sample by its series.
type Samples = BTreeMap<String, f64>;

/// Takes what is pushed until `done` holds for the newest sample of each series.
fn take_until(receiver: &Receiver, samples: &mut Samples, what: &str, done: impl Fn(&Samples) -> bool) {
    let started = Instant::now();
    while !done(samples) {
        assert!(started.elapsed() < Duration::from_secs(60), "no {what} in {:#?}", samples.keys());
        for series in receiver.next().body.timeseries {
            let labels: Vec<String> =
                series.labels.iter().map(|label| format!("{}={:?}", label.name, label.value)).collect();
            if let Some(sample) = series.samples.last() {
                samples.insert(labels.join(","), sample.value);
            }
        }
    }
}

/// An agent in a thread of its own, which ends with the test.
fn start(receiver: &Receiver, flags: &[&str]) -> tokio::sync::oneshot::Sender<()> {
    let server = format!("http://{}", receiver.address);
    let queue = tempfile::tempdir().unwrap();
    let common = ["crowsnest-agent", "--server", &server, "--interval", "1s", "--listen", "127.0.0.1:0"];
    let options = Options::try_parse_from(
        common
            .iter()
            .copied()
            .chain(["--queue-dir", queue.path().to_str().unwrap()])
            .chain(flags.iter().copied()),
    );
    let config = options.unwrap().into_config().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let _queue = queue;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(config, async { drop(stopped.await) })).unwrap();
    });
    stop
}

fn find<'s>(samples: &'s Samples, parts: &[&str]) -> Option<(&'s String, f64)> {
    let found = samples.iter().find(|(series, _)| parts.iter().all(|part| series.contains(part)));
    found.map(|(series, value)| (series, *value))
}

#[test]
fn the_pages_of_a_kubelet_arrive_with_the_labels_that_dashboards_look_for() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let cluster =
        runtime.block_on(KubeSim::start(crowsnest_kubesim::Options::demo(DemoSize::default()))).unwrap();
    let (ca, token) = (folder.path().join("ca.pem"), folder.path().join("token"));
    std::fs::write(&ca, cluster.ca_pem()).unwrap();
    std::fs::write(&token, cluster.token("crowsnest", "admin-user", 3600).unwrap()).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let kubelet = format!("{}/api/v1/nodes/demo-1/proxy", cluster.url().trim_end_matches('/'));
    let receiver = Receiver::start([]);
    let (ca, token) = (path(&ca), path(&token));
    let _stop = start(
        &receiver,
        &["--node-name", "demo-1", "--kubelet", &kubelet, "--kubelet-ca", &ca, "--kube-token-file", &token],
    );
    let mut samples = Samples::new();
    for (path, metric) in [
        ("/metrics", "kubelet_running_pods"),
        ("/metrics/cadvisor", "container_memory_working_set_bytes"),
        ("/metrics/resource", "pod_memory_working_set_bytes"),
        ("/metrics/probes", "prober_probe_total"),
    ] {
        let labels = [
            "job=\"kubelet\"".to_owned(),
            "node=\"demo-1\"".to_owned(),
            "instance=\"demo-1\"".to_owned(),
            format!("metrics_path={path:?}"),
        ];
        let of = |name: &str| {
            let name = format!("__name__={name:?}");
            labels.iter().map(String::as_str).chain([name.as_str()]).map(str::to_owned).collect::<Vec<_>>()
        };
        for name in [metric, "up", "scrape_samples_scraped"] {
            let parts = of(name);
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            take_until(&receiver, &mut samples, &parts.join(","), |samples| find(samples, &parts).is_some());
            assert!(name != "up" || find(&samples, &parts).unwrap().1 == 1.0, "{path} is down");
        }
    }
    let cadvisor = find(&samples, &["container_memory_working_set_bytes", "image="]).unwrap().0;
    assert!(cadvisor.contains("namespace=") && cadvisor.contains("pod="), "{cadvisor}");
    assert!(find(&samples, &["container_cpu_usage_seconds_total", "/metrics/resource"]).is_none());
}

/// Answers each request on loopback with what `answer` gives for its request line.
fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut first, mut line) = (String::new(), String::new());
                while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                    if first.is_empty() {
                        first.clone_from(&line);
                    }
                    line.clear();
                }
                let _ = (&stream).write_all(answer(&first).as_bytes());
            });
        }
    });
    address
}

fn page(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_pod_that_asks_for_it_is_scraped_and_ends_with_staleness_markers_when_it_is_gone() {
    let target = serve(|request| {
        let known = request.starts_with("GET /custom?x=y ");
        page(if known { "app_requests_total{path=\"/\"} 7\n" } else { "wrong_path 1\n" })
    });
    let pod = move |version: u64| {
        format!(
            r#"{{"metadata": {{"name": "web-1", "namespace": "shop", "uid": "u1", "resourceVersion": "{version}", "annotations": {{
                "prometheus.io/scrape": "true", "prometheus.io/port": "{}", "prometheus.io/path": "/custom", "prometheus.io/param_x": "y"}}}},
              "spec": {{"nodeName": "n1", "containers": [{{"name": "app"}}]}},
              "status": {{"podIP": "127.0.0.1", "phase": "Running"}}}}"#,
            target.port()
        )
    };
    // The pod is listed; it is deleted once somebody says so.
    let deleted = Arc::new(Mutex::new(false));
    let say = Arc::clone(&deleted);
    let api = serve(move |request| {
        assert!(request.contains("fieldSelector=spec.nodeName%3Dn1"), "{request}");
        if !request.contains("watch=1") {
            let list = format!(r#"{{"metadata": {{"resourceVersion": "5"}}, "items": [{}]}}"#, pod(4));
            return page(&list);
        }
        while !*say.lock().unwrap() {
            thread::sleep(Duration::from_millis(20));
        }
        page(&(format!(r#"{{"type": "DELETED", "object": {}}}"#, pod(6)).replace('\n', " ") + "\n"))
    });
    let receiver = Receiver::start([]);
    let api = format!("http://{api}");
    let _stop = start(&receiver, &["--node-name", "n1", "--scrape-pods", "--kube-api", &api]);
    let mut samples = Samples::new();
    let parts = ["__name__=\"app_requests_total\"", "path=\"/\""];
    take_until(&receiver, &mut samples, "sample of the pod", |samples| find(samples, &parts).is_some());
    let (series, value) = find(&samples, &parts).unwrap();
    let expected = format!(
        "__name__=\"app_requests_total\",container=\"app\",instance=\"{target}\",job=\"kubernetes-pods\",namespace=\"shop\",node=\"n1\",path=\"/\",pod=\"web-1\""
    );
    assert_eq!((series, value), (&expected, 7.0));
    *deleted.lock().unwrap() = true;
    take_until(&receiver, &mut samples, "staleness marker", |samples| {
        find(samples, &parts).is_some_and(|(_, value)| is_stale(value))
            && find(samples, &["__name__=\"up\"", "pod=\"web-1\""]).is_some_and(|(_, value)| is_stale(value))
    });
}

#[test]
fn targets_of_a_file_are_scraped_and_read_again_when_it_changes() {
    let target = serve(|request| page(if request.starts_with("GET /metrics ") { "t 7\n" } else { "" }));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scrape.yml");
    let write = |job: &str| {
        let text = format!(
            "scrape_configs: [{{job_name: {job}, scrape_interval: 1s, static_configs: [{{targets: ['{target}'], labels: {{team: x}}}}],\
             relabel_configs: [{{target_label: instance, replacement: named}}]}}]\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    write("first");
    let receiver = Receiver::start([]);
    let _stop = start(&receiver, &["--node-name", "n1", "--scrape-config", file.to_str().unwrap()]);
    let mut samples = Samples::new();
    let first = r#"__name__="t",instance="named",job="first",team="x""#;
    take_until(&receiver, &mut samples, first, |samples| samples.get(first) == Some(&7.0));
    write("the_second");
    let second = first.replace("first", "the_second");
    take_until(&receiver, &mut samples, &second, |samples| {
        samples.get(&second) == Some(&7.0) && samples.get(first).is_some_and(|value| is_stale(*value))
    });
}

#[test]
fn a_target_that_does_not_answer_in_time_is_down_and_delays_no_other() {
    let slow = serve(|_| {
        thread::sleep(Duration::from_secs(30));
        String::new()
    });
    let receiver = Receiver::start([]);
    let kubelet = format!("http://{slow}");
    let _stop = start(&receiver, &["--node-name", "n1", "--kubelet", &kubelet]);
    let mut samples = Samples::new();
    let down = ["__name__=\"up\"", "job=\"kubelet\"", "metrics_path=\"/metrics\""];
    take_until(&receiver, &mut samples, "up", |samples| {
        find(samples, &down).is_some_and(|(_, value)| value == 0.0)
            && find(samples, &["node_load1"]).is_some()
    });
}
