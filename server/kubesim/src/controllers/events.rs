//! Events: what controllers tell people.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Step;
use crate::object;

const TABLE: &str = "events";
/// How long an event is kept after it last happened.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Forgets what happened long ago, or a cluster that runs for days would remember everything.
pub(super) fn expire(step: &mut Step<'_>) {
    let oldest = crate::clock::seconds(step.now - KEPT);
    // Times in one format compare as texts. Events without any are those that clients made.
    let old = step.select(TABLE, |event| {
        let last = object::text(event, &["lastTimestamp"]);
        !last.is_empty() && last < oldest.as_str()
    });
    for (key, _) in old {
        step.remove(TABLE, &key);
    }
}

/// Tells about `object`. The same news again counts up the event that is there.
pub(super) fn tell(
    step: &mut Step<'_>,
    about: &Value,
    kind: &str,
    reason: &str,
    message: &str,
    source: &str,
) {
    let namespace = match object::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    let now = step.now_text();
    let digest = super::content_hash(&json!([object::uid(about), reason, message]));
    let name = format!("{}.{digest}", object::name(about));
    let key = format!("{namespace}/{name}");
    if let Some(event) = step.state.store.get(TABLE, &key) {
        let mut event = event.as_ref().clone();
        let count = object::integer(&event, &["count"]).unwrap_or(1) + 1;
        object::set(&mut event, &["count"], count);
        object::set(&mut event, &["lastTimestamp"], now);
        return step.write(TABLE, &key, event);
    }
    let node = object::text(about, &["spec", "nodeName"]);
    let from = if source == "kubelet" {
        json!({"component": source, "host": node})
    } else {
        json!({"component": source})
    };
    step.create(
        TABLE,
        None,
        json!({
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "kind": object::text(about, &["kind"]), "apiVersion": object::text(about, &["apiVersion"]),
                "namespace": object::namespace(about), "name": object::name(about), "uid": object::uid(about),
                "resourceVersion": object::text(about, &["metadata", "resourceVersion"]),
            },
            "reason": reason, "message": message, "type": kind, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now, "eventTime": null,
            "source": from, "reportingComponent": source, "reportingInstance": node,
        }),
    );
}
