//! Signing in with what a connection shows: the client certificate of a browser, or the API server's word.

use std::path::Path;
use std::time::Duration;

use crowsnest_kubesim::{ClientCertificate, Options};
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage};
use openssl::x509::{X509, X509Builder, X509Name};
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::{Certificate, Identity};
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::installed::{SERVER, assert_rights_fit, cluster, lead_to, serve};
use crate::support::server::json as status_and_body;
use crate::support::stream::Stream;
use crate::support::{Server, wait_for};

const SESSION: &str = "api/crowsnest/v1/session";
const CERTIFICATES: &str = "certificate-signin.yaml";
const SIGN_ON: &str = "apiserver-signon.yaml";

/// A browser that trusts these authorities and has this certificate.
fn browser(authorities: &[&[u8]], certificate: &ClientCertificate) -> Client {
    let identity =
        Identity::from_pkcs8_pem(certificate.certificate_pem.as_bytes(), certificate.key_pem.as_bytes());
    let authorities = authorities.iter().map(|pem| Certificate::from_pem(pem).unwrap());
    Client::builder()
        .tls_certs_only(authorities)
        .identity(identity.unwrap())
        .redirect(reqwest::redirect::Policy::none())
        // Each request shows the certificate anew, and none meets the end of an older connection.
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

/// A browser on its way to the server itself.
fn direct(server: &Server, certificate: &ClientCertificate) -> Client {
    browser(&[&std::fs::read(server.ca()).unwrap()], certificate)
}

fn sign_in(client: &Client, base: &str) -> RequestBuilder {
    client.post(format!("{base}{SESSION}")).json(&json!({"certificate": true})).header("origin", origin(base))
}

fn origin(base: &str) -> String {
    reqwest::Url::parse(base).unwrap().origin().ascii_serialization()
}

/// The body and the cookie of a sign-in that has to succeed.
#[track_caller]
fn signed_in(request: RequestBuilder) -> (Value, String) {
    let response = request.send().unwrap();
    let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
    let (status, session) = status_and_body(response);
    assert_eq!(status, 200, "{session}");
    (session, cookie.unwrap())
}

/// Why a sign-in is refused, which it has to be.
#[track_caller]
fn refused(request: RequestBuilder) -> String {
    let (status, problem) = status_and_body(request.send().unwrap());
    assert_eq!(status, 401, "{problem}");
    problem["detail"].as_str().unwrap().to_owned()
}

/// Waits until the server has learned whom to believe; what it then tells this browser.
fn ways(client: &Client, base: &str) -> Value {
    wait_for("the server to ask for certificates", || {
        let (_, ways) = status_and_body(client.get(format!("{base}{SESSION}/ways")).send().unwrap());
        ways["ways"].as_array()?.contains(&json!("certificate")).then_some(ways)
    })
}

/// Lets alice look at namespace `shop`.
fn bind_alice(sim: &Sim) {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    sim.create("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings", &binding);
}

/// Which of two namespaces somebody may list the pods of.
fn sees(client: &Client, base: &str, cookie: &str, headers: &[(&str, &str)]) -> [u16; 2] {
    ["shop", "data"].map(|namespace| {
        let url = format!("{base}api/crowsnest/v1/objects/core.v1.pods/{namespace}");
        let mut request = client.get(url).header("cookie", cookie.split(';').next().unwrap());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().unwrap().status().as_u16()
    })
}

#[test]
fn the_certificate_of_a_browser_signs_its_holder_in_with_one_click() {
    let sim = cluster(&[CERTIFICATES], Options::default());
    bind_alice(&sim);
    let server = serve(&sim, &[CERTIFICATES], &[]);
    let alice = direct(&server, &sim.running.client_certificate("alice", &["devs"]).unwrap());
    assert_eq!(ways(&alice, &server.url)["certificate"], json!({"user": "alice", "sign_on": false}));
    let (session, cookie) = signed_in(sign_in(&alice, &server.url));
    assert_eq!(session["user"], "alice");
    assert_eq!(session["groups"], json!(["devs", "system:authenticated"]));
    assert_eq!(sees(&alice, &server.url, &cookie, &[]), [200, 403]);
    assert_rights_fit(&sim, SERVER, CERTIFICATES, "crowsnest-certificate-signin");

    // Without a certificate everything is as it was.
    let (_, told) = status_and_body(server.get(&format!("{SESSION}/ways")).send().unwrap());
    assert_eq!(told, json!({"ways": ["token", "p12", "kubeconfig"]}));
    assert!(refused(sign_in(&server.http, &server.url)).contains("has shown no certificate"));
}

#[test]
fn whom_the_role_does_not_name_is_told_so() {
    let sim = cluster(&[CERTIFICATES], Options::default());
    let server = serve(&sim, &[CERTIFICATES], &[]);
    for (user, groups) in
        [("bob", &["devs"][..]), ("alice", &["devs", "ops"]), ("kubernetes-admin", &["system:masters"])]
    {
        let client = direct(&server, &sim.running.client_certificate(user, groups).unwrap());
        ways(&client, &server.url);
        let why = refused(sign_in(&client, &server.url));
        assert!(why.contains(&format!("{user:?}")) && why.contains("impersonation Role"), "{why}");
    }
}

/// Incident 4, CVE-2021-31999: a client's `Connection` header must not take the impersonation away.
#[test]
fn cve_2021_31999_no_header_of_a_client_changes_who_a_request_is_from() {
    let sim = cluster(&[CERTIFICATES], Options::default());
    bind_alice(&sim);
    // What the server asks for by itself, for metrics, would hide what it asks in its own name for somebody else.
    let server = serve(&sim, &[CERTIFICATES], &["--cluster-metrics=none"]);
    let alice = direct(&server, &sim.running.client_certificate("alice", &["devs"]).unwrap());
    ways(&alice, &server.url);
    let (_, cookie) = signed_in(sign_in(&alice, &server.url));
    for headers in [
        &[("connection", "impersonate-user, impersonate-group")][..],
        &[("impersonate-user", "system:admin"), ("impersonate-group", "system:masters")],
        &[("x-remote-user", "kubernetes-admin"), ("x-remote-group", "system:masters")],
    ] {
        assert_eq!(sees(&alice, &server.url, &cookie, headers), [200, 403], "{headers:?}");
    }
    let by_server =
        sim.running.asked().into_iter().filter(|asked| asked.user == SERVER && asked.resource == "pods");
    assert_eq!(by_server.count(), 0, "the server asked for pods as itself");
}

/// Incident 15, CVE-2022-35957: identity headers count from the API server's own connections and from nowhere else.
#[test]
fn cve_2022_35957_identity_headers_without_the_front_proxys_certificate_are_ignored() {
    let sim = cluster(&[CERTIFICATES, SIGN_ON], Options::default());
    let server = serve(&sim, &[CERTIFICATES, SIGN_ON], &[]);
    let with_headers = |request: RequestBuilder| {
        request.header("x-remote-user", "kubernetes-admin").header("x-remote-group", "system:masters")
    };
    let alice = direct(&server, &sim.running.client_certificate("alice", &["devs"]).unwrap());
    ways(&alice, &server.url);
    let (session, _) = signed_in(with_headers(sign_in(&alice, &server.url)));
    assert_eq!(session["user"], "alice");
    // The name alone does not make an API server: another authority signs it.
    let forger = sim.running.client_certificate("front-proxy-client", &[]).unwrap();
    let why = refused(with_headers(sign_in(&direct(&server, &forger), &server.url)));
    assert!(why.contains("\"front-proxy-client\""), "{why}");
    assert!(refused(with_headers(sign_in(&server.http, &server.url))).contains("has shown no certificate"));
    let plain = with_headers(server.get(SESSION)).send().unwrap();
    assert_eq!(plain.status().as_u16(), 401);
    let proxy = direct(&server, &sim.running.front_proxy_certificate().unwrap());
    let as_alice =
        sign_in(&proxy, &server.url).header("x-remote-user", "alice").header("x-remote-group", "devs");
    assert_eq!(signed_in(as_alice).0["user"], "alice");
    assert!(refused(sign_in(&proxy, &server.url)).contains("does not say who you are"));
    let two = sign_in(&proxy, &server.url).header("x-remote-user", "alice").header("x-remote-user", "bob");
    assert!(refused(two).contains("more than one user"));
}

/// Incident 24, kubernetes#10351: a page of another site cannot use the certificate that the browser brings by itself.
#[test]
fn kubernetes_10351_a_page_of_another_site_cannot_sign_its_visitor_in() {
    let sim = cluster(&[CERTIFICATES], Options::default());
    let server = serve(&sim, &[CERTIFICATES], &[]);
    let alice = direct(&server, &sim.running.client_certificate("alice", &["devs"]).unwrap());
    ways(&alice, &server.url);
    for site in ["cross-site", "same-site", "none"] {
        let response = sign_in(&alice, &server.url).header("sec-fetch-site", site).send().unwrap();
        assert_eq!(response.status().as_u16(), 403, "{site}");
    }
    let form = alice.post(format!("{}{SESSION}", server.url)).header("content-type", "text/plain");
    assert_eq!(form.body(r#"{"certificate": true}"#).send().unwrap().status().as_u16(), 415);
    let (session, cookie) = signed_in(sign_in(&alice, &server.url).header("sec-fetch-site", "same-origin"));
    let sign_out = |origin: &str, csrf: &str| {
        let request = alice.delete(format!("{}{SESSION}", server.url)).header("origin", origin);
        let request =
            request.header("cookie", cookie.split(';').next().unwrap()).header("x-crowsnest-csrf", csrf);
        request.send().unwrap().status().as_u16()
    };
    let csrf = session["csrf"].as_str().unwrap();
    assert_eq!(sign_out("https://evil.example", csrf), 403);
    assert_eq!(sign_out(&origin(&server.url), "guess"), 403);
    assert_eq!(sign_out(&origin(&server.url), csrf), 204);
}

/// An authority of the test's own, which signs what no cluster would.
struct Authority(X509, PKey<Private>);

impl Authority {
    fn new() -> Self {
        let key = key();
        let certificate = certificate("test authority", &key, 0, None, None);
        Self(certificate, key)
    }

    /// A certificate of alice's that begins in `begins` hours and lasts four.
    fn sign(&self, begins: i64, usage: &ExtendedKeyUsage) -> ClientCertificate {
        let key = key();
        let certificate = certificate("alice", &key, begins, Some(usage), Some(self));
        ClientCertificate {
            certificate_pem: String::from_utf8(certificate.to_pem().unwrap()).unwrap(),
            key_pem: String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap(),
        }
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(
    user: &str,
    key: &PKey<Private>,
    begins: i64,
    usage: Option<&ExtendedKeyUsage>,
    signer: Option<&Authority>,
) -> X509 {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, user).unwrap();
    let name = name.build();
    let now = crate::support::now_ms() / 1000 + begins * 3600;
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(signer.map_or(&*name, |signer| signer.0.subject_name())).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now - 60).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + 4 * 3600).unwrap()).unwrap();
    match usage {
        Some(usage) => builder.append_extension(usage.build().unwrap()).unwrap(),
        None => builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap(),
    }
    builder.sign(signer.map_or(key, |signer| &signer.1), MessageDigest::sha256()).unwrap();
    builder.build()
}

fn fingerprint(certificate: &ClientCertificate) -> String {
    let certificate = X509::from_pem(certificate.certificate_pem.as_bytes()).unwrap();
    let digest = certificate.digest(MessageDigest::sha256()).unwrap();
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_certificate_that_signs_nobody_in_is_told_why_and_a_revoked_one_ends_its_sessions() {
    let sim = cluster(&[CERTIFICATES], Options::default());
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (ca, denied) = (path(folder.path(), "ca"), path(folder.path(), "denied"));
    std::fs::write(&ca, authority.0.to_pem().unwrap()).unwrap();
    let (mut client, mut server_only) = (ExtendedKeyUsage::new(), ExtendedKeyUsage::new());
    let (client, server_only) = (client.client_auth(), server_only.server_auth());
    let revoked = authority.sign(0, client);
    std::fs::write(&denied, format!("# lost\n{}\n", fingerprint(&revoked))).unwrap();
    let server = serve(
        &sim,
        &[CERTIFICATES],
        &[&format!("--client-ca={ca}"), &format!("--client-cert-deny-file={denied}")],
    );
    let stranger = Authority::new().sign(0, client);
    for (certificate, why) in [
        (authority.sign(-10, client), "has expired"),
        (authority.sign(10, client), "not valid yet"),
        (authority.sign(0, server_only), "lacks client authentication"),
        (revoked, "has been revoked"),
        (stranger, "another authority"),
    ] {
        let told = refused(sign_in(&direct(&server, &certificate), &server.url));
        // Clients do not show what none of the authorities has signed that they are told of; some do all the same.
        assert!(
            told.contains(why) || why == "another authority" && told.contains("no certificate"),
            "{told}"
        );
    }
    let good = authority.sign(0, client);
    let alice = direct(&server, &good);
    let (_, cookie) = signed_in(sign_in(&alice, &server.url));
    let cookie = cookie.split(';').next().unwrap();
    let status =
        || alice.get(format!("{}{SESSION}", server.url)).header("cookie", cookie).send().unwrap().status();
    assert_eq!(status().as_u16(), 200);
    std::fs::write(&denied, fingerprint(&good)).unwrap();
    wait_for("the session of a revoked certificate to end", || (status().as_u16() == 401).then_some(()));
}

/// A cluster whose API server passes requests on to the server.
fn behind_the_api_server(options: Options) -> (Sim, Server) {
    let sim = cluster(&[SIGN_ON], options);
    bind_alice(&sim);
    let server = serve(&sim, &[SIGN_ON], &[]);
    lead_to(&sim, &server);
    (sim, server)
}

#[test]
fn whom_the_api_server_knows_is_in_below_it() {
    let (sim, _server) =
        behind_the_api_server(Options { request_timeout: Duration::from_secs(2), ..Options::default() });
    let base = format!("{}/apis/ui.crowsnest.dev/v1/web/", sim.running.url());
    let ca = sim.running.ca_pem().as_bytes();
    let alice = browser(&[ca], &sim.running.client_certificate("alice", &["devs"]).unwrap());
    assert_eq!(ways(&alice, &base)["certificate"], json!({"user": "alice", "sign_on": true}));
    for (path, has) in [("", "<!doctype html>"), ("../web", "url=web/")] {
        let page = alice.get(reqwest::Url::parse(&base).unwrap().join(path).unwrap()).send().unwrap();
        assert_eq!(page.status().as_u16(), 200, "{path}");
        assert!(page.text().unwrap().contains(has), "{path}");
    }
    let smuggling = sign_in(&alice, &base)
        .header("x-remote-user", "kubernetes-admin")
        .header("x-remote-group", "system:masters");
    let (session, cookie) = signed_in(smuggling);
    assert_eq!(
        (&session["user"], &session["groups"]),
        (&json!("alice"), &json!(["devs", "system:authenticated"]))
    );
    for part in ["Path=/apis/ui.crowsnest.dev/v1/web/;", "HttpOnly", "SameSite=Strict", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(sees(&alice, &base, &cookie, &[]), [200, 403]);

    // A stream goes on where other requests are cut.
    let pair = cookie.split(';').next().unwrap().to_owned();
    let watch =
        alice.get(format!("{base}stream/log?kind=watch&of=core.v1.pods/shop")).header("cookie", &pair);
    let mut stream = Stream::open(watch);
    stream.find("list", |event| event.name == "sync");
    std::thread::sleep(Duration::from_secs(3));
    sim.create_pod("shop", "late");
    assert_eq!(stream.next_changes(), ["ADDED late"]);

    let sign_out =
        alice.delete(format!("{base}{SESSION}")).header("cookie", &pair).header("origin", origin(&base));
    let csrf = session["csrf"].as_str().unwrap();
    assert_eq!(sign_out.header("x-crowsnest-csrf", csrf).send().unwrap().status().as_u16(), 204);
    stream.find("end", |event| event.name == "end");

    wait_for("the server's authority at the API server", || {
        let service = sim.ask(
            reqwest::Method::GET,
            "/apis/apiregistration.k8s.io/v1/apiservices/v1.ui.crowsnest.dev",
            &Value::Null,
        );
        service["spec"]["caBundle"].is_string().then_some(())
    });
    assert_rights_fit(&sim, SERVER, SIGN_ON, "crowsnest-apiserver-signon");
    let anonymous = Client::builder().tls_certs_only([Certificate::from_pem(ca).unwrap()]).build().unwrap();
    assert_eq!(anonymous.get(&base).send().unwrap().status().as_u16(), 403, "by the API server");
}

/// The API server asks whether somebody may see the metrics of pods only when it is asked for those itself.
#[test]
fn what_the_api_server_alone_is_answered_is_not_reached_through_its_sign_on() {
    const METRICS: &str = "apis/metrics.k8s.io/v1beta1/pods";
    let status = |request: RequestBuilder| request.send().unwrap().status().as_u16();
    let sim = cluster(&[SIGN_ON, "metrics-api.yaml"], Options::default());
    let server = serve(&sim, &[SIGN_ON, "metrics-api.yaml"], &[]);
    lead_to(&sim, &server);
    let ca = sim.running.ca_pem().as_bytes();
    let alice = browser(&[ca], &sim.running.client_certificate("alice", &["devs"]).unwrap());
    let base = format!("{}/apis/ui.crowsnest.dev/v1/web/", sim.running.url());
    assert_eq!(status(alice.get(format!("{base}readyz"))), 200);
    assert_eq!(status(alice.get(format!("{base}{METRICS}"))), 403);
    let proxy = direct(&server, &sim.running.front_proxy_certificate().unwrap());
    assert_eq!(status(proxy.get(format!("{}{METRICS}", server.url))), 200);
    let prefixed = proxy.get(format!("{}x/{METRICS}", server.url)).header("x-forwarded-prefix", "/x");
    assert_eq!(status(prefixed), 403);
    drop(server);

    // Where it is not switched on nobody is answered.
    let server = serve(&sim, &[SIGN_ON], &[]);
    let proxy = direct(&server, &sim.running.front_proxy_certificate().unwrap());
    assert_eq!(status(proxy.get(format!("{}{METRICS}", server.url))), 403);
}

#[test]
fn whoever_is_somebody_else_at_the_api_server_now_does_not_go_on_in_the_old_session() {
    let (sim, _server) = behind_the_api_server(Options::default());
    let base = format!("{}/apis/ui.crowsnest.dev/v1/web/", sim.running.url());
    let ca = sim.running.ca_pem().as_bytes();
    let as_user =
        |user: &str, groups: &[&str]| browser(&[ca], &sim.running.client_certificate(user, groups).unwrap());
    let alice = as_user("alice", &["devs"]);
    let (_, cookie) = signed_in(sign_in(&alice, &base));
    let pair = cookie.split(';').next().unwrap();
    let who = |client: &Client| {
        let request = client.get(format!("{base}{SESSION}")).header("cookie", pair);
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(who(&alice), 200);
    // The browser keeps the cookie of the path, whoever it shows itself to be.
    assert_eq!(who(&as_user("bob", &["system:masters"])), 401);
    assert_eq!(who(&as_user("alice", &["devs", "system:masters"])), 401);
    assert_eq!(who(&alice), 200, "and who it was is still in");
}

#[test]
fn discovery_answers_the_api_server_without_asking_anybody() {
    let (sim, server) = behind_the_api_server(Options::default());
    sim.cut(true);
    let (status, kinds) = status_and_body(server.get("apis/ui.crowsnest.dev/v1").send().unwrap());
    assert_eq!((status, &kinds["groupVersion"]), (200, &json!("ui.crowsnest.dev/v1")));
    assert_eq!(kinds["kind"], "APIResourceList");
    let (status, group) = status_and_body(server.get("apis/ui.crowsnest.dev").send().unwrap());
    assert_eq!((status, &group["name"]), (200, &json!("ui.crowsnest.dev")));
    sim.cut(false);
    let listed = sim.ask(reqwest::Method::GET, "/apis/ui.crowsnest.dev/v1", &Value::Null);
    assert_eq!(listed["resources"][0]["name"], "web");
}

/// What the recorded API server sent to the server behind it, sent to us: each user is the one that it named.
#[test]
fn recorded_requests_of_an_api_server_name_their_users() {
    let corpus = std::env::var_os("CROWSNEST_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        std::path::PathBuf::from,
    );
    let Ok(recording) = std::fs::read_to_string(corpus.join("apiserver/aggregated-api.json")) else {
        return println!("corpus absent: set CROWSNEST_CORPUS to replay recorded requests");
    };
    let sim = cluster(&[SIGN_ON], Options::default());
    let server = serve(&sim, &[SIGN_ON], &[]);
    let proxy = direct(&server, &sim.running.front_proxy_certificate().unwrap());
    let exchanges: Vec<Value> = serde_json::from_str(&recording).unwrap();
    let mut named = 0;
    for exchange in exchanges {
        let Some(headers) = exchange["response"]["body"]["headers"].as_array() else { continue };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers: Vec<(String, String)> =
            headers.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        let Some((_, user)) = headers.iter().find(|(name, _)| name == "X-Remote-User") else { continue };
        let ways = wait_for("the server to ask for certificates", || {
            let mut request = proxy.get(format!("{}apis/ui.crowsnest.dev/v1/web/{SESSION}/ways", server.url));
            for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("X-")) {
                request = request.header(name, value);
            }
            let (_, ways) = status_and_body(request.send().unwrap());
            ways["certificate"].is_object().then_some(ways)
        });
        assert_eq!(ways["certificate"], json!({"user": user, "sign_on": true}), "{}", exchange["name"]);
        named += 1;
    }
    assert!(named > 5, "only {named} recorded requests name a user");
}
