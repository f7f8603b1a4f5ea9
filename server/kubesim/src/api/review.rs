//! Reviews: objects that are answered and never stored. Who am I, may I, may they, is this token good?

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Call, Reply, body, create, token};
use crate::{
    identity::User,
    kind::Kind,
    managed::{self, Operation},
    object,
    rbac::{self, Decision, Rule},
    request::Attributes,
    status::{ApiError, Cause},
};

/// Whether a kind is a review.
pub(super) fn is_review(kind: &Kind) -> bool {
    matches!(kind.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut review = body::decode(call)?.object;
    let user = &call.request.user;
    match call.kind.kind.as_str() {
        "SelfSubjectReview" => {
            review = json!({
                "kind": "SelfSubjectReview", "apiVersion": call.kind.api_version(),
                "metadata": {"creationTimestamp": call.cluster.now_text()},
                "status": {"userInfo": user.to_value()},
            });
        }
        "SelfSubjectRulesReview" => {
            let namespace = object::text(&review, &["spec", "namespace"]);
            if namespace.is_empty() {
                return Err(ApiError::bad_request("no namespace on request"));
            }
            let rules = rbac::rules_of(&call.cluster.lock().store, user, namespace);
            review = json!({
                "kind": "SelfSubjectRulesReview", "apiVersion": call.kind.api_version(), "metadata": {}, "spec": {},
                "status": rules_status(&rules),
            });
        }
        "TokenReview" => {
            record(call, &mut review);
            let status = token::review(call, &review);
            object::set(&mut review, &["status"], status);
        }
        "SelfSubjectAccessReview" => decide(call, &mut review, user.clone())?,
        _ => {
            let subject = subject(&review)?;
            decide(call, &mut review, subject)?;
        }
    }
    Ok(Reply::json(StatusCode::CREATED, review))
}

/// The API server keeps track of owners even here.
fn record(call: &Call<'_>, review: &mut Value) {
    let manager = create::manager(call, Operation::Update);
    managed::record_update(call.kind, &Value::Null, review, &manager, &call.cluster.now_text());
    object::map_mut(review, &["metadata"]);
}

/// Whom a SubjectAccessReview is about.
fn subject(review: &Value) -> Result<User, ApiError> {
    let texts = |path: &[&str]| -> Vec<String> { object::texts(review, path).map(str::to_owned).collect() };
    let user = User {
        name: object::text(review, &["spec", "user"]).to_owned(),
        uid: object::text(review, &["spec", "uid"]).to_owned(),
        groups: texts(&["spec", "groups"]),
        ..User::default()
    };
    if user.name.is_empty() && user.groups.is_empty() {
        let cause =
            Cause::invalid("spec.user", &json!(""), "at least one of user or group must be specified");
        return Err(ApiError::invalid("authorization.k8s.io", "SubjectAccessReview", "", &[cause]));
    }
    Ok(user)
}

fn decide(call: &Call<'_>, review: &mut Value, user: User) -> Result<(), ApiError> {
    let attributes = attributes(call, review)?;
    record(call, review);
    let decision = rbac::decide(&call.cluster.lock().store, &user, &attributes);
    call.cluster.asked.note(&user, &attributes, &decision);
    let status = match decision {
        Decision::Allowed(reason) if reason.is_empty() => json!({"allowed": true}),
        Decision::Allowed(reason) => json!({"allowed": true, "reason": reason}),
        Decision::NoOpinion => json!({"allowed": false}),
    };
    drop(user);
    object::set(review, &["status"], status);
    Ok(())
}

fn attributes(call: &Call<'_>, review: &Value) -> Result<Attributes, ApiError> {
    if let Some(resource) = object::at(review, &["spec", "resourceAttributes"]) {
        let text = |field: &str| object::text(resource, &[field]).to_owned();
        return Ok(Attributes {
            verb: text("verb"),
            group: text("group"),
            version: text("version"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: text("namespace"),
            name: text("name"),
            ..Attributes::default()
        });
    }
    if let Some(path) = object::at(review, &["spec", "nonResourceAttributes"]) {
        return Ok(Attributes {
            verb: object::text(path, &["verb"]).to_owned(),
            path: object::text(path, &["path"]).to_owned(),
            ..Attributes::default()
        });
    }
    let cause = Cause::invalid(
        "spec.resourceAttributes",
        &Value::Null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
    Err(ApiError::invalid("authorization.k8s.io", &call.kind.kind, "", &[cause]))
}

fn rules_status(rules: &[Rule]) -> Value {
    let (paths, resources): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| !rule.paths.is_empty());
    let mut status = Map::new();
    let values = |rules: Vec<&Rule>| -> Value { rules.into_iter().map(Rule::to_value).collect() };
    status.insert("resourceRules".to_owned(), values(resources));
    status.insert("nonResourceRules".to_owned(), values(paths));
    status.insert("incomplete".to_owned(), false.into());
    Value::Object(status)
}
