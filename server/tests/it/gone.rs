//! Pods that are gone: what is still known of them, and by whom.

use serde_json::Value;

use crate::logs::{pod, running};
use crate::support::{Server, wait_for};

const GONE: &str = "api/crowsnest/v1/gone/shop/web-1";

#[test]
fn a_pod_that_is_gone_keeps_its_last_state_and_its_last_lines_for_those_who_may_read_them() {
    let sim = running(vec![pod("web-1", &["main"], 30)]);
    let kubeconfig = sim.kubeconfig();
    let kubeconfig = kubeconfig.to_str().unwrap();
    let flags =
        ["--auth", "kube", "--kubeconfig", kubeconfig, "--cluster-metrics", "pods", "--keep-last-logs"];
    let mut server = Server::start_with(&flags);
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));
    assert_eq!(server.get_as(&admin, GONE).1["gone"], Value::Array(Vec::new()), "it is there");
    // The server has seen it when it has written its metrics.
    wait_for("metrics of the pod", || {
        let (_, body) = server.get_as(&admin, "api/v1/query?query=kube_pod_info{pod%3D%22web-1%22}");
        body["data"]["result"].as_array().is_some_and(|series| !series.is_empty()).then_some(())
    });
    sim.end("/api/v1/namespaces/shop/pods/web-1");
    wait_for("the pod to be gone", || {
        let (_, body) = server.get_as(&admin, GONE);
        body["gone"].as_array().is_some_and(|gone| !gone.is_empty()).then_some(())
    });
    let check = |server: &Server, cookie: &str| {
        let (status, body) = server.get_as(cookie, GONE);
        assert_eq!(status, 200, "{body}");
        let gone = &body["gone"][0];
        assert_eq!(gone["pod"]["metadata"]["name"], "web-1");
        let lines = gone["logs"][0]["text"].as_str().unwrap_or_default();
        assert!((1..=1000).contains(&lines.lines().count()), "{body}");
        assert_eq!((&body["keeps_logs"], &body["may_read_logs"]), (&true.into(), &true.into()));
    };
    check(&server, &admin);
    check(&server, &viewer);
    let elsewhere = server.get_as(&viewer, "api/crowsnest/v1/gone/data/web-1");
    assert_eq!(elsewhere.0, 403, "{}", elsewhere.1);
    assert!(server.terminate());
    server.restart();
    check(&server, &server.sign_in(&sim.admin()));
}
