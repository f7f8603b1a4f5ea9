//! Passwords: argon2id in PHC string form, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc;

/// The most memory a hash may ask for, in KiB: a users file must not be able to exhaust the server.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most passes over that memory.
const MAX_PASSES: u32 = 16;

/// A well-formed hash of no known password, with the parameters that `argon2`'s default has: verifying against it
/// costs what verifying a real one costs.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y3Jvd3NuZXN0LW5vYm9keQ$4PUnMXb0YpH8cUTcGOKkkTsBJCPVSkUMTcJKpZLtnHc";

/// The argon2id hash of a password.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Reads a PHC string.
    ///
    /// # Errors
    /// A message for whoever wrote the string.
    pub fn new(phc: &str) -> Result<Self, &'static str> {
        let hash = phc::PasswordHash::new(phc)
            .map_err(|_| "not a PHC string ($argon2id$v=19$m=…,t=…,p=…$salt$hash)")?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err("not an argon2id hash");
        }
        let params = argon2::Params::try_from(&hash).map_err(|_| "argon2id parameters that make no sense")?;
        if hash.hash.is_none() || hash.salt.is_none() {
            return Err("an argon2id string without salt or hash");
        }
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
            return Err("argon2id parameters above the limit of m=262144 (256 MiB), t=16");
        }
        Ok(Self(phc.to_owned()))
    }

    /// The hash that no password has; checked for users that do not exist, so that their absence takes as long to
    /// find out as a wrong password.
    pub fn of_nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    /// The PHC string.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `password` is the one. Takes tens of milliseconds and some twenty megabytes, on purpose: never on a
    /// thread that serves requests, and never many at once.
    pub fn verify(&self, password: &str) -> bool {
        phc::PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher;

    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash() {
        let phc = Argon2::default().hash_password(b"correct horse").unwrap().to_string();
        let hash = PasswordHash::new(&phc).unwrap();
        assert!(hash.verify("correct horse"));
        assert!(!hash.verify("battery staple"));
    }

    #[test]
    fn nobody_has_no_password_but_a_well_formed_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!PasswordHash::of_nobody().verify(""));
    }

    #[test]
    fn other_algorithms_and_greedy_parameters_are_refused() {
        let salt_and_hash = "Y3Jvd3NuZXN0LW5vYm9keQ$4PUnMXb0YpH8cUTcGOKkkTsBJCPVSkUMTcJKpZLtnHc";
        for wrong in [
            "hunter2".to_owned(),
            format!("$argon2i$v=19$m=19456,t=2,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=1000000,t=2,p=1${salt_and_hash}"),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        ] {
            assert!(PasswordHash::new(&wrong).is_err(), "{wrong}");
        }
    }
}
