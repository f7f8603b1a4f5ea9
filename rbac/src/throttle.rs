//! A limit on failed sign-ins, for each address and for each account, that grows with every time it is reached.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crowsnest_api::Timestamp;

/// How many failures one has in one window.
const FAILURES: u32 = 10;
/// How long failures count at first; each window that was used up is followed by one of twice the length.
const WINDOW: Duration = Duration::from_secs(60);
/// How often it doubles: up to sixteen minutes.
const DOUBLINGS: u32 = 4;
/// How many are remembered; past it, the one whose window began first is forgotten.
const REMEMBERED: usize = 10_000;

/// Counts failed sign-ins: of addresses, those of one IPv6 /64 being one; of accounts, where a name is given before it is
/// known whether it is true.
#[derive(Debug, Default)]
pub struct Throttle {
    addresses: Windows<IpAddr>,
    accounts: Windows<String>,
}

#[derive(Debug)]
struct Windows<K>(HashMap<K, Window>);

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    attempts: u32,
    /// Windows before this one that were used up, one after the other.
    before: u32,
}

impl Window {
    fn ends(&self) -> Timestamp {
        self.began.plus(WINDOW * (1 << self.before.min(DOUBLINGS)))
    }
}

impl Throttle {
    /// Counts an attempt before it is made, so that attempts made side by side count as well.
    ///
    /// # Errors
    /// When the address, or the account, has used up its failures: how long until the next attempt.
    pub fn attempt(
        &mut self,
        address: IpAddr,
        account: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        self.addresses.attempt(subnet(address), now)?;
        match account {
            Some(account) => self.accounts.attempt(account.to_owned(), now),
            None => Ok(()),
        }
    }

    /// The attempt was a success: it does not count.
    pub fn succeeded(&mut self, address: IpAddr, account: Option<&str>) {
        self.addresses.succeeded(&subnet(address));
        if let Some(account) = account {
            self.accounts.succeeded(&account.to_owned());
        }
    }
}

impl<K: Clone + Eq + Hash> Windows<K> {
    fn attempt(&mut self, key: K, now: Timestamp) -> Result<(), Duration> {
        if !self.0.contains_key(&key) && self.0.len() >= REMEMBERED {
            self.forget(now);
        }
        let window = self.0.entry(key).or_insert(Window { began: now, attempts: 0, before: 0 });
        if now >= window.ends() || now < window.began {
            let before = if window.attempts >= FAILURES { window.before + 1 } else { 0 };
            *window = Window { began: now, attempts: 0, before };
        }
        if window.attempts >= FAILURES {
            let left = window.ends().millis() - now.millis();
            return Err(Duration::from_millis(left.unsigned_abs()));
        }
        window.attempts += 1;
        Ok(())
    }

    fn succeeded(&mut self, key: &K) {
        if let Some(window) = self.0.get_mut(key) {
            window.attempts = window.attempts.saturating_sub(1);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, window| now < window.ends());
        if self.0.len() >= REMEMBERED {
            let oldest = self.0.iter().min_by_key(|(_, window)| window.began).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
    }
}

fn subnet(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_that_fails_too_often_waits_and_others_do_not() {
        let mut throttle = Throttle::default();
        for _ in 0..FAILURES {
            throttle.attempt(address(1), None, at(0)).unwrap();
        }
        assert_eq!(throttle.attempt(address(1), None, at(10)), Err(Duration::from_secs(50)));
        assert!(throttle.attempt(address(2), None, at(10)).is_ok());
        assert!(throttle.attempt(address(1), None, at(60)).is_ok());
    }

    #[test]
    fn whoever_goes_on_failing_waits_longer_each_time_and_a_quiet_window_ends_that() {
        let mut throttle = Throttle::default();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let waited = loop {
                if let Err(wait) = throttle.attempt(address(1), None, now) {
                    break wait;
                }
            };
            waits.push(waited.as_secs());
            now = now.plus(waited);
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 960, 960]);
        throttle.attempt(address(1), None, now).unwrap();
        now = now.plus(Duration::from_secs(960));
        for _ in 0..FAILURES {
            throttle.attempt(address(1), None, now).unwrap();
        }
        assert_eq!(throttle.attempt(address(1), None, now), Err(WINDOW));
    }

    #[test]
    fn an_account_is_guessed_at_from_many_addresses_no_faster_than_from_one() {
        let mut throttle = Throttle::default();
        for n in 0..u8::try_from(FAILURES).unwrap() {
            throttle.attempt(address(n), Some("ann"), at(0)).unwrap();
        }
        assert!(throttle.attempt(address(200), Some("ann"), at(1)).is_err());
        assert!(throttle.attempt(address(201), Some("bob"), at(1)).is_ok());
        assert!(throttle.attempt(address(202), None, at(1)).is_ok());
    }

    #[test]
    fn successes_do_not_count() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt(address(1), Some("ann"), at(0)).unwrap();
            throttle.succeeded(address(1), Some("ann"));
        }
    }

    #[test]
    fn one_ipv6_subnet_is_one_address() {
        let mut throttle = Throttle::default();
        for host in 0..u16::try_from(FAILURES).unwrap() {
            throttle.attempt(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host).into(), None, at(0)).unwrap();
        }
        let (same, other) =
            (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 9, 9, 9, 9), Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0));
        assert!(throttle.attempt(same.into(), None, at(0)).is_err());
        assert!(throttle.attempt(other.into(), None, at(0)).is_ok());
    }

    #[test]
    fn memory_stays_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..u32::try_from(REMEMBERED + 100).unwrap() {
            let account = n.to_string();
            throttle.attempt(std::net::Ipv4Addr::from_bits(n).into(), Some(&account), at(0)).unwrap();
        }
        assert!(throttle.addresses.0.len() <= REMEMBERED && throttle.accounts.0.len() <= REMEMBERED);
    }
}
