//! `fancy-regex` as the engine: the server's.

use std::fmt::Write as _;

use fancy_regex::{Regex, RegexBuilder};

use super::{Engine, Match, Pattern};

/// Steps of backtracking after which a search is given up: some milliseconds.
const MOST_STEPS: usize = 100_000;
/// Bytes of a pattern that is compiled, and of what it compiles to.
const LONGEST: usize = 4096;
const MOST_BYTES: usize = 4 << 20;
/// Matches of one text that are looked at.
const MOST_MATCHES: usize = 1000;

/// Runs patterns by `fancy-regex`, with limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fancy;

impl Engine for Fancy {
    fn compile(&self, source: &str, flags: &str) -> Option<Box<dyn Pattern>> {
        if source.len() > LONGEST {
            return None;
        }
        let source = translated(source);
        let mut builder = RegexBuilder::new(&source);
        builder.case_insensitive(flags.contains('i'));
        builder.multi_line(flags.contains('m'));
        builder.dot_matches_new_line(flags.contains('s'));
        builder
            .backtrack_limit(MOST_STEPS)
            .delegate_size_limit(MOST_BYTES)
            .delegate_dfa_size_limit(MOST_BYTES);
        Some(Box::new(builder.build().ok()?))
    }
}

impl Pattern for Regex {
    fn find_all(&self, text: &str) -> Vec<Match> {
        let mut found = Vec::new();
        for captures in self.captures_iter(text).take(MOST_MATCHES) {
            let Ok(captures) = captures else { return Vec::new() };
            let groups: Vec<_> =
                captures.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect();
            let named = self
                .capture_names()
                .flatten()
                .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())));
            let span = captures.get(0).map_or((0, 0), |whole| (whole.start(), whole.end()));
            found.push(Match { span, groups, named: named.collect() });
        }
        found
    }

    fn is_match(&self, text: &str) -> bool {
        Self::is_match(self, text).unwrap_or(false)
    }
}

/// What JavaScript writes otherwise: `\/` is a slash, `\d`, `\w` and `\b` are of ASCII, `[^]` is anything, a brace that counts nothing is itself.
fn translated(source: &str) -> String {
    let mut result = String::with_capacity(source.len() + 8);
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('/') => result.push('/'),
                Some('d') => result.push_str(if in_class { "0-9" } else { "[0-9]" }),
                Some('w') => result.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('D') if !in_class => result.push_str("[^0-9]"),
                Some('W') if !in_class => result.push_str("[^0-9A-Za-z_]"),
                Some('-') => result.push_str(r"\-"),
                Some(escaped) if escaped.is_ascii_punctuation() => {
                    result.push('\\');
                    result.push(escaped);
                }
                Some(escaped) => {
                    result.push('\\');
                    result.push(escaped);
                }
                None => result.push_str(r"\\"),
            },
            '[' if in_class => result.push_str(r"\["),
            '[' => {
                in_class = true;
                result.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    result.push('^');
                }
                // An empty class: nothing, or anything.
                if chars.peek() == Some(&']') {
                    chars.next();
                    in_class = false;
                    let whole = if result.ends_with('^') { r"[\s\S]" } else { "(?!)" };
                    result.truncate(result.trim_end_matches(['[', '^']).len());
                    let _ = write!(result, "{whole}");
                }
            }
            ']' if in_class => {
                in_class = false;
                result.push(']');
            }
            // `&&` and `~~` are operators in Rust's classes.
            '&' | '~' if in_class => {
                result.push('\\');
                result.push(c);
            }
            '{' if !in_class && !counts(chars.clone()) => result.push_str(r"\{"),
            '}' if !in_class && !closes_count(&result) => result.push_str(r"\}"),
            c => result.push(c),
        }
    }
    result
}

/// Whether what follows an opening brace is a count, `2}` or `2,5}`.
fn counts(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take(12).take_while(|c| *c != '}').collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !least.is_empty() && inside.len() < 12 && is_number(least) && is_number(most)
}

fn closes_count(before: &str) -> bool {
    before.rsplit_once('{').is_some_and(|(head, inside)| {
        !head.ends_with('\\') && !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit() || c == ',')
    })
}

#[cfg(test)]
mod tests {
    use super::super::{compile, replace};
    use super::*;

    #[track_caller]
    fn groups(pattern: &str, text: &str) -> Vec<String> {
        let compiled = compile(pattern, &Fancy).unwrap_or_else(|| panic!("{pattern} does not compile"));
        let matches = compiled.find_all(text);
        matches.iter().map(|found| found.group(1).or(found.group(0)).unwrap().to_owned()).collect()
    }

    #[test]
    fn patterns_of_real_dashboards_run() {
        assert_eq!(groups(r#"/.*namespace="([^"]*).*/"#, r#"up{namespace="shop",pod="a"}"#), ["shop"]);
        assert_eq!(groups("(?!grafanacloud-usage|grafanacloud-ml-metrics).+", "prometheus"), ["prometheus"]);
        assert!(groups("(?!grafanacloud-usage|grafanacloud-ml-metrics).+", "grafanacloud-usage").is_empty());
        assert_eq!(groups(r#"/\bcluster\b="(?<text>[^"]+)/g"#, r#"cluster="a" cluster="b""#), ["a", "b"]);
        assert_eq!(groups("/{} (.*) .*/", "{} 5 1795247100000"), ["5"]);
        assert_eq!(groups(r"/.*-(?:tags|heads)-(.*)-(?:0|dirty)-.*/", "x-tags-v1.2-0-g"), ["v1.2"]);
        assert_eq!(groups(r"/([^\/]+)\/x[^]/", "a/x\n"), ["a"]);
        assert_eq!(groups(r"/^([\w.&&-]+){1,2}$/i", "A-b"), ["A-b"]);
    }

    #[test]
    fn without_slashes_the_whole_text_must_match() {
        assert!(groups("node", "node-1").is_empty());
        assert_eq!(groups("/node/", "node-1"), ["node"]);
    }

    #[test]
    fn a_pattern_that_explodes_is_given_up() {
        let text = format!("{}!", "a".repeat(200));
        assert!(groups(r"/^(?=(a+)+$)(a|aa)+$(?<!x)/", &text).is_empty());
        assert!(compile("/(/", &Fancy).is_none());
        assert!(compile(&"a".repeat(10_000), &Fancy).is_none());
        assert!(Fancy.compile("((a{1000}){1000}){1000}", "").is_none());
    }

    #[test]
    fn replacements_name_groups_as_javascript_does() {
        let pattern = compile(r"/(?<host>[^:]+):(\d+)/", &Fancy).unwrap();
        assert_eq!(
            replace("on node-1:9100!", &*pattern, "$2 of $<host> $$ $& $9", true),
            "9100 of on node-1 $ on node-1:9100 $9!"
        );
    }
}
