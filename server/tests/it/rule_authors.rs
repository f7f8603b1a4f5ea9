//! Rules that users of a cluster make, and what becomes of them when their authors may no longer see what they see.

use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::push::labelled;
use crate::support::server::json as status_and_body;
use crate::support::{Server, now_ms, wait_for};

const RULES: &str = "api/crowsnest/v1/rules";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings";

fn bind(sim: &Sim, name: &str, kind: &str, role: &str) {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "viewer", "namespace": "shop"}],
    });
    sim.create(BINDINGS, &binding);
}

/// A cluster whose viewer of `shop` may make rules there.
fn cluster() -> Sim {
    let sim = Sim::still();
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "rules"},
        "rules": [{"apiGroups": ["crowsnest.dev"], "resources": ["alertrules"],
            "verbs": ["get", "list", "create", "update", "delete"]}],
    });
    sim.create("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles", &role);
    bind(&sim, "rules", "Role", "rules");
    sim
}

fn server(sim: &Sim) -> Server {
    let server = Server::of_with(sim, &["--evaluation-interval", "1s", "--curated-rules", "none"]);
    let now = now_ms();
    let of = |namespace: &str| {
        labelled(
            &[
                ("__name__", "load"),
                ("instance", "i"),
                ("job", "test"),
                ("namespace", namespace),
                ("node", "n"),
            ],
            &[(now, 9.0)],
        )
    };
    server.push(vec![of("shop"), of("data")]);
    server
}

fn ask(server: &Server, token: &str, path: &str) -> Value {
    status_and_body(server.get(path).bearer_auth(token).send().unwrap()).1
}

fn save(server: &Server, token: &str, name: &str, expr: &str) -> (u16, Value) {
    let saving = json!({"folder": "shop", "version": 0, "rule": {"alert": name, "expr": expr}});
    status_and_body(server.post(RULES).bearer_auth(token).json(&saving).send().unwrap())
}

/// Why the viewer's rule is not evaluated, once the answer is what is waited for. Whenever a rule is saved, all authors are looked after.
fn stopped(sim: &Sim, server: &Server, is_awaited: impl Fn(&Value) -> bool) -> Value {
    wait_for("the rule's state", || {
        let (status, made) = save(server, &sim.admin(), &format!("Other{}", now_ms()), "vector(0) > 1");
        assert_eq!(status, 200, "{made}");
        // Rights are remembered for twenty seconds.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let listed = ask(server, &sim.admin(), RULES);
        let rules = listed["rules"].as_array().unwrap().clone();
        let own = rules.into_iter().find(|rule| rule["rule"]["alert"] == "TooMuch")?;
        is_awaited(&own["stopped"]).then(|| own["stopped"].clone())
    })
}

fn is_firing(sim: &Sim, server: &Server) -> bool {
    let alerts = ask(server, &sim.admin(), "api/v1/alerts");
    alerts["data"]["alerts"].as_array().unwrap().iter().any(|alert| alert["labels"]["alertname"] == "TooMuch")
}

/// Whether there is a group that evaluates the rule.
fn is_evaluated(sim: &Sim, server: &Server) -> bool {
    ask(server, &sim.admin(), "api/v1/rules").to_string().contains("\"TooMuch\"")
}

#[test]
fn a_rule_rests_while_its_author_may_not_see_what_it_sees_and_goes_on_when_they_may_again() {
    let sim = cluster();
    let server = server(&sim);
    let (status, made) = save(&server, &sim.viewer(), "TooMuch", "load > 5");
    assert_eq!(status, 200, "{made}");
    wait_for("the alert", || is_firing(&sim, &server).then_some(()));

    sim.delete(&format!("{BINDINGS}/viewer"));
    let why = stopped(&sim, &server, |stopped| !stopped.is_null());
    let why = why.as_str().unwrap();
    assert!(
        why.starts_with(
            "system:serviceaccount:shop:viewer, who made this rule, may no longer see the metrics of shop"
        ),
        "{why}"
    );
    wait_for("the end of the evaluation", || (!is_evaluated(&sim, &server)).then_some(()));
    assert!(!is_firing(&sim, &server), "an alert of a rule that is evaluated no more");
    // A restart gives nothing back.
    let mut server = server;
    server.crash_and_restart();
    assert!(!is_evaluated(&sim, &server));

    bind(&sim, "viewer", "ClusterRole", "view");
    stopped(&sim, &server, Value::is_null);
    wait_for("the alert, again", || is_firing(&sim, &server).then_some(()));
}

#[test]
fn somebody_else_who_may_see_it_makes_a_rule_that_rests_theirs() {
    let sim = cluster();
    let server = server(&sim);
    let (_, made) = save(&server, &sim.viewer(), "TooMuch", "load > 5");
    sim.delete(&format!("{BINDINGS}/viewer"));
    stopped(&sim, &server, |stopped| !stopped.is_null());
    let saving = json!({"folder": "shop", "version": 1, "rule": {"alert": "TooMuch", "expr": "load > 5"}});
    let path = format!("{RULES}/{}", made["id"].as_str().unwrap());
    let request = server.request(reqwest::Method::PUT, &path).bearer_auth(sim.admin()).json(&saving);
    let (status, answer) = status_and_body(request.send().unwrap());
    assert_eq!(status, 200, "{answer}");
    wait_for("the alert", || is_firing(&sim, &server).then_some(()));
    assert!(ask(&server, &sim.admin(), RULES).to_string().contains("admin-user"));
}
