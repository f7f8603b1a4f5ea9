//! status, scale, log, eviction, and what else is below an object.

use std::time::Duration;

use crowsnest_kubesim::{DemoSize, Options};
use futures_util::{AsyncBufReadExt, SinkExt, StreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Node, Pod, ServiceAccount},
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Api,
    api::{
        AttachParams, EvictParams, LogParams, Patch, PatchParams, PostParams, TerminalSize, WatchEvent,
        WatchParams,
    },
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Cluster, check_refusal, typed};

/// Longer than any line of a log takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The name of the first pod with a label that runs, once it does.
async fn running_pod(api: &Api<Pod>, label: &str) -> String {
    let events = api.watch(&WatchParams::default().labels(label).timeout(20), "0").await.unwrap();
    let mut running = std::pin::pin!(events.filter_map(async |event| match event.unwrap() {
        WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            pod.metadata.name.filter(|_| phase == Some("Running"))
        }
        _ => None,
    }));
    running.next().await.unwrap()
}

#[tokio::test]
async fn status_and_spec_are_written_apart() {
    let cluster = Cluster::start().await;
    let api: Api<Deployment> = Api::namespaced(cluster.admin.clone(), "shop");
    let patch = Patch::Merge(json!({"spec": {"replicas": 99}, "status": {"readyReplicas": 5}}));
    let patched = api.patch_status("web", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(patched.spec.as_ref().unwrap().replicas, Some(6));
    assert_eq!(patched.status.unwrap().ready_replicas, Some(5));
    let patched = api.patch("web", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(patched.spec.as_ref().unwrap().replicas, Some(99));
    let mut current = api.get_status("web").await.unwrap();
    assert_eq!(current.status.as_ref().unwrap().ready_replicas, Some(5));
    current.status.as_mut().unwrap().ready_replicas = Some(7);
    let replaced = api.replace_status("web", &PostParams::default(), &current).await.unwrap();
    assert_eq!(replaced.status.unwrap().ready_replicas, Some(7));
}

#[tokio::test]
async fn scale_is_a_view_of_the_replicas() {
    let cluster = Cluster::start().await;
    let api: Api<Deployment> = Api::namespaced(cluster.admin.clone(), "shop");
    let mut scale = api.get_scale("web").await.unwrap();
    assert_eq!(scale.spec.as_ref().unwrap().replicas, Some(6));
    scale.spec = typed(json!({"replicas": 2}));
    api.replace_scale("web", &PostParams::default(), &scale).await.unwrap();
    assert_eq!(api.get("web").await.unwrap().spec.unwrap().replicas, Some(2));
    let patch = Patch::Merge(json!({"spec": {"replicas": 3}}));
    api.patch_scale("web", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(api.get("web").await.unwrap().spec.unwrap().replicas, Some(3));
}

#[tokio::test]
async fn logs_are_read_from_the_end_and_as_they_are_written() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=cart").await;
    let all = api.logs(&pod, &LogParams::default()).await.unwrap();
    assert!(all.starts_with("level=info msg=\"starting\""), "{all}");
    let params = LogParams { tail_lines: Some(1), timestamps: true, ..LogParams::default() };
    let last = api.logs(&pod, &params).await.unwrap();
    assert_eq!(last.lines().count(), 1);
    let future = LogParams { since_seconds: Some(0), ..LogParams::default() };
    assert!(api.logs(&pod, &future).await.unwrap().lines().count() <= 1);
    for (container, previous) in [(Some("nope".to_owned()), false), (None, true)] {
        let wrong = LogParams { container, previous, ..LogParams::default() };
        check_refusal(api.logs(&pod, &wrong).await, 400, "BadRequest");
    }
    let params = LogParams { follow: true, tail_lines: Some(0), ..LogParams::default() };
    let mut lines = api.log_stream(&pod, &params).await.unwrap().lines();
    let line = tokio::time::timeout(PATIENCE, lines.next()).await.unwrap().unwrap().unwrap();
    assert!(line.contains("component=cart"), "{line}");
}

#[tokio::test]
async fn a_followed_log_ends_with_its_container() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=checkout").await;
    let params = LogParams { follow: true, ..LogParams::default() };
    let lines = api.log_stream(&pod, &params).await.unwrap().lines();
    let lines: Vec<String> =
        tokio::time::timeout(PATIENCE, lines.map(Result::unwrap).collect()).await.unwrap();
    let last = lines.last().unwrap();
    assert!(last.ends_with("msg=\"cannot go on\" component=checkout reason=Error"), "{last}");
}

/// What a command says, on both streams, and the code it ends with.
async fn run(api: &Api<Pod>, pod: &str, command: &[&str], input: Option<&str>) -> (String, String, i32) {
    let params = AttachParams::default().stdin(input.is_some());
    let mut process = api.exec(pod, command.iter().copied(), &params).await.unwrap();
    if let Some(input) = input {
        let mut stdin = process.stdin().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        stdin.shutdown().await.unwrap();
    }
    let status = process.take_status().unwrap();
    let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
    let (mut out, mut err) = (String::new(), String::new());
    let (a, b) = tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    a.and(b).unwrap();
    let causes = status.await.unwrap().details.and_then(|details| details.causes).unwrap_or_default();
    let code = causes.first().and_then(|cause| cause.message.as_deref()?.parse().ok()).unwrap_or(0);
    (out, err, code)
}

#[tokio::test]
async fn commands_run_in_containers() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=web").await;
    let own_name = format!("{pod}\n");
    for (command, input, expected) in [
        (&["echo", "hello", "you"] as &[&str], None, ("hello you\n", "", 0)),
        (&["cat", "/etc/hostname"], None, (own_name.as_str(), "", 0)),
        (&["sh", "-c", "ls /nope; exit 3"], None, ("", "ls: /nope: No such file or directory\n", 3)),
        (&["cat"], Some("typed\n"), ("typed\n", "", 0)),
        (&["sh"], Some("echo one\nfalse\n"), ("one\n", "", 1)),
    ] {
        let (out, err, code) = tokio::time::timeout(PATIENCE, run(&api, &pod, command, input)).await.unwrap();
        assert_eq!((out.as_str(), err.as_str(), code), expected, "{command:?}");
    }
    let viewer: Api<Pod> = Api::namespaced(cluster.viewer().await, "shop");
    assert!(viewer.exec(&pod, ["ls"], &AttachParams::default()).await.is_err());
}

#[tokio::test]
async fn a_terminal_has_a_prompt_and_a_size() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=web").await;
    let mut process = api.exec(&pod, ["sh"], &AttachParams::interactive_tty()).await.unwrap();
    let mut resize = process.terminal_size().unwrap();
    resize.send(TerminalSize { width: 120, height: 40 }).await.unwrap();
    let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
    let status = process.take_status().unwrap();
    let said = async {
        let mut said = String::new();
        // The size goes another way than what is typed and may come after it.
        while !said.contains("\r\n40 120\r\n") {
            stdin.write_all(b"stty size\r").await.unwrap();
            let mut bytes = [0; 256];
            let count = stdout.read(&mut bytes).await.unwrap();
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        stdin.write_all(b"exit\r").await.unwrap();
        assert_eq!(status.await.unwrap().status.as_deref(), Some("Success"));
        said
    };
    let said = tokio::time::timeout(PATIENCE, said).await.unwrap();
    assert!(said.starts_with(&format!("{pod}:/# ")), "{said}");
}

#[tokio::test]
async fn what_a_container_says_is_heard_by_whoever_attaches_to_it() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=cart").await;
    let mut process = api.attach(&pod, &AttachParams::default()).await.unwrap();
    let mut stdout = process.stdout().unwrap();
    let said = async {
        let mut bytes = [0; 4096];
        let count = stdout.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let said = tokio::time::timeout(PATIENCE, said).await.unwrap();
    assert!(said.contains("component=cart"), "{said}");
    let nowhere = AttachParams::default().container("nope");
    assert!(api.attach(&pod, &nowhere).await.is_err());
    let viewer: Api<Pod> = Api::namespaced(cluster.viewer().await, "shop");
    assert!(viewer.attach(&pod, &AttachParams::default()).await.is_err());
}

/// An ephemeral container with a shell.
fn debugger(name: &str) -> serde_json::Value {
    json!({"name": name, "image": "busybox:1.37", "stdin": true, "tty": true, "targetContainerName": "cart"})
}

#[tokio::test]
async fn a_container_is_added_to_a_running_pod_and_ends_with_its_shell() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=cart").await;
    let add = async |container: serde_json::Value| {
        let patch = Patch::Strategic(json!({"spec": {"ephemeralContainers": [container]}}));
        api.patch_ephemeral_containers(&pod, &PatchParams::default(), &patch).await
    };
    add(debugger("debug")).await.unwrap();
    let state = async |wanted: fn(&serde_json::Value) -> bool| {
        let params = WatchParams::default().fields(&format!("metadata.name={pod}")).timeout(20);
        let events = api.watch(&params, "0").await.unwrap();
        let mut seen = std::pin::pin!(events.filter_map(async |event| {
            let (WatchEvent::Added(pod) | WatchEvent::Modified(pod)) = event.unwrap() else { return None };
            let statuses = pod.status?.ephemeral_container_statuses?;
            let state = serde_json::to_value(statuses.first()?.state.as_ref()?).unwrap();
            wanted(&state).then_some(state)
        }));
        seen.next().await.unwrap()
    };
    state(|state| state.get("running").is_some()).await;
    let params = AttachParams::interactive_tty().container("debug");
    let mut process = api.attach(&pod, &params).await.unwrap();
    let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
    stdin.write_all(b"hostname\rexit 3\r").await.unwrap();
    let mut said = String::new();
    tokio::time::timeout(PATIENCE, stdout.read_to_string(&mut said)).await.unwrap().unwrap();
    assert!(said.contains(&format!("\r\n{pod}\r\n")), "{said}");
    let ended = state(|state| state.get("terminated").is_some()).await;
    assert_eq!(ended["terminated"]["exitCode"], 3);
    // It cannot be changed or taken away, and its like has to have another name.
    let mut other = debugger("debug");
    other["image"] = "alpine".into();
    check_refusal(add(other).await, 422, "Invalid");
    check_refusal(add(debugger("cart")).await, 422, "Invalid");
    let mut lost = debugger("lost");
    lost["targetContainerName"] = "nope".into();
    check_refusal(add(lost).await, 422, "Invalid");
    let elsewhere = Patch::Strategic(json!({"spec": {"ephemeralContainers": [debugger("more")]}}));
    let unchanged = api.patch(&pod, &PatchParams::default(), &elsewhere).await.unwrap();
    assert_eq!(unchanged.spec.unwrap().ephemeral_containers.unwrap().len(), 1);
}

/// Sends a request to a port of a pod and reads the answer to its end.
async fn ask_port(api: &Api<Pod>, pod: &str, port: u16, request: &str) -> String {
    let mut forward = api.portforward(pod, &[port]).await.unwrap();
    let mut stream = forward.take_stream(port).unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn ports_that_containers_declare_have_a_page() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=web").await;
    let page = ask_port(&api, &pod, 80, "GET / HTTP/1.0\r\nHost: x\r\n\r\n").await;
    assert!(
        page.starts_with("HTTP/1.0 200 OK\r\n") && page.contains(&format!("<h1>web of {pod}</h1>")),
        "{page}"
    );
    let echo = "POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
    assert!(ask_port(&api, &pod, 80, echo).await.ends_with("\r\n\r\nhello"));
    let mut forward = api.portforward(&pod, &[81]).await.unwrap();
    let problem = forward.take_error(81).unwrap();
    let problem = tokio::time::timeout(PATIENCE, problem).await.unwrap().unwrap();
    assert!(problem.contains("error forwarding port 81"), "{problem}");
    let viewer: Api<Pod> = Api::namespaced(cluster.viewer().await, "shop");
    assert!(viewer.portforward(&pod, &[80]).await.is_err());
}

#[tokio::test]
async fn a_routed_address_is_what_a_port_leads_to() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let pod = running_pod(&api, "app=cart").await;
    let address = api.get(&pod).await.unwrap().status.unwrap().pod_ip.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    cluster.running.route(&format!("{address}:7777"), listener.local_addr().unwrap());
    let (answer, ()) = tokio::join!(ask_port(&api, &pod, 7777, "who is there?"), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 13];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(&question).await.unwrap();
    });
    assert_eq!(answer, "who is there?");
}

#[tokio::test]
async fn eviction_respects_a_disruption_budget() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    let api: Api<Pod> = Api::namespaced(cluster.admin.clone(), "shop");
    let cart = running_pod(&api, "app=cart").await;
    let evicted = api.evict(&cart, &EvictParams::default()).await.unwrap();
    assert!(evicted.is_success(), "{evicted:?}");
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(cluster.admin.clone(), "shop");
    let strict = Patch::Merge(json!({"spec": {"minAvailable": "100%"}}));
    budgets.patch("web", &PatchParams::default(), &strict).await.unwrap();
    let web = running_pod(&api, "app=web").await;
    check_refusal(api.evict(&web, &EvictParams::default()).await, 429, "TooManyRequests");
}

#[tokio::test]
async fn a_node_is_cordoned_and_a_token_made() {
    let cluster = Cluster::start().await;
    let nodes: Api<Node> = Api::all(cluster.admin.clone());
    assert_eq!(nodes.cordon("demo-2").await.unwrap().spec.unwrap().unschedulable, Some(true));
    assert_ne!(nodes.uncordon("demo-2").await.unwrap().spec.unwrap().unschedulable, Some(true));
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.admin.clone(), "shop");
    let request = typed(json!({"spec": {"audiences": [], "expirationSeconds": 600}}));
    let made = accounts.create_token_request("viewer", &PostParams::default(), &request).await.unwrap();
    assert_eq!(made.status.unwrap().token.split('.').count(), 3);
    let short = typed(json!({"spec": {"audiences": [], "expirationSeconds": 5}}));
    check_refusal(
        accounts.create_token_request("viewer", &PostParams::default(), &short).await,
        422,
        "Invalid",
    );
}
