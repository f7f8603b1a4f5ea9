//! Bootstrap tokens: with what a new machine joins the cluster, as `kubeadm token` makes them.
//!
//! They are Secrets in `kube-system`; the half that is secret leaves the server once, to whoever has made the token.

use crowsnest_api::about::{BootstrapToken, Join, TOKEN_NAMESPACE, TOKEN_PREFIX};
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_rbac::{Credential, kubeconfig_authority};
use openssl::x509::X509;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::cluster::{As, Cluster, ClusterError, Form, Path};

/// The type of their Secrets.
const TYPE: &str = "bootstrap.kubernetes.io/token";
/// What ids and secrets are made of, and how long they are.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ID: usize = 6;
const SECRET: usize = 16;
/// The group that kubeadm lets join.
const GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
/// Tokens that are told of at most.
const MOST: &str = "500";

#[derive(Deserialize)]
struct Secrets {
    items: Vec<Secret>,
}

/// Such a Secret without what is secret: that field is not even read.
#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Data {
    token_id: Base64,
    description: Base64,
    expiration: Base64,
    auth_extra_groups: Base64,
    usage_bootstrap_authentication: Base64,
    usage_bootstrap_signing: Base64,
}

/// A text that is written in base64.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Base64(String);

impl Base64 {
    fn text(&self) -> String {
        let bytes = openssl::base64::decode_block(&self.0).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Data {
    fn token(&self) -> BootstrapToken {
        let ends: Option<jiff::Timestamp> = self.expiration.text().parse().ok();
        let usages = [
            ("authentication", &self.usage_bootstrap_authentication),
            ("signing", &self.usage_bootstrap_signing),
        ];
        let groups = self.auth_extra_groups.text();
        BootstrapToken {
            id: self.token_id.text(),
            description: self.description.text(),
            ends: ends.map(|at| at.as_millisecond() as f64 / 1e3),
            usages: usages
                .into_iter()
                .filter(|(_, value)| value.text() == "true")
                .map(|(name, _)| name.to_owned())
                .collect(),
            groups: groups.split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        }
    }
}

fn place() -> Result<(Kind, Scope), ClusterError> {
    let kind = Kind::new("", "v1", "secrets").map_err(|error| ClusterError::Answer(error.to_string()))?;
    let scope = TOKEN_NAMESPACE.parse().map_err(|error| ClusterError::Answer(format!("{error}")))?;
    Ok((kind, scope))
}

/// The tokens that there are, by when they end.
pub(crate) async fn tokens(
    cluster: &Cluster,
    credential: &Credential,
) -> Result<Vec<BootstrapToken>, ClusterError> {
    let (kind, scope) = place()?;
    let path = Path::list(&kind, &scope).with("fieldSelector", &format!("type={TYPE}")).with("limit", MOST);
    let secrets: Secrets = cluster.get(As::User(credential), &path, Form::Whole).await?;
    let mut tokens: Vec<BootstrapToken> = secrets.items.iter().map(|secret| secret.data.token()).collect();
    tokens.retain(|token| !token.id.is_empty());
    tokens.sort_by(|a, b| {
        let ends = |token: &BootstrapToken| token.ends.unwrap_or(f64::INFINITY);
        ends(a).total_cmp(&ends(b)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(tokens)
}

/// Where nodes join, and what the keys of the cluster's authorities hash to.
pub(crate) async fn join(cluster: &Cluster, credential: &Credential) -> Option<Join> {
    let url = cluster.public_url(credential).await;
    let told = cluster.cluster_info(credential).await.and_then(|yaml| kubeconfig_authority(&yaml));
    let hashes = hashes(&told.or_else(|| cluster.authority())?)?;
    let endpoint = url.strip_prefix("https://")?.trim_end_matches('/').to_owned();
    let has_port = endpoint.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    Some(Join { endpoint: if has_port { endpoint } else { format!("{endpoint}:443") }, hashes })
}

/// `sha256:` of the public key of each certificate, as kubeadm pins it.
fn hashes(pem: &[u8]) -> Option<Vec<String>> {
    let authorities = X509::stack_from_pem(pem).ok()?;
    let hash = |authority: &X509| {
        let key = authority.public_key().ok()?.public_key_to_der().ok()?;
        let hex: String = openssl::sha::sha256(&key).iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("sha256:{hex}"))
    };
    let hashes: Vec<String> = authorities.iter().filter_map(hash).collect();
    (!hashes.is_empty()).then_some(hashes)
}

/// A new token: its id, and the whole of it.
pub(crate) struct NewToken {
    pub(crate) id: String,
    pub(crate) whole: String,
    secret: Value,
}

impl NewToken {
    /// A random one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn new(hours: u32, description: &str) -> Result<Self, openssl::error::ErrorStack> {
        let (id, secret) = (letters(ID)?, letters(SECRET)?);
        let ends = clock::rfc3339(crowsnest_api::Timestamp::from_millis(
            clock::now().millis() / 1000 * 1000 + i64::from(hours) * 3_600_000,
        ));
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": TYPE,
            "metadata": {"name": format!("{TOKEN_PREFIX}{id}"), "namespace": TOKEN_NAMESPACE},
            "stringData": {
                "token-id": id, "token-secret": secret, "description": description, "expiration": ends,
                "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
                "auth-extra-groups": GROUP,
            },
        });
        Ok(Self { whole: format!("{id}.{secret}"), id, secret: object })
    }

    /// Makes it known to the cluster.
    pub(crate) async fn create(
        &self,
        cluster: &Cluster,
        credential: &Credential,
    ) -> Result<(), ClusterError> {
        let (kind, scope) = place()?;
        cluster
            .create(As::User(credential), &Path::list(&kind, &scope), &self.secret)
            .await
            .map(|_: serde::de::IgnoredAny| ())
    }
}

/// Random letters, each as likely as any other.
fn letters(count: usize) -> Result<String, openssl::error::ErrorStack> {
    let mut text = String::with_capacity(count);
    // Bytes past the last whole round of letters would make some of them likelier.
    let fair = u8::MAX - u8::MAX % LETTERS.len() as u8;
    while text.len() < count {
        let mut bytes = [0_u8; 32];
        openssl::rand::rand_bytes(&mut bytes)?;
        let fair = bytes.iter().filter(|byte| **byte < fair);
        text.extend(
            fair.filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()))
                .map(|one| char::from(*one)),
        );
    }
    text.truncate(count);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_the_form_that_kubeadm_wants() {
        let token = NewToken::new(2, "a node").unwrap();
        let (id, secret) = token.whole.split_once('.').unwrap();
        assert_eq!((id.len(), secret.len(), id), (6, 16, token.id.as_str()));
        assert!(token.whole.bytes().all(|byte| byte == b'.' || LETTERS.contains(&byte)));
        assert_eq!(token.secret["metadata"]["name"], format!("bootstrap-token-{id}"));
        assert_ne!(NewToken::new(2, "").unwrap().whole, token.whole);
    }

    #[test]
    fn what_is_told_of_a_token_has_no_secret_in_it() {
        let encode = |text: &str| openssl::base64::encode_block(text.as_bytes());
        let secret: Secret = serde_json::from_value(json!({"data": {
            "token-id": encode("abcdef"), "token-secret": encode("0123456789abcdef"),
            "expiration": encode("2026-12-01T00:00:00Z"), "usage-bootstrap-signing": encode("true"),
            "auth-extra-groups": encode("a,b"),
        }}))
        .unwrap();
        let token = secret.data.token();
        assert_eq!((token.id.as_str(), token.ends), ("abcdef", Some(1_796_083_200.0)));
        assert_eq!(
            (token.usages, token.groups),
            (vec!["signing".to_owned()], vec!["a".to_owned(), "b".to_owned()])
        );
    }
}
