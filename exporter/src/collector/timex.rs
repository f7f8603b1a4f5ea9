//! `adjtimex(2)`: how well the kernel keeps time.

use std::io;
use std::mem::MaybeUninit;

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// Frequencies are parts per million with 16 bits behind the point.
const PPM: f64 = 1e6 * 65536.0;

pub(super) fn collect(_: &Host) -> Result<Vec<Family>, CollectError> {
    let mut state = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: an all-zero `timex` is a valid value; with `modes` 0 the call only fills it.
    let (clock, state) = unsafe { (libc::adjtimex(state.as_mut_ptr()), state.assume_init()) };
    if clock < 0 {
        return Err(CollectError::Call { call: "adjtimex", source: io::Error::last_os_error() });
    }
    Ok(families(clock, &state))
}

#[rustfmt::skip]
fn families(clock: i32, timex: &libc::timex) -> Vec<Family> {
    // Offset and jitter are nanoseconds where the kernel says so, else microseconds.
    let fine = if timex.status & libc::STA_NANO != 0 { 1e9 } else { 1e6 };
    let row = |name: &str, kind: MetricType, value: f64, help: &str| {
        Family::new(format!("node_timex_{name}"), kind, help).with(&[], value)
    };
    vec![
        row("sync_status", Gauge, if clock == libc::TIME_ERROR { 0.0 } else { 1.0 }, "Is clock synchronized to a reliable server (1 = yes, 0 = no)."),
        row("offset_seconds", Gauge, timex.offset as f64 / fine, "Time offset in between local system and reference clock."),
        row("frequency_adjustment_ratio", Gauge, 1.0 + timex.freq as f64 / PPM, "Local clock frequency adjustment."),
        row("maxerror_seconds", Gauge, timex.maxerror as f64 / 1e6, "Maximum error in seconds."),
        row("estimated_error_seconds", Gauge, timex.esterror as f64 / 1e6, "Estimated error in seconds."),
        row("status", Gauge, f64::from(timex.status), "Value of the status array bits."),
        row("loop_time_constant", Gauge, timex.constant as f64, "Phase-locked loop time constant."),
        row("tick_seconds", Gauge, timex.tick as f64 / 1e6, "Seconds between clock ticks."),
        row("pps_frequency_hertz", Gauge, timex.ppsfreq as f64 / PPM, "Pulse per second frequency."),
        row("pps_jitter_seconds", Gauge, timex.jitter as f64 / fine, "Pulse per second jitter."),
        row("pps_shift_seconds", Gauge, f64::from(timex.shift), "Pulse per second interval duration."),
        row("pps_stability_hertz", Gauge, timex.stabil as f64 / PPM, "Pulse per second stability, average of recent frequency changes."),
        row("pps_jitter_total", Counter, timex.jitcnt as f64, "Pulse per second count of jitter limit exceeded events."),
        row("pps_calibration_total", Counter, timex.calcnt as f64, "Pulse per second count of calibration intervals."),
        row("pps_error_total", Counter, timex.errcnt as f64, "Pulse per second count of calibration errors."),
        row("pps_stability_exceeded_total", Counter, timex.stbcnt as f64, "Pulse per second count of stability limit exceeded events."),
        row("tai_offset_seconds", Gauge, f64::from(timex.tai), "International Atomic Time (TAI) offset."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_kernels_flag() {
        // SAFETY: an all-zero `timex` is a valid value.
        let mut timex: libc::timex = unsafe { std::mem::zeroed() };
        timex.offset = 1000;
        timex.freq = 65536;
        let value = |timex: &libc::timex, name: &str| {
            let families = families(libc::TIME_ERROR, timex);
            families.iter().find(|family| family.name == name).unwrap().samples[0].value
        };
        assert_eq!(value(&timex, "node_timex_offset_seconds"), 1e-3);
        timex.status = libc::STA_NANO;
        assert_eq!(value(&timex, "node_timex_offset_seconds"), 1e-6);
        assert_eq!(value(&timex, "node_timex_frequency_adjustment_ratio"), 1.000001);
        assert_eq!(value(&timex, "node_timex_sync_status"), 0.0);
    }
}
