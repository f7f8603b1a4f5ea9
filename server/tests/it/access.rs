//! What one may do, told before one tries; who else may; and credentials to take away.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::server::{ADMIN, VIEWER, json as status_and_body};

const ACCESS: &str = "api/crowsnest/v1/access";

fn get(server: &Server, path: &str, token: &str) -> (u16, Value) {
    status_and_body(server.get(path).bearer_auth(token).send().unwrap())
}

fn post(server: &Server, path: &str, token: &str, body: &Value) -> (u16, Value) {
    status_and_body(server.post(path).bearer_auth(token).json(body).send().unwrap())
}

#[test]
fn rights_are_asked_in_one_request_and_answered_in_its_order() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let of = "of=list,,pods,shop&of=list,,pods&of=delete,,pods,shop&of=get,,pods/log,shop,web-1";
    let (status, answer) = get(&server, &format!("{ACCESS}/check?{of}"), &sim.viewer());
    assert_eq!((status, &answer), (200, &json!({"allowed": [true, false, false, true]})));
    let form = server.post(&format!("{ACCESS}/check")).bearer_auth(sim.viewer()).body(of);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(status_and_body(form.send().unwrap()).1, answer, "a long list is posted as a form");
    let (_, everything) = get(&server, &format!("{ACCESS}/check?{of}"), &sim.admin());
    assert_eq!(everything["allowed"], json!([true, true, true, true]));
    for wrong in ["", "?of=pods", &format!("?{}", "of=get,,nodes&".repeat(65))] {
        assert_eq!(get(&server, &format!("{ACCESS}/check{wrong}"), &sim.viewer()).0, 400, "{wrong}");
    }
    let asked = sim.running.asked();
    assert!(asked.iter().all(|asked| asked.user != "crowsnest"), "each is asked as its user");
}

#[test]
fn what_somebody_may_do_in_a_namespace_is_what_their_roles_say_there() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let rules = |namespace: &str| get(&server, &format!("{ACCESS}/rules/{namespace}"), &sim.viewer()).1;
    let reads_pods = |rules: &Value| {
        rules["rules"].as_array().unwrap().iter().any(|rule| {
            rule["resources"].as_array().unwrap().contains(&json!("pods"))
                && rule["verbs"].as_array().unwrap().contains(&json!("list"))
        })
    };
    assert!(reads_pods(&rules("shop")));
    assert!(!reads_pods(&rules("data")) && !reads_pods(&rules("-")));
    let own = &rules("shop")["own"];
    assert_eq!(own[0]["what"], "view");
    assert!(own.as_array().unwrap().iter().all(|own| own["allowed"] == false), "{own}");
    assert_eq!(own[0]["needs"], json!(["get,,nodes,,", "list,,pods,,"]));
    let (_, admin) = get(&server, &format!("{ACCESS}/rules/shop"), &sim.admin());
    assert!(admin["own"].as_array().unwrap().iter().all(|own| own["allowed"] == true), "{admin}");
    assert_eq!(get(&server, &format!("{ACCESS}/rules/A_b"), &sim.viewer()).0, 400);
}

#[test]
fn who_may_do_something_is_read_with_the_askers_own_eyes() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let who = |of: &str, token: &str| get(&server, &format!("{ACCESS}/subjects?of={of}"), token);
    let (status, found) = who("list,,pods,shop", &sim.admin());
    assert_eq!((status, &found["unread"]), (200, &json!([])), "{found}");
    let named = |found: &Value| -> Vec<String> {
        let subjects = found["subjects"].as_array().unwrap().iter();
        subjects
            .map(|it| format!("{} {}/{}", it["binding"], it["namespace"], it["name"]).replace('"', ""))
            .collect()
    };
    let names = named(&found);
    assert!(names.contains(&"RoleBinding shop/viewer shop/viewer".to_owned()), "{names:?}");
    assert!(names.contains(&"ClusterRoleBinding admin-user crowsnest/admin-user".to_owned()), "{names:?}");
    let elsewhere = named(&who("list,,pods,data", &sim.admin()).1);
    assert!(!elsewhere.iter().any(|name| name.contains("shop/viewer")), "{elsewhere:?}");

    // The viewer of a namespace may read no roles of the cluster, and is told so instead of "nobody".
    let (status, found) = who("list,,pods,shop", &sim.viewer());
    assert_eq!(status, 200);
    assert!(found["subjects"].as_array().unwrap().is_empty(), "{found}");
    let unread = found["unread"].to_string();
    assert!(unread.contains("clusterroles") && unread.contains("clusterrolebindings"), "{unread}");
    assert_eq!(who("list,,pods&of=get,,pods", &sim.admin()).0, 400);
}

#[test]
fn the_servers_own_users_are_told_what_their_role_lets_them_do() {
    let server = Server::start();
    let of = "of=update,crowsnest.dev,dashboards,crowsnest&of=update,crowsnest.dev,settings,crowsnest&of=list,,pods";
    let check = |token: &str| get(&server, &format!("{ACCESS}/check?{of}"), token).1["allowed"].clone();
    // Seeing all pods' metrics is what a viewer may.
    assert_eq!(check(VIEWER), json!([false, false, true]));
    assert_eq!(check(ADMIN), json!([true, true, true]));
    let (status, rules) = get(&server, &format!("{ACCESS}/rules/-"), VIEWER);
    assert_eq!((status, &rules["rules"]), (200, &json!([])));
    assert_eq!(
        rules["own"][0],
        json!({"what": "view", "allowed": true, "needs": ["get,,nodes,,", "list,,pods,,"]})
    );
    assert_eq!(get(&server, &format!("{ACCESS}/subjects?of=list,,pods"), VIEWER).0, 404);
}

#[test]
fn whoever_may_have_certificates_signed_mints_one_that_signs_in() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let asked = json!({"user": "bob", "groups": ["devs"], "days": 30});
    let (status, minted) = post(&server, "api/crowsnest/v1/certificates", &sim.admin(), &asked);
    assert_eq!((status, &minted["user"]), (200, &json!("bob")), "{minted}");
    assert_eq!(minted["ca"].as_str().unwrap().trim(), sim.running.ca_pem().trim());
    let sign_in = json!({"p12": minted["p12"], "password": minted["password"]});
    let (status, session) =
        status_and_body(server.post("api/crowsnest/v1/session").json(&sign_in).send().unwrap());
    assert_eq!((status, &session["user"]), (200, &json!("bob")), "{session}");

    let p12 = STANDARD.decode(minted["p12"].as_str().unwrap()).unwrap();
    assert!(!p12.is_empty() && minted["password"].as_str().unwrap().len() >= 16);
    let audit = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    let line = audit.lines().find(|line| line.contains("mint-certificate")).unwrap();
    assert!(line.contains("bob") && line.contains("\"done\""), "{line}");
    for secret in [minted["password"].as_str().unwrap(), minted["p12"].as_str().unwrap()] {
        assert!(!audit.contains(secret) && !server.log().contains(secret));
    }
}

#[test]
fn nobody_mints_what_the_api_server_does_not_let_them() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let path = "api/crowsnest/v1/certificates";
    let asked = json!({"user": "bob", "days": 30});
    let (status, told) = post(&server, path, &sim.viewer(), &asked);
    assert_eq!(status, 403, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("cannot create"), "{told}");
    let masters = json!({"user": "bob", "groups": ["system:masters"], "days": 30});
    let (status, told) = post(&server, path, &sim.admin(), &masters);
    assert!((400..500).contains(&status) && told.to_string().contains("system:masters"), "{status} {told}");
    assert_eq!(post(&server, path, &sim.admin(), &json!({"user": "", "days": 1})).0, 400);
}

#[test]
fn ones_own_kubeconfig_signs_the_same_user_in_and_needs_the_page_that_signed_in() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let path = "api/crowsnest/v1/kubeconfig";
    let request = || server.post(path).header("cookie", &cookie);
    assert_eq!(request().send().unwrap().status().as_u16(), 403, "a cookie alone takes nothing away");
    let (_, session) = server.get_as(&cookie, "api/crowsnest/v1/session");
    let csrf = session["csrf"].as_str().unwrap().to_owned();
    let taken = request().header("sec-fetch-site", "same-origin").header("x-crowsnest-csrf", csrf);
    let taken = taken.send().unwrap();
    assert_eq!(taken.headers()["cache-control"], "no-store");
    assert!(taken.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let text = taken.text().unwrap();
    assert!(text.contains(&sim.running.url()), "{text}");
    let (status, session) = post(&server, "api/crowsnest/v1/session", "", &json!({"kubeconfig": text}));
    assert_eq!((status, &session["user"]), (200, &json!("system:serviceaccount:shop:viewer")), "{session}");
    assert_eq!(server.get(path).bearer_auth(sim.viewer()).send().unwrap().status().as_u16(), 405);
}
