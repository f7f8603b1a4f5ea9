//! Versions of Kubernetes' own API groups that are, or were, taken away as a whole, and in which release.
//!
//! From Kubernetes' deprecated API migration guide. Versions of which single resources go and others stay are not in it.

/// Group, version, and the minor release of Kubernetes 1 that no longer serves it.
const REMOVED: &[(&str, &str, u32)] = &[
    ("extensions", "v1beta1", 22),
    ("apps", "v1beta1", 16),
    ("apps", "v1beta2", 16),
    ("admissionregistration.k8s.io", "v1beta1", 22),
    ("apiextensions.k8s.io", "v1beta1", 22),
    ("apiregistration.k8s.io", "v1beta1", 22),
    ("authentication.k8s.io", "v1beta1", 22),
    ("authorization.k8s.io", "v1beta1", 22),
    ("autoscaling", "v2beta1", 25),
    ("autoscaling", "v2beta2", 26),
    ("batch", "v1beta1", 25),
    ("batch", "v2alpha1", 21),
    ("coordination.k8s.io", "v1beta1", 22),
    ("discovery.k8s.io", "v1beta1", 25),
    ("events.k8s.io", "v1beta1", 25),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", 26),
    ("flowcontrol.apiserver.k8s.io", "v1beta2", 29),
    ("flowcontrol.apiserver.k8s.io", "v1beta3", 32),
    ("node.k8s.io", "v1beta1", 25),
    ("policy", "v1beta1", 25),
    ("rbac.authorization.k8s.io", "v1beta1", 22),
    ("scheduling.k8s.io", "v1beta1", 22),
];

/// The release without a version of a group, `1.32`, where the server at `git_version` is older and so may serve it still.
pub(crate) fn removed_in(group: &str, version: &str, git_version: &str) -> Option<String> {
    let (_, _, release) = REMOVED.iter().find(|(known, of, _)| *known == group && *of == version)?;
    let served_by = minor(git_version).is_none_or(|minor| minor < *release);
    served_by.then(|| format!("1.{release}"))
}

/// The second number of `v1.36.0-rc.1`.
fn minor(git_version: &str) -> Option<u32> {
    let rest = git_version.trim_start_matches('v').strip_prefix("1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_goes_is_told_with_its_release() {
        let told = |group, version, server| removed_in(group, version, server);
        let flow = "flowcontrol.apiserver.k8s.io";
        assert_eq!(told(flow, "v1beta3", "v1.31.4+k3s1").as_deref(), Some("1.32"));
        assert_eq!(told(flow, "v1beta3", "v1.32.0"), None);
        assert_eq!(told(flow, "v1", "v1.31.4"), None);
        assert_eq!(told("policy", "v1beta1", "unknown").as_deref(), Some("1.25"));
    }
}
