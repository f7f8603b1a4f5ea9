//! Finding a kind by its path or by what an object says it is.

use std::sync::Arc;

use super::{Kind, builtin, split_group_version};

/// All kinds that are served now: the built-in ones and those of CustomResourceDefinitions.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    kinds: Vec<Arc<Kind>>,
    builtin: usize,
}

impl Registry {
    pub(crate) fn new() -> Registry {
        let kinds: Vec<Arc<Kind>> = builtin::kinds().map(Arc::new).collect();
        Registry { builtin: kinds.len(), kinds }
    }

    /// Replaces the custom kinds.
    pub(crate) fn set_custom(&mut self, custom: impl IntoIterator<Item = Kind>) {
        self.kinds.truncate(self.builtin);
        self.kinds.extend(custom.into_iter().map(Arc::new));
    }

    /// Every kind, in the order of discovery.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.iter()
    }

    /// The kind at a path.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.kinds
            .iter()
            .find(|kind| kind.plural == plural && kind.group == group && kind.version == version)
            .cloned()
    }

    /// The kind that an object names.
    pub(crate) fn find_kind(&self, api_version: &str, name: &str) -> Option<Arc<Kind>> {
        let (group, version) = split_group_version(api_version);
        self.kinds
            .iter()
            .find(|kind| kind.kind == name && kind.group == group && kind.version == version)
            .cloned()
    }

    /// Groups with their versions, in the order of discovery; the core group is the empty name.
    pub(crate) fn groups(&self) -> Vec<(&str, Vec<&str>)> {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for kind in &self.kinds {
            match groups.iter_mut().find(|(group, _)| *group == kind.group) {
                None => groups.push((&kind.group, vec![&kind.version])),
                Some((_, versions)) => {
                    if !versions.contains(&kind.version.as_str()) {
                        versions.push(&kind.version);
                    }
                }
            }
        }
        groups
    }

    /// The kinds of one group and version.
    pub(crate) fn of<'r>(&'r self, group: &'r str, version: &'r str) -> impl Iterator<Item = &'r Arc<Kind>> {
        self.kinds.iter().filter(move |kind| kind.group == group && kind.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_path_and_by_its_name() {
        let registry = Registry::new();
        assert_eq!(registry.find("apps", "v1", "deployments").unwrap().kind, "Deployment");
        assert_eq!(registry.find_kind("apps/v1", "Deployment").unwrap().plural, "deployments");
        assert!(registry.find("apps", "v1", "pods").is_none());
    }

    #[test]
    fn autoscaling_prefers_its_second_version() {
        let registry = Registry::new();
        let groups = registry.groups();
        let (_, versions) = groups.iter().find(|(group, _)| *group == "autoscaling").unwrap();
        assert_eq!(versions, &["v2", "v1"]);
    }
}
