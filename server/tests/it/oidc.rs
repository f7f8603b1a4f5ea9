//! Signing in at an OpenID Connect issuer, and everything that must not work.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::issuer::{CLIENT, Forged, Issuer, Manners, SECRET};
use crate::support::server::json as status_and_body;

const SESSION: &str = "api/crowsnest/v1/session";

struct Scene {
    sim: Sim,
    issuer: Issuer,
    server: Server,
    _dir: tempfile::TempDir,
}

/// A browser that has been at the issuer: its cookie, and what the issuer sent it back with.
struct Back {
    cookie: String,
    answer: HashMap<String, String>,
}

impl Scene {
    fn new(more: &[&str]) -> Self {
        let (sim, issuer) = (Sim::still(), Issuer::start());
        sim.running.trust_issuer(&issuer.url, CLIENT, &issuer.public_key_pem()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let kubeconfig = sim.kubeconfig();
        let mut arguments = vec!["--auth", "kube", "--kubeconfig", kubeconfig.to_str().unwrap()];
        arguments.extend(["--oidc-issuer-url", &issuer.url, "--oidc-client-id", CLIENT]);
        arguments.extend(["--oidc-client-secret-file", secret.to_str().unwrap()]);
        arguments.extend(more);
        let server = Server::start_with(&arguments);
        Self { sim, issuer, server, _dir: dir }
    }

    fn origin(&self) -> String {
        self.server.url.split('/').take(3).collect::<Vec<_>>().join("/")
    }

    /// Leaves for the issuer and comes back.
    fn back(&self, headers: &[(&str, &str)]) -> Back {
        let mut request = self.server.post(&format!("{SESSION}/oidc")).header("origin", self.origin());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().unwrap();
        let set = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let (status, body) = status_and_body(response);
        assert_eq!(status, 200, "{body}");
        let set = set.unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Max-Age=600"] {
            assert!(set.contains(attribute), "{set}");
        }
        let cookie = set.split(';').next().unwrap().to_owned();
        Back { cookie, answer: self.issuer.visit(body["url"].as_str().unwrap()) }
    }

    /// Brings the issuer's answer; the status, the body and the session's cookie.
    fn bring(&self, cookie: &str, answer: &HashMap<String, String>) -> (u16, Value, String) {
        let answer: HashMap<&str, &str> = ["code", "state", "iss"]
            .into_iter()
            .filter_map(|name| Some((name, answer.get(name)?.as_str())))
            .collect();
        let request = self.server.post(SESSION).header("origin", self.origin()).header("cookie", cookie);
        let response = request.json(&json!({"oidc": answer})).send().unwrap();
        let cookies = response.headers().get_all("set-cookie").iter();
        let session = cookies
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
            .find(|cookie| cookie.starts_with("crowsnest_session="));
        let (status, body) = status_and_body(response);
        (status, body, session.unwrap_or_default())
    }

    #[track_caller]
    fn refused(&self, cookie: &str, answer: &HashMap<String, String>, why: &str) {
        let (status, body, session) = self.bring(cookie, answer);
        assert_eq!((status, session.as_str()), (401, ""), "{body}");
        assert!(body["detail"].as_str().unwrap().contains(why), "{body}");
    }
}

#[test]
fn whoever_the_issuer_knows_is_in_as_the_user_that_the_api_server_sees_in_the_token() {
    let scene = Scene::new(&[]);
    let (_, ways) = status_and_body(scene.server.get(&format!("{SESSION}/ways")).send().unwrap());
    assert_eq!(ways["ways"][0], "oidc");
    assert_eq!(ways["issuer"], "127.0.0.1");
    let Back { cookie, answer } = scene.back(&[]);
    assert_eq!(answer["redirect_uri"], scene.server.url, "the page that asked");
    let (status, body, session) = scene.bring(&cookie, &answer);
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["user"], format!("{}#ann", scene.issuer.url));
    assert_eq!(body["groups"], json!(["devs", "system:authenticated"]));

    // What they may do is for the cluster to say, and to this user alone.
    let pods = "api/crowsnest/v1/objects/core.v1.pods/shop";
    assert_eq!(scene.server.get_as(&session, pods).0, 403);
    scene.sim.create(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings",
        &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "devs"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": "devs"}],
        }),
    );
    assert_eq!(scene.server.get_as(&session, pods).0, 200);
    let log = scene.server.log();
    for secret in [SECRET, &answer["code"], &answer["state"], "eyJ"] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[test]
fn below_a_path_prefix_the_issuer_sends_the_browser_back_below_it() {
    let scene = Scene::new(&[]);
    let back = scene.back(&[("x-forwarded-prefix", "/nest")]);
    assert_eq!(back.answer["redirect_uri"], format!("{}/nest/", scene.origin()));
    assert_eq!(scene.bring(&back.cookie, &back.answer).0, 200);
}

#[test]
fn an_answer_counts_for_the_browser_that_left_and_once() {
    let scene = Scene::new(&[]);
    let (mine, theirs) = (scene.back(&[]), scene.back(&[]));
    // Somebody makes their victim come back with their own answer, so that the victim works in their session.
    scene.refused(&mine.cookie, &theirs.answer, "not begun here");
    scene.refused("crowsnest_login=x", &theirs.answer, "not begun here");
    scene.refused("", &theirs.answer, "not begun here");
    // The code of one login with the state of another.
    let mut mixed = mine.answer.clone();
    mixed.insert("code".to_owned(), theirs.answer["code"].clone());
    scene.refused(&mine.cookie, &mixed, "invalid_grant");
    assert_eq!(scene.bring(&mine.cookie, &mine.answer).0, 200);
    scene.refused(&mine.cookie, &mine.answer, "invalid_grant");
}

#[test]
fn the_answer_of_another_issuer_is_refused() {
    let scene = Scene::new(&[]);
    for iss in [Some("https://evil.example"), None] {
        let mut back = scene.back(&[]);
        match iss {
            Some(iss) => back.answer.insert("iss".to_owned(), iss.to_owned()),
            None => back.answer.remove("iss"),
        };
        scene.refused(&back.cookie, &back.answer, "another issuer");
    }
}

#[test]
fn tokens_that_are_not_this_issuers_for_us_and_for_this_login_are_refused() {
    let scene = Scene::new(&[]);
    let claims = |claims: Value| Manners { claims, ..Manners::default() };
    let forged = |forged: Forged| Manners { forged: Some(forged), ..Manners::default() };
    for (manners, why) in [
        (claims(json!({"nonce": "other"})), "another login"),
        (claims(json!({"nonce": null})), "another login"),
        (claims(json!({"aud": "somebody-else"})), "somebody else"),
        (claims(json!({"aud": [CLIENT, "other"]})), "who asked"),
        (claims(json!({"iss": "https://evil.example"})), "another issuer"),
        (claims(json!({"exp": 1})), "expired"),
        (forged(Forged::Unsigned), "no signed token"),
        (forged(Forged::Confused), "algorithm"),
        (forged(Forged::Unknown), "none of the issuer's keys"),
    ] {
        scene.issuer.behave(manners);
        let back = scene.back(&[]);
        scene.refused(&back.cookie, &back.answer, why);
    }
}

#[test]
fn a_page_of_another_site_cannot_begin_a_login() {
    let scene = Scene::new(&[]);
    let begin = |headers: &[(&str, &str)]| {
        let mut request = scene.server.post(&format!("{SESSION}/oidc"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(begin(&[]), 403);
    assert_eq!(begin(&[("origin", "null")]), 403);
    assert_eq!(begin(&[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]), 403);
}

#[test]
fn a_session_outlasts_its_token_for_as_long_as_the_issuer_renews_it() {
    let scene = Scene::new(&[]);
    // Good for less than the two minutes before the end at which a token is renewed.
    scene.issuer.behave(Manners { lasts: 90, ..Manners::default() });
    let back = scene.back(&[]);
    let (status, body, session) = scene.bring(&back.cookie, &back.answer);
    assert_eq!((status, scene.issuer.given()), (200, 1), "{body}");
    scene.issuer.behave(Manners::default());
    for _ in 0..3 {
        assert_eq!(scene.server.get_as(&session, SESSION).0, 200);
    }
    assert_eq!(scene.issuer.given(), 2, "once, and then the newer one is good for long");

    // Whom the issuer has forgotten is out.
    scene.issuer.behave(Manners { lasts: 90, ..Manners::default() });
    let back = scene.back(&[]);
    let session = scene.bring(&back.cookie, &back.answer).2;
    scene.issuer.behave(Manners { forgets: true, ..Manners::default() });
    assert_eq!(scene.server.get_as(&session, SESSION).0, 401);
    // A newer token of somebody else's is no renewal.
    scene.issuer.behave(Manners { lasts: 90, ..Manners::default() });
    let back = scene.back(&[]);
    let session = scene.bring(&back.cookie, &back.answer).2;
    scene.issuer.behave(Manners { claims: json!({"sub": "bob"}), ..Manners::default() });
    assert_eq!(scene.server.get_as(&session, SESSION).0, 401);
}
