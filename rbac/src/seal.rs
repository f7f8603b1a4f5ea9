//! Sealing what is stored about a session: AES-256-GCM.
//!
//! A sealed record is, byte by byte:
//! ```text
//! | 1: version = 1 | 12: nonce, random | n: ciphertext | 16: tag |
//! ```
//! The name the record is stored under is authenticated with it, so that records cannot change places.

use openssl::error::ErrorStack;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The key that records are sealed with.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

/// A record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// OpenSSL said no.
    #[error("cannot seal a record")]
    Seal(#[source] ErrorStack),
    /// Cut short, changed, stored under another name, or sealed with another key.
    #[error("a sealed record is damaged or was sealed with another key")]
    Open,
}

impl SealingKey {
    /// The key in these bytes.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Seals `record`, which will be stored under `name`.
    ///
    /// # Errors
    /// When OpenSSL has no randomness.
    pub fn seal(&self, name: &str, record: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        openssl::rand::rand_bytes(&mut nonce).map_err(SealError::Seal)?;
        let mut tag = [0; TAG_BYTES];
        let ciphertext =
            encrypt_aead(Cipher::aes_256_gcm(), &self.0, Some(&nonce), name.as_bytes(), record, &mut tag)
                .map_err(SealError::Seal)?;
        Ok([&[VERSION], nonce.as_slice(), &ciphertext, &tag].concat())
    }

    /// Opens what [`SealingKey::seal`] made for the same `name`.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SealError::Open)?;
        let (nonce, rest) = rest.split_at_checked(NONCE_BYTES).ok_or(SealError::Open)?;
        let (ciphertext, tag) = rest
            .len()
            .checked_sub(TAG_BYTES)
            .and_then(|at| rest.split_at_checked(at))
            .ok_or(SealError::Open)?;
        decrypt_aead(Cipher::aes_256_gcm(), &self.0, Some(nonce), name.as_bytes(), ciphertext, tag)
            .map_err(|_| SealError::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SealingKey = SealingKey::new([7; 32]);

    #[test]
    fn what_was_sealed_is_opened_again() {
        for record in [&b""[..], b"x", &[0xff; 1000]] {
            assert_eq!(KEY.open("id", &KEY.seal("id", record).unwrap()).unwrap(), record);
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sealed = KEY.seal("id", b"record").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(KEY.open("id", &changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_cut_short_moved_or_sealed_with_another_key_is_not_opened() {
        let sealed = KEY.seal("id", b"record").unwrap();
        for end in 0..sealed.len() {
            assert!(KEY.open("id", &sealed[..end]).is_err(), "cut at {end}");
        }
        assert!(KEY.open("other", &sealed).is_err());
        assert!(SealingKey::new([8; 32]).open("id", &sealed).is_err());
    }

    #[test]
    fn the_same_record_is_never_sealed_to_the_same_bytes() {
        assert_ne!(KEY.seal("id", b"record").unwrap(), KEY.seal("id", b"record").unwrap());
    }
}
