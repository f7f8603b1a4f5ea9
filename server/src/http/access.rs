//! `/api/crowsnest/v1/access/…`: what the caller may do, known before the click, and who else may.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, State};
use crowsnest_api::access::{Answers, MAX_RIGHTS, OwnRight, Right, Rules, Subjects};
use crowsnest_api::cluster::Scope;
use crowsnest_rbac::Refusal;

use super::objects::Viewer;
use super::{ApiError, AppState, ErrorKind};
use crate::auth::Identified;
use crate::cluster::OWN_RIGHTS;

/// The parameter that names a right.
const OF: &str = "of";
/// Rules that are told at most; who has more may do everything anyway.
const MAX_RULES: usize = 2000;

/// `check?of=…&of=…`: which of these the caller may do. A form in the body asks the same.
pub(super) async fn check(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Result<Json<Answers>, ApiError> {
    let mut rights = read(query.unwrap_or_default().as_bytes())?;
    rights.extend(read(&form)?);
    if rights.is_empty() || rights.len() > MAX_RIGHTS {
        return Err(ApiError::bad_request(format!(
            "ask about 1 to {MAX_RIGHTS} rights, as in of=create,apps,deployments/scale,shop,web"
        )));
    }
    let allowed = match Viewer::of(&app, &identified) {
        Ok(viewer) => match viewer.cluster.may_each(&viewer.credential, &rights).await {
            Ok(allowed) => allowed,
            Err(error) => return Err(viewer.refused(&app, error).await),
        },
        // Without a cluster there is only this server to do something with.
        Err(_) => {
            let own = own_rights(&app, &identified).await?;
            let may = |right| own.iter().any(|own| own.allowed && own.needs.contains(right));
            rights.iter().map(may).collect()
        }
    };
    Ok(Json(Answers { allowed }))
}

/// `rules/{namespace}`: everything that the caller may do in a namespace; in all of them where it is `-`.
pub(super) async fn rules(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(namespace): Path<String>,
) -> Result<Json<Rules>, ApiError> {
    let namespace: Scope = namespace.parse().map_err(|error| ApiError::bad_request(format!("{error}")))?;
    let own = own_rights(&app, &identified).await?;
    let Ok(viewer) = Viewer::of(&app, &identified) else {
        return Ok(Json(Rules { own, ..Rules::default() }));
    };
    let told = match viewer.cluster.rules_in(&viewer.credential, &namespace).await {
        Ok(told) => told,
        Err(error) => return Err(viewer.refused(&app, error).await),
    };
    let mut rules = told.rules.clone();
    rules.sort();
    rules.dedup();
    let incomplete = match (told.incomplete, rules.len() > MAX_RULES) {
        (true, _) => Some(told.evaluation_error.clone()),
        (false, true) => Some(format!("there are {} rules; these are the first {MAX_RULES}", rules.len())),
        (false, false) => None,
    };
    rules.truncate(MAX_RULES);
    Ok(Json(Rules { rules, incomplete, own }))
}

/// `subjects?of=…`: who may do this, as far as the caller may read roles and bindings.
pub(super) async fn subjects(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    RawQuery(query): RawQuery,
) -> Result<Json<Subjects>, ApiError> {
    let rights = read(query.unwrap_or_default().as_bytes())?;
    let [right] = rights.as_slice() else {
        return Err(ApiError::bad_request("name one right, as in of=create,,pods/exec,shop"));
    };
    let namespace = match &*right.namespace {
        "" => Scope::CLUSTER,
        name => name.parse().map_err(|error| ApiError::bad_request(format!("{error}")))?,
    };
    let viewer = Viewer::of(&app, &identified)?;
    match viewer.cluster.holders(&viewer.credential, right, &namespace).await {
        Ok(subjects) => Ok(Json(subjects)),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// The rights that a query or a form names.
fn read(form: &[u8]) -> Result<Vec<Right>, ApiError> {
    form_urlencoded::parse(form)
        .filter(|(name, _)| name == OF)
        // One more than there may be, so that too many are noticed.
        .take(MAX_RIGHTS + 1)
        .map(|(_, text)| text.parse().map_err(|error| ApiError::bad_request(format!("of: {error}"))))
        .collect()
}

/// What the caller may do with this server: what the guards of the routes would say.
async fn own_rights(app: &AppState, identified: &Identified) -> Result<Vec<OwnRight>, ApiError> {
    let mut own = Vec::with_capacity(OWN_RIGHTS.len());
    for row in OWN_RIGHTS {
        let allowed = match app.auth.authoriser.authorise(&identified.caller, row.access).await {
            Ok(()) => true,
            Err(Refusal::Forbidden { .. }) => false,
            Err(refusal @ Refusal::CannotTell { .. }) => {
                return Err(ApiError::new(ErrorKind::Unavailable, refusal.to_string()));
            }
            Err(refusal) => return Err(ApiError::new(ErrorKind::NoCredentials, refusal.to_string())),
        };
        own.push(OwnRight { what: row.what, allowed, needs: row.rights.to_vec() });
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_in_their_order_and_nonsense_is_refused() {
        let rights = read(b"of=list%2C%2Cpods%2Cshop&x=1&of=create,,pods/exec,shop").unwrap();
        let rights: Vec<String> = rights.iter().map(ToString::to_string).collect();
        assert_eq!(rights, ["list,,pods,shop,", "create,,pods/exec,shop,"]);
        assert!(read(b"of=pods").is_err());
        assert_eq!(read("of=get,,nodes&".repeat(MAX_RIGHTS + 9).as_bytes()).unwrap().len(), MAX_RIGHTS + 1);
    }
}
