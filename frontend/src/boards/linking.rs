//! Where the links of a dashboard lead on this page, and what they take along.

use crowsnest_dashboards::interpolate::{Format, Scope, interpolate};
use crowsnest_dashboards::link;
use leptos::prelude::*;

use super::board::Board;
use crate::router::{Page, Params, Route, VARIABLE, encode};

/// What of a dashboard's address a link takes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The values of the variables.
    pub(crate) variables: bool,
    /// The time range.
    pub(crate) time: bool,
}

impl Board {
    /// The address of another dashboard; tracked.
    pub(crate) fn dashboard_link(&self, uid: &str, carried: Carried) -> String {
        let mut params = Params::default();
        for (name, values) in self.carried(carried) {
            params = params.with_all(&name, &values);
        }
        Route { page: Page::Dashboard(uid.to_owned()), params }.to_string()
    }

    /// The address that a link's URL stands for, with the names of `scope` filled in and what it takes along; `None` where that may not be followed. Tracked.
    pub(crate) fn link(&self, url: &str, scope: &dyn Scope, carried: Carried) -> Option<String> {
        let url = interpolate(url, scope, &Format::UriEncode);
        if url.trim().is_empty() || !link::is_safe(&url) {
            return None;
        }
        let carried = self.carried(carried);
        let pairs = carried.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let more: Vec<String> =
            pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        Some(href(&with_query(&url, &more.join("&"))))
    }

    /// Names and values that go along.
    fn carried(&self, carried: Carried) -> Vec<(String, Vec<String>)> {
        let mut all = Vec::new();
        if carried.time {
            let times = self.times.get();
            all.extend([("from".to_owned(), vec![times.from]), ("to".to_owned(), vec![times.to])]);
        }
        if carried.variables {
            all.extend(self.choices());
        }
        all
    }

    /// What is chosen of each variable, as addresses have it; tracked.
    pub(crate) fn choices(&self) -> Vec<(String, Vec<String>)> {
        self.loading.with(|loading| {
            let choice = |(at, variable): (usize, &crowsnest_dashboards::variables::Variable)| {
                let settled = loading.settled(at)?;
                Some((format!("{VARIABLE}{}", variable.name), settled.choice.values.clone()))
            };
            loading.variables().iter().enumerate().filter_map(choice).collect()
        })
    }
}

/// `url` as an address of this page: dashboards that Grafana has below `/d/` are here, whatever else stays.
pub(crate) fn href(url: &str) -> String {
    match link::dashboard(url) {
        Some((uid, "")) => format!("#/dashboards/{}", encode(uid)),
        Some((uid, query)) => format!("#/dashboards/{}?{query}", encode(uid)),
        None => url.to_owned(),
    }
}

/// Whether an address is one of this page, which opens no other.
pub(crate) fn is_here(href: &str) -> bool {
    href.starts_with("#/")
}

/// `url` with more behind its question mark.
fn with_query(url: &str, more: &str) -> String {
    if more.is_empty() {
        return url.to_owned();
    }
    // The fragment comes last, unless it is where this page has its own addresses.
    let (front, fragment) = match url.split_once('#') {
        Some((front, fragment)) if !fragment.starts_with('/') => (front, format!("#{fragment}")),
        _ => (url, String::new()),
    };
    let joint = if !front.contains('?') {
        "?"
    } else if front.ends_with(['?', '&']) {
        ""
    } else {
        "&"
    };
    format!("{front}{joint}{more}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashboards_of_links_are_pages_here() {
        assert_eq!(href("/d/abc/name?var-a=b"), "#/dashboards/abc?var-a=b");
        assert_eq!(href("d/abc"), "#/dashboards/abc");
        assert_eq!(href("https://example.org/d/abc"), "https://example.org/d/abc");
        assert!(is_here("#/pods") && !is_here("https://example.org/#/x"));
    }

    #[test]
    fn what_goes_along_stands_behind_the_question_mark() {
        for (url, expected) in [
            ("/x", "/x?a=b"),
            ("/x?", "/x?a=b"),
            ("/x?y=z", "/x?y=z&a=b"),
            ("/x#part", "/x?a=b#part"),
            ("#/pods/shop", "#/pods/shop?a=b"),
        ] {
            assert_eq!(with_query(url, "a=b"), expected);
        }
        assert_eq!(with_query("/x", ""), "/x");
    }
}
