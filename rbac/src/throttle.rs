//! A limit on failed sign-ins per address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crowsnest_api::Timestamp;

/// How many failures an address has in one [`WINDOW`].
const FAILURES: u32 = 10;
/// How long failures count.
const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are remembered; past it, the one whose window began first is forgotten.
const ADDRESSES: usize = 10_000;

/// Counts failed sign-ins per address; addresses of one IPv6 /64 count as one.
#[derive(Debug, Default)]
pub struct Throttle {
    windows: HashMap<IpAddr, Window>,
}

#[derive(Debug)]
struct Window {
    began: Timestamp,
    attempts: u32,
}

impl Throttle {
    /// Counts an attempt before it is made, so that attempts made side by side count as well.
    ///
    /// # Errors
    /// When the address has used up its failures: how long until it may try again.
    pub fn attempt(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let address = subnet(address);
        if !self.windows.contains_key(&address) && self.windows.len() >= ADDRESSES {
            self.forget(now);
        }
        let window = self.windows.entry(address).or_insert(Window { began: now, attempts: 0 });
        if now >= window.began.plus(WINDOW) || now < window.began {
            *window = Window { began: now, attempts: 0 };
        }
        if window.attempts >= FAILURES {
            let left = window.began.plus(WINDOW).millis() - now.millis();
            return Err(Duration::from_millis(left.unsigned_abs()));
        }
        window.attempts += 1;
        Ok(())
    }

    /// The attempt was a success: it does not count.
    pub fn succeeded(&mut self, address: IpAddr) {
        if let Some(window) = self.windows.get_mut(&subnet(address)) {
            window.attempts = window.attempts.saturating_sub(1);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.windows.retain(|_, window| now < window.began.plus(WINDOW));
        if self.windows.len() >= ADDRESSES {
            let oldest =
                self.windows.iter().min_by_key(|(_, window)| window.began).map(|(address, _)| *address);
            if let Some(oldest) = oldest {
                self.windows.remove(&oldest);
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
            throttle.attempt(address(1), at(0)).unwrap();
        }
        assert_eq!(throttle.attempt(address(1), at(10)), Err(Duration::from_secs(50)));
        assert!(throttle.attempt(address(2), at(10)).is_ok());
        assert!(throttle.attempt(address(1), at(60)).is_ok());
    }

    #[test]
    fn successes_do_not_count() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt(address(1), at(0)).unwrap();
            throttle.succeeded(address(1));
        }
    }

    #[test]
    fn one_ipv6_subnet_is_one_address() {
        let mut throttle = Throttle::default();
        for host in 0..u16::try_from(FAILURES).unwrap() {
            throttle.attempt(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host).into(), at(0)).unwrap();
        }
        assert!(throttle.attempt(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 9, 9, 9, 9).into(), at(0)).is_err());
        assert!(throttle.attempt(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0).into(), at(0)).is_ok());
    }

    #[test]
    fn memory_stays_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..u32::try_from(ADDRESSES + 100).unwrap() {
            throttle.attempt(std::net::Ipv4Addr::from_bits(n).into(), at(0)).unwrap();
        }
        assert!(throttle.windows.len() <= ADDRESSES);
    }
}
