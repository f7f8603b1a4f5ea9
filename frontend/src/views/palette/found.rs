//! What the palette finds: candidates, and which of them fit the words best.

use crate::components::IconName;
use crate::kinds::KindRow;
use crate::live::Key;
use crate::router::Route;

/// Letters that are needed before objects are looked for.
const FEWEST: usize = 2;

/// Something that can be gone to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) name: String,
    /// What it is and where.
    pub(super) about: String,
    /// Whether it is a page or a list of a kind: those are what a query after `:` is about.
    pub(super) is_page: bool,
    /// Other words by which it is found.
    pub(super) also: Vec<String>,
    pub(super) icon: IconName,
    pub(super) route: Route,
}

impl Candidate {
    /// An object of a kind.
    pub(super) fn object((row, (namespace, name)): (&'static KindRow, Key)) -> Self {
        let about = if namespace.is_empty() {
            row.api_kind.to_owned()
        } else {
            format!("{} · {namespace}", row.api_kind)
        };
        Self {
            route: Route::to(row.object_page(&namespace, &name)),
            name,
            about,
            is_page: false,
            also: vec![namespace],
            icon: row.icon,
        }
    }

    /// How well it fits; smaller is better, `None` not at all.
    fn rank(&self, query: &Query) -> Option<usize> {
        let name = self.name.to_lowercase();
        let whole = query.words.join(" ");
        if query.only_pages {
            // What is typed after the colon is most often a short name.
            if !self.is_page {
                return None;
            }
            if self.also.contains(&whole) {
                return Some(0);
            }
        }
        let is_in = |word: &String| {
            name.contains(word)
                || self.also.iter().any(|also| also.contains(word))
                || self.about.to_lowercase().contains(word)
        };
        if !query.words.iter().all(is_in) {
            return None;
        }
        Some(match () {
            () if self.also.contains(&whole) && self.is_page => 0,
            () if name == whole => 1,
            () if name.starts_with(&whole) => 2,
            () if self.also.iter().any(|also| also.starts_with(&whole)) => 3,
            () if name.contains(&whole) => 4,
            () => 5,
        })
    }
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Each is found somewhere; in lower case.
    pub(super) words: Vec<String>,
    /// Whether it began with a colon.
    only_pages: bool,
}

impl Query {
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim_start();
        let (text, only_pages) = text.strip_prefix(':').map_or((text, false), |rest| (rest, true));
        Self { words: text.to_lowercase().split_whitespace().map(str::to_owned).collect(), only_pages }
    }

    /// Whether objects are looked for.
    pub(super) fn is_for_objects(&self) -> bool {
        !self.only_pages && self.words.iter().map(String::len).sum::<usize>() >= FEWEST
    }
}

/// The best of them, each once.
pub(super) fn best(all: Vec<Candidate>, query: &Query, most: usize) -> Vec<Candidate> {
    let mut ranked: Vec<(usize, Candidate)> =
        all.into_iter().filter_map(|one| Some((one.rank(query)?, one))).collect();
    // Without words everything keeps the order of the side bar.
    if !query.words.is_empty() {
        ranked.sort_by(|(a_rank, a), (b_rank, b)| {
            a_rank.cmp(b_rank).then(b.is_page.cmp(&a.is_page)).then_with(|| a.name.cmp(&b.name))
        });
    }
    let mut found: Vec<Candidate> = Vec::new();
    for (_, one) in ranked {
        if !found.iter().any(|known| known.route == one.route) {
            found.push(one);
        }
        if found.len() >= most {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{self, PODS};
    use crate::router::Page;

    fn page(id: &'static str, also: &[&str]) -> Candidate {
        let row = kinds::find(id).unwrap();
        Candidate {
            name: row.api_kind.to_owned() + "s",
            about: "Workloads".into(),
            is_page: true,
            also: also.iter().map(ToString::to_string).collect(),
            icon: row.icon,
            route: Route::to(row.list_page()),
        }
    }

    fn all() -> Vec<Candidate> {
        let pod = |name: &str| Candidate::object((PODS, ("shop".into(), name.into())));
        vec![
            pod("deploy-bot"),
            page("pods", &["po"]),
            page("deployments", &["deploy", "deployments"]),
            pod("web-1"),
            pod("web-1"),
        ]
    }

    #[track_caller]
    fn check(text: &str, names: &[&str]) {
        let found = best(all(), &Query::of(text), 10);
        assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), names, "{text}");
    }

    #[test]
    fn a_short_name_comes_first_and_after_a_colon_there_are_pages_alone() {
        check("deploy", &["Deployments", "deploy-bot"]);
        check(":deploy", &["Deployments"]);
        check(":po", &["Pods"]);
        check("shop web", &["web-1"]);
        check("unicorn", &[]);
    }

    #[test]
    fn objects_lead_to_their_pages_and_are_looked_for_after_some_letters() {
        let found = best(all(), &Query::of("web"), 10);
        assert_eq!(found[0].route.page, Page::Object("pods", "shop".into(), "web-1".into()));
        assert!(!Query::of("w").is_for_objects() && !Query::of(":web").is_for_objects());
        assert!(Query::of("we").is_for_objects());
    }
}
