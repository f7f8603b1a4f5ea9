//! The clock: its time, its zone, and the hardware behind it.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

const CLOCKSOURCES: &str = "devices/system/clocksource";

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let zone = Zone::at(since_epoch.as_secs());
    let mut families = vec![
        Family::gauge("node_time_seconds", "System time in seconds since epoch (1970).")
            .with(&[], since_epoch.as_secs_f64()),
        Family::gauge("node_time_zone_offset_seconds", "System time zone offset in seconds.")
            .with(&[("time_zone", &zone.name)], zone.offset_seconds as f64),
    ];
    families.extend(clocksources(host));
    Ok(families)
}

/// A time zone at one moment.
struct Zone {
    name: String,
    offset_seconds: i64,
}

impl Zone {
    fn at(epoch_seconds: u64) -> Self {
        let seconds = libc::time_t::try_from(epoch_seconds).unwrap_or(libc::time_t::MAX);
        let mut broken_down = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are valid for the call; an all-zero `tm` is a valid value, so it may be read whether
        // or not localtime_r has filled it.
        let broken_down = unsafe {
            libc::localtime_r(&raw const seconds, broken_down.as_mut_ptr());
            broken_down.assume_init()
        };
        let name = if broken_down.tm_zone.is_null() {
            "UTC".to_owned()
        } else {
            // SAFETY: not null, so it points to the zone's name in the C library's table, a terminated string that
            // stays as it is until the zone is set anew, which nothing in this process does.
            unsafe { CStr::from_ptr(broken_down.tm_zone) }.to_string_lossy().into_owned()
        };
        Self { name, offset_seconds: broken_down.tm_gmtoff }
    }
}

/// Which clock sources there are, and which is used. Nothing where the kernel does not say.
fn clocksources(host: &Host) -> [Family; 2] {
    let mut available = Family::gauge(
        "node_time_clocksource_available_info",
        "Available clocksources read from '/sys/devices/system/clocksource'.",
    );
    let mut current = Family::gauge(
        "node_time_clocksource_current_info",
        "Current clocksource read from '/sys/devices/system/clocksource'.",
    );
    for folder in host.list_sys(CLOCKSOURCES).unwrap_or_default() {
        let Some(device) = folder.strip_prefix("clocksource") else { continue };
        let files = [("available_clocksource", &mut available), ("current_clocksource", &mut current)];
        for (file, family) in files {
            let Ok(file) = host.read_sys(&format!("{CLOCKSOURCES}/{folder}/{file}")) else { continue };
            for clocksource in file.text.split_ascii_whitespace() {
                family.push(&[("device", device), ("clocksource", clocksource)], 1.0);
            }
        }
    }
    [available, current]
}
