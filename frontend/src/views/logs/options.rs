//! How logs are shown: what a colleague should see is in the address, what is a matter of taste in the browser's storage.

use leptos::prelude::*;

use crate::logs::Level;
use crate::prefs::{load, store};
use crate::router::{Router, use_router};

/// How the time of a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Off,
    Clock,
    Ago,
}

impl Times {
    pub(super) const ALL: [Self; 3] = [Self::Clock, Self::Ago, Self::Off];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Clock => "clock",
            Self::Ago => "ago",
        }
    }

    pub(super) fn from_id(id: &str) -> Self {
        Self::ALL.into_iter().find(|times| times.id() == id).unwrap_or(Self::Clock)
    }
}

/// The options as signals. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Options {
    router: Router,
    pub(super) query: Memo<String>,
    /// Whether the query is a pattern.
    pub(super) pattern: Memo<bool>,
    /// Whether only lines are shown that have what is searched for.
    pub(super) only: Memo<bool>,
    pub(super) container: Memo<String>,
    pub(super) previous: Memo<bool>,
    /// A length, `all`, or nothing for the newest lines.
    pub(super) since: Memo<String>,
    /// By [`Level::bit`].
    pub(super) hidden_levels: Memo<u8>,
    pub(super) wrap: RwSignal<bool>,
    pub(super) json: RwSignal<bool>,
    pub(super) times: RwSignal<Times>,
}

/// The options of the address and the browser.
pub(super) fn use_options() -> Options {
    let router = use_router();
    let text = |name| {
        let param = router.param(name);
        Memo::new(move |_| param.get().unwrap_or_default())
    };
    let flag = |name| {
        let param = router.param(name);
        Memo::new(move |_| param.get().is_some_and(|value| value == "1"))
    };
    let hidden = router.param("hide");
    Options {
        router,
        query: text("q"),
        pattern: flag("re"),
        only: flag("only"),
        container: text("container"),
        previous: flag("previous"),
        since: text("since"),
        hidden_levels: Memo::new(move |_| read_levels(&hidden.get().unwrap_or_default())),
        wrap: kept("crowsnest.logs.wrap", |text| text == "on", |on| if *on { "on" } else { "off" }),
        json: kept("crowsnest.logs.json", |text| text != "off", |on| if *on { "on" } else { "off" }),
        times: kept("crowsnest.logs.times", Times::from_id, |times| times.id()),
    }
}

/// A signal whose value the browser keeps.
fn kept<T: Copy + PartialEq + Send + Sync + 'static>(
    key: &'static str,
    read: fn(&str) -> T,
    write: fn(&T) -> &'static str,
) -> RwSignal<T> {
    let signal = RwSignal::new(read(&load(key).unwrap_or_default()));
    Effect::watch(move || signal.get(), move |value, _, _| store(key, write(value)), false);
    signal
}

impl Options {
    /// Sets a parameter of the address; an empty one goes.
    pub(super) fn set(self, name: &str, value: &str) {
        self.router.replace(self.router.route_now().with(name, value));
    }

    /// The same of one that is there or not.
    pub(super) fn toggle(self, name: &str, on: bool) {
        self.set(name, if on { "1" } else { "" });
    }

    /// Shows a level, or hides it.
    pub(super) fn toggle_level(self, level: Level) {
        self.set("hide", &write_levels(self.hidden_levels.get_untracked() ^ level.bit()));
    }

    /// Asks once more for the whole page.
    pub(super) fn again(self) {
        let _ = window().location().reload();
    }
}

fn read_levels(text: &str) -> u8 {
    let named = |level: &Level| text.split(',').any(|name| name == level.id());
    Level::ALL.iter().filter(|level| named(level)).fold(0, |bits, level| bits | level.bit())
}

fn write_levels(bits: u8) -> String {
    let named = Level::ALL.iter().filter(|level| bits & level.bit() != 0);
    named.map(|level| level.id()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_levels_have_an_address() {
        for bits in 0..32 {
            assert_eq!(read_levels(&write_levels(bits)), bits);
        }
        assert_eq!(write_levels(Level::Debug.bit() | Level::Error.bit()), "error,debug");
        assert_eq!(read_levels("unicorn,,debug"), Level::Debug.bit());
    }
}
