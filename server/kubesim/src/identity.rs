//! Who sends a request: client certificates, bearer tokens, and impersonation.

pub(crate) mod certificate;
pub(crate) mod impersonate;
pub(crate) mod oidc;
pub(crate) mod subprotocol;
pub(crate) mod token;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A sender, as `authentication.k8s.io/v1 UserInfo` has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

/// The group of everyone who has shown who they are.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// The group of those who have not.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The extra field that names the credential.
pub(crate) const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

impl User {
    /// Someone without a credential.
    pub(crate) fn anonymous() -> User {
        User {
            name: "system:anonymous".to_owned(),
            groups: vec![UNAUTHENTICATED.to_owned()],
            ..User::default()
        }
    }

    /// Whoever no rule is asked about.
    pub(crate) fn is_superuser(&self) -> bool {
        self.groups.iter().any(|group| group == "system:masters")
    }

    /// `UserInfo` without its empty fields.
    pub(crate) fn to_value(&self) -> Value {
        let mut info = Map::new();
        info.insert("username".to_owned(), self.name.as_str().into());
        if !self.uid.is_empty() {
            info.insert("uid".to_owned(), self.uid.as_str().into());
        }
        if !self.groups.is_empty() {
            info.insert("groups".to_owned(), self.groups.clone().into());
        }
        if !self.extra.is_empty() {
            let extra = self.extra.iter().map(|(key, values)| (key.clone(), values.clone().into())).collect();
            info.insert("extra".to_owned(), Value::Object(extra));
        }
        Value::Object(info)
    }
}

/// The groups of a ServiceAccount.
pub(crate) fn service_account_groups(namespace: &str) -> Vec<String> {
    vec![
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
        AUTHENTICATED.to_owned(),
    ]
}

/// Namespace and name in `system:serviceaccount:shop:viewer`.
pub(crate) fn parse_service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}
