//! `up`: written while a source pushes, zero when it is silent, corrected when it comes back.

use crate::support::push::{self, labelled};
use crate::support::{Server, now_ms, series, wait_for};

const UP: &str = r#"up{job="test"}"#;

/// A source that pushed once a second for three seconds, until just now.
fn silent_source(server: &Server) -> i64 {
    let now = now_ms();
    for at in [now - 2000, now - 1000, now] {
        server.push(vec![series("heartbeat", &[(at, 1.0)])]);
    }
    now
}

#[test]
fn a_pushing_source_is_up_at_each_of_its_newest_timestamps() {
    let server = Server::start();
    let now = silent_source(&server);
    let expected: Vec<(i64, String)> = [now - 2000, now - 1000, now].map(|at| (at, "1".to_owned())).to_vec();
    assert_eq!(server.samples(UP)[..3], expected);
    let labels = &server.query(UP)[0]["metric"];
    assert_eq!((labels["instance"].as_str(), labels["node"].as_str()), (Some("i"), Some("n")));
}

#[test]
fn a_silent_source_is_down_and_its_series_end_until_a_backfill_says_otherwise() {
    let server = Server::start();
    let last = silent_source(&server);
    let zeros = wait_for("two zeros", || {
        let zeros: Vec<i64> =
            server.samples(UP).iter().filter(|(_, value)| value == "0").map(|(at, _)| *at).collect();
        (zeros.len() >= 2).then_some(zeros)
    });
    assert!(zeros[0] >= last + 2500, "the first zero came {} ms after the last push", zeros[0] - last);
    assert!(server.query("heartbeat").is_empty(), "its series have ended");
    assert_eq!(server.query(UP)[0]["value"][1], "0");

    // It was not dead but cut off: now it sends what it kept, oldest first.
    let now = now_ms();
    for at in (last + 1000..=now).step_by(1000) {
        server.push(vec![series("heartbeat", &[(at, 1.0)])]);
    }
    let up = server.samples(UP);
    let zeros: Vec<_> = up.iter().filter(|(at, value)| value == "0" && *at <= now).collect();
    assert!(zeros.is_empty(), "the backfill replaces what the server wrote: {up:?}");
    assert_eq!(server.query("heartbeat").len(), 1);
}

#[test]
fn a_restart_remembers_who_should_push() {
    let mut server = Server::start();
    silent_source(&server);
    server.crash_and_restart();
    wait_for("a zero", || server.samples(UP).iter().any(|(_, value)| value == "0").then_some(()));
}

#[test]
fn a_source_that_reports_up_itself_is_left_to_do_so() {
    let server = Server::start();
    let now = now_ms();
    let up = labelled(&[("__name__", "up"), ("instance", "i"), ("job", "test")], &[(now, 0.0)]);
    server.push(vec![series("scraped", &[(now, 1.0)]), up]);
    server.push(vec![series("scraped", &[(now + 1, 1.0)])]);
    assert_eq!(server.samples(UP), [(now, "0".to_owned())]);
}

#[test]
fn a_label_with_line_breaks_forges_no_line_of_the_log() {
    let server = Server::start();
    let now = now_ms();
    let labels = [("__name__", "heartbeat"), ("instance", "i\nforged line"), ("job", "j\rforged line")];
    for at in [now - 2000, now - 1000, now] {
        server.push(vec![labelled(&labels, &[(at, 1.0)])]);
    }
    let log = wait_for("the silence to be told", || {
        Some(server.log()).filter(|log| log.contains("a source has fallen silent"))
    });
    assert!(log.contains(r#"instance="i\nforged line""#), "{log}");
    assert!(!log.contains("\nforged") && !log.contains('\r'), "{log}");
}

#[test]
fn the_list_of_sources_says_who_pushes_how_much_and_what_was_refused() {
    let server = Server::start();
    let last = silent_source(&server);
    // The same instant with another value, and a body that is no push.
    let refused = server.push_bytes(push::body(vec![series("heartbeat", &[(last, 2.0)])]));
    assert_eq!(refused.status(), 400);
    assert_eq!(server.push_bytes(b"nonsense".to_vec()).status(), 400);

    let (status, told) = server.ask("api/crowsnest/v1/sources", &[]);
    assert_eq!(status, 200);
    let source = &told["sources"][0];
    assert_eq!(
        (&source["job"], &source["instance"], &source["node"]),
        (&"test".into(), &"i".into(), &"n".into())
    );
    assert_eq!(
        (&source["pushes"], &source["samples"], &source["refused"]),
        (&4.into(), &3.into(), &1.into())
    );
    // The source's own, and `up`.
    assert_eq!(source["series"], 2);
    assert_eq!(source["last_refusal"]["reason"], "conflict");
    assert!(source["last_refusal"]["message"].as_str().unwrap().contains("heartbeat"));
    let whole = &told["refused"][0];
    assert_eq!((&whole["pushes"], &whole["last"]["reason"]), (&1.into(), &"push".into()));

    let is_silent =
        || (server.ask("api/crowsnest/v1/sources", &[]).1["sources"][0]["silent"] == true).then_some(());
    wait_for("silence", is_silent);
}
