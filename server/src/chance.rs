//! A little chance: so that many who wait do not all come back at once, and that names do not meet.

/// Any number. Without randomness it is always the same: no secret may depend on it.
pub(crate) fn number() -> u64 {
    let mut bytes = [0; 8];
    openssl::rand::rand_bytes(&mut bytes).ok();
    u64::from_le_bytes(bytes)
}

/// A number from 0 to 1. Without randomness it is always the same, about the middle, which does no harm where it is used.
pub(crate) fn fraction() -> f64 {
    let mut byte = [128];
    openssl::rand::rand_bytes(&mut byte).ok();
    let [byte] = byte;
    f64::from(byte) / 255.0
}
