//! The Helm chart and the kustomize bases: what they render is what `deploy/*.yaml` says, and nothing else can be asked of them.

mod kustomize;
mod made;
mod values;

use std::collections::BTreeSet;
use std::process::Command;

use crowsnest_kubesim::Options;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::helm::{self, key};
use crate::support::manifests::{self, Schemas};

/// Every value that there is, but for those that exclude others.
const EVERYTHING: &str = "
ipv6: true
image: {repository: mirror.example/crowsnest, tag: '9', pullPolicy: Always, pullSecrets: [{name: mirror}]}
retention: 30d
retentionSize: 16GiB
storage: {className: fast, size: 20Gi}
externalUrl: https://nest.example/crowsnest/
basePath: /crowsnest
service: {type: LoadBalancer, annotations: {a: b}, loadBalancerSourceRanges: [192.0.2.0/24]}
ingress: {enabled: true, tlsSecret: nest-tls}
ingestTokensSecret: senders
provisioning: {dashboards: [boards], rules: [more-rules], scrape: [more-scrape], alertmanager: routes, events: events}
nodeSelector: {disk: ssd}
tolerations: [{operator: Exists}]
affinity: {nodeAffinity: {}}
priorityClassName: important
podAnnotations: {note: text}
extraArgs: [--query-timeout=1m]
extraVolumes: [{name: more, emptyDir: {}}]
extraVolumeMounts: [{name: more, mountPath: /more}]
agent: {nodeSelector: {a: b}, priorityClassName: system-node-critical, podAnnotations: {a: b}, extraArgs: [--interval=30s]}
networkPolicy: {from: [{ipBlock: {cidr: 192.0.2.0/24}}]}
adminUser: {enabled: true}
certificateSignIn: {enabled: true, users: [alice], groups: [devs]}
apiserverSignOn: {enabled: true, users: [alice], groups: [devs]}
clusterEvents: {enabled: true}
clusterMetricsSecrets: {enabled: true}
controlPlane: {enabled: true}
dashboardConfigMaps: {enabled: true}
lastLogs: {enabled: true}
metricsApi: {enabled: true}
ruleObjects: {enabled: true}
scrapeMonitors: {enabled: true}
";

/// The only object of a kind and name.
#[track_caller]
fn named<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let mut found =
        objects.iter().filter(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    let first = found.next().unwrap_or_else(|| panic!("no {kind} {name} is rendered"));
    assert!(found.next().is_none(), "{kind} {name} is rendered twice");
    first
}

/// The server's pod among rendered objects.
fn server_pod(objects: &[Value]) -> &Value {
    &named(objects, "StatefulSet", "crowsnest")["spec"]["template"]["spec"]
}

#[test]
fn helm_has_nothing_to_say_against_the_chart() {
    let Some(mut helm) = helm::helm() else { return };
    let output =
        helm.args(["lint", "--strict", "--namespace=crowsnest"]).arg(helm::chart()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn each_option_adds_the_objects_of_its_manifest_and_restarts_the_server() {
    for name in made::names() {
        let Some(mut rendered) = helm::objects(&made::values(&name)) else { return };
        let is_main = name.starts_with("crowsnest");
        let mut expected = manifests::objects(if is_main { &name } else { "crowsnest.yaml" });
        if !is_main {
            expected.retain(|object| object["kind"] != "Namespace");
            expected.extend(manifests::objects(&name));
            // What the server reads at its start is written on its pod.
            for server in rendered.iter_mut().filter(|object| object["kind"] == "StatefulSet") {
                let metadata = server["spec"]["template"]["metadata"].as_object_mut().unwrap();
                let noted = metadata.remove("annotations");
                let reads = manifests::of_kind(&name, "ConfigMap").iter().any(|map| {
                    map["data"].as_object().unwrap().keys().any(|key| key.starts_with("CROWSNEST_"))
                });
                assert_eq!(noted.is_some(), reads, "{name}");
            }
        }
        let by_key = |objects: &mut Vec<Value>| objects.sort_by_key(key);
        by_key(&mut rendered);
        by_key(&mut expected);
        assert_eq!(rendered, expected, "{name}");
    }
}

#[test]
fn everything_at_once_is_taken_by_an_api_server() {
    let Some(objects) = helm::objects(EVERYTHING) else { return };
    let keys: BTreeSet<_> = objects.iter().map(key).collect();
    assert_eq!(keys.len(), objects.len(), "no object is there twice");
    let Some(schemas) = Schemas::recorded() else { return };
    let own_certificate = helm::objects("tls: {secretName: own}\nagent: {enabled: false}").unwrap();
    for object in objects.iter().chain(&own_certificate) {
        assert_eq!(schemas.faults(object), [] as [String; 0], "{:?}", key(object));
    }
}

#[test]
fn the_server_knows_every_flag_that_values_give_it() {
    let help = Command::new(env!("CARGO_BIN_EXE_crowsnest")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for values in [EVERYTHING, "tls: {secretName: own}", "storage: {emptyDir: true}"] {
        let Some(objects) = helm::objects(values) else { return };
        for flag in manifests::arguments(server_pod(&objects)).iter().skip(1) {
            let name = flag.split('=').next().unwrap();
            assert!(help.contains(&format!(" {name} ")) || help.contains(&format!(" {name}\n")), "{flag}");
        }
    }
}

/// Without names, a rule about users would be the right to act for everybody.
#[test]
fn a_list_of_nobody_is_no_right_to_act_for_everybody() {
    for (value, role) in [
        ("certificateSignIn", "crowsnest-certificate-signin"),
        ("apiserverSignOn", "crowsnest-apiserver-signon"),
    ] {
        let values = format!("{value}: {{enabled: true, users: [alice]}}");
        let Some(objects) = helm::objects(&values) else { return };
        let rules = named(&objects, "ClusterRole", role)["rules"].clone();
        let impersonating: Vec<&Value> = rules
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule["verbs"].as_array().unwrap().contains(&json!("impersonate")))
            .collect();
        assert_eq!(impersonating.len(), 1, "{rules}");
        assert_eq!(impersonating[0]["resourceNames"], json!(["alice"]));
        let nobody = helm::render(&format!("{value}: {{enabled: true}}")).unwrap();
        assert!(
            nobody.is_err_and(|told| told.contains(&format!("{value}.users: Array must have at least 1")))
        );
    }
}

#[test]
fn without_agents_nobody_is_left_with_their_rights() {
    let Some(objects) = helm::objects("agent: {enabled: false}") else { return };
    assert!(!objects.iter().any(|object| object["kind"] == "DaemonSet"));
    let bound = objects.iter().filter(|object| object.get("subjects").is_some());
    let mut subjects = bound.flat_map(|object| object["subjects"].as_array().unwrap());
    assert!(subjects.all(|subject| subject["name"] == "crowsnest"));
    // Others may push: a RoleBinding gives them this.
    named(&objects, "Role", "crowsnest-agent");
}

#[test]
fn another_namespace_is_refused_with_what_to_do() {
    let Some(mut helm) = helm::helm() else { return };
    let output =
        helm.args(["template", "crowsnest", "--namespace=monitoring"]).arg(helm::chart()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("add --namespace crowsnest"), "{said}");
}

/// Helm against a cluster.
#[track_caller]
fn run_helm(sim: &Sim, arguments: &[&str]) -> Option<String> {
    let mut helm = helm::helm()?;
    helm.arg("--kubeconfig").arg(sim.kubeconfig()).arg("--namespace=crowsnest").args(arguments);
    let output = helm.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_helms(object: &Value) -> bool {
    object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
}

#[test]
fn helm_installs_everything_upgrades_goes_back_and_leaves_nothing() {
    let sim = Sim::start(Options::default());
    let chart = helm::chart();
    let chart = chart.to_str().unwrap();
    let Some(notes) = run_helm(&sim, &["install", "crowsnest", chart, "--create-namespace"]) else { return };
    assert!(notes.contains("https://NODE:30443/"), "{notes}");
    assert!(notes.contains("--set adminUser.enabled=true"), "{notes}");
    let mut main = manifests::objects("crowsnest.yaml");
    main.retain(|object| object["kind"] != "Namespace");
    for object in &main {
        let (status, found) = manifests::get(&sim, object);
        assert!(status == 200 && is_helms(&found), "{:?}: {found}", key(object));
    }
    let has_option = || {
        let there = |object: &Value| manifests::get(&sim, object).0 == 200;
        manifests::objects("metrics-api.yaml").iter().filter(|object| there(object)).count()
    };
    let notes = run_helm(&sim, &["upgrade", "crowsnest", chart, "--set=metricsApi.enabled=true"]).unwrap();
    assert!(notes.contains("kubectl delete apiservice v1beta1.metrics.k8s.io"), "{notes}");
    assert_eq!(has_option(), manifests::objects("metrics-api.yaml").len());
    run_helm(&sim, &["rollback", "crowsnest", "1"]);
    assert_eq!(has_option(), 0);
    run_helm(&sim, &["uninstall", "crowsnest"]);
    for object in &main {
        assert_eq!(manifests::get(&sim, object).0, 404, "{:?}", key(object));
    }
}

#[test]
fn helm_takes_over_what_kubectl_has_applied() {
    let sim = Sim::start(Options::default());
    manifests::apply(&sim, "crowsnest.yaml");
    let chart = helm::chart();
    let install = ["install", "crowsnest", chart.to_str().unwrap(), "--take-ownership"];
    let with = ["--set=externalUrl=https://nest.example/"];
    let Some(notes) = run_helm(&sim, &[install.as_slice(), &with].concat()) else { return };
    assert!(notes.contains("  https://nest.example/\n"), "{notes}");
    let server = &manifests::of_kind("crowsnest.yaml", "StatefulSet")[0];
    let (_, server) = manifests::get(&sim, server);
    let arguments = manifests::arguments(&server["spec"]["template"]["spec"]);
    assert!(arguments.contains(&"--external-url=https://nest.example/".to_owned()), "{arguments:?}");
    assert!(is_helms(&server), "{server}");
}
