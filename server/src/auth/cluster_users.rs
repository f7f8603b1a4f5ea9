//! Users of the Kubernetes cluster: the API server says who a credential belongs to, asked with that very credential.

use crowsnest_api::Timestamp;
use crowsnest_rbac::{
    BearerClaims, Caller, ClientCertificate, Credential, Identity, Impersonation, MAX_BEARER_BYTES, Refusal,
    Rights, Secret, Via,
};

use super::{SignInFailure, SignedIn};
use crate::clock;
use crate::cluster::{Cluster, ClusterError, Who};

/// Whom a bearer token belongs to that a request brought.
pub(super) async fn identify(cluster: &Cluster, token: &str, now: Timestamp) -> Result<Caller, Refusal> {
    let credential = Credential::Token(Secret::new(token.to_owned()));
    if credential.ends().is_some_and(|end| end <= now) || !is_plausible(token) {
        return Ok(Caller::Unknown);
    }
    match cluster.who_is(&credential).await {
        Ok(who) => Ok(Caller::User { identity: identity(who, credential), via: Via::Bearer }),
        Err(ClusterError::Refused(status)) if matches!(status.code, 401 | 403) => Ok(Caller::Unknown),
        Err(error) => {
            Err(Refusal::CannotTell { who: "the owner of this token".to_owned(), why: error.told() })
        }
    }
}

/// Checks what somebody wants to sign in with.
pub(super) async fn sign_in(
    cluster: &Cluster,
    credential: Credential,
    now: Timestamp,
) -> Result<SignedIn, SignInFailure> {
    match &credential {
        Credential::Token(token) => check_token(token.reveal(), credential.ends(), now)?,
        Credential::Certificate(certificate) => check_certificate(certificate, now)?,
        // That has been checked where it was made.
        Credential::Impersonated(_) => {}
    }
    let who = cluster.who_is(&credential).await.map_err(|error| told(&credential, error))?;
    if let Credential::Impersonated(user) = &credential
        && user.user != who.user
    {
        return Err(SignInFailure::CannotAsk(format!(
            "the API server took {:?} for {:?}; nobody is signed in",
            user.user, who.user
        )));
    }
    let (fingerprint, ends) = (credential.fingerprint(), credential.ends());
    Ok(SignedIn { identity: identity(who, credential), fingerprint, ends, refresh: None })
}

/// What can be told without asking anybody.
fn check_token(token: &str, ends: Option<Timestamp>, now: Timestamp) -> Result<(), SignInFailure> {
    let refused = |why: &str| Err(SignInFailure::Refused(format!("{why}; {}", advice(token))));
    if token.is_empty() {
        return refused("this is no token");
    }
    if let Some(ended) = ends.filter(|end| *end <= now) {
        return refused(&format!("this token has expired (at {})", clock::rfc3339(ended)));
    }
    if !is_plausible(token) {
        return refused("this is no bearer token");
    }
    Ok(())
}

/// The same of a certificate.
fn check_certificate(certificate: &ClientCertificate, now: Timestamp) -> Result<(), SignInFailure> {
    match certificate.check(now) {
        Ok(_) => Ok(()),
        Err(error) => Err(SignInFailure::Refused(error.to_string())),
    }
}

/// Why the API server does not say who it is.
fn told(credential: &Credential, error: ClusterError) -> SignInFailure {
    let name = credential.name();
    match error {
        ClusterError::Refused(status) if status.code == 401 => SignInFailure::Refused(match credential {
            Credential::Token(token) => format!(
                "the Kubernetes API server does not accept this token; {}",
                advice(token.reveal())
            ),
            Credential::Impersonated(_) => {
                return SignInFailure::CannotAsk(
                    "the Kubernetes API server does not accept this server's own credential".to_owned(),
                );
            }
            Credential::Certificate(_) => {
                "the Kubernetes API server does not accept this certificate: it is not signed by the cluster's client \
                 authority; is it for another cluster, or from before its authority was renewed?"
                    .to_owned()
            }
        }),
        ClusterError::Refused(status) if status.code == 403 && matches!(credential, Credential::Impersonated(_)) => {
            let Credential::Impersonated(user) = credential else { return SignInFailure::NoCluster };
            SignInFailure::Refused(not_to_be_impersonated(user))
        }
        ClusterError::Refused(status) if status.code == 403 => SignInFailure::Refused(format!(
            "the Kubernetes API server does not let this {name} ask whom it belongs to ({}); \
             the ClusterRole system:basic-user allows that",
            status.message
        )),
        ClusterError::Refused(status) if status.code == 404 => SignInFailure::CannotAsk(
            "the Kubernetes API server does not know SelfSubjectReview, which came with Kubernetes 1.28"
                .to_owned(),
        ),
        other => SignInFailure::CannotAsk(other.told()),
    }
}

/// What somebody is told whom the server may not act as.
fn not_to_be_impersonated(user: &Impersonation) -> String {
    let groups = user.asked_groups();
    let groups = if groups.is_empty() { String::new() } else { format!(" in groups {}", groups.join(", ")) };
    format!(
        "you are {:?}{groups}, but the cluster does not let this server act for you: its impersonation Role has to name this user \
         and each of these groups (deploy/certificate-signin.yaml, deploy/apiserver-signon.yaml); until then sign in with a token, or \
         upload your certificate as a p12 file",
        user.user
    )
}

fn identity(who: Who, credential: Credential) -> Identity {
    Identity { user: who.user, groups: who.groups, rights: Rights::Cluster(credential) }
}

/// Whether a header can hold it; what cannot be sent need not be asked about.
fn is_plausible(token: &str) -> bool {
    !token.is_empty() && token.len() <= MAX_BEARER_BYTES && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// How to get a good token; for the account that this one names, if it names one.
fn advice(token: &str) -> String {
    let account = BearerClaims::peek(token).and_then(|claims| claims.service_account);
    let (namespace, name) = account.unwrap_or_else(|| ("crowsnest".to_owned(), "admin-user".to_owned()));
    let harmless = |text: &str| {
        text.len() <= 253 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    if harmless(&namespace) && harmless(&name) {
        format!("get a new one with: kubectl -n {namespace} create token {name}")
    } else {
        "get a new one with: kubectl -n NAMESPACE create token SERVICEACCOUNT".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token_of(user: &str) -> String {
        let claims = serde_json::json!({"sub": user}).to_string();
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_advice_names_the_account_of_the_token_and_nothing_that_a_shell_would_act_on() {
        let viewer = advice(&token_of("system:serviceaccount:shop:viewer"));
        assert!(viewer.ends_with("kubectl -n shop create token viewer"), "{viewer}");
        assert!(advice("abc").ends_with("kubectl -n crowsnest create token admin-user"));
        let odd = advice(&token_of("system:serviceaccount:shop:$(reboot)"));
        assert!(odd.ends_with("create token SERVICEACCOUNT"), "{odd}");
    }

    #[test]
    fn what_no_header_can_hold_is_no_token() {
        for wrong in ["", "a b", "a\nb", "é", &"x".repeat(MAX_BEARER_BYTES + 1)] {
            assert!(!is_plausible(wrong), "{wrong}");
        }
        assert!(is_plausible(&token_of("ann")));
    }
}
