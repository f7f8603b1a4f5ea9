//! Which kinds of objects the API server serves, as far as it tells somebody.
//!
//! Since Kubernetes 1.27 two requests tell all; an older one is asked group by group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crowsnest_api::kinds::{MAX_KINDS, ServedKind, ServedKinds};
use crowsnest_rbac::Credential;
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use serde_json::Value;

use super::{As, Cluster, ClusterError, Form, Path};

/// Groups that are asked for at once where each has to be.
const AT_ONCE: usize = 6;
/// Groups that are asked for at most.
const MAX_GROUPS: usize = 200;

/// Versions of groups, the preferred one first.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Groups {
    items: Vec<Group>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    metadata: GroupName,
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupName {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Version {
    version: String,
    resources: Vec<Resource>,
    freshness: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: ResponseKind,
    scope: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
    categories: Vec<String>,
    subresources: Vec<Subresource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subresource {
    subresource: String,
}

/// One version of one group, as older API servers tell it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OldResources {
    resources: Vec<OldResource>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OldResource {
    name: String,
    kind: String,
    namespaced: bool,
    verbs: Vec<String>,
    short_names: Vec<String>,
    categories: Vec<String>,
}

impl Cluster {
    /// What the API server serves. The answer counts for some seconds.
    pub(crate) async fn served(&self, credential: &Credential) -> Result<Arc<ServedKinds>, ClusterError> {
        let fingerprint = credential.fingerprint();
        if let Some(known) = self.served.recall(&fingerprint, Instant::now()) {
            return Ok(known);
        }
        let _turn = self.reviews.acquire().await;
        let who = As::User(credential);
        let (core, named) = (Path::fixed("/api"), Path::fixed("/apis"));
        let core: Value = self.get(who, &core, Form::Discovery).await?;
        let named: Value = self.get(who, &named, Form::Discovery).await?;
        let is_told =
            |value: &Value| value.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList");
        let mut served = Served::default();
        if is_told(&core) && is_told(&named) {
            served.take(core);
            served.take(named);
            self.ask_missing(who, &mut served).await;
        } else {
            let mut versions = vec![(String::new(), "v1".to_owned())];
            versions.extend(old_versions(&named));
            self.ask_each(who, versions, &mut served).await?;
        }
        let served = Arc::new(served.finish());
        self.served.remember(fingerprint, Arc::clone(&served), Instant::now());
        Ok(served)
    }

    /// Groups of other servers, which the API server may know by name alone.
    async fn ask_missing(&self, who: As<'_>, served: &mut Served) {
        let unknown = std::mem::take(&mut served.unknown);
        for (group, version) in unknown.into_iter().take(MAX_GROUPS) {
            match self.resources(who, &group, &version).await {
                Ok(found) => found.into_iter().for_each(|kind| served.add(kind)),
                Err(_) => served.missing.push(group),
            }
        }
    }

    async fn ask_each(
        &self,
        who: As<'_>,
        versions: Vec<(String, String)>,
        served: &mut Served,
    ) -> Result<(), ClusterError> {
        let mut answers = stream::iter(versions.into_iter().take(MAX_GROUPS))
            .map(|(group, version)| async move { (self.resources(who, &group, &version).await, group) })
            .buffered(AT_ONCE);
        while let Some((answer, group)) = answers.next().await {
            match answer {
                Ok(found) => found.into_iter().for_each(|kind| served.add(kind)),
                // Without the core group there is nothing to show.
                Err(error) if group.is_empty() => return Err(error),
                Err(_) => served.missing.push(group),
            }
        }
        Ok(())
    }

    /// The kinds of one version of a group; none where the texts are no names of any.
    pub(super) async fn resources(
        &self,
        who: As<'_>,
        group: &str,
        version: &str,
    ) -> Result<Vec<ServedKind>, ClusterError> {
        let Some(path) = Path::version(group, version) else { return Ok(Vec::new()) };
        let OldResources { resources } = self.get(who, &path, Form::Whole).await?;
        let (below, plain): (Vec<_>, Vec<_>) = resources.into_iter().partition(|one| one.name.contains('/'));
        let kind = |one: OldResource| {
            let of_this = below.iter().filter_map(|sub| sub.name.strip_prefix(&one.name)?.strip_prefix('/'));
            ServedKind {
                group: group.to_owned(),
                version: version.to_owned(),
                versions: Vec::new(),
                subresources: of_this.map(str::to_owned).collect(),
                resource: one.name,
                kind: one.kind,
                namespaced: one.namespaced,
                verbs: one.verbs,
                short_names: one.short_names,
                categories: one.categories,
            }
        };
        Ok(plain.into_iter().map(kind).collect())
    }
}

/// Groups and versions of the older form, the preferred version of each first.
fn old_versions(groups: &Value) -> Vec<(String, String)> {
    let text =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = groups.get("groups").and_then(Value::as_array).into_iter().flatten();
    all.flat_map(|group| {
        let name = text(group, "name");
        let preferred = group.get("preferredVersion").map(|one| text(one, "version")).unwrap_or_default();
        let others = group.get("versions").and_then(Value::as_array).into_iter().flatten();
        let others = others.map(|one| text(one, "version")).filter(|version| *version != preferred);
        let versions: Vec<_> = std::iter::once(preferred.clone()).chain(others.collect::<Vec<_>>()).collect();
        versions.into_iter().filter(|version| !version.is_empty()).map(move |version| (name.clone(), version))
    })
    .collect()
}

/// What has been told so far, by group and resource.
#[derive(Default)]
struct Served {
    kinds: BTreeMap<(String, String), ServedKind>,
    /// Versions of groups that were named without their resources.
    unknown: Vec<(String, String)>,
    missing: Vec<String>,
}

impl Served {
    /// Takes in a list of groups with everything in them. What cannot be read is as good as not there.
    fn take(&mut self, groups: Value) {
        let Groups { items } = serde_json::from_value(groups).unwrap_or_default();
        for Group { metadata: GroupName { name: group }, versions } in items {
            for Version { version, resources, freshness } in versions {
                if resources.is_empty() && (freshness != "Current" || !group.is_empty()) {
                    self.unknown.push((group.clone(), version));
                    continue;
                }
                for one in resources {
                    self.add(ServedKind {
                        group: group.clone(),
                        version: version.clone(),
                        versions: Vec::new(),
                        resource: one.resource,
                        kind: one.response_kind.kind,
                        namespaced: one.scope == "Namespaced",
                        verbs: one.verbs,
                        short_names: one.short_names,
                        categories: one.categories,
                        subresources: one.subresources.into_iter().map(|sub| sub.subresource).collect(),
                    });
                }
            }
        }
    }

    /// Adds a kind. What comes first is of the version that the API server prefers.
    fn add(&mut self, kind: ServedKind) {
        if kind.resource.is_empty() || kind.kind.is_empty() {
            return;
        }
        let key = (kind.group.clone(), kind.resource.clone());
        if let Some(known) = self.kinds.get_mut(&key) {
            if known.version != kind.version {
                known.versions.push(kind.version);
            }
        } else if self.kinds.len() < MAX_KINDS {
            self.kinds.insert(key, kind);
        }
    }

    fn finish(mut self) -> ServedKinds {
        self.missing.sort();
        self.missing.dedup();
        ServedKinds { kinds: self.kinds.into_values().collect(), missing: self.missing }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_of_two_versions_is_one_kind_of_the_preferred_one() {
        let resource = |name: &str| {
            json!({"resource": name, "responseKind": {"kind": "Scaler"}, "scope": "Namespaced", "verbs": ["list"],
                "shortNames": ["hpa"], "subresources": [{"subresource": "status"}]})
        };
        let version = |version: &str| json!({"version": version, "resources": [resource("scalers")], "freshness": "Current"});
        let mut served = Served::default();
        served.take(json!({"items": [
            {"metadata": {"name": "autoscaling"}, "versions": [version("v2"), version("v1")]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
        ]}));
        assert_eq!(served.unknown, [("metrics.k8s.io".to_owned(), "v1beta1".to_owned())]);
        let kinds = served.finish().kinds;
        let [scaler] = kinds.as_slice() else { panic!("one kind expected: {kinds:?}") };
        assert_eq!(
            (scaler.version.as_str(), scaler.versions.as_slice()),
            ("v2", ["v1".to_owned()].as_slice())
        );
        assert_eq!((scaler.namespaced, scaler.subresources.len()), (true, 1));
    }

    #[test]
    fn older_servers_name_their_groups_with_the_preferred_version_first() {
        let groups = json!({"groups": [{"name": "apps", "preferredVersion": {"version": "v1"},
            "versions": [{"version": "v1beta1"}, {"version": "v1"}]}]});
        let of = |version: &str| ("apps".to_owned(), version.to_owned());
        assert_eq!(old_versions(&groups), [of("v1"), of("v1beta1")]);
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let mut served = Served::default();
        for odd in [json!(null), json!({"items": 5}), json!({"items": [{"versions": [{"resources": [{}]}]}]})]
        {
            served.take(odd);
        }
        assert!(served.finish().kinds.is_empty());
    }
}
