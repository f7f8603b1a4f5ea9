//! `kill -9` in mid-ingest: what was acknowledged is there afterwards.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Server, body, now_ms, series, wait_for};

const SERIES: usize = 20;
const PUSHERS: usize = 3;
const ROUNDS: usize = 3;
const ACKNOWLEDGED_PUSHES: usize = 40;

#[test]
fn every_acknowledged_sample_is_there_after_kill_9() {
    let mut server = Server::start();
    // Series name to time to value, of every push that was answered with 204.
    let ledger: Mutex<BTreeMap<String, BTreeMap<i64, String>>> = Mutex::default();
    let start = now_ms() - 600_000;
    let mut pushed_before = 0;
    for _ in 0..ROUNDS {
        let stop = AtomicBool::new(false);
        let acknowledged = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for pusher in 0..PUSHERS {
                let (server, ledger, stop, acknowledged) = (&server, &ledger, &stop, &acknowledged);
                scope.spawn(move || {
                    let (http, url) = (server.client(), format!("{}api/v1/write", server.url));
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let at = start + i64::try_from(pushed_before + n).unwrap() * 10;
                        let name = |i: usize| format!("ledger_{pusher}_{i}");
                        let value = |i: usize| (n * 1000 + i) as f64;
                        let push = (0..SERIES).map(|i| series(&name(i), &[(at, value(i))])).collect();
                        let request = server.push_request(body(push)).build().unwrap();
                        let mut own =
                            http.post(&url).body(request.body().unwrap().as_bytes().unwrap().to_vec());
                        own = own.headers(request.headers().clone());
                        if own.send().is_ok_and(|response| response.status().as_u16() == 204) {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            let mut ledger = ledger.lock().unwrap();
                            for i in 0..SERIES {
                                ledger.entry(name(i)).or_default().insert(at, value(i).to_string());
                            }
                        }
                    }
                });
            }
            wait_for("pushes", || {
                (acknowledged.load(Ordering::Relaxed) >= ACKNOWLEDGED_PUSHES).then_some(())
            });
            server.signal_kill();
            stop.store(true, Ordering::Relaxed);
        });
        pushed_before += 10_000;
        server.crash_and_restart();
        let ledger = ledger.lock().unwrap();
        assert!(ledger.values().map(BTreeMap::len).sum::<usize>() >= ACKNOWLEDGED_PUSHES * SERIES);
        for (name, samples) in ledger.iter() {
            let found: BTreeMap<i64, String> = server.samples(name).into_iter().collect();
            for (at, value) in samples {
                assert_eq!(found.get(at), Some(value), "{name} at {at} was acknowledged");
            }
        }
    }
}
