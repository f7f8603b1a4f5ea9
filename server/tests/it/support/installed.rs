//! A cluster in which the manifests have been applied, and the server that they describe.

use std::path::Path;

use crowsnest_kubesim::{Asked, Options};
use serde_json::{Value, json};

use super::Server;
use super::cluster::Sim;
use super::manifests::{self, apply, arguments, of_kind, pods};

/// The manifest that everything else stands beside.
pub(crate) const MAIN: &str = "crowsnest.yaml";
/// The server's account.
pub(crate) const SERVER: &str = "system:serviceaccount:crowsnest:crowsnest";

/// A cluster with one node and the namespaces `shop` and `data`, with the main manifest, an administrator, and `more`
/// manifests.
pub(crate) fn cluster(more: &[&str], options: Options) -> Sim {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"},
        "status": {"addresses": [
            {"type": "InternalIP", "address": "192.0.2.11"}, {"type": "Hostname", "address": "node-1"}]},
    });
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let objects = vec![node, namespace("shop"), namespace("data")];
    let sim = Sim::start(Options { objects, ..options });
    for manifest in [MAIN, "admin-user.yaml"].iter().chain(more) {
        apply(&sim, manifest);
    }
    // Again, as after an edit.
    apply(&sim, MAIN);
    sim
}

/// The server of the main manifest, with folders and addresses of this machine, under the rights of its account, with what
/// `more` manifests switch on.
pub(crate) fn serve(sim: &Sim, more: &[&str], flags: &[&str]) -> Server {
    let (_, pod) = pods(MAIN).into_iter().find(|(name, _)| name == "crowsnest").unwrap();
    let account = pod["serviceAccountName"].as_str().unwrap();
    std::fs::write(sim.kubeconfig(), sim.running.kubeconfig("crowsnest", account, 3600).unwrap()).unwrap();
    let here = ["serve", "--data-dir", "--listen", "--log-format", "--provisioning"];
    let mut all: Vec<String> =
        arguments(&pod).into_iter().filter(|flag| !here.contains(&flag.split('=').next().unwrap())).collect();
    all.push(format!("--kubeconfig={}", sim.kubeconfig().display()));
    for map in more.iter().flat_map(|manifest| of_kind(manifest, "ConfigMap")) {
        let sources = pod["containers"][0]["envFrom"].as_array().unwrap();
        let is_read = |source: &Value| source["configMapRef"]["name"] == map["metadata"]["name"];
        assert!(sources.iter().any(is_read), "the server's pod does not read {map}");
        for (variable, value) in map["data"].as_object().unwrap() {
            let flag = variable.strip_prefix("CROWSNEST_").unwrap().to_lowercase().replace('_', "-");
            all.push(format!("--{flag}={}", value.as_str().unwrap()));
        }
    }
    all.extend(flags.iter().map(|flag| (*flag).to_owned()));
    Server::start_with(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Lets the cluster's Service, and so the API server's proxies, find the server.
pub(crate) fn lead_to(sim: &Sim, server: &Server) {
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "crowsnest-1", "labels": {"kubernetes.io/service-name": "crowsnest"}},
        "endpoints": [{"addresses": ["10.244.0.9"], "conditions": {"ready": true}}],
        "ports": [{"port": 8443, "protocol": "TCP"}],
    });
    sim.create("/apis/discovery.k8s.io/v1/namespaces/crowsnest/endpointslices", &slice);
    sim.running.route("10.244.0.9:8443", server.listen_file()["listen"].as_str().unwrap().parse().unwrap());
}

/// The folder that the server's pod has its settings in, with the files of a manifest's ConfigMap; `account`, with the token and the
/// authority of the server's account, stands in for where Kubernetes mounts those. What is scraped is scraped every second.
pub(crate) fn mount(manifest: &str, map: &str, settings: &Path, account: &Path) {
    let (_, pod) = pods(MAIN).into_iter().find(|(name, _)| name == "crowsnest").unwrap();
    let named =
        |list: &Value, name: &str| list.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
    let volumes = pod["volumes"].as_array().unwrap();
    let source = json!({"configMap": {"name": map, "optional": true}});
    let is_of_map = |volume: &&Value| {
        volume["projected"]["sources"].as_array().is_some_and(|sources| sources.contains(&source))
    };
    let volume = volumes.iter().find(is_of_map).unwrap();
    let place = named(&pod["containers"][0]["volumeMounts"], volume["name"].as_str().unwrap()).unwrap();
    let provisioning =
        arguments(&pod).into_iter().find_map(|flag| Some(flag.strip_prefix("--provisioning=")?.to_owned()));
    let below = Path::new(place["mountPath"].as_str().unwrap())
        .strip_prefix(provisioning.unwrap())
        .unwrap()
        .to_owned();
    let folder = settings.join(below);
    std::fs::create_dir_all(&folder).unwrap();
    let maps = of_kind(manifest, "ConfigMap");
    let data = &maps.iter().find(|found| found["metadata"]["name"] == map).unwrap()["data"];
    for (file, text) in data.as_object().unwrap() {
        let text = text.as_str().unwrap();
        let text = text.replace("scrape_interval: 30s", "scrape_interval: 1s");
        let text = text.replace("/var/run/secrets/kubernetes.io/serviceaccount", account.to_str().unwrap());
        std::fs::write(folder.join(file), text).unwrap();
    }
}

/// Checks what an account has asked for against the rules of a manifest's roles of a name: nothing was refused, and no verb of
/// no rule went unused.
pub(crate) fn assert_rights_fit(sim: &Sim, user: &str, manifest: &str, role: &str) {
    let asked = sim.running.asked();
    let own: Vec<&Asked> = asked.iter().filter(|asked| asked.user == user).collect();
    let refused: Vec<_> = own.iter().filter(|asked| !asked.allowed).collect();
    assert!(refused.is_empty(), "{user} lacks rights: {refused:#?}");
    let roles = ["Role", "ClusterRole"].into_iter().flat_map(|kind| manifests::of_kind(manifest, kind));
    let mut roles = roles.filter(|found| found["metadata"]["name"] == role).peekable();
    assert!(roles.peek().is_some(), "there is no role {role} in {manifest}");
    for rule in roles.flat_map(|role| role["rules"].as_array().unwrap().clone()) {
        for verb in rule["verbs"].as_array().unwrap() {
            let is_used = own.iter().any(|asked| *verb == asked.verb && covers(&rule, asked));
            assert!(is_used, "{user} does not need {verb} of {rule}");
        }
    }
}

/// Whether a rule is about what was asked, whatever the verb.
fn covers(rule: &Value, asked: &Asked) -> bool {
    let has =
        |field: &str, word: &str| rule[field].as_array().is_some_and(|words| words.contains(&json!(word)));
    if !asked.path.is_empty() {
        return has("nonResourceURLs", &asked.path);
    }
    has("apiGroups", &asked.group)
        && has("resources", &asked.resource)
        && (rule.get("resourceNames").is_none() || has("resourceNames", &asked.name))
}
