//! A disk that is full: pushes are told to come again, queries go on, and room is all it takes to go on.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::notifications::webhook;
use crate::support::server::ADMIN;
use crate::support::{Server, body, now_ms, series, wait_for};

/// A file system in memory, gone when this is.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; `None` where this machine does not let us.
    fn mount(at: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs"])
            .arg(at)
            .output()
            .unwrap();
        if mounted.status.success() {
            return Some(Self(at.to_owned()));
        }
        println!("skipped: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).unwrap();
        for chunk in [1 << 16, 1 << 12, 1] {
            while file.write(&vec![0; chunk]).is_ok_and(|written| written > 0) {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may still be going.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_turns_pushes_away_answers_queries_and_needs_no_restart_once_there_is_room() {
    let (port, hooks) = webhook(&[]);
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "route: {{receiver: hook, group_wait: 100ms}}\nreceivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{port}/'}}]}}]\n"
    );
    fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let provisioning = folder.path().to_str().unwrap();
    let mut server = Server::start_with(&[
        "--web-enable-admin-api",
        "--provisioning",
        provisioning,
        "--curated-rules",
        "none",
    ]);
    assert!(server.terminate());
    let Some(disk) = SmallDisk::mount(&server.data_dir()) else { return };
    server.restart();
    let at = now_ms() - 60_000;
    server.push(vec![series("kept", &[(at, 1.0)])]);

    let ballast = disk.fill();
    let mut acknowledged = vec![(at, "1".to_owned())];
    let refusal = wait_for("a push that finds no room", || {
        let next = acknowledged.last().unwrap().0 + 1;
        // Many labels that nothing compresses, for a page that has been begun has room.
        let noise = |n: i64| {
            series(
                &format!(
                    "noise_{}",
                    openssl::sha::sha256(&(next * 1000 + n).to_le_bytes())
                        .map(|b| format!("{b:02x}"))
                        .concat()
                ),
                &[(next, n as f64)],
            )
        };
        let mut push: Vec<_> = (0..40).map(noise).collect();
        push.push(series("kept", &[(next, 1.0)]));
        let response = server.push_bytes(body(push));
        if response.status().as_u16() == 204 {
            acknowledged.push((next, "1".to_owned()));
            return None;
        }
        Some(response)
    });
    assert_eq!(refusal.status().as_u16(), 503);
    assert!(refusal.headers().contains_key("retry-after"), "{refusal:?}");
    assert_eq!(server.samples("kept"), acknowledged);
    assert!(server.get("readyz").send().unwrap().status().is_success());
    // Whoever is to be told is told, though nothing can be kept of that.
    let alert = serde_json::json!([{"labels": {"alertname": "DiskFull"}}]);
    let posted = server.post("alertmanager/api/v2/alerts").bearer_auth(ADMIN).json(&alert).send().unwrap();
    assert!(posted.status().is_success(), "{posted:?}");
    let told = hooks.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    assert_eq!(told["alerts"][0]["labels"]["alertname"], "DiskFull");
    // A deletion cuts the head, which needs room, too.
    let delete = || {
        let request = server.post("api/v1/admin/tsdb/delete_series").bearer_auth(ADMIN);
        request.form(&[("match[]", "{__name__=~\"noise_.*\"}")]).send().unwrap().status().as_u16()
    };
    assert!(delete() >= 500);

    fs::remove_file(ballast).unwrap();
    let next = acknowledged.last().unwrap().0 + 1;
    server.push(vec![series("kept", &[(next, 2.0)])]);
    acknowledged.push((next, "2".to_owned()));
    assert_eq!(delete(), 204);
    server.sign_in(ADMIN);
    assert_eq!(server.samples("kept"), acknowledged);
    server.crash_and_restart();
    assert_eq!(server.samples("kept"), acknowledged);
    server.kill();
}
