//! What values do, and which are refused.

use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use super::{EVERYTHING, named, server_pod};
use crate::support::{Server, helm};

/// Values; the kind and the name of an object; what they put at a place in it.
type Row = (&'static str, (&'static str, &'static str), &'static str, fn() -> Value);

const SERVER: (&str, &str) = ("StatefulSet", "crowsnest");
const AGENT: (&str, &str) = ("DaemonSet", "crowsnest-agent");

const ROWS: &[Row] = &[
    ("image: {tag: '9'}", SERVER, "/spec/template/spec/containers/0/image", || {
        json!("ghcr.io/crowsnest-dev/crowsnest:9")
    }),
    ("image: {tag: '9'}", AGENT, "/spec/template/spec/containers/0/image", || {
        json!("ghcr.io/crowsnest-dev/crowsnest:9")
    }),
    ("image: {pullPolicy: Always}", AGENT, "/spec/template/spec/containers/0/imagePullPolicy", || {
        json!("Always")
    }),
    (
        "image: {pullSecrets: [{name: m}]}",
        SERVER,
        "/spec/template/spec/imagePullSecrets",
        || json!([{"name": "m"}]),
    ),
    (
        "image: {pullSecrets: [{name: m}]}",
        AGENT,
        "/spec/template/spec/imagePullSecrets",
        || json!([{"name": "m"}]),
    ),
    ("storage: {size: 20Gi}", SERVER, "/spec/volumeClaimTemplates/0/spec/resources/requests/storage", || {
        json!("20Gi")
    }),
    ("storage: {className: fast}", SERVER, "/spec/volumeClaimTemplates/0/spec/storageClassName", || {
        json!("fast")
    }),
    ("ipv6: true", SERVER, "/spec/template/spec/containers/0/args/2", || json!("--listen=[::]:8443")),
    ("retention: 30d", SERVER, "/spec/template/spec/containers/0/args/10", || json!("--retention=30d")),
    ("retentionSize: 8GiB", SERVER, "/spec/template/spec/containers/0/args/10", || {
        json!("--retention-size=8GiB")
    }),
    ("basePath: /nest", SERVER, "/spec/template/spec/containers/0/args/10", || json!("--base-path=/nest")),
    ("extraArgs: [--query-timeout=1m]", SERVER, "/spec/template/spec/containers/0/args/10", || {
        json!("--query-timeout=1m")
    }),
    ("agent: {extraArgs: [--interval=30s]}", AGENT, "/spec/template/spec/containers/0/args/14", || {
        json!("--interval=30s")
    }),
    (
        "resources: {limits: {memory: 2Gi}}",
        SERVER,
        "/spec/template/spec/containers/0/resources/limits/memory",
        || json!("2Gi"),
    ),
    (
        "agent: {resources: {limits: {memory: 2Gi}}}",
        AGENT,
        "/spec/template/spec/containers/0/resources/limits/memory",
        || json!("2Gi"),
    ),
    ("nodeSelector: {disk: ssd}", SERVER, "/spec/template/spec/nodeSelector", || json!({"disk": "ssd"})),
    (
        "agent: {nodeSelector: {os: linux}}",
        AGENT,
        "/spec/template/spec/nodeSelector",
        || json!({"os": "linux"}),
    ),
    (
        "tolerations: [{operator: Exists}]",
        SERVER,
        "/spec/template/spec/tolerations",
        || json!([{"operator": "Exists"}]),
    ),
    ("agent: {tolerations: []}", AGENT, "/spec/template/spec/tolerations", || Value::Null),
    ("affinity: {podAffinity: {}}", SERVER, "/spec/template/spec/affinity", || json!({"podAffinity": {}})),
    ("priorityClassName: high", SERVER, "/spec/template/spec/priorityClassName", || json!("high")),
    ("agent: {priorityClassName: high}", AGENT, "/spec/template/spec/priorityClassName", || json!("high")),
    ("podAnnotations: {a: b}", SERVER, "/spec/template/metadata/annotations", || json!({"a": "b"})),
    (
        "metricsApi: {enabled: true}",
        SERVER,
        "/spec/template/metadata/annotations/crowsnest.dev~1options",
        || json!("metricsApi"),
    ),
    ("service: {nodePort: 31000}", ("Service", "crowsnest-nodeport"), "/spec/ports/0/nodePort", || {
        json!(31000)
    }),
    ("service: {nodePort: 0}", ("Service", "crowsnest-nodeport"), "/spec/ports/0/nodePort", || Value::Null),
    (
        "service: {type: LoadBalancer}",
        ("Service", "crowsnest-loadbalancer"),
        "/spec/ports",
        || json!([{"port": 443, "targetPort": 8443}]),
    ),
    (
        "ingress: {enabled: true, host: h}",
        ("Ingress", "crowsnest"),
        "/spec/rules/0/http/paths/0/path",
        || json!("/"),
    ),
    (
        "ingress: {enabled: true, host: h}\nbasePath: /n",
        ("Ingress", "crowsnest"),
        "/spec/rules/0/http/paths/0/path",
        || json!("/n"),
    ),
    (
        "ingress: {enabled: true}\nexternalUrl: https://h:8443/n/",
        ("Ingress", "crowsnest"),
        "/spec/rules/0/host",
        || json!("h"),
    ),
    (
        "networkPolicy: {from: [{podSelector: {}}]}",
        ("NetworkPolicy", "crowsnest-server"),
        "/spec/ingress/0/from",
        || json!([{"podSelector": {}}]),
    ),
];

#[test]
fn each_value_arrives_where_it_belongs() {
    for (values, (kind, name), place, expected) in ROWS {
        let Some(objects) = helm::objects(values) else { return };
        let found = named(&objects, kind, name).pointer(place).cloned().unwrap_or_default();
        assert_eq!(found, expected(), "{values}: {place}");
    }
}

#[test]
fn each_further_volume_is_there_and_mounted() {
    let tls = json!({"name": "tls", "secret": {"secretName": "own"}});
    let tokens = json!({"name": "ingest-tokens", "secret": {"secretName": "s"}});
    let more = "extraVolumes: [{name: v, emptyDir: {}}]\nextraVolumeMounts: [{name: v, mountPath: /v}]";
    for (values, volume, place) in [
        ("tls: {secretName: own}", tls, "/etc/crowsnest-tls"),
        ("ingestTokensSecret: s", tokens, "/etc/crowsnest-ingest"),
        (more, json!({"name": "v", "emptyDir": {}}), "/v"),
    ] {
        let Some(objects) = helm::objects(values) else { return };
        let pod = server_pod(&objects);
        assert!(pod["volumes"].as_array().unwrap().contains(&volume), "{values}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let is_it = |mount: &&Value| mount["name"] == volume["name"] && mount["mountPath"] == place;
        assert!(mounts.iter().any(|mount| is_it(&mount)), "{values}");
    }
}

#[test]
fn what_is_switched_off_is_not_there() {
    for (values, kind, name) in [
        ("service: {type: ClusterIP}", "Service", "crowsnest-nodeport"),
        ("networkPolicy: {enabled: false}", "NetworkPolicy", "crowsnest"),
        ("networkPolicy: {enabled: false}", "NetworkPolicy", "crowsnest-server"),
        ("podDisruptionBudget: {enabled: false}", "PodDisruptionBudget", "crowsnest"),
        ("agent: {enabled: false}", "DaemonSet", "crowsnest-agent"),
    ] {
        let Some(objects) = helm::objects(values) else { return };
        let is_it = |object: &Value| object["kind"] == kind && object["metadata"]["name"] == name;
        assert!(!objects.iter().any(is_it), "{values}");
    }
}

#[test]
fn files_of_objects_stand_where_the_server_looks_for_them() {
    let Some(objects) = helm::objects(EVERYTHING) else { return };
    let pod = server_pod(&objects);
    let mounted = |name: &str| {
        let list = |list: &Value| list.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        let place = list(&pod["containers"][0]["volumeMounts"]).unwrap()["mountPath"].clone();
        (place, list(&pod["volumes"]).unwrap()["projected"]["sources"].clone())
    };
    let map = |name: &str| json!({"configMap": {"name": name}});
    let own = |name: &str| json!({"configMap": {"name": name, "optional": true}});
    for (folder, more) in [("dashboards", "boards"), ("rules", "more-rules"), ("scrape", "more-scrape")] {
        let sources = json!([own(&format!("crowsnest-{folder}")), map(more)]);
        assert_eq!(mounted(folder), (json!(format!("/etc/crowsnest/{folder}")), sources));
    }
    let above = json!([{"secret": {"name": "routes"}}, map("events")]);
    assert_eq!(mounted("provisioning"), (json!("/etc/crowsnest"), above));
}

/// A file of a Secret or ConfigMap as the kubelet mounts it: a link by way of `..data` to a folder of one version.
fn mount(folder: &Path, file: &str, text: &str) {
    let version = folder.join("..2026_11_30");
    std::fs::create_dir_all(&version).unwrap();
    std::fs::write(version.join(file), text).unwrap();
    symlink("..2026_11_30", folder.join("..data")).unwrap();
    symlink(format!("..data/{file}"), folder.join(file)).unwrap();
}

#[test]
fn the_server_reads_what_the_kubelet_mounts() {
    let settings = tempfile::tempdir().unwrap();
    let routes = "route: {receiver: nobody-in-particular}\nreceivers: [{name: nobody-in-particular}]\n";
    mount(settings.path(), "alertmanager.yml", routes);
    let rules = "groups: [{name: mounted, rules: [{alert: Mounted, expr: vector(1)}]}]";
    mount(&settings.path().join("rules"), "shop.yml", rules);
    let board = json!({"uid": "mounted", "title": "Mounted", "panels": []}).to_string();
    mount(&settings.path().join("dashboards"), "board.json", &board);
    let server = Server::start_with(&["--provisioning", settings.path().to_str().unwrap()]);
    let (_, receivers) = server.ask("alertmanager/api/v2/receivers", &[]);
    assert_eq!(receivers[0]["name"], "nobody-in-particular", "{receivers}");
    let (_, rules) = server.ask("api/v1/rules", &[]);
    let groups = rules["data"]["groups"].as_array().unwrap();
    assert_eq!((groups.len(), &groups[0]["name"]), (1, &json!("mounted")), "each file is read once: {rules}");
    assert_eq!(server.ask("api/crowsnest/v1/dashboards/mounted", &[]).1["title"], "Mounted");
}

#[test]
fn a_wrong_value_is_refused_with_what_is_wrong() {
    for (values, told) in [
        ("retentoin: 30d", "Additional property retentoin is not allowed"),
        ("retention: 30", "retention: Invalid type. Expected: string, given: integer"),
        ("retention: 1h30d", "retention: Does not match pattern"),
        ("retentionSize: 10 gigs", "retentionSize: Does not match pattern"),
        ("storage: {size: big}", "storage.size: Does not match pattern"),
        ("storage: {class: fast}", "storage: Additional property class is not allowed"),
        ("image: {digest: 'sha256:beef'}", "image.digest: Does not match pattern"),
        ("service: {type: Nodeport}", "service.type must be one of the following"),
        ("basePath: crowsnest/", "basePath: Does not match pattern"),
        ("externalUrl: nest.example", "externalUrl: Does not match pattern"),
        ("agent: {enabled: 'yes'}", "agent.enabled: Invalid type. Expected: boolean"),
        ("metricsApi: true", "metricsApi: Invalid type. Expected: object, given: boolean"),
        ("extraArgs: [query-timeout]", "extraArgs.0: Does not match pattern"),
        ("provisioning: {rules: my-rules}", "provisioning.rules: Invalid type. Expected: array"),
        ("ingress: {enabled: true}", "ingress.enabled needs a host: set externalUrl, or ingress.host"),
    ] {
        let Some(refused) = helm::render(values) else { return };
        let said = refused.err().unwrap_or_else(|| panic!("{values} is taken"));
        assert!(said.contains(told), "{values}: {said}");
    }
}
