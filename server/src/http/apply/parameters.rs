//! What a text of objects may be asked to do.

use crowsnest_api::cluster::Scope;

use crate::http::ApiError;

/// What becomes of an object that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Its fields are set and managed by whoever applies (server-side apply); others stay.
    Apply,
    /// It is an error.
    Create,
    /// It becomes what is sent, if nobody changed it since.
    Replace,
}

/// The parameters of `apply`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) mode: Mode,
    pub(super) trial: bool,
    pub(super) force: bool,
    pub(super) field_manager: Option<String>,
    /// Where objects go that name no namespace.
    pub(super) namespace: Scope,
}

impl Parameters {
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let namespace =
            "default".parse().map_err(|_| ApiError::bad_request("there is no default namespace"))?;
        let mut read = Self { mode: Mode::Apply, trial: false, force: false, field_manager: None, namespace };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                ("dryRun", "All") => read.trial = true,
                ("force", "true") => read.force = true,
                ("force", "false") => read.force = false,
                ("mode", "apply") => read.mode = Mode::Apply,
                ("mode", "create") => read.mode = Mode::Create,
                ("mode", "replace") => read.mode = Mode::Replace,
                ("fieldManager", manager) if is_word(manager) => {
                    read.field_manager = Some(manager.to_owned());
                }
                ("namespace", namespace) => {
                    read.namespace =
                        namespace.parse().map_err(|error| ApiError::bad_request(format!("{error}")))?;
                }
                _ => {
                    return Err(ApiError::bad_request(
                        "apply has the parameters dryRun=All, force=true, mode=apply|create|replace, namespace and fieldManager",
                    ));
                }
            }
        }
        if read.namespace.namespace().is_none() {
            return Err(ApiError::bad_request("namespace is that of objects which name none"));
        }
        Ok(read)
    }
}

fn is_word(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_applied_unless_it_is_said_otherwise() {
        let plain = Parameters::read("").unwrap();
        assert_eq!((plain.mode, plain.trial, plain.force), (Mode::Apply, false, false));
        let other = Parameters::read("mode=create&dryRun=All&namespace=shop&fieldManager=me").unwrap();
        assert_eq!(
            (other.mode, other.trial, other.namespace.namespace()),
            (Mode::Create, true, Some("shop"))
        );
        for wrong in ["mode=x", "dryRun=1", "namespace=-", "namespace=A", "fieldManager=", "pretty=1"] {
            assert!(Parameters::read(wrong).is_err(), "{wrong}");
        }
    }
}
