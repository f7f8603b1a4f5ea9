//! Kubeconfig files: where the cluster is, whom it trusts, and who one is.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::pki::ClientCertificate;

/// Who a kubeconfig signs in.
pub(crate) enum Credential<'c> {
    Certificate(&'c ClientCertificate),
    Token(&'c str),
}

/// A complete file with one context, certificates included. `user` and `namespace` must be names of Kubernetes, which
/// YAML takes without quotes.
pub(crate) fn kubeconfig(
    server: &str,
    ca_pem: &str,
    user: &str,
    namespace: &str,
    credential: &Credential<'_>,
) -> String {
    let credential = match credential {
        Credential::Certificate(client) => format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n",
            BASE64_STANDARD.encode(&client.certificate_pem),
            BASE64_STANDARD.encode(&client.key_pem),
        ),
        Credential::Token(token) => format!("    token: {token}\n"),
    };
    let ca = BASE64_STANDARD.encode(ca_pem);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: kubesim\n\
         clusters:\n- name: kubesim\n  cluster:\n    server: {server}\n    certificate-authority-data: {ca}\n\
         users:\n- name: {user}\n  user:\n{credential}\
         contexts:\n- name: kubesim\n  context:\n    cluster: kubesim\n    user: {user}\n    namespace: {namespace}\n"
    )
}

/// What is told to everybody: where the cluster is and whom it trusts, and nobody to sign in.
pub(crate) fn public_kubeconfig(server: &str, ca_pem: &str) -> String {
    let ca = BASE64_STANDARD.encode(ca_pem);
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n  name: \"\"\n\
         contexts: null\ncurrent-context: \"\"\nkind: Config\npreferences: {{}}\nusers: null\n"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_kubeconfig_is_yaml_with_one_context() {
        let text = kubeconfig("https://127.0.0.1:1", "PEM", "viewer", "shop", &Credential::Token("t"));
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(file["current-context"], "kubesim");
        assert_eq!(file["users"], json!([{"name": "viewer", "user": {"token": "t"}}]));
        assert_eq!(
            file["contexts"][0]["context"],
            json!({"cluster": "kubesim", "user": "viewer", "namespace": "shop"})
        );
        assert_eq!(file["clusters"][0]["cluster"]["certificate-authority-data"], "UEVN");
    }
}
