//! What the server scrapes itself: files in `--provisioning`, targets from all that names them, and the same as Prometheus.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::server::json as json_of;
use crate::support::tools::{self, Peer};
use crate::support::{Server, wait_for};

/// Answers each request on loopback with what `answer` gives for its path and whether it has the right password.
pub(crate) fn serve(answer: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let authorization = head.iter().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
                });
                let (status, body) = answer(&path, authorization.as_deref().unwrap_or_default());
                let kind =
                    if body.starts_with('[') { "application/json" } else { "text/plain; version=0.0.4" };
                // The body of an answer that leads elsewhere is where.
                let location = if status == 302 { format!("Location: {body}\r\n") } else { String::new() };
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{location}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                (&stream).write_all((head + &body).as_bytes()).ok();
            });
        }
    });
    address
}

fn server(folder: &Path, scrape: &str, more: &[&str]) -> Server {
    std::fs::create_dir_all(folder.join("scrape")).unwrap();
    std::fs::write(folder.join("scrape/s.yml"), scrape).unwrap();
    let flags = ["--provisioning", folder.to_str().unwrap()];
    Server::start_with(&flags.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

/// The active targets by URL.
fn targets(server: &Server) -> BTreeMap<String, Value> {
    let (status, body) = server.ask("api/v1/targets", &[]);
    assert_eq!(status, 200, "{body}");
    let active = body["data"]["activeTargets"].as_array().unwrap().clone();
    active.into_iter().map(|target| (target["scrapeUrl"].as_str().unwrap().to_owned(), target)).collect()
}

fn value(server: &Server, expr: &str) -> Option<String> {
    Some(server.query(expr).first()?["value"][1].as_str()?.to_owned())
}

#[test]
fn targets_come_from_the_configuration_from_files_and_from_urls() {
    let folder = tempfile::tempdir().unwrap();
    let target = serve(|path, authorization| match (path, authorization) {
        ("/metrics?who=me", "Bearer secret") => (200, "# TYPE t gauge\nt{x=\"1\"} 7\n".to_owned()),
        _ => (401, String::new()),
    });
    let list = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&list);
    let url = serve(move |_, _| (200, told.lock().unwrap().clone()));
    *list.lock().unwrap() = format!(r#"[{{"targets": ["{target}"], "labels": {{"from": "url"}}}}]"#);
    std::fs::create_dir(folder.path().join("targets")).unwrap();
    std::fs::write(
        folder.path().join("targets/a.yml"),
        format!("- targets: ['{target}']\n  labels: {{from: file}}\n"),
    )
    .unwrap();
    std::fs::write(folder.path().join("token"), "secret\n").unwrap();
    let scrape = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\nscrape_configs:\n- job_name: j\n  params: {{who: [me]}}\n  \
         bearer_token_file: ../token\n  static_configs: [{{targets: ['{target}'], labels: {{from: here}}}}]\n  \
         file_sd_configs: [{{files: ['../targets/*.yml']}}]\n  http_sd_configs: [{{url: 'http://{url}/', refresh_interval: 1s}}]\n  \
         relabel_configs: [{{action: drop, source_labels: [from], regex: nowhere}}]\n"
    );
    let server = server(folder.path(), &scrape, &[]);
    for from in ["here", "file", "url"] {
        let selector = format!("t{{job=\"j\",from=\"{from}\",instance=\"{target}\",x=\"1\"}}");
        wait_for(&selector, || value(&server, &selector).filter(|value| value == "7"));
        let up = format!("up{{from=\"{from}\"}}");
        assert_eq!(value(&server, &up).unwrap(), "1");
    }
    let shown = targets(&server);
    let shown = &shown[&format!("http://{target}/metrics?who=me")];
    assert_eq!(
        (&shown["health"], &shown["scrapePool"], &shown["scrapeInterval"]),
        (&"up".into(), &"j".into(), &"1s".into())
    );
    assert_eq!(shown["discoveredLabels"]["__address__"], target.to_string());
    assert_eq!(server.ask("api/v1/scrape_pools", &[]).1["data"]["scrapePools"][0], "j");
    let metadata = server.ask("api/v1/targets/metadata", &[("match_target", "{from=\"file\"}")]).1;
    assert_eq!(metadata["data"][0]["metric"], "t", "{metadata}");

    // One that is named no longer ends, and one that is dropped is told.
    *list.lock().unwrap() = r#"[{"targets": ["x:1"], "labels": {"from": "nowhere"}}]"#.to_owned();
    wait_for("the end of a target", || value(&server, "t{from=\"url\"}").is_none().then_some(()));
    assert!(value(&server, "up{from=\"url\"}").is_none());
    let dropped = server.ask("api/v1/targets", &[("state", "dropped")]).1;
    assert_eq!(dropped["data"]["droppedTargets"][0]["discoveredLabels"]["from"], "nowhere", "{dropped}");
    assert_eq!(dropped["data"]["droppedTargetCounts"]["j"], 1);
}

#[test]
fn files_are_read_again_when_they_change_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = serve(|_, _| (200, "t 7\n".to_owned()));
    let file = |job: &str, more: &str| {
        format!(
            "scrape_configs: [{{job_name: {job}, scrape_interval: 1s, static_configs: [{{targets: ['{target}']}}]{more}}}]\n"
        )
    };
    let server = server(folder.path(), &file("a", ""), &[]);
    wait_for("the first job", || value(&server, "t{job=\"a\"}"));
    let path = folder.path().join("scrape/s.yml");
    std::fs::write(&path, file("b", ", scheme: ftp")).unwrap();
    let told = wait_for("the fault", || {
        Some(server.log()).filter(|log| log.contains("s.yml:1:") && log.contains("neither http nor https"))
    });
    assert!(told.contains("the old ones stay"));
    assert_eq!(
        server.post("-/reload").bearer_auth(crate::support::server::ADMIN).send().unwrap().status(),
        400
    );
    assert!(value(&server, "t{job=\"a\"}").is_some());
    std::fs::write(&path, file("b", "")).unwrap();
    wait_for("the other job", || value(&server, "t{job=\"b\"}"));
    wait_for("the end of the first", || value(&server, "t{job=\"a\"}").is_none().then_some(()));
}

#[test]
fn an_answer_that_leads_elsewhere_is_followed_and_only_the_named_host_is_told_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let told = |authorization: &str| format!("told {}\n", u8::from(!authorization.is_empty()));
    let other = serve(move |_, authorization| (200, told(authorization)));
    let target = serve(move |path, authorization| match path {
        "/round" => (302, "/round".to_owned()),
        "/near" | "/stay" => (302, "/page".to_owned()),
        "/far" => (302, format!("http://{other}/page")),
        "/metadata" => (302, "http://169.254.169.254/latest".to_owned()),
        _ => (200, told(authorization)),
    });
    let job = |name: &str, more: &str| {
        format!(
            "- {{job_name: {name}, metrics_path: /{name}, scrape_interval: 1s, authorization: {{credentials: s}}, static_configs: [{{targets: ['{target}']}}]{more}}}\n"
        )
    };
    let jobs = [
        job("round", ""),
        job("near", ""),
        job("far", ""),
        job("metadata", ""),
        job("stay", ", follow_redirects: false"),
    ];
    let server = server(folder.path(), &format!("scrape_configs:\n{}", jobs.concat()), &[]);
    for (job, expected) in [("near", "1"), ("far", "0")] {
        wait_for(job, || value(&server, &format!("told{{job=\"{job}\"}}")).filter(|value| value == expected));
    }
    for (job, why) in [
        ("round", "stopped after 10 redirects"),
        ("metadata", "clouds hand out credentials there"),
        ("stay", "server returned HTTP status 302"),
    ] {
        wait_for(job, || value(&server, &format!("up{{job=\"{job}\"}}")).filter(|value| value == "0"));
        let all = targets(&server);
        let found = all.values().find(|target| target["scrapePool"] == job).unwrap();
        assert!(found["lastError"].as_str().unwrap().contains(why), "{found}");
    }
}

#[test]
fn what_cannot_be_scraped_is_down_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let target = serve(|path, _| match path {
        "/slow" => {
            thread::sleep(Duration::from_secs(20));
            (200, String::new())
        }
        "/bad" => (200, "a 1\nb x\n".to_owned()),
        "/many" => (200, "a 1\nb 1\n".to_owned()),
        _ => (503, String::new()),
    });
    let job = |name: &str, more: &str| {
        format!(
            "- {{job_name: {name}, metrics_path: /{name}, scrape_interval: 1s, static_configs: [{{targets: ['{target}']}}]{more}}}\n"
        )
    };
    let scrape = format!(
        "scrape_configs:\n{}{}{}{}{}",
        job("slow", ", scrape_timeout: 300ms"),
        job("bad", ""),
        job("many", ", sample_limit: 1"),
        job("gone", ""),
        "- {job_name: secret, scrape_interval: 1s, static_configs: [{targets: ['169.254.169.254:80']}]}\n"
    );
    let server = server(folder.path(), &scrape, &[]);
    for (job, why) in [
        ("slow", "the page was not there within 300ms"),
        ("bad", "line 2, column 3: \"x\" is not a number"),
        ("many", "sample limit exceeded"),
        ("gone", "server returned HTTP status 503"),
        ("secret", "clouds hand out credentials there"),
    ] {
        wait_for(job, || value(&server, &format!("up{{job=\"{job}\"}}")).filter(|value| value == "0"));
        let all = targets(&server);
        let found = all.values().find(|target| target["scrapePool"] == job).unwrap();
        let error = found["lastError"].as_str().unwrap();
        assert!(error.contains(why), "{job}: {error}");
        assert_eq!(found["health"], "down");
    }
    assert!(
        server.query("{__name__=~\"a|b\"}").is_empty(),
        "a page that is wrong anywhere counts for nothing"
    );
}

#[test]
fn objects_of_the_cluster_are_targets_by_their_role() {
    let target = serve(|_, _| (200, "t 7\n".to_owned()));
    let port = target.port();
    let objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}, "annotations": {"example.org/scrape": "yes"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "i", "ports": [{"name": "http", "containerPort": port}]}]},
            "status": {"phase": "Running", "podIP": "127.0.0.1"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "front"}},
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": port}]}}),
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": "shop"},
            "subsets": [{"addresses": [{"ip": "127.0.0.1", "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}],
                "ports": [{"name": "http", "port": port, "protocol": "TCP"}]}]}),
    ];
    let mut options = Sim::options();
    options.objects.extend(objects);
    let sim = Sim::start(options);
    let folder = tempfile::tempdir().unwrap();
    let scrape = "global: {scrape_interval: 1s, scrape_timeout: 900ms}\nscrape_configs:\n\
        - job_name: pods\n  kubernetes_sd_configs: [{role: pod, namespaces: {names: [shop]}}]\n  relabel_configs:\n  \
        - {source_labels: [__meta_kubernetes_pod_annotation_example_org_scrape], action: keep, regex: 'yes'}\n  \
        - {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}\n  \
        - {source_labels: [__meta_kubernetes_pod_node_name], target_label: node}\n\
        - job_name: services\n  kubernetes_sd_configs: [{role: endpoints}]\n  relabel_configs:\n  \
        - {source_labels: [__meta_kubernetes_service_label_tier], action: keep, regex: front}\n  \
        - {source_labels: [__meta_kubernetes_service_name], target_label: service}\n  \
        - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}\n";
    let other = |at| {
        format!(
            "- {{job_name: other-{at}, kubernetes_sd_configs: [{{role: endpoints}}], relabel_configs: [{{action: drop}}]}}\n"
        )
    };
    let scrape = scrape.to_owned() + &(0..20).map(other).collect::<String>();
    let kubeconfig = sim.kubeconfig();
    let flags = ["--auth", "kube", "--cluster-metrics", "none", "--kubeconfig", kubeconfig.to_str().unwrap()];
    let server = server(folder.path(), &scrape, &flags);
    for selector in [
        format!("t{{job=\"pods\",container=\"main\",node=\"n1\",instance=\"{target}\"}}"),
        format!("t{{job=\"services\",service=\"web\",pod=\"web-1\",instance=\"{target}\"}}"),
    ] {
        wait_for(&selector, || {
            let request = server.get("api/v1/query").query(&[("query", &selector)]).bearer_auth(sim.admin());
            let (_, body) = json_of(request.send().unwrap());
            (body["data"]["result"][0]["value"][1] == "7").then_some(())
        });
    }
    let asked = sim.running.asked();
    let lists = asked.iter().filter(|asked| asked.verb == "list" && asked.resource == "endpoints").count();
    assert!((1..10).contains(&lists), "jobs that ask for the same at one time share a list: {lists}");
}

#[test]
fn what_has_no_metrics_is_probed_with_the_configuration_of_the_blackbox_exporter() {
    let site =
        serve(|path, _| if path == "/fine" { (200, "hello".to_owned()) } else { (503, String::new()) });
    let folder = tempfile::tempdir().unwrap();
    let scrape = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\nscrape_configs:\n- job_name: blackbox\n  metrics_path: /probe\n  \
         params: {{module: [http_2xx]}}\n  static_configs: [{{targets: ['http://{site}/fine', 'http://{site}/broken']}}]\n  relabel_configs:\n  \
         - {{source_labels: [__address__], target_label: __param_target}}\n  \
         - {{source_labels: [__param_target], target_label: instance}}\n  \
         - {{target_label: __address__, replacement: self}}\n"
    );
    let server = server(folder.path(), &scrape, &[]);
    for (path, series, expected) in [
        ("fine", "probe_success", "1"),
        ("fine", "probe_http_status_code", "200"),
        ("fine", "probe_http_content_length", "5"),
        ("fine", "probe_http_ssl", "0"),
        ("broken", "probe_success", "0"),
        ("broken", "probe_http_status_code", "503"),
        ("broken", "up", "1"),
    ] {
        let selector = format!("{series}{{job=\"blackbox\",instance=\"http://{site}/{path}\"}}");
        let found = wait_for(&selector, || value(&server, &selector));
        assert_eq!(found, expected, "{selector}");
    }
    let phases = server.query("count by (phase) (probe_http_duration_seconds)");
    assert_eq!(phases.len(), 3);
    assert!(server.log().contains("the answer is 503"));
}

const PAGE: &str = "# HELP t_a Help.\n# TYPE t_a counter\nt_a{job=\"theirs\",instance=\"x\",exported_job=\"y\",kind=\"One\"} 1\n\
    t_a{kind=\"two\",empty=\"\"} 2.5e3\n# TYPE t_h histogram\nt_h_bucket{le=\"0.5\"} 1\nt_h_bucket{le=\"+Inf\"} 2\nt_h_sum 3\nt_h_count 2\n\
    t_nan NaN\nt_inf -Inf\nt_drop 1\nt_esc{v=\"a\\\"b\\\\c\\nd\"} 1\n";

/// The same file is read by both, and both have the same series with the same values.
#[test]
fn prometheus_scrapes_the_same_series() {
    if !tools::is_there("prometheus") {
        return;
    }
    let target = serve(|path, _| match path {
        "/bad" => (200, "t_bad 1\nt_bad{x=1} 2\n".to_owned()),
        "/query?a=1&b=x+y" | "/metrics?unused=u" => (200, PAGE.to_owned()),
        _ => (404, String::new()),
    });
    let one = format!(
        "static_configs: [{{targets: ['{target}'], labels: {{team: A-b, __meta_zone: z1, __param_unused: u}}}}]"
    );
    let jobs = [
        "{job_name: plain, metrics_path: /metrics, ONE}",
        "{job_name: honoured, honor_labels: true, ONE}",
        "{job_name: params, metrics_path: /query, params: {a: ['1'], b: ['x y']}, relabel_configs: [{action: labeldrop, regex: __param_unused}], ONE}",
        "{job_name: bad, metrics_path: /bad, ONE}",
        "{job_name: few, sample_limit: 3, ONE}",
        "{job_name: labels, label_limit: 4, ONE}",
        "{job_name: unwanted, relabel_configs: [{action: drop, source_labels: [team], regex: 'A-.'}], ONE}",
        "{job_name: targets, ONE, relabel_configs: [\
            {source_labels: [team, __meta_zone], separator: '/', regex: '(A)-(.)/z(.*)', target_label: 'place_$1', replacement: '${2}_$3'},\
            {action: hashmod, source_labels: [__address__], modulus: 7, target_label: shard},\
            {action: labelmap, regex: '__meta_(.+)'},\
            {action: lowercase, source_labels: [team], target_label: lower},\
            {action: uppercase, source_labels: [team], target_label: upper},\
            {action: replace, source_labels: [nothing], target_label: fixed, replacement: always},\
            {action: keepequal, source_labels: [zone], target_label: __meta_zone},\
            {target_label: instance, replacement: named}]}",
        "{job_name: metrics, ONE, metric_relabel_configs: [\
            {action: drop, source_labels: [__name__], regex: 't_drop|t_h_.*'},\
            {action: labelmap, regex: '(ki).*', replacement: 'short_$1'},\
            {action: labeldrop, regex: 'exported_.*'},\
            {source_labels: [__name__, kind], regex: 't_a;(.*)', target_label: __name__, replacement: 't_a_$1'}]}",
    ];
    let configs: String = jobs.iter().map(|job| format!("- {}\n", job.replace("ONE", &one))).collect();
    let text = format!("global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\nscrape_configs:\n{configs}");
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &text, &[]);
    let peer = Peer::start(|_| text.clone());
    let series = |found: &[Value]| -> BTreeMap<String, String> {
        let one = |series: &Value| {
            let value = series["value"][1].as_str().unwrap().to_owned();
            (series["metric"].to_string(), value)
        };
        found.iter().map(one).collect()
    };
    const ALL: &str =
        "{__name__=~\"t_.*|up|scrape_samples_.*|scrape_series_added\",__name__!=\"scrape_series_added\"}";
    let jobs = || server.query("count by (job) (up)").len();
    wait_for("every job of ours", || (jobs() >= 8).then_some(()));
    let theirs = wait_for("every job of theirs", || {
        let answer = peer.ask("api/v1/query", &[("query", ALL.to_owned())]);
        let all = series(answer["data"]["result"].as_array()?);
        (all.keys().filter(|labels| labels.contains("\"up\"")).count() >= 8).then_some(all)
    });
    let ours = series(&server.query(ALL));
    let differ = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| -> Vec<String> {
        a.iter()
            .filter(|(key, value)| b.get(*key) != Some(value))
            .map(|(key, value)| format!("{key} {value}"))
            .collect()
    };
    let (only_ours, only_theirs) = (differ(&ours, &theirs), differ(&theirs, &ours));
    assert!(only_ours.is_empty() && only_theirs.is_empty(), "ours: {only_ours:#?}\ntheirs: {only_theirs:#?}");
    assert!(theirs.len() > 50, "{theirs:#?}");
}
