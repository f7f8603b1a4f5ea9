//! Which collectors a reader of `/metrics` asks for: `?collect[]=cpu&collect[]=meminfo`, or `?exclude[]=systemd`.

/// Which of the collectors that run are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    #[default]
    All,
    /// These only.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl Wanted {
    /// What a URL's query asks for; other parameters are passed over. The error is for whoever asked.
    pub(crate) fn of_query(query: &str) -> Result<Self, String> {
        let (mut only, mut without) = (Vec::new(), Vec::new());
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            // Brackets may come as they are or escaped; names of collectors have nothing to escape.
            match key.to_ascii_lowercase().replace("%5b", "[").replace("%5d", "]").as_str() {
                "collect[]" => only.push(value.to_owned()),
                "exclude[]" => without.push(value.to_owned()),
                _ => {}
            }
        }
        match (only.is_empty(), without.is_empty()) {
            (true, true) => Ok(Self::All),
            (false, true) => Ok(Self::Only(only)),
            (true, false) => Ok(Self::Without(without)),
            (false, false) => Err("collect[] and exclude[] cannot be combined".to_owned()),
        }
    }

    /// Whether the collector `name` is wanted.
    pub(super) fn admits(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|wanted| wanted == name),
            Self::Without(names) => names.iter().all(|unwanted| unwanted != name),
        }
    }

    /// The names in it.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Only(names) | Self::Without(names) => names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_includes_or_excludes_by_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(Wanted::of_query(""), Ok(Wanted::All));
        assert_eq!(Wanted::of_query("x=1"), Ok(Wanted::All));
        assert_eq!(
            Wanted::of_query("collect[]=cpu&collect%5B%5D=time"),
            Ok(Wanted::Only(names(&["cpu", "time"])))
        );
        assert_eq!(Wanted::of_query("exclude%5b%5d=cpu"), Ok(Wanted::Without(names(&["cpu"]))));
        assert!(Wanted::of_query("collect[]=cpu&exclude[]=time").is_err());
    }
}
