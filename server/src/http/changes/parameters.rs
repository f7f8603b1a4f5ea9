//! The parameters that a change may have: a short list, of which nothing else goes on to the API server.

use crowsnest_api::changes::FIELD_MANAGER;
use serde_json::{Map, Value, json};

use super::Verb;
use crate::cluster::Path;
use crate::http::ApiError;

use Takes::{Number, OneOf, Text};
use Verb::{Create, Delete, Patch, Replace};

/// What lies below objects and may be changed, and how. Nobody writes `status` by hand.
const BELOW: &[(&str, &[Verb])] = &[
    ("approval", &[Replace, Patch]),
    ("ephemeralcontainers", &[Patch]),
    ("eviction", &[Create]),
    ("scale", &[Replace, Patch]),
];

/// What a parameter's value may be.
enum Takes {
    OneOf(&'static [&'static str]),
    /// Printable, and of at most so many bytes.
    Text(usize),
    Number,
}

/// One row a parameter: its name, with which verbs, and what it may be.
const KNOWN: &[(&str, &[Verb], Takes)] = &[
    ("dryRun", &[Create, Replace, Patch, Delete], OneOf(&["All"])),
    ("fieldManager", &[Create, Replace, Patch], Text(128)),
    ("fieldValidation", &[Create, Replace, Patch], OneOf(&["Ignore", "Warn", "Strict"])),
    ("force", &[Patch], OneOf(&["true", "false"])),
    ("gracePeriodSeconds", &[Delete], Number),
    ("propagationPolicy", &[Delete], OneOf(&["Background", "Foreground", "Orphan"])),
    ("resourceVersion", &[Delete], Text(64)),
    (
        "subresource",
        &[Create, Replace, Patch],
        OneOf(&["approval", "ephemeralcontainers", "eviction", "scale"]),
    ),
    ("uid", &[Delete], Text(64)),
];

/// What a request asked for, checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    given: Vec<(&'static str, String)>,
}

impl Parameters {
    /// Reads the query of a request with this verb.
    pub(super) fn read(verb: Verb, query: &str) -> Result<Self, ApiError> {
        let mut given: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let row = KNOWN.iter().find(|(known, verbs, _)| *known == name && verbs.contains(&verb));
            let Some((name, _, takes)) = row else { return Err(unknown(verb, &name)) };
            if !takes.allows(&value) || given.iter().any(|(before, _)| before == name) {
                return Err(ApiError::bad_request(format!("{name} is {}, once", takes.told())));
            }
            given.push((name, value.into_owned()));
        }
        let read = Self { given };
        match read.subresource() {
            Some(below) if !BELOW.iter().any(|(known, verbs)| *known == below && verbs.contains(&verb)) => {
                Err(ApiError::bad_request(format!("{below} is not changed this way")))
            }
            _ => Ok(read),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// Whether nothing is to be changed.
    pub(super) fn is_trial(&self) -> bool {
        self.get("dryRun").is_some()
    }

    /// What below the object is meant.
    pub(super) fn subresource(&self) -> Option<&'static str> {
        let asked = self.get("subresource")?;
        BELOW.iter().map(|(known, _)| *known).find(|known| *known == asked)
    }

    /// The path with those parameters that travel in it.
    pub(super) fn of_path(&self, mut path: Path) -> Path {
        if let Some(below) = self.subresource() {
            path = path.below(below);
        }
        for (name, value) in self.given.iter().filter(|(name, _)| *name != "subresource") {
            path = path.with(name, value);
        }
        if self.get("fieldManager").is_none() {
            path = path.with("fieldManager", FIELD_MANAGER);
        }
        path
    }

    /// The body of a deletion, in which all its parameters travel.
    pub(super) fn delete_options(&self) -> Value {
        let mut options = Map::new();
        options.insert("apiVersion".to_owned(), "v1".into());
        options.insert("kind".to_owned(), "DeleteOptions".into());
        let mut preconditions = Map::new();
        for (name, value) in &self.given {
            match *name {
                "dryRun" => options.insert((*name).to_owned(), json!([value])),
                "gracePeriodSeconds" => options.insert((*name).to_owned(), value.parse::<u32>().ok().into()),
                "resourceVersion" | "uid" => preconditions.insert((*name).to_owned(), value.as_str().into()),
                _ => options.insert((*name).to_owned(), value.as_str().into()),
            };
        }
        if !preconditions.is_empty() {
            options.insert("preconditions".to_owned(), preconditions.into());
        }
        options.into()
    }
}

impl Takes {
    fn allows(&self, value: &str) -> bool {
        match self {
            OneOf(words) => words.contains(&value),
            Text(most) => {
                (1..=*most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
            }
            Number => value.parse::<u32>().is_ok(),
        }
    }

    fn told(&self) -> String {
        match self {
            OneOf(words) => words.join(" or "),
            Text(most) => format!("a word of at most {most} characters"),
            Number => "a whole number".to_owned(),
        }
    }
}

fn unknown(verb: Verb, name: &str) -> ApiError {
    let known: Vec<&str> =
        KNOWN.iter().filter(|(_, verbs, _)| verbs.contains(&verb)).map(|(known, ..)| *known).collect();
    let name: String = name.chars().take(64).collect();
    ApiError::bad_request(format!("this request has no parameter {name:?}; there are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn path_of(verb: Verb, query: &str) -> String {
        let path = Path::list(&"apps.v1.deployments".parse().unwrap(), &"shop".parse().unwrap());
        let path = Parameters::read(verb, query).unwrap().of_path(path).to_string();
        path.trim_start_matches("/apis/apps/v1/namespaces/shop/deployments").to_owned()
    }

    #[test]
    fn what_is_known_goes_on_and_fields_have_a_manager() {
        assert_eq!(path_of(Create, ""), "?fieldManager=crowsnest");
        assert_eq!(
            path_of(Patch, "dryRun=All&force=true&fieldManager=me"),
            "?dryRun=All&force=true&fieldManager=me"
        );
        assert_eq!(path_of(Replace, "subresource=scale"), "/scale?fieldManager=crowsnest");
    }

    #[test]
    fn what_is_not_known_or_not_with_this_verb_is_refused() {
        for (verb, wrong) in [
            (Create, "force=true"),
            (Create, "pretty=1"),
            (Create, "dryRun=Some"),
            (Create, "dryRun=All&dryRun=All"),
            (Create, "fieldManager="),
            (Create, "fieldManager=a%20b"),
            (Create, "subresource=scale"),
            (Replace, "subresource=status"),
            (Replace, "subresource=eviction"),
            (Delete, "gracePeriodSeconds=-1"),
            (Delete, "propagationPolicy=None"),
            (Delete, "subresource=scale"),
        ] {
            assert!(Parameters::read(verb, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_parameters_of_a_deletion_are_its_body() {
        let query = "dryRun=All&propagationPolicy=Orphan&uid=u&resourceVersion=7&gracePeriodSeconds=0";
        let options = Parameters::read(Delete, query).unwrap().delete_options();
        assert_eq!(
            options,
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"], "propagationPolicy": "Orphan",
                "gracePeriodSeconds": 0, "preconditions": {"uid": "u", "resourceVersion": "7"}})
        );
    }

    #[test]
    fn every_subresource_that_can_be_asked_for_is_in_the_table() {
        let row = KNOWN.iter().find(|(name, ..)| *name == "subresource").unwrap();
        let OneOf(words) = row.2 else { panic!("no list of words") };
        assert!(words.iter().eq(BELOW.iter().map(|(name, _)| name)));
    }
}
