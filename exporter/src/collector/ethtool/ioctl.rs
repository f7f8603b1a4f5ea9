//! `SIOCETHTOOL`, as linux/ethtool.h and linux/sockios.h lay it out.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

/// linux/sockios.h.
const SIOCETHTOOL: libc::Ioctl = 0x8946;
const GET_SETTINGS: u32 = 0x01;
const GET_DRIVER: u32 = 0x03;
const GET_STRINGS: u32 = 0x1b;
const GET_STATISTICS: u32 = 0x1d;
/// The set of strings that names the statistics.
const STATISTICS: u32 = 1;
/// Bytes of a name.
const STRING_BYTES: usize = 32;
/// Statistics of one device at most; cards with many queues have a few thousand.
const MAX_STATISTICS: u32 = 20_000;
/// What there is always room for: the kernel writes as many as there are by then, whatever it was asked for, and a
/// driver that is reconfigured may have more than a moment ago. Pages that are not written to cost nothing.
const ROOM: usize = 4 * MAX_STATISTICS as usize;
/// Words of `struct ethtool_drvinfo`, `struct ethtool_cmd`.
const DRIVER_WORDS: usize = 49;
const SETTINGS_WORDS: usize = 11;
/// The longest name of a device, with the zero behind it.
const NAME_BYTES: usize = libc::IFNAMSIZ;

/// A way to ask the kernel.
pub(super) struct Ethtool(UdpSocket);

/// `struct ethtool_drvinfo`.
pub(super) struct Driver {
    pub(super) driver: String,
    pub(super) version: String,
    pub(super) firmware_version: String,
    pub(super) bus_info: String,
    pub(super) expansion_rom_version: String,
    /// How many statistics there are.
    pub(super) statistics: u32,
}

/// `struct ethtool_cmd`.
pub(super) struct Link {
    pub(super) supported: u32,
    pub(super) advertised: u32,
    pub(super) autonegotiates: bool,
}

impl Ethtool {
    /// Any socket will do.
    pub(super) fn open() -> io::Result<Self> {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(Self)
    }

    pub(super) fn driver(&self, device: &str) -> io::Result<Driver> {
        let mut words = [0u32; DRIVER_WORDS];
        words[0] = GET_DRIVER;
        self.ask(device, &mut words)?;
        let text = |at: usize| {
            let bytes: Vec<u8> = words.iter().skip(at).take(8).flat_map(|word| word.to_ne_bytes()).collect();
            text(&bytes)
        };
        Ok(Driver {
            driver: text(1),
            version: text(9),
            firmware_version: text(17),
            bus_info: text(25),
            expansion_rom_version: text(33),
            statistics: words[45],
        })
    }

    pub(super) fn link(&self, device: &str) -> io::Result<Link> {
        let mut words = [0u32; SETTINGS_WORDS];
        words[0] = GET_SETTINGS;
        self.ask(device, &mut words)?;
        let [_, _, autonegotiation, _] = words[4].to_ne_bytes();
        Ok(Link { supported: words[1], advertised: words[2], autonegotiates: autonegotiation != 0 })
    }

    /// Names and values of the statistics, of which the driver has said that there are `count`.
    pub(super) fn statistics(&self, device: &str, count: u32) -> io::Result<Vec<(String, u64)>> {
        if count == 0 || count > MAX_STATISTICS {
            return Ok(Vec::new());
        }
        // `struct ethtool_gstrings`, three words, and the names.
        let mut names = vec![0u32; 3 + ROOM * STRING_BYTES / 4];
        names[..3].copy_from_slice(&[GET_STRINGS, STATISTICS, count]);
        self.ask(device, &mut names)?;
        // `struct ethtool_stats`, two words, and the values of two words each.
        let mut values = vec![0u32; 2 + ROOM * 2];
        values[..2].copy_from_slice(&[GET_STATISTICS, count]);
        self.ask(device, &mut values)?;
        let [_, _, named, names @ ..] = &names[..] else { return Ok(Vec::new()) };
        let [_, counted, values @ ..] = &values[..] else { return Ok(Vec::new()) };
        if named != counted {
            return Err(io::Error::other("the driver's statistics changed while they were read"));
        }
        let bytes = names.chunks_exact(STRING_BYTES / 4).map(|words| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            text(&bytes)
        });
        let values = values.as_chunks::<2>().0.iter().map(|pair| join(*pair));
        Ok(bytes.zip(values).take(*named as usize).collect())
    }

    /// `data` starts with the command and is as long as the kernel will write, by the counts in it.
    fn ask(&self, device: &str, data: &mut [u32]) -> io::Result<()> {
        let mut name = [0; NAME_BYTES];
        let bytes = device.as_bytes();
        if bytes.len() >= NAME_BYTES {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        for (to, from) in name.iter_mut().zip(bytes) {
            *to = *from as libc::c_char;
        }
        // SAFETY: an all-zero `ifreq` is a valid value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        request.ifr_name = name;
        request.ifr_ifru.ifru_data = data.as_mut_ptr().cast();
        // SAFETY: `request` and `data` outlive the call. `data` has room for what the kernel writes: the whole structure
        // of the commands of fixed size, `ROOM` statistics of the others.
        let done = unsafe { libc::ioctl(self.0.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// A number of 64 bits from its two words, as they lie in memory.
fn join([first, second]: [u32; 2]) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).trim().to_owned()
}
