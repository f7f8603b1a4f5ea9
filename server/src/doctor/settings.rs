//! The settings: whether a server would start with them.

use super::finding::Finding;
use super::patient::Patient;
use crate::config::Config;
use crate::settings::{AuthMode, Settings};

pub(super) const SUBJECT: &str = "settings";

/// Settings as far as they could be read.
pub(super) enum Known {
    /// All of them.
    Config(Box<Config>),
    /// Nothing was said but where the data folder is: what a server on loopback without sign-in would have.
    FolderOnly(Box<Config>),
    /// What keeps a server from starting.
    Wrong(String),
}

impl Known {
    /// Fills in defaults.
    pub(super) fn resolve(settings: Settings) -> Self {
        let says_nothing = settings.auth.is_none()
            && settings.static_token_file.is_none()
            && settings.listen.is_none()
            && settings.kubeconfig.is_none();
        if !says_nothing {
            return match Config::resolve(settings) {
                Ok(config) => Self::Config(Box::new(config)),
                Err(error) => Self::Wrong(format!("{error:#}")),
            };
        }
        // A server would not start without users; whoever wants to look at a folder need not have any.
        match Config::resolve(Settings { auth: Some(AuthMode::None), ..settings }) {
            Ok(config) => Self::FolderOnly(Box::new(config)),
            Err(error) => Self::Wrong(format!("{error:#}")),
        }
    }

    /// The settings, where they make sense.
    pub(super) fn config(&self) -> Option<&Config> {
        match self {
            Self::Config(config) | Self::FolderOnly(config) => Some(config),
            Self::Wrong(_) => None,
        }
    }
}

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    vec![match &patient.known {
        Known::Config(_) => Finding::ok(SUBJECT, "a server would start with them"),
        Known::FolderOnly(_) => Finding::ok(
            SUBJECT,
            "only the data folder is known; give --config or the flags of serve to have the rest examined",
        ),
        Known::Wrong(why) => Finding::fail(
            SUBJECT,
            "a server would not start",
            "correct the flag, the variable or the key that it names",
        )
        .quoting(why),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_fail_and_none_at_all_do_not() {
        let wrong = Settings { auth: Some(AuthMode::Static), ..Settings::default() };
        assert!(matches!(Known::resolve(wrong), Known::Wrong(why) if why.contains("--static-token-file")));
        assert!(matches!(Known::resolve(Settings::default()), Known::FolderOnly(_)));
        let users = Settings { static_token_file: Some("users.yaml".into()), ..Settings::default() };
        assert!(matches!(Known::resolve(users), Known::Config(_)));
    }
}
