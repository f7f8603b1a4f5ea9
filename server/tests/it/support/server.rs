//! A server in a folder of its own, and a client that trusts it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Certificate;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::Value;

use super::cluster::Sim;
use super::push::{Series, body};
use super::wait_for;

pub(crate) const ADMIN: &str = "token-of-the-admin";
pub(crate) const VIEWER: &str = "token-of-the-viewer";
pub(crate) const PUSHER: &str = "token-of-the-pusher";
pub(crate) const PASSWORD: &str = "correct horse";

/// Their digests, as an operator would write them; the password's is of argon2id with m=64, t=1, p=1.
const USERS: &str = "\
- user: ann
  groups: [operators]
  role: admin
  token_sha256: ADMIN_DIGEST
- user: vic
  role: viewer
  token_sha256: VIEWER_DIGEST
- user: pat
  role: editor
  password_argon2id: $argon2id$v=19$m=64,t=1,p=1$PASSWORD_HASH
";

/// A running server.
pub(crate) struct Server {
    dir: tempfile::TempDir,
    child: Child,
    pub(crate) url: String,
    pub(crate) http: Client,
    arguments: Vec<String>,
}

impl Server {
    /// A server with the users above.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let digest = |token: &str| {
            openssl::sha::sha256(token.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let users = USERS
            .replace("ADMIN_DIGEST", &digest(ADMIN))
            .replace("VIEWER_DIGEST", &digest(VIEWER))
            .replace("PASSWORD_HASH", HASH);
        std::fs::write(dir.path().join("users.yaml"), users).unwrap();
        std::fs::write(dir.path().join("ingest"), format!("{PUSHER}\n")).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let child = spawn(dir.path(), &arguments);
        let mut server = Self { dir, child, url: String::new(), http: Client::new(), arguments };
        server.connect();
        server
    }

    /// A server whose users are those of a cluster. Its own metrics of the cluster would be among what tests push and ask for.
    pub(crate) fn of(sim: &Sim) -> Self {
        Self::of_with(sim, &[])
    }

    /// The same with more flags.
    pub(crate) fn of_with(sim: &Sim, more: &[&str]) -> Self {
        let kubeconfig = sim.kubeconfig();
        let kubeconfig = kubeconfig.to_str().unwrap();
        let own = ["--auth", "kube", "--kubeconfig", kubeconfig, "--cluster-metrics", "none"];
        Self::start_with(&[&own, more].concat())
    }

    /// `kill -9`, and the same server again.
    pub(crate) fn crash_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Other flags for the next start.
    pub(crate) fn set_arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    }

    /// Sends SIGKILL and waits for nothing, for threads that share the server.
    pub(crate) fn signal_kill(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    /// Starts again on the same folder.
    pub(crate) fn restart(&mut self) {
        let listen = self.data_dir().join("listen.json");
        if listen.exists() {
            std::fs::remove_file(listen).unwrap();
        }
        self.child = spawn(self.dir.path(), &self.arguments);
        self.connect();
    }

    /// SIGTERM; waits for the end and says whether it was a good one.
    pub(crate) fn terminate(&mut self) -> bool {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap().success()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn ingest_file(&self) -> PathBuf {
        self.dir.path().join("ingest")
    }

    pub(crate) fn users_file(&self) -> PathBuf {
        self.dir.path().join("users.yaml")
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.data_dir().join("tls/ca.crt")
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    pub(crate) fn listen_file(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.data_dir().join("listen.json")).unwrap()).unwrap()
    }

    fn connect(&mut self) {
        let listen = self.data_dir().join("listen.json");
        wait_for("the server to listen", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.log());
            }
            listen.exists().then_some(())
        });
        self.url = self.listen_file()["url"].as_str().unwrap().to_owned();
        self.http = self.client();
    }

    /// A client that trusts the server's CA and keeps no cookies.
    pub(crate) fn client(&self) -> Client {
        let ca = Certificate::from_pem(&std::fs::read(self.ca()).unwrap()).unwrap();
        Client::builder()
            .tls_certs_only([ca])
            .timeout(Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The status and JSON body of what the viewer gets for removing something.
    pub(crate) fn delete(&self, path: &str) -> (u16, Value) {
        json(self.http.delete(format!("{}{path}", self.url)).bearer_auth(VIEWER).send().unwrap())
    }

    /// The status and JSON body of a question that the viewer asks.
    pub(crate) fn ask(&self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        json(self.get(path).query(params).bearer_auth(VIEWER).send().unwrap())
    }

    /// `data.result` of an instant query now.
    pub(crate) fn query(&self, expr: &str) -> Vec<Value> {
        let (status, body) = self.ask("api/v1/query", &[("query", expr)]);
        assert_eq!(status, 200, "{expr}: {body}");
        body["data"]["result"].as_array().unwrap().clone()
    }

    /// The samples of the only series of `selector` in the last hour, as milliseconds and text.
    pub(crate) fn samples(&self, selector: &str) -> Vec<(i64, String)> {
        self.samples_of(&format!("{selector}[1h]"))
    }

    /// Time and value of each sample of the one series that a range selector picks.
    pub(crate) fn samples_of(&self, range: &str) -> Vec<(i64, String)> {
        let result = self.query(range);
        assert!(result.len() <= 1, "{range}: {result:?}");
        result.first().map(points).unwrap_or_default()
    }

    /// Signs in with a token and gives the cookie of the session.
    #[track_caller]
    pub(crate) fn sign_in(&self, token: &str) -> String {
        let sign_in = serde_json::json!({"token": token});
        let response = self.post("api/crowsnest/v1/session").json(&sign_in).send().unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// The status and JSON body of what the holder of a cookie gets.
    pub(crate) fn get_as(&self, cookie: &str, path: &str) -> (u16, Value) {
        json(self.get(path).header("cookie", cookie).send().unwrap())
    }

    /// The status and JSON body of what the holder of a token gets who sends something.
    pub(crate) fn send_as(
        &self,
        token: &str,
        method: reqwest::Method,
        path: &str,
        (media_type, body): (&str, impl Into<String>),
    ) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        json(request.header("content-type", media_type).body(body.into()).send().unwrap())
    }

    /// Pushes a body as it is, with the headers that a good push has.
    pub(crate) fn push_bytes(&self, body: Vec<u8>) -> Response {
        self.push_request(body).send().unwrap()
    }

    pub(crate) fn push_request(&self, body: Vec<u8>) -> RequestBuilder {
        self.post("api/v1/write")
            .bearer_auth(PUSHER)
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0")
            .body(body)
    }

    /// Pushes series, all of which must be accepted.
    #[track_caller]
    pub(crate) fn push(&self, timeseries: Vec<Series>) {
        let response = self.push_bytes(body(timeseries));
        let status = response.status().as_u16();
        assert_eq!(status, 204, "{}", response.text().unwrap_or_default());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Salt and hash of [`PASSWORD`].
pub(crate) const HASH: &str = "jM31f9gYDtCiw/qaYaRiDg$ceEhSRjlQDbbjrOBdvf1LMGEt22Ekpm1AW9G0supRns";

fn spawn(dir: &Path, arguments: &[String]) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_crowsnest"))
        .arg("serve")
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(["--listen", "127.0.0.1:0", "--log-level", "debug,hyper=info,h2=info,sled=info"])
        .arg("--static-token-file")
        .arg(dir.join("users.yaml"))
        .arg("--ingest-token-file")
        .arg(dir.join("ingest"))
        .args(arguments)
        // Tests ask for all rules and alerts, and mean their own.
        .env("CROWSNEST_CURATED_RULES", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Status and JSON body.
pub(crate) fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The points of a series of a matrix.
pub(crate) fn points(series: &Value) -> Vec<(i64, String)> {
    let point = |point: &Value| {
        let seconds = point[0].as_f64().unwrap();
        ((seconds * 1000.0).round() as i64, point[1].as_str().unwrap().to_owned())
    };
    series["values"].as_array().unwrap().iter().map(point).collect()
}
