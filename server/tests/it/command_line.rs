//! `crowsnest query` as people run it.

use std::process::{Command, Output};

use crate::support::server::VIEWER;
use crate::support::{Server, now_ms, series};

fn query(server: &Server, arguments: &[&str]) -> Output {
    let token = server.data_dir().join("viewer-token");
    std::fs::write(&token, VIEWER).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.arg("query").args(["--url", &server.url, "--token-file"]).arg(token).arg("--ca").arg(server.ca());
    command.args(arguments).output().unwrap()
}

#[test]
fn answers_are_tables_sparklines_csv_or_json_and_faults_have_a_caret() {
    let server = Server::start();
    let start = now_ms() - 8_000;
    let samples: Vec<(i64, f64)> = (0..8).map(|n| (start + n * 1_000, n as f64)).collect();
    server.push(vec![series("requests_total", &samples)]);
    let said = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = query(&server, arguments);
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    };
    let table = said(&["requests_total"]);
    assert_eq!(
        table,
        "METRIC          INSTANCE  JOB   NODE  VALUE\nrequests_total  i         test  n         7\n"
    );
    let line = said(&["requests_total[10s]"]);
    assert!(line.contains("▁▂▃▄▅▆▇█    0    7     7\n"), "{line}");
    let csv = said(&["--csv", "sum by (job) (requests_total)"]);
    assert!(csv.starts_with("job,timestamp,value\ntest,") && csv.ends_with(",7\n"), "{csv}");
    assert!(said(&["--json", "1"]).starts_with("{\"status\":\"success\""));
    assert!(said(&["--range", "10s", "--step", "1s", "requests_total"]).starts_with("SERIES"));
    let wrong = query(&server, &["up{job=\"a\""]);
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && told.ends_with("\n  up{job=\"a\"\n            ^\n"), "{told}");
}
