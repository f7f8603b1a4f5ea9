//! Which series somebody may see: those of namespaces whose pods they may list, and those of no namespace for whoever may
//! get nodes.

use crowsnest_api::access::Right;
use crowsnest_promql::{Confinement, MatchOp, Matcher};
use crowsnest_rbac::Credential;

use super::{Cluster, ClusterError};

const NAMESPACE: &str = "namespace";

/// What somebody may see of the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sight {
    /// Series of these namespaces; `None` is of all.
    namespaces: Option<Vec<String>>,
    /// Series of no namespace.
    of_none: bool,
}

impl Cluster {
    /// The conditions that every series fulfils which a user may see. What the API server says about rights counts for some
    /// seconds.
    pub(crate) async fn confinement(
        &self,
        user: &str,
        credential: &Credential,
    ) -> Result<Confinement, ClusterError> {
        let of_none = self.may(credential, &Right::to("get", "", "nodes", "")).await?;
        let namespaces = if self.may(credential, &Right::to("list", "", "pods", "")).await? {
            None
        } else {
            Some(self.namespaces_with_pods(user, credential).await?)
        };
        Sight { namespaces, of_none }.confinement().map_err(ClusterError::Answer)
    }
}

impl Sight {
    fn confinement(&self) -> Result<Confinement, String> {
        let matcher = |op, value: &str| Matcher::new(NAMESPACE, op, value).map_err(|error| error.to_string());
        let matchers = match (&self.namespaces, self.of_none) {
            (None, true) => return Ok(Confinement::none()),
            (None, false) => vec![matcher(MatchOp::NotEqual, "")?],
            (Some(names), true) if names.is_empty() => vec![matcher(MatchOp::Equal, "")?],
            // Nothing has a namespace and has none.
            (Some(names), false) if names.is_empty() => {
                vec![matcher(MatchOp::NotEqual, "")?, matcher(MatchOp::Equal, "")?]
            }
            // Names of namespaces are letters, digits and hyphens, which stand for themselves.
            (Some(names), of_none) => {
                let none = if of_none { "|" } else { "" };
                vec![matcher(MatchOp::Regex, &format!("{none}{}", names.join("|")))?]
            }
        };
        Ok(Confinement::to(matchers))
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    /// Which of three series are seen: of `shop`, of `data`, and of no namespace.
    #[track_caller]
    fn check(namespaces: Option<&[&str]>, of_none: bool, seen: [bool; 3]) {
        let namespaces = namespaces.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let confinement = Sight { namespaces, of_none }.confinement().unwrap();
        let sees = |namespace: &str| {
            let labels = Labels::from_pairs([("__name__", "up"), (NAMESPACE, namespace)]);
            confinement.matchers().iter().all(|matcher| matcher.matches(&labels))
        };
        assert_eq!([sees("shop"), sees("data"), sees("")], seen);
    }

    #[test]
    fn rights_to_pods_and_to_nodes_decide_what_is_seen() {
        check(None, true, [true, true, true]);
        check(None, false, [true, true, false]);
        check(Some(&["shop"]), true, [true, false, true]);
        check(Some(&["shop"]), false, [true, false, false]);
        check(Some(&["dat", "sho"]), false, [false, false, false]);
        check(Some(&[]), true, [false, false, true]);
        check(Some(&[]), false, [false, false, false]);
    }
}
