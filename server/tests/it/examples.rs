//! The files of `deploy/examples`: complete, and taken by whoever they are for, as far as that program is here.

mod programs;
mod senders;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use crowsnest_kubesim::Options;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::helm;
use crate::support::installed::{cluster, serve};
use crate::support::issuer::{CLIENT, Issuer, SECRET};
use crate::support::manifests::{self, Schemas};
use crate::support::server::json as status_and_body;
use crate::support::{Server, body, now_ms, series};

/// The host that all examples name: what the cluster's own senders call the server.
const HOST: &str = "crowsnest.crowsnest.svc";
/// Objects for the cluster.
const MANIFESTS: &[&str] = &[
    "ingress-nginx.yaml",
    "push-account.yaml",
    "push-job.yaml",
    "read-account.yaml",
    "restore.yaml",
    "vmagent.yaml",
];
/// Values for the chart.
const VALUES: &[&str] = &["forward-alerts-values.yaml", "ingest-tokens-values.yaml", "oidc-values.yaml"];
/// Files of other programs, and objects of kinds that others define.
const OTHERS: &[&str] = &[
    "alertmanager.yml",
    "cert-manager.yaml",
    "config.alloy",
    "grafana-datasource.yaml",
    "otel-collector.yaml",
    "prometheus.yml",
    "telegraf.conf",
];

fn path(name: &str) -> PathBuf {
    manifests::file("examples").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap()
}

/// A folder as a sender mounts it, with `token` and `ca.crt`.
struct Access {
    folder: tempfile::TempDir,
}

impl Access {
    fn new(server: &Server, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), token).unwrap();
        std::fs::copy(server.ca(), folder.path().join("ca.crt")).unwrap();
        Self { folder }
    }

    /// An example for this server instead of the one in the cluster, with this folder instead of the mounted one.
    fn here(&self, text: &str, server: &Server) -> String {
        let address = server.url.trim_start_matches("https://").trim_end_matches('/');
        let mut text = text.replace(&format!("{HOST}:443"), address).replace(HOST, address);
        for mounted in ["alloy", "grafana", "otelcol", "prometheus", "telegraf"] {
            text = text.replace(&format!("/etc/{mounted}/crowsnest"), self.folder.path().to_str().unwrap());
        }
        text.replace("/etc/crowsnest", self.folder.path().to_str().unwrap())
    }
}

#[test]
fn every_example_is_in_the_table_and_in_a_test() {
    let readme = text("README.md");
    let entries = std::fs::read_dir(path("")).unwrap();
    let there: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let known = MANIFESTS.iter().chain(VALUES).chain(OTHERS).chain(&["README.md"]);
    assert_eq!(there, known.map(|name| (*name).to_owned()).collect());
    for name in MANIFESTS.iter().chain(VALUES).chain(OTHERS) {
        assert!(readme.contains(&format!("| [{name}]({name}) |")), "README.md has no row about {name}");
    }
}

#[test]
fn manifests_are_taken_by_an_api_server() {
    let Some(schemas) = Schemas::recorded() else { return };
    for name in MANIFESTS {
        for object in manifests::objects_of(&text(name)) {
            assert_eq!(schemas.faults(&object), [] as [String; 0], "{name}");
        }
    }
}

#[test]
fn values_are_taken_by_the_chart_and_their_flags_by_the_server() {
    let help = Command::new(env!("CARGO_BIN_EXE_crowsnest")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in VALUES {
        let Some(objects) = helm::objects(&text(name)) else { return };
        let server = objects.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
        let pod = &server["spec"]["template"]["spec"];
        for flag in manifests::arguments(pod).iter().skip(1) {
            let flag = flag.split('=').next().unwrap();
            assert!(
                help.contains(&format!(" {flag} ")) || help.contains(&format!(" {flag}\n")),
                "{name}: {flag}"
            );
        }
    }
}

#[test]
fn the_ingress_is_the_one_that_the_chart_makes() {
    let values = "externalUrl: https://nest.example/\ningress: {enabled: true, tlsSecret: nest-tls}";
    let Some(objects) = helm::objects(values) else { return };
    let made = objects.iter().find(|object| object["kind"] == "Ingress").unwrap();
    assert_eq!(*made, yaml("ingress-nginx.yaml"));
}

/// cert-manager's kinds are not among the recorded schemas: what is checked is that the certificate is for whom the agents ask, and is the one that
/// the chart mounts.
#[test]
fn the_certificate_names_whom_agents_ask_for_and_is_the_one_that_is_mounted() {
    let objects = manifests::objects_of(&text("cert-manager.yaml"));
    let certificate = objects.iter().find(|object| object["metadata"]["name"] == "crowsnest-tls").unwrap();
    let names = certificate["spec"]["dnsNames"].as_array().unwrap();
    assert!(names.contains(&json!(HOST)));
    let issuer = &certificate["spec"]["issuerRef"]["name"];
    let authority =
        objects.iter().find(|object| object["kind"] == "Issuer" && object["metadata"]["name"] == *issuer);
    let key = &authority.unwrap()["spec"]["ca"]["secretName"];
    let is_key = |object: &&Value| object["spec"]["isCA"] == true && object["spec"]["secretName"] == *key;
    assert_eq!(objects.iter().filter(is_key).count(), 1);
    let secret = certificate["spec"]["secretName"].as_str().unwrap();
    assert!(text("cert-manager.yaml").contains(&format!("--set tls.secretName={secret}\n")));
    let Some(rendered) = helm::objects(&format!("tls: {{secretName: {secret}}}")) else { return };
    let server = rendered.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
    let arguments = manifests::arguments(&server["spec"]["template"]["spec"]);
    assert!(arguments.contains(&"--tls-cert=/etc/crowsnest-tls/tls.crt".to_owned()), "{arguments:?}");
    assert!(!arguments.iter().any(|flag| flag.starts_with("--tls-n")), "{arguments:?}");
}

#[test]
fn people_sign_in_at_an_issuer_with_the_flags_of_the_example() {
    let (sim, issuer) = (Sim::still(), Issuer::start());
    sim.running.trust_issuer(&issuer.url, CLIENT, &issuer.public_key_pem()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let values = yaml("oidc-values.yaml");
    let flags = values["extraArgs"].as_array().unwrap().iter().map(|flag| {
        let flag = flag.as_str().unwrap().replace("https://id.example", &issuer.url);
        let flag = flag.replace("=kubernetes", &format!("={CLIENT}"));
        flag.replace("/etc/crowsnest-oidc", folder.path().to_str().unwrap())
    });
    let mut flags: Vec<String> = flags.collect();
    flags.push(format!("--external-url={}", values["externalUrl"].as_str().unwrap()));
    flags.push(format!("--kubeconfig={}", sim.kubeconfig().display()));
    let mut all = vec!["--auth=kube", "--cluster-metrics=none"];
    all.extend(flags.iter().map(String::as_str));
    let server = Server::start_with(&all);
    let ways = server.get("api/crowsnest/v1/session/ways").send().unwrap();
    assert_eq!(status_and_body(ways).1["ways"][0], "oidc");
}

/// Applies an example as `kubectl` does, and gives the token that Kubernetes would write into its Secret.
fn account(sim: &Sim, name: &str) -> String {
    for object in manifests::objects_of(&text(name)) {
        manifests::apply_object(sim, &object);
    }
    let object =
        manifests::objects_of(&text(name)).into_iter().find(|object| object["kind"] == "ServiceAccount");
    sim.running.token("crowsnest", object.unwrap()["metadata"]["name"].as_str().unwrap(), 3600).unwrap()
}

#[test]
fn the_account_of_senders_pushes_and_sees_nothing_and_that_of_readers_sees_all_and_pushes_nothing() {
    let sim = cluster(&[], Options::default());
    let server = serve(&sim, &[], &[]);
    let (sender, reader) = (account(&sim, "push-account.yaml"), account(&sim, "read-account.yaml"));
    let push = |token: &str| {
        let mut request =
            server.push_request(body(vec![series("pushed", &[(now_ms(), 1.0)])])).build().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        status_and_body(server.http.execute(request).unwrap()).0
    };
    assert_eq!((push(&sender), push(&reader)), (204, 403));
    let alert = json!([{"labels": {"alertname": "Sent"}}]);
    let alerts =
        |token: &str| server.post("alertmanager/api/v2/alerts").bearer_auth(token).json(&alert).send();
    assert_eq!(alerts(&sender).unwrap().status().as_u16(), 200);
    assert_eq!(alerts(&reader).unwrap().status().as_u16(), 403);
    let seen = |token: &str| {
        let asked =
            server.get("api/v1/query").query(&[("query", "pushed")]).bearer_auth(token).send().unwrap();
        status_and_body(asked).1["data"]["result"].as_array().unwrap().len()
    };
    assert_eq!((seen(&sender), seen(&reader)), (0, 1));
    let targets = server.get("api/v1/targets").bearer_auth(&reader).send().unwrap();
    assert_eq!(targets.status().as_u16(), 200, "what is about all metrics at once");
    let told = server.get("alertmanager/api/v2/alerts").bearer_auth(&reader).send().unwrap();
    assert_eq!(status_and_body(told).1[0]["labels"]["alertname"], "Sent");
}

#[test]
fn tokens_of_a_secret_push_to_a_server_whose_users_are_those_of_the_cluster() {
    let sim = cluster(&[], Options::default());
    let server = serve(&sim, &[], &[]);
    // The server of the tests has the file that the values mount.
    let values = yaml("ingest-tokens-values.yaml");
    assert_eq!(values["ingestTokensSecret"], "crowsnest-senders");
    server.push(vec![series("pushed", &[(now_ms(), 1.0)])]);
}
