//! Acting as someone else by the `Impersonate-` headers.

use http::HeaderMap;

use super::{AUTHENTICATED, User, parse_service_account, service_account_groups};
use crate::status::ApiError;

/// A wish to act as someone else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Impersonation {
    /// Who the request is to be seen as from.
    pub(crate) user: User,
    /// Groups that were asked for; each needs the right to it.
    pub(crate) asked_groups: Vec<String>,
}

/// Reads the headers; none = nothing is asked for.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Impersonation>, ApiError> {
    let all = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect()
    };
    let name = all("impersonate-user").into_iter().next().unwrap_or_default();
    let uid = all("impersonate-uid").into_iter().next().unwrap_or_default();
    let asked_groups = all("impersonate-group");
    let mut user = User { name, uid, groups: asked_groups.clone(), ..User::default() };
    for (header, value) in headers {
        let Some(key) = header.as_str().strip_prefix("impersonate-extra-") else { continue };
        let Ok(value) = value.to_str() else { continue };
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().to_lowercase();
        user.extra.entry(key).or_default().push(value.to_owned());
    }
    if user.name.is_empty() {
        return if user == User::default() { Ok(None) } else { Err(without_a_name(&user)) };
    }
    if user.groups.is_empty()
        && let Some((namespace, _)) = parse_service_account(&user.name)
    {
        user.groups = service_account_groups(namespace);
    }
    if user.name != "system:anonymous" && !user.groups.iter().any(|group| group == AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    Ok(Some(Impersonation { user, asked_groups }))
}

/// The API server prints its own data structure here, and so must this.
fn without_a_name(user: &User) -> ApiError {
    let quoted = |values: &[String]| -> String {
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        format!("[]string{{{}}}", values.join(", "))
    };
    let groups = if user.groups.is_empty() { "[]string(nil)".to_owned() } else { quoted(&user.groups) };
    let extra = if user.extra.is_empty() {
        "map[string][]string(nil)".to_owned()
    } else {
        let pairs: Vec<String> =
            user.extra.iter().map(|(key, values)| format!("{key:?}:{}", quoted(values))).collect();
        format!("map[string][]string{{{}}}", pairs.join(", "))
    };
    ApiError::bad_request(format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{:?}, Groups:{groups}, Extra:{extra}}} without impersonating \
         a user name",
        user.uid
    ))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_user_brings_groups_and_extra_fields() {
        let headers = headers(&[
            ("impersonate-user", "bob"),
            ("impersonate-group", "devs"),
            ("impersonate-extra-scopes", "a"),
        ]);
        let wish = read(&headers).unwrap().unwrap();
        assert_eq!(wish.user.groups, ["devs", "system:authenticated"]);
        assert_eq!(wish.user.extra["scopes"], ["a"]);
    }

    #[test]
    fn a_service_account_keeps_its_groups() {
        let wish =
            read(&headers(&[("impersonate-user", "system:serviceaccount:shop:viewer")])).unwrap().unwrap();
        assert_eq!(wish.user.groups, service_account_groups("shop"));
        assert!(wish.asked_groups.is_empty());
    }

    #[test]
    fn groups_without_a_user_are_refused() {
        assert!(read(&headers(&[("impersonate-group", "devs")])).is_err());
        assert_eq!(read(&headers(&[])).unwrap(), None);
    }
}
