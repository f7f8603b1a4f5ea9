//! Which labels and annotations of objects become labels of series: the allow-lists of kube-state-metrics.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

/// Stands for every kind, and for every key.
const ALL: &str = "*";

/// What is wrong with an allow-list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} at its character {at} is no list such as pods=[app,app.kubernetes.io/name],nodes=[*]")]
pub struct AllowError {
    text: String,
    at: usize,
}

/// Keys by kind of object: `pods=[app,team],nodes=[*],*=[owner]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowList(BTreeMap<String, Allowed>);

/// The keys of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// None; the family has no rows at all.
    #[default]
    None,
    /// These.
    Some(Vec<String>),
    /// Whatever an object has.
    All,
}

impl AllowList {
    /// What is allowed of a kind, by its plural such as `pods`.
    pub fn of(&self, resource: &str) -> &Allowed {
        self.0.get(resource).or_else(|| self.0.get(ALL)).unwrap_or(&Allowed::None)
    }

    /// The kinds that are named, for telling of those that there are not.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|resource| *resource != ALL)
    }
}

impl Allowed {
    pub(crate) fn holds(&self, key: &str) -> bool {
        match self {
            Self::None => false,
            Self::Some(keys) => keys.iter().any(|allowed| allowed == key),
            Self::All => true,
        }
    }
}

impl FromStr for AllowList {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let mut kinds = BTreeMap::new();
        let mut rest = text.trim();
        let error = |rest: &str| AllowError { text: text.to_owned(), at: text.len() - rest.len() + 1 };
        while !rest.is_empty() {
            let (resource, after) = rest.split_once("=[").ok_or_else(|| error(rest))?;
            let (keys, after) = after.split_once(']').ok_or_else(|| error(rest))?;
            let resource = resource.trim();
            let is_name = |byte: u8| byte.is_ascii_lowercase() || b".*".contains(&byte);
            if resource.is_empty() || !resource.bytes().all(is_name) || keys.contains('[') {
                return Err(error(rest));
            }
            let keys: Vec<String> =
                keys.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect();
            let all = keys.iter().any(|key| key == ALL);
            kinds.insert(resource.to_owned(), if all { Allowed::All } else { Allowed::Some(keys) });
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if after.is_empty() => after,
                None => return Err(error(after)),
            };
        }
        Ok(Self(kinds))
    }
}

impl TryFrom<String> for AllowList {
    type Error = AllowError;

    fn try_from(text: String) -> Result<Self, AllowError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_allowed_by_kind() {
        let list: AllowList = "pods=[app,app.kubernetes.io/name], nodes=[*],namespaces=[]".parse().unwrap();
        assert!(list.of("pods").holds("app") && !list.of("pods").holds("team"));
        assert_eq!(list.of("nodes"), &Allowed::All);
        assert_eq!(list.of("namespaces"), &Allowed::Some(Vec::new()));
        assert_eq!(list.of("services"), &Allowed::None);
    }

    #[test]
    fn a_star_stands_for_the_kinds_that_are_not_named() {
        let list: AllowList = "*=[owner],pods=[app]".parse().unwrap();
        assert!(list.of("services").holds("owner") && !list.of("pods").holds("owner"));
        assert_eq!(list.resources().collect::<Vec<_>>(), ["pods"]);
    }

    #[test]
    fn a_list_that_is_none_is_refused_with_its_place() {
        for (text, at) in [("pods", 1), ("pods=[a", 1), ("pods=[a]nodes=[b]", 9), ("pods=[a],=[b]", 10)] {
            assert_eq!(text.parse::<AllowList>().unwrap_err().at, at, "{text}");
        }
        assert_eq!("".parse(), Ok(AllowList::default()));
    }
}
