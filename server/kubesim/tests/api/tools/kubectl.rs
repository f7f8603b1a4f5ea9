//! kubectl: Debian's 1.20, and the one on the search path if it is another.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout};

use super::{PATIENCE, Site, output, tools};

const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: applied, namespace: batch}
data: {key: \"1\"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: applied, namespace: batch}
spec:
  replicas: 2
  selector: {matchLabels: {app: applied}}
  template:
    metadata: {labels: {app: applied}}
    spec: {containers: [{name: main, image: nginx}]}
";

/// Each kubectl that is here, with its version.
async fn programs(site: &Site) -> Vec<String> {
    let mut programs = Vec::new();
    let unpacked = tools().join("bin/kubectl").to_string_lossy().into_owned();
    for program in [unpacked.as_str(), "kubectl"] {
        if let Ok(version) = output(site.command(program).args(["version", "--client"])).await {
            println!("with {}", version.lines().next().unwrap_or_default());
            programs.push(program.to_owned());
        }
    }
    if programs.is_empty() {
        println!("no kubectl here: `deploy/setup.sh test` unpacks Debian's");
    }
    programs
}

/// One kubectl and the cluster that it talks to.
struct Kubectl<'s> {
    site: &'s Site,
    program: String,
}

impl Kubectl<'_> {
    async fn try_run(&self, arguments: &str) -> Result<String, String> {
        output(self.site.command(&self.program).args(arguments.split(' '))).await
    }

    #[track_caller]
    fn run(&self, arguments: &str) -> impl Future<Output = String> {
        let (result, program) = (self.try_run(arguments), self.program.clone());
        async move { result.await.map_err(|problem| format!("{program} {arguments}: {problem}")).unwrap() }
    }

    /// Starts one that does not end by itself, and reads what it says.
    fn start(&self, arguments: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut command = self.site.command(&self.program);
        let mut child = command.args(arguments.split(' ')).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    }
}

/// Reads until a line has a text in it.
async fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) -> String {
    let found = async {
        loop {
            match lines.next_line().await.unwrap() {
                Some(line) if line.contains(wanted) => return Some(line),
                Some(_) => {}
                None => return None,
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap().unwrap()
}

#[tokio::test]
async fn kubectl_gets_and_describes() {
    let site = Site::start().await;
    for program in programs(&site).await {
        let kubectl = Kubectl { site: &site, program };
        kubectl.run("wait -n shop --for=condition=Available deployment/web --timeout=30s").await;
        let nodes = kubectl.run("get nodes").await;
        let heading: Vec<_> = nodes.lines().next().unwrap_or_default().split_whitespace().collect();
        assert_eq!(heading, ["NAME", "STATUS", "ROLES", "AGE", "VERSION"], "{nodes}");
        assert_eq!(nodes.lines().count(), 6, "{nodes}");
        let pods = kubectl.run("get pods -n shop -l app=web -o wide").await;
        assert!(pods.contains("Running") && pods.contains("demo-"), "{pods}");
        let pods: Value = serde_json::from_str(&kubectl.run("get pods -A -o json").await).unwrap();
        assert!(pods["items"].as_array().unwrap().len() > 50);
        let all = kubectl.run("get all -n shop").await;
        assert!(all.contains("deployment.apps/web") && all.contains("widget.example.org/gear"), "{all}");
        let described = kubectl.run("describe deployment web -n shop").await;
        assert!(described.contains("6 desired | 6 updated"), "{described}");
        let log = kubectl.run("logs -n shop deployment/web --tail=1").await;
        assert_eq!(log.lines().count(), 1, "{log}");
        // Before 1.30 it asks for SPDY, which nothing else does any more.
        if !kubectl.run("version --client").await.contains("v1.20.") {
            let ran = kubectl.try_run("exec -n shop deployment/web -- cat /nope").await.unwrap_err();
            assert!(ran.contains("No such file") && ran.contains("exit code 1"), "{ran}");
            assert_eq!(kubectl.run("exec -n shop deployment/web -- echo hello").await, "hello\n");
            let explained = kubectl.run("explain deployments.spec.strategy.type").await;
            assert!(explained.contains("Recreate") && explained.contains("RollingUpdate"), "{explained}");
        }
        let missing = kubectl.try_run("get pod nope -n shop").await.unwrap_err();
        assert!(missing.contains("Error from server (NotFound): pods \"nope\" not found"), "{missing}");
        let denied = kubectl.try_run("--kubeconfig viewer get nodes").await.unwrap_err();
        assert!(denied.contains("Forbidden") && denied.contains("shop:viewer"), "{denied}");
    }
}

#[tokio::test]
async fn kubectl_applies_scales_and_deletes() {
    let site = Site::start().await;
    for program in programs(&site).await {
        let kubectl = Kubectl { site: &site, program };
        let manifest = site.home.path().join("manifest.yaml");
        std::fs::write(&manifest, MANIFEST).unwrap();
        let apply = format!("apply --validate=false -f {}", manifest.display());
        let made = kubectl.run(&apply).await;
        assert_eq!(made, "configmap/applied created\ndeployment.apps/applied created\n");
        std::fs::write(&manifest, MANIFEST.replace("key: \"1\"", "other: \"2\"")).unwrap();
        let changed = kubectl.run(&apply).await;
        assert!(changed.starts_with("configmap/applied configured\n"), "{changed}");
        assert_eq!(
            kubectl.run("get configmap applied -n batch -o jsonpath={.data}").await,
            r#"{"other":"2"}"#
        );
        kubectl.run(&format!("{apply} --server-side --force-conflicts")).await;
        kubectl.run("rollout status deployment/applied -n batch --timeout=30s").await;
        kubectl.run("scale deployment/applied -n batch --replicas=1").await;
        kubectl.run("set image deployment/applied -n batch main=nginx:2").await;
        kubectl.run("rollout status deployment/applied -n batch --timeout=30s").await;
        kubectl.run("label configmap applied -n batch tier=web").await;
        kubectl.run("cordon demo-3").await;
        kubectl.run("uncordon demo-3").await;
        kubectl.run(&format!("delete -f {} --timeout=30s", manifest.display())).await;
        let gone = kubectl.try_run("get deployment applied -n batch").await.unwrap_err();
        assert!(gone.contains("NotFound"), "{gone}");
    }
}

/// These come as protobuf from newer versions.
#[tokio::test]
async fn kubectl_creates_config_maps_secrets_and_tokens() {
    let site = Site::start().await;
    for program in programs(&site).await {
        let kubectl = Kubectl { site: &site, program };
        for (kind, in_data) in [("configmap", "v"), ("secret generic", "dg==")] {
            kubectl.run(&format!("create {kind} made -n batch --from-literal=k=v")).await;
            let kind = kind.split(' ').next().unwrap();
            let found = kubectl.run(&format!("get {kind} made -n batch -o jsonpath={{.data.k}}")).await;
            assert_eq!(found, in_data);
            kubectl.run(&format!("delete {kind} made -n batch")).await;
        }
        if !kubectl.run("version --client").await.contains("v1.20.") {
            let token = kubectl.run("create token viewer -n shop --duration=1h").await;
            assert_eq!(token.trim().split('.').count(), 3, "{token}");
        }
    }
}

#[tokio::test]
async fn kubectl_watches() {
    let site = Site::start().await;
    for program in programs(&site).await {
        let kubectl = Kubectl { site: &site, program };
        for name in ["before", "after"] {
            let metadata = json!({"name": name, "namespace": "batch"});
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).to_string();
            std::fs::write(site.home.path().join(name), object).unwrap();
        }
        // Newer ones send what `create configmap` makes in protobuf, but files in JSON.
        kubectl.run("create --validate=false -f before").await;
        let (mut child, mut lines) = kubectl.start("get configmaps -n batch --watch -o name");
        line_with(&mut lines, "configmap/before").await;
        kubectl.run("create --validate=false -f after").await;
        line_with(&mut lines, "configmap/after").await;
        child.kill().await.unwrap();
        kubectl.run("delete configmap before after -n batch").await;
    }
}

#[tokio::test]
async fn kubectl_passes_requests_on() {
    let site = Site::start().await;
    for program in programs(&site).await {
        let kubectl = Kubectl { site: &site, program };
        let (mut child, mut lines) = kubectl.start("proxy --port=0");
        let line = line_with(&mut lines, "Starting to serve on ").await;
        let mut stream = TcpStream::connect(line.rsplit(' ').next().unwrap()).await.unwrap();
        let request = "GET /api/v1/namespaces/shop/pods?limit=2 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 OK"), "{head}");
        let list: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&"PodList".into(), 2));
        child.kill().await.unwrap();
    }
}
