//! Static users: the YAML list behind `--static-token-file`.
//!
//! ```yaml
//! - user: ann
//!   groups: [operators]
//!   role: admin            # viewer, editor or admin
//!   token_sha256: 2bb8…    # sha256sum of the token, and / or
//!   password_argon2id: $argon2id$v=19$m=19456,t=2,p=1$…
//! ```

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use crate::password::PasswordHash;
use crate::{Digest, Identity, Rights, Role};

/// Longer passwords are refused unread: argon2 hashes whatever it gets.
const MAX_PASSWORD_BYTES: usize = 1024;
/// Longer tokens are refused unread.
const MAX_TOKEN_BYTES: usize = 4096;

/// What is wrong with a list of users, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct UsersError {
    /// Counted from 1.
    pub line: u64,
    /// Counted from 1.
    pub column: u64,
    /// What is wrong there.
    pub message: String,
}

/// A sign-in failed. Says the same whatever was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No such token.
    #[error("the token is wrong or has been revoked")]
    Token,
    /// No such user, or another password.
    #[error("the user name or the password is wrong")]
    Password,
}

/// One static user.
#[derive(Clone, Debug)]
pub struct StaticUser {
    /// Who this is.
    pub identity: Identity,
    /// Changes with each of the user's credentials, and tells nothing about them.
    pub fingerprint: String,
    token: Option<Digest>,
    password: Option<PasswordHash>,
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// All static users.
#[derive(Clone, Debug, Default)]
pub struct StaticUsers(Vec<StaticUser>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    user: Spanned<String>,
    #[serde(default)]
    groups: Vec<String>,
    role: Role,
    token_sha256: Option<Spanned<String>>,
    password_argon2id: Option<Spanned<String>>,
}

impl StaticUsers {
    /// Reads a YAML list of users.
    ///
    /// # Errors
    /// The first thing that is wrong with it. No message contains a hash.
    pub fn parse(yaml: &str) -> Result<Self, UsersError> {
        let entries: Vec<Entry> = serde_saphyr::from_str(yaml).map_err(|error| {
            let error = error.without_snippet();
            let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
            UsersError { line, column, message: first_line(&error.to_string()) }
        })?;
        let mut users: Vec<StaticUser> = Vec::with_capacity(entries.len());
        for entry in entries {
            if users.iter().any(|user| user.identity.user == entry.user.value) {
                return Err(wrong(entry.user.referenced, "this user is in the list twice"));
            }
            users.push(entry.check()?);
        }
        Ok(Self(users))
    }

    /// The user of this name.
    pub fn find(&self, user: &str) -> Option<&StaticUser> {
        self.0.iter().find(|known| known.identity.user == user)
    }

    /// Whose token this is. Looks at every user, so that the time taken tells nothing.
    ///
    /// # Errors
    /// When it is nobody's.
    pub fn verify_token(&self, token: &str) -> Result<&StaticUser, SignInError> {
        let oversized = token.len() > MAX_TOKEN_BYTES;
        let digest = Digest::of(if oversized { b"" } else { token.as_bytes() });
        let mut found = None;
        for user in &self.0 {
            let matches = user.token.is_some_and(|known| known.matches(&digest));
            if matches && !oversized && !token.is_empty() {
                found = Some(user);
            }
        }
        found.ok_or(SignInError::Token)
    }

    /// Whether this is the user's password. Slow, see [`PasswordHash::verify`]; as slow for users who do not exist.
    ///
    /// # Errors
    /// When there is no such user or it is not.
    pub fn verify_password(&self, user: &str, password: &str) -> Result<&StaticUser, SignInError> {
        let known = self.find(user);
        let hash = known.and_then(|known| known.password.clone()).unwrap_or_else(PasswordHash::of_nobody);
        let right = password.len() <= MAX_PASSWORD_BYTES && hash.verify(password);
        known.filter(|_| right).ok_or(SignInError::Password)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Entry {
    fn check(self) -> Result<StaticUser, UsersError> {
        let at = self.user.referenced;
        let user = self.user.value;
        if user.is_empty() || user.len() > 253 || user.chars().any(char::is_control) {
            return Err(wrong(at, "a user name has 1 to 253 characters and no control characters"));
        }
        if self.token_sha256.is_none() && self.password_argon2id.is_none() {
            return Err(wrong(at, "this user has neither token_sha256 nor password_argon2id"));
        }
        let token = self
            .token_sha256
            .map(|hex| {
                Digest::from_hex(&hex.value)
                    .ok_or_else(|| wrong(hex.referenced, "token_sha256 is not 64 hexadecimal digits"))
            })
            .transpose()?;
        let password = self
            .password_argon2id
            .map(|phc| {
                PasswordHash::new(&phc.value)
                    .map_err(|what| wrong(phc.referenced, &format!("password_argon2id is {what}")))
            })
            .transpose()?;
        let fingerprint = fingerprint(&user, token, password.as_ref());
        let identity = Identity { user, groups: self.groups, rights: Rights::Role(self.role) };
        Ok(StaticUser { identity, fingerprint, token, password })
    }
}

fn fingerprint(user: &str, token: Option<Digest>, password: Option<&PasswordHash>) -> String {
    let token = token.map(Digest::to_hex).unwrap_or_default();
    let password = password.map(PasswordHash::as_str).unwrap_or_default();
    Digest::of(format!("{user}\n{token}\n{password}").as_bytes()).to_hex()
}

fn wrong(at: Location, message: &str) -> UsersError {
    UsersError { line: at.line(), column: at.column(), message: message.to_owned() }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use argon2::Argon2;
    use argon2::password_hash::PasswordHasher;

    use super::*;

    fn list(entries: &[(&str, &str)]) -> StaticUsers {
        let yaml: String = entries
            .iter()
            .map(|(user, token)| {
                let hex = Digest::of(token.as_bytes()).to_hex();
                format!("- user: {user}\n  role: viewer\n  token_sha256: {hex}\n")
            })
            .collect();
        StaticUsers::parse(&yaml).unwrap()
    }

    #[test]
    fn a_token_names_its_user() {
        let users = list(&[("ann", "a-token"), ("bob", "b-token")]);
        assert_eq!(users.verify_token("b-token").unwrap().identity.user, "bob");
        for wrong in ["", "c-token", "a-toke", &"x".repeat(100_000)] {
            assert_eq!(users.verify_token(wrong).unwrap_err(), SignInError::Token);
        }
    }

    #[test]
    fn a_password_is_checked_for_its_user_only() {
        let phc = Argon2::default().hash_password(b"hunter42").unwrap();
        let yaml = format!("- {{user: ann, role: editor, groups: [ops], password_argon2id: '{phc}'}}");
        let users = StaticUsers::parse(&yaml).unwrap();
        assert_eq!(users.verify_password("ann", "hunter42").unwrap().identity.groups, ["ops"]);
        for (user, password) in [("ann", "hunter43"), ("bob", "hunter42"), ("ann", "")] {
            assert_eq!(users.verify_password(user, password).unwrap_err(), SignInError::Password);
        }
    }

    #[test]
    fn a_changed_credential_changes_the_fingerprint() {
        let before = list(&[("ann", "one")]);
        let after = list(&[("ann", "two")]);
        assert_ne!(before.find("ann").unwrap().fingerprint, after.find("ann").unwrap().fingerprint);
    }

    #[track_caller]
    fn check_wrong(yaml: &str, line: u64, message: &str) {
        let error = StaticUsers::parse(yaml).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(message), "{error}");
        assert!(!error.to_string().contains("hunter2"), "a message shows what should be a hash: {error}");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let hex = Digest::of(b"t").to_hex();
        check_wrong("- user: ann\n  role: viewer\n", 1, "neither");
        check_wrong("- user: ann\n  role: king\n", 2, "king");
        check_wrong("- user: ann\n  role: viewer\n  token_sha256: abc\n", 3, "64 hexadecimal digits");
        check_wrong("- user: ann\n  role: viewer\n  token: abc\n", 3, "token");
        check_wrong("- user: ann\n  role: viewer\n  password_argon2id: hunter2\n", 3, "PHC");
        let twice = format!(
            "- {{user: a, role: viewer, token_sha256: {hex}}}\n- {{user: a, role: admin, token_sha256: {hex}}}\n"
        );
        check_wrong(&twice, 2, "twice");
    }
}
