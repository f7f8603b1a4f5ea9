//! How much of a pod is kept.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use serde_json::{Value, json};

use super::{kind, pods};
use crate::{AllowList, Projector};

/// The system's allocator, counting what a thread holds; each test has a thread of its own.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: usize, sign: isize) {
    // Sixteen more for what the allocator itself needs, and sizes as it hands them out.
    let taken = isize::try_from(bytes.next_multiple_of(16)).unwrap_or_default();
    HELD.try_with(|held| held.set(held.get() + sign * taken)).ok();
}

// SAFETY: everything is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: it came from the same allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PODS: usize = 2_000;
/// Pods of one template.
const REPLICAS: usize = 10;

/// A pod as a cluster of some size has them, with its managed fields and all: about 6 KB of JSON.
fn pod(number: usize) -> Value {
    let mut pod = pods::pod();
    let template = number / REPLICAS;
    let fields: Value = (0..40)
        .map(|field| (format!("f:field-{field}"), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    pod["metadata"]["name"] = json!(format!("shop-frontend-{template:04x}b9c7d-x{number:05x}"));
    pod["metadata"]["uid"] = json!(format!("3f1c0c9e-8f0e-4d8a-9d5b-0a1b{number:08x}"));
    pod["metadata"]["ownerReferences"][0]["name"] = json!(format!("shop-frontend-{template:04x}b9c7d"));
    pod["metadata"]["managedFields"] = json!([{"manager": "kubelet", "fieldsV1": fields}]);
    pod["spec"]["nodeName"] = json!(format!("node-{}", number % 100));
    pod["spec"]["containers"][0]["env"] =
        (0..20).map(|n| json!({"name": format!("V{n}"), "value": "x"})).collect();
    pod["spec"]["volumes"] = json!([{"name": "token", "projected": {}}]);
    pod["spec"]["initContainers"] = json!([]);
    pod["status"]["initContainerStatuses"] = json!([]);
    let ip = format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255);
    pod["status"]["podIPs"] = json!([{"ip": ip}]);
    pod["status"]["podIP"] = json!(ip);
    let status = &mut pod["status"]["containerStatuses"][0];
    status["imageID"] = json!(format!("docker.io/shop/web@sha256:{template:064x}"));
    status["containerID"] = json!(format!("containerd://{number:064x}"));
    status["lastState"] = json!({});
    pod
}

#[test]
fn a_pod_takes_six_hundred_bytes_at_most() {
    let nothing = AllowList::default();
    let mut projector = Projector::new(kind("pods"), &nothing, &nothing);
    let before = HELD.get();
    let mut kept = std::collections::BTreeMap::new();
    for number in 0..PODS {
        let json = serde_json::to_vec(&pod(number)).unwrap();
        let object = projector.project(&json).unwrap();
        kept.insert(object.uid().clone(), object);
    }
    let each = usize::try_from(HELD.get() - before).unwrap() / PODS;
    println!("{each} bytes a pod");
    assert!(each <= 600, "{each} bytes a pod");
}
