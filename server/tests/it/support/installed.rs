//! A cluster in which the manifests have been applied, and the server that they describe.

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
    let here = ["serve", "--data-dir", "--listen", "--log-format"];
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
    has("apiGroups", &asked.group)
        && has("resources", &asked.resource)
        && (rule.get("resourceNames").is_none() || has("resourceNames", &asked.name))
}
