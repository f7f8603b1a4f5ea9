//! A kubeconfig for somebody who is signed in already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::MAX_KUBECONFIG_BYTES;
use crate::{Credential, Secret};

/// The cluster of a kubeconfig: what the file in `kube-public/cluster-info` tells everybody.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Public {
    clusters: Vec<NamedCluster>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedCluster {
    cluster: PublicCluster,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PublicCluster {
    server: String,
    #[serde(rename = "certificate-authority-data")]
    authority: String,
}

impl PublicCluster {
    /// The first cluster of a kubeconfig.
    fn of(yaml: &str) -> Option<Self> {
        if yaml.len() > MAX_KUBECONFIG_BYTES {
            return None;
        }
        let public: Public = serde_saphyr::from_str(yaml).ok()?;
        Some(public.clusters.into_iter().next()?.cluster)
    }
}

/// The address of the first cluster of a kubeconfig, if it has one over HTTPS.
pub fn kubeconfig_server(yaml: &str) -> Option<String> {
    let server = PublicCluster::of(yaml)?.server;
    server.starts_with("https://").then_some(server)
}

/// The certificates that the first cluster of a kubeconfig is known by, PEM.
pub fn kubeconfig_authority(yaml: &str) -> Option<Vec<u8>> {
    let authority = PublicCluster::of(yaml)?.authority;
    STANDARD.decode(authority).ok().filter(|pem| !pem.is_empty())
}

/// A complete kubeconfig with one context, which signs in with this credential; `None` for somebody whom the API server knows through
/// us alone, and who has nothing to show it.
pub fn write_kubeconfig(
    server: &str,
    ca_pem: Option<&[u8]>,
    user: &str,
    credential: &Credential,
) -> Option<Secret> {
    let shown = match credential {
        Credential::Token(token) => format!("    token: {}\n", quoted(token.reveal())),
        Credential::Certificate(certificate) => format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n",
            STANDARD.encode(&certificate.chain),
            STANDARD.encode(certificate.key.reveal()),
        ),
        Credential::Impersonated(_) => return None,
    };
    let authority = ca_pem.map_or_else(String::new, |pem| {
        format!("    certificate-authority-data: {}\n", STANDARD.encode(pem))
    });
    let (server, user) = (quoted(server), quoted(user));
    Some(Secret::new(format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: crowsnest\n\
         clusters:\n- name: crowsnest\n  cluster:\n    server: {server}\n{authority}\
         users:\n- name: {user}\n  user:\n{shown}\
         contexts:\n- name: crowsnest\n  context:\n    cluster: crowsnest\n    user: {user}\n"
    )))
}

/// A YAML string whatever it holds: JSON's are YAML's, too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Impersonation, kubeconfig_user};

    #[test]
    fn what_is_written_signs_the_same_user_in_again() {
        let credential = Credential::Token(Secret::new("abc.def.ghi".to_owned()));
        let text =
            write_kubeconfig("https://192.0.2.1:6443", Some(b"PEM"), "o'neil: \"x\"", &credential).unwrap();
        assert_eq!(kubeconfig_user(text.reveal()).unwrap(), credential);
        assert_eq!(kubeconfig_server(text.reveal()).as_deref(), Some("https://192.0.2.1:6443"));
        assert!(text.reveal().contains("certificate-authority-data: UEVN\n"));
    }

    #[test]
    fn whoever_has_nothing_to_show_gets_no_file() {
        let user = Impersonation::new("ann".to_owned(), Vec::new(), None, None).unwrap();
        assert!(write_kubeconfig("https://h", None, "ann", &Credential::Impersonated(user)).is_none());
    }

    #[test]
    fn what_tells_of_no_cluster_has_no_address() {
        for yaml in
            ["", "[]", "clusters: []", "clusters: [{cluster: {server: 'http://h'}}]", "a: [", "a: &a [*a]"]
        {
            assert_eq!(kubeconfig_server(yaml), None, "{yaml}");
        }
    }
}
