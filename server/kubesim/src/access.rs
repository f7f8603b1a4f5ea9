//! Deciding about a request: who sends it, as whom, and whether they may.

use http::HeaderMap;
use openssl::x509::X509;

use crate::{
    cluster::Cluster,
    identity::{
        self, AUTHENTICATED, CREDENTIAL_ID, User, certificate, impersonate, subprotocol, token::Claims,
    },
    object,
    rbac::{self, Decision},
    request::Attributes,
    status::ApiError,
    store::Store,
};

/// Who sends a request: by its client certificate, its bearer token, or nobody. A token among the subprotocols of a
/// WebSocket is taken out of `headers`.
pub(crate) fn authenticate(
    cluster: &Cluster,
    certificate: Option<&X509>,
    headers: &mut HeaderMap,
) -> Result<User, ApiError> {
    if let Some(user) = certificate.and_then(|certificate| certificate::user_of(certificate)) {
        return Ok(user);
    }
    let token = match bearer_token(headers) {
        Some(token) => Some(token),
        None => subprotocol::take_token(headers)?,
    };
    let Some(token) = token else { return Ok(User::anonymous()) };
    let of_issuer = || cluster.issuer.lock().as_ref()?.user(&token, cluster.now().as_second());
    let user = token_user(cluster, &token).map(|(user, _)| user).or_else(of_issuer);
    user.ok_or_else(ApiError::unauthorized)
}

fn bearer_token(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The ServiceAccount that a token belongs to, as long as it exists.
pub(crate) fn token_user(cluster: &Cluster, token: &str) -> Option<(User, Claims)> {
    let claims = cluster.tokens.verify(token, cluster.now().as_second())?;
    let key = format!("{}/{}", claims.namespace, claims.service_account);
    let account = cluster.lock().store.get("serviceaccounts", &key)?;
    if object::uid(&account) != claims.uid {
        return None;
    }
    let user = User {
        name: format!("system:serviceaccount:{}:{}", claims.namespace, claims.service_account),
        uid: claims.uid.clone(),
        groups: identity::service_account_groups(&claims.namespace),
        extra: [(CREDENTIAL_ID.to_owned(), vec![format!("JTI={}", claims.id)])].into(),
    };
    Some((user, claims))
}

/// Whom a request counts as from, after its `Impersonate-` headers.
pub(crate) fn impersonated(
    cluster: &Cluster,
    store: &Store,
    sender: User,
    headers: &HeaderMap,
    attributes: &Attributes,
) -> Result<User, ApiError> {
    let Some(wish) = impersonate::read(headers)? else { return Ok(sender) };
    for needed in needed_rights(&wish) {
        let decision = rbac::decide(store, &sender, &needed);
        cluster.asked.note(&sender, &needed, &decision);
        if !decision.is_allowed() {
            // The refusal speaks of the request itself, under the verb of constrained impersonation.
            let mut shown = attributes.clone();
            shown.verb = format!("impersonate-on:user-info:{}", attributes.verb);
            return Err(refusal(&sender, &shown));
        }
    }
    Ok(wish.user)
}

/// The rights that a wish to act as someone else needs, each on its own.
fn needed_rights(wish: &impersonate::Impersonation) -> Vec<Attributes> {
    let right = |group: &str, resource: &str, namespace: &str, name: &str| Attributes {
        verb: "impersonate".to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..Attributes::default()
    };
    let user = &wish.user;
    let mut needed = vec![match identity::parse_service_account(&user.name) {
        Some((namespace, name)) => right("", "serviceaccounts", namespace, name),
        None => right("", "users", "", &user.name),
    }];
    needed.extend(wish.asked_groups.iter().map(|group| right("", "groups", "", group)));
    if !user.uid.is_empty() {
        needed.push(right("authentication.k8s.io", "uids", "", &user.uid));
    }
    for (key, values) in &user.extra {
        for value in values {
            let mut extra = right("authentication.k8s.io", "userextras", "", value);
            extra.subresource.clone_from(key);
            needed.push(extra);
        }
    }
    needed
}

/// Refuses what no rule allows.
///
/// A proxy is another subresource for those who have not shown who they are, as the recorded server has it: a right to
/// proxies that everyone has does not reach them, lest a page behind one acts for them.
pub(crate) fn authorize(
    cluster: &Cluster,
    store: &Store,
    user: &User,
    attributes: &Attributes,
) -> Result<(), ApiError> {
    if attributes.subresource == "proxy" && !user.groups.iter().any(|group| group == AUTHENTICATED) {
        let unsafe_proxy = Attributes { subresource: "unsafeproxy".to_owned(), ..attributes.clone() };
        return match rbac::decide(store, user, &unsafe_proxy) {
            Decision::Allowed(_) => Ok(()),
            Decision::NoOpinion => {
                let mut refusal = refusal(user, attributes);
                refusal.message.push_str(": proxy subresource changed to unsafeproxy");
                Err(refusal)
            }
        };
    }
    let decision = rbac::decide(store, user, attributes);
    cluster.asked.note(user, attributes, &decision);
    match decision {
        Decision::Allowed(_) => Ok(()),
        Decision::NoOpinion => Err(refusal(user, attributes)),
    }
}

fn refusal(user: &User, attributes: &Attributes) -> ApiError {
    if !attributes.is_resource() {
        let detail = format!("User {:?} cannot {} path {:?}", user.name, attributes.verb, attributes.path);
        return ApiError::forbidden("", "", "", &detail).with_details(serde_json::json!({}));
    }
    let scope = if attributes.namespace.is_empty()
        || attributes.resource == "namespaces" && attributes.name.is_empty()
    {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", attributes.namespace)
    };
    let detail = format!(
        "User {:?} cannot {} resource {:?} in API group {:?} {scope}",
        user.name,
        attributes.verb,
        attributes.full_resource(),
        attributes.group
    );
    ApiError::forbidden(&attributes.group, &attributes.resource, &attributes.name, &detail)
}
