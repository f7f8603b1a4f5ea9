//! Terminals in containers, and the incidents that other people had with theirs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::logs::{pod, running};
use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::terminal::{Terminal, upgrade};

const EXEC: &str = "kind=exec&of=core.v1.pods/shop/web-1&container=main";
const SESSION: &str = "api/crowsnest/v1/session";

fn scene() -> (Sim, Server) {
    let sim = running(vec![pod("web-1", &["main", "proxy"], 0)]);
    let server = Server::of(&sim);
    (sim, server)
}

/// A user who may do everything in `shop` until the binding is gone.
pub(crate) fn operator(sim: &Sim) -> String {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ops"}});
    sim.create("/api/v1/namespaces/shop/serviceaccounts", &account);
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "ops"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "ops", "namespace": "shop"}],
    });
    sim.create("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings", &binding);
    sim.running.token("shop", "ops", 3600).unwrap()
}

fn audit(server: &Server) -> Vec<Value> {
    let text = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_shell_runs_what_is_typed_knows_its_size_and_tells_how_it_ended() {
    let (sim, server) = scene();
    let mut shell = Terminal::open(&server, &server.sign_in(&sim.admin()), EXEC);
    let open = shell.told().unwrap();
    assert_eq!((&open["event"], &open["container"]), (&json!("open"), &json!("main")));
    shell.send("hostname\r");
    shell.expect("\nweb-1\r\n");
    shell.say(&json!({"event": "resize", "columns": 132, "rows": 50}));
    shell.send("stty size\r");
    shell.expect("50 132");
    // A paste, as large as one message may be, does not end it.
    shell.send(&format!("echo {}\r", "x".repeat(3000)));
    shell.expect(&"x".repeat(3000));
    shell.send("exit 3\r");
    let exit = shell.told().unwrap();
    assert_eq!((&exit["event"], &exit["code"]), (&json!("exit"), &json!(3)));
    assert!(shell.told().is_none());
    let log = crate::support::wait_for("the audit log", || Some(audit(&server)).filter(|log| log.len() >= 3));
    let [.., open, close] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((&open["action"], &close["action"]), (&json!("open-terminal"), &json!("close-terminal")));
    assert_eq!(open["user"], "system:serviceaccount:crowsnest:admin-user");
    assert!(close["detail"].as_str().unwrap().starts_with("exec shop/web-1 main: exit 3 after"), "{close}");
}

#[test]
fn a_command_that_is_not_there_is_told_and_output_has_two_streams_without_a_terminal() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    let mut wrong = Terminal::open(&server, &cookie, &format!("{EXEC}&command=unicorn"));
    assert_eq!(wrong.told().unwrap()["event"], "open");
    let exit = wrong.told().unwrap();
    assert!(exit["message"].as_str().unwrap().contains("not found"), "{exit}");
    let mut once = Terminal::open(&server, &cookie, &format!("{EXEC}&tty=0&command=hostname"));
    assert_eq!(once.told().unwrap()["event"], "open");
    let exit = once.told().unwrap();
    assert_eq!((exit["code"].clone(), once.output.as_str()), (json!(0), "web-1\n"));
}

#[test]
fn cve_2021_44458_a_page_of_somebody_else_opens_no_terminal() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    for foreign in [
        &[("Origin", "https://evil.example")][..],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example")],
    ] {
        let headers = [&[("Cookie", cookie.as_str())], foreign].concat();
        assert_eq!(upgrade(&server, EXEC, &headers).0, 403, "{foreign:?}");
    }
    assert_eq!(upgrade(&server, EXEC, &[]).0, 401);
    // Whoever gets so far knows the session's secret, or is shown out before anything is asked of the cluster.
    for csrf in ["", "wrong"] {
        let mut terminal = Terminal::connect(&server, &cookie, EXEC);
        terminal.say(&json!({"csrf": csrf, "size": {"columns": 80, "rows": 24}}));
        assert_eq!(terminal.told().unwrap()["event"], "failed");
        assert!(terminal.told().is_none());
    }
    let mut terminal = Terminal::connect(&server, &cookie, EXEC);
    terminal.send("rm -rf /\r");
    assert!(terminal.told().is_none());
    assert!(!reached(&sim), "nothing was asked of a container");
}

/// Whether anybody asked the API server for a process in a container; reviews of the right to it ask for `create`.
fn reached(sim: &Sim) -> bool {
    sim.running.asked().iter().any(|asked| asked.resource == "pods/exec" && asked.verb == "get")
}

#[test]
fn cve_2023_40025_a_terminal_ends_with_the_session() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    let mut shell = Terminal::open(&server, &cookie, EXEC);
    assert_eq!(shell.told().unwrap()["event"], "open");
    let csrf = server.get_as(&cookie, SESSION).1["csrf"].as_str().unwrap().to_owned();
    let out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    out.header("x-crowsnest-csrf", csrf).header("sec-fetch-site", "same-origin").send().unwrap();
    let since = Instant::now();
    assert_eq!(shell.told().unwrap(), json!({"event": "end", "reason": "signed-out"}));
    assert!(shell.told().is_none());
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[test]
fn cve_2024_41666_a_terminal_ends_with_the_right_to_it() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&operator(&sim));
    let mut shell = Terminal::open(&server, &cookie, EXEC);
    assert_eq!(shell.told().unwrap()["event"], "open");
    shell.send("hostname\r");
    shell.expect("\nweb-1\r\n");
    sim.delete("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/ops");
    let since = Instant::now();
    assert_eq!(shell.told().unwrap(), json!({"event": "end", "reason": "denied"}));
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert_eq!(upgrade(&server, EXEC, &[("Cookie", &cookie), ("Sec-Fetch-Site", "same-origin")]).0, 403);
}

#[test]
fn kubernetes_78741_a_websocket_is_a_get_and_no_reading() {
    let (sim, server) = scene();
    // `view` may get everything about pods, and create nothing.
    let cookie = server.sign_in(&sim.viewer());
    for kind in ["exec", "attach"] {
        let query = EXEC.replace("exec", kind);
        let (status, ..) =
            upgrade(&server, &query, &[("Cookie", &cookie), ("Sec-Fetch-Site", "same-origin")]);
        assert_eq!(status, 403, "{kind}");
    }
    let refused = audit(&server);
    let refused: Vec<&Value> = refused.iter().filter(|line| line["action"] == "open-terminal").collect();
    assert!(refused.len() == 2 && refused.iter().all(|line| line["outcome"] == "refused"), "{refused:?}");
}

#[test]
fn cve_2018_1002105_a_refused_upgrade_leaves_nothing_open() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    // Refused by us: the connection is plain HTTP as before, and what follows is a request of its own.
    let (status, _, mut stream) =
        upgrade(&server, EXEC, &[("Cookie", &cookie), ("Origin", "https://evil.example")]);
    assert_eq!(status, 403, "no page of ours");
    use std::io::{Read as _, Write as _};
    stream
        .write_all(b"GET /api/v1/namespaces/kube-system/secrets HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    let mut rest = vec![0; 16 << 10];
    let mut text = String::new();
    while !text.contains("HTTP/1.1 4") && !text.contains("HTTP/1.1 5") {
        let count = stream.read(&mut rest).unwrap();
        if count == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&rest[..count]));
    }
    assert!(!text.contains("SecretList"), "{text}");
    // Refused by the API server: the browser is told, and its connection ends.
    let mut nowhere = Terminal::open(&server, &cookie, "kind=exec&of=core.v1.pods/shop/web-1&container=none");
    assert_eq!(nowhere.told().unwrap()["event"], "failed");
    assert!(nowhere.told().is_none());
}

#[test]
fn one_user_has_some_terminals_and_no_more_until_one_is_closed() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    let mut all: Vec<Terminal> = (0..8).map(|_| Terminal::open(&server, &cookie, EXEC)).collect();
    for terminal in &mut all {
        assert_eq!(terminal.told().unwrap()["event"], "open");
    }
    let again = || upgrade(&server, EXEC, &[("Cookie", &cookie), ("Sec-Fetch-Site", "same-origin")]).0;
    assert_eq!(again(), 429);
    drop(all.pop());
    crate::support::wait_for("a place", || (again() == 101).then_some(()));
}

#[test]
fn a_terminal_ends_when_the_server_stops() {
    let (sim, mut server) = scene();
    let mut shell = Terminal::open(&server, &server.sign_in(&sim.admin()), EXEC);
    assert_eq!(shell.told().unwrap()["event"], "open");
    assert!(server.terminate());
    assert_eq!(shell.told().unwrap(), json!({"event": "end", "reason": "stopped"}));
}
