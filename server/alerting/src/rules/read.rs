//! From YAML to groups, with the checks and the words of Prometheus's rulefmt.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::METRIC_NAME;
use crowsnest_promql::{Engine, Prepared, QueryError};
use smol_str::SmolStr;

use super::rule::{Alert, Rule, RuleKind, reads};
use super::{Group, RuleFile};
use crate::template::RuleTemplate;
use crate::yaml::{Entry, Fault, Faults, Fields, Node, Place, load};

const GROUP: &[&str] =
    &["name", "interval", "query_offset", "rules", "limit", "labels", "partial_response_strategy"];
const RULE: &[&str] = &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
/// What only Thanos has a use for.
const IGNORED: &str = "partial_response_strategy";

pub(super) fn file(text: &str, engine: &Engine) -> Result<RuleFile, Vec<Fault>> {
    let documents = load(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader { engine, file: RuleFile::default(), faults: Faults::default() };
    let is_object = |node: &&Node| node.get("kind").and_then(Node::text) == Some("PrometheusRule");
    if documents.first().as_ref().is_some_and(is_object) {
        for object in documents.iter().filter(is_object) {
            let known = ["apiVersion", "kind", "metadata", "spec", "status"];
            let object = Fields::of(object, "PrometheusRule", &known, &mut reader.faults);
            if let Some(spec) = object.node("spec") {
                reader.groups(spec, "spec of PrometheusRule");
            }
        }
    } else if let Some(document) = documents.first() {
        reader.groups(document, "rule file");
    }
    reader.faults.or(reader.file)
}

struct Reader<'e> {
    engine: &'e Engine,
    file: RuleFile,
    faults: Faults,
}

/// Labels that a group gives its rules: the entry for the place, and the text.
type GroupLabels<'n> = BTreeMap<&'n str, (&'n Entry, &'n str)>;

impl Reader<'_> {
    fn groups(&mut self, node: &Node, what: &str) {
        let fields = Fields::of(node, what, &["groups"], &mut self.faults);
        for node in fields.list("groups", &mut self.faults) {
            self.group(node);
        }
    }

    fn group(&mut self, node: &Node) {
        let faults = &mut self.faults;
        let fields = Fields::of(node, "rule group", GROUP, faults);
        let name = SmolStr::new(fields.text("name", faults).unwrap_or_default());
        if name.is_empty() {
            faults.add(node.at, "Groupname must not be empty");
        }
        if self.file.groups.iter().any(|group| group.name == name) {
            faults.add(fields.at, format!("groupname: \"{name}\" is repeated in the same file"));
        }
        if fields.node(IGNORED).is_some() {
            let note = format!("{IGNORED} has no meaning here: there are no partial answers");
            self.file.notes.push(Fault::new(fields.place(IGNORED), note));
        }
        let limit = fields.integer("limit", faults).unwrap_or(0);
        let labels = fields.string_map("labels", faults);
        for (label, (entry, _)) in &labels {
            check_label(label, entry.at, &format!("group \"{name}\": "), faults);
        }
        let interval = fields.duration("interval", faults).filter(|interval| !interval.is_zero());
        let query_offset = fields.duration("query_offset", faults);
        let mut rules = Vec::new();
        for (index, node) in fields.list("rules", faults).iter().enumerate() {
            let fields = Fields::of(node, "rule", RULE, faults);
            rules.extend(rule(self.engine, &fields, (&name, index + 1), &labels, faults));
        }
        let limit = usize::try_from(limit).unwrap_or(0);
        self.file.groups.push(Group { name, interval, limit, query_offset, rules, at: node.at });
    }
}

fn check_label(name: &str, at: Place, of: &str, faults: &mut Faults) {
    if name.is_empty() || name == METRIC_NAME {
        faults.add(at, format!("{of}invalid label name: {name}"));
    }
}

/// Reads a rule; `None` when something is so wrong with it that there is none.
fn rule(
    engine: &Engine,
    fields: &Fields<'_>,
    (group, number): (&str, usize),
    group_labels: &GroupLabels<'_>,
    faults: &mut Faults,
) -> Option<Rule> {
    let record = fields.text("record", faults).filter(|name| !name.is_empty());
    let alert = fields.text("alert", faults).filter(|name| !name.is_empty());
    let of = format!("group \"{group}\", rule {number}, \"{}\": ", record.or(alert).unwrap_or_default());
    let (hold, keep_firing) = (fields.duration("for", faults), fields.duration("keep_firing_for", faults));
    let (hold, keep_firing) = (hold.unwrap_or_default(), keep_firing.unwrap_or_default());
    let annotations = fields.string_map("annotations", faults);
    let mut labels = group_labels.clone();
    for (label, (entry, text)) in fields.string_map("labels", faults) {
        check_label(label, entry.at, &of, faults);
        labels.insert(label, (entry, text));
    }
    if let Some(name) = record {
        check_record(name, fields, &of, (hold, keep_firing), !annotations.is_empty(), faults);
    }
    let name = match (record, alert) {
        (Some(name), None) | (None, Some(name)) => Some(SmolStr::new(name)),
        (Some(_), Some(_)) => {
            faults.add(fields.place("alert"), format!("{of}only one of 'record' and 'alert' must be set"));
            None
        }
        (None, None) => {
            faults.add(fields.at, format!("{of}one of 'record' or 'alert' must be set"));
            None
        }
    };
    let expr = expression(engine, fields, &of, faults);
    let template = |what: &str, (label, (entry, text)): (&str, (&Entry, &str)), faults: &mut Faults| {
        // Labels of recording rules are text and nothing else.
        let parsed = match alert {
            Some(alert) => {
                RuleTemplate::parse(alert, text).map_err(|error| RuleTemplate::describe(alert, text, &error))
            }
            None => Ok(RuleTemplate::plain(text)),
        };
        let reason = parsed.map(|template| (SmolStr::new(label), template));
        reason.map_err(|error| faults.add(entry.value.at, format!("{of}{what} \"{label}\": {error}"))).ok()
    };
    let labels: Vec<_> = labels.into_iter().filter_map(|label| template("label", label, faults)).collect();
    for (name, (entry, _)) in &annotations {
        if name.is_empty() {
            faults.add(entry.at, format!("{of}invalid annotation name: {name}"));
        }
    }
    let annotations: Vec<_> =
        annotations.into_iter().filter_map(|text| template("annotation", text, faults)).collect();
    let (name, expr) = (name?, expr?);
    let kind = match record {
        Some(_) => RuleKind::Record(name),
        None => RuleKind::Alert(Alert { name, hold, keep_firing, annotations }),
    };
    let reads = reads(expr.expr());
    Some(Rule { kind, expr, labels, reads, at: fields.at })
}

fn check_record(
    name: &str,
    fields: &Fields<'_>,
    of: &str,
    (hold, keep_firing): (Duration, Duration),
    has_annotations: bool,
    faults: &mut Faults,
) {
    for (field, is_set) in [
        ("annotations", has_annotations),
        ("for", !hold.is_zero()),
        ("keep_firing_for", !keep_firing.is_zero()),
    ] {
        if is_set {
            faults.add(fields.place(field), format!("{of}invalid field '{field}' in recording rule"));
        }
    }
    if name.contains(['{', '}']) {
        let what = "braces present in the recording rule name; should it be in expr?: ";
        faults.add(fields.place("record"), format!("{of}{what}{name}"));
    }
}

fn expression(engine: &Engine, fields: &Fields<'_>, of: &str, faults: &mut Faults) -> Option<Prepared> {
    let Some(text) = fields.text("expr", faults).filter(|text| !text.is_empty()) else {
        faults.add(fields.at, format!("{of}field 'expr' must be set in rule"));
        return None;
    };
    let at = fields.node("expr").map_or(fields.at, |node| node.at);
    let parsed = crowsnest_promql::parse(text).map_err(|error| error.to_string());
    let checked = parsed.and_then(|expr| match engine.prepare(expr) {
        Ok(prepared) => Ok(prepared),
        Err(QueryError::Query { span, message }) => {
            Err(format!("{}: parse error: {message}", span.position(text)))
        }
        Err(error) => Err(error.to_string()),
    });
    checked.map_err(|error| faults.add(at, format!("{of}could not parse expression: {error}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<RuleFile, Vec<Fault>> {
        super::file(text, &Engine::default())
    }

    #[track_caller]
    fn refused(rules: &str, expected: &str) {
        let text = format!("groups:\n- name: g\n  rules:\n{rules}");
        let faults = file(&text).unwrap_err();
        let all: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|fault| fault.starts_with(expected)), "{all:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        refused(
            "  - record: a\n    expr: rate(x)\n",
            "5:11: group \"g\", rule 1, \"a\": could not parse expression: 1:6",
        );
        refused(
            "  - record: a\n    expr: x{y=~\"(\"}\n",
            "5:11: group \"g\", rule 1, \"a\": could not parse",
        );
        refused("  - record: a\n    alert: b\n    expr: x\n", "5:5: group \"g\", rule 1, \"a\": only one of");
        refused("  - expr: x\n", "4:5: group \"g\", rule 1, \"\": one of 'record' or 'alert' must be set");
        refused("  - alert: a\n", "4:5: group \"g\", rule 1, \"a\": field 'expr' must be set in rule");
        refused(
            "  - record: a\n    expr: x\n    for: 5m\n",
            "6:5: group \"g\", rule 1, \"a\": invalid field 'for'",
        );
        refused("  - alert: a\n    expr: x\n    for: 5\n", "6:10: for: not a valid duration string: \"5\"");
        refused("  - alert: a\n    expr: x\n    annotation: {}\n", "6:5: field annotation not found in rule");
        refused("  - record: 'a{}'\n    expr: x\n", "4:5: group \"g\", rule 1, \"a{}\": braces present");
        refused(
            "  - alert: a\n    expr: x\n    labels: {s: '{{ $x }}'}\n",
            "6:17: group \"g\", rule 1, \"a\": label \"s\": template: __alert_a:1: undefined variable \"$x\"",
        );
        refused(
            "  - alert: a\n    expr: x\n    labels: {__name__: b}\n",
            "6:14: group \"g\", rule 1, \"a\": invalid label name: __name__",
        );
    }

    #[test]
    fn a_rule_has_the_labels_of_its_group_unless_it_has_its_own() {
        let text = "groups:\n- name: g\n  labels: {a: g, b: g}\n  limit: 3\n  interval: 30s\n  query_offset: 1m\n  rules:\n  - alert: x\n    expr: up == 0\n    for: 5m\n    labels: {b: r}\n";
        let file = file(text).unwrap();
        let group = &file.groups[0];
        assert_eq!((group.limit, group.interval), (3, Some(Duration::from_secs(30))));
        let labels: Vec<_> = group.rules[0].labels.iter().map(|(n, t)| (n.as_str(), t.text())).collect();
        assert_eq!(labels, [("a", "g"), ("b", "r")]);
    }

    #[test]
    fn objects_are_read_as_files_are_and_what_thanos_adds_is_noted() {
        let text = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\nspec:\n  groups:\n  - name: g\n    partial_response_strategy: warn\n    rules: [{record: a, expr: b}]\n";
        let file = file(text).unwrap();
        assert_eq!((file.rules(), file.notes.len()), (1, 1));
    }

    #[test]
    fn a_file_may_be_empty() {
        assert!(file("").unwrap().groups.is_empty());
        assert!(file("groups:\n").unwrap().groups.is_empty());
    }

    #[test]
    fn what_a_rule_reads_is_known_where_its_selectors_say_so() {
        let reads = |text: &str| reads(&crowsnest_promql::parse(text).unwrap());
        assert!(reads("rate(a[5m]) / {__name__=\"b\"}").may_include("b"));
        assert!(!reads("rate(a[5m]) / b").may_include("c"));
        assert!(reads("a / {job=\"x\"}").may_include("c"));
    }
}
