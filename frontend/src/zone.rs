//! Time zones by name, with the browser's own table of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// Offsets are remembered by the quarter of an hour: clocks are put forward and back at no other moments.
const GRAIN_MS: i64 = 900_000;
/// Offsets that are remembered.
const REMEMBERED: usize = 4_096;

/// A time zone: the viewer's own, or one by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone(Option<Arc<str>>);

thread_local! {
    static CLOCKS: RefCell<HashMap<Arc<str>, Option<Intl::DateTimeFormat>>> = RefCell::default();
    static OFFSETS: RefCell<HashMap<(Arc<str>, i64), i64>> = RefCell::default();
}

impl Zone {
    /// `Europe/Berlin`, `utc`; the viewer's own for `browser`, nothing, and what the browser does not know.
    pub(crate) fn named(name: &str) -> Self {
        let name = match name.trim() {
            "" | "browser" => return Self(None),
            utc if utc.eq_ignore_ascii_case("utc") => "UTC",
            name => name,
        };
        let name: Arc<str> = Arc::from(name);
        let is_known = CLOCKS.with_borrow_mut(|clocks| {
            clocks.entry(Arc::clone(&name)).or_insert_with(|| clock(&name)).is_some()
        });
        Self(is_known.then_some(name))
    }

    /// Its name as addresses and dashboards have it.
    pub(crate) fn name(&self) -> &str {
        match self.0.as_deref() {
            None => "browser",
            Some("UTC") => "utc",
            Some(name) => name,
        }
    }

    /// Milliseconds that its clocks are ahead of UTC at an instant.
    pub(crate) fn offset_ms(&self, utc_ms: i64) -> i64 {
        let Some(name) = &self.0 else {
            let date = Date::new(&(utc_ms as f64).into());
            return -(date.get_timezone_offset() as i64) * 60_000;
        };
        if &**name == "UTC" {
            return 0;
        }
        let key = (Arc::clone(name), utc_ms.div_euclid(GRAIN_MS));
        OFFSETS.with_borrow_mut(|offsets| {
            if offsets.len() > REMEMBERED {
                offsets.clear();
            }
            *offsets.entry(key).or_insert_with(|| {
                CLOCKS.with_borrow(|clocks| {
                    let clock = clocks.get(name).and_then(Option::as_ref);
                    clock.and_then(|clock| offset(clock, utc_ms)).unwrap_or_default()
                })
            })
        })
    }

    /// The same in minutes.
    pub(crate) fn offset_minutes(&self, utc_ms: i64) -> i32 {
        i32::try_from(self.offset_ms(utc_ms) / 60_000).unwrap_or(0)
    }

    /// The instant at which its clocks show what clocks in UTC show at `local_ms`. Of two such instants the first; a time that clocks jump over is as much
    /// later.
    pub(crate) fn to_utc(&self, local_ms: i64) -> i64 {
        let guess = local_ms - self.offset_ms(local_ms);
        local_ms - self.offset_ms(guess)
    }
}

/// The names that the browser knows, in order; none where it does not tell.
pub(crate) fn names() -> Vec<String> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into());
    let list = intl.and_then(|intl| Reflect::get(&intl, &"supportedValuesOf".into()));
    let call = list.ok().and_then(|list| list.dyn_into::<Function>().ok());
    let names = call.and_then(|call| call.call1(&JsValue::UNDEFINED, &"timeZone".into()).ok());
    let names = names.and_then(|names| names.dyn_into::<Array>().ok()).unwrap_or_default();
    names.iter().filter_map(|name| name.as_string()).collect()
}

/// A clock of the zone; `None` where the browser does not know it.
fn clock(name: &str) -> Option<Intl::DateTimeFormat> {
    let options = Object::new();
    for (key, value) in [
        ("timeZone", name),
        ("hourCycle", "h23"),
        ("year", "numeric"),
        ("month", "2-digit"),
        ("day", "2-digit"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("second", "2-digit"),
    ] {
        Reflect::set(&options, &key.into(), &value.into()).ok()?;
    }
    // The binding would not survive an unknown zone: the constructor is called by its name.
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let make = Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into::<Function>().ok()?;
    // Swedes write dates as ISO 8601 does.
    let arguments = Array::of2(&"sv-SE".into(), &options);
    Reflect::construct(&make, &arguments).ok().map(JsCast::unchecked_into)
}

/// How far a clock is ahead of UTC, by what it shows.
fn offset(clock: &Intl::DateTimeFormat, utc_ms: i64) -> Option<i64> {
    let whole = utc_ms.div_euclid(1_000) * 1_000;
    let format = clock.format();
    let shown = format.call1(clock, &(whole as f64).into()).ok()?.as_string()?;
    let local = Date::parse(&format!("{}Z", shown.replacen(' ', "T", 1)));
    local.is_finite().then(|| local as i64 - whole)
}
