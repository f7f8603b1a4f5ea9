//! Names of series: `legendFormat` of a query, as Grafana's Prometheus data source fills it in.

use std::collections::BTreeSet;

use crowsnest_api::Labels;

/// `template` with the label's value for each `{{ label }}`; a label that is not there gives nothing.
pub fn render(template: &str, labels: &Labels) -> String {
    let mut result = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, tail)) = after.split_once("}}") else { break };
        result.push_str(before);
        result.push_str(labels.get(inside.trim()).map_or("", |value| value.as_str()));
        rest = tail;
    }
    result + rest
}

/// The name without a template: `metric{a="x", b="y"}`, or the expression for a series without labels.
pub(super) fn plain(labels: &Labels, expr: &str) -> String {
    if labels.is_empty() {
        return expr.to_owned();
    }
    let others = labels.iter().filter(|label| label.name != "__name__");
    let inside: Vec<String> = others.map(|label| format!("{}=\"{}\"", label.name, label.value)).collect();
    match inside.is_empty() {
        true => labels.metric_name().to_owned(),
        false => format!("{}{{{}}}", labels.metric_name(), inside.join(", ")),
    }
}

/// Names by the labels that differ between the series: the value alone where that is one, pairs where there are more.
pub(super) fn automatic(all: &[&Labels], expr: &str) -> Vec<String> {
    let names: BTreeSet<&str> =
        all.iter().flat_map(|labels| labels.iter()).map(|label| label.name.as_str()).collect();
    let differ = |name: &&&str| {
        let mut values = all.iter().map(|labels| labels.get(name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let differing: Vec<&str> = names.iter().filter(differ).copied().collect();
    let one = |labels: &&Labels| match differing.as_slice() {
        [] if all.len() == 1 => plain(labels, expr),
        [name] => labels.get(name).map_or_else(String::new, |value| value.to_string()),
        names => {
            let pairs = names.iter().filter_map(|name| Some(format!("{name}=\"{}\"", labels.get(name)?)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    };
    all.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_take_labels_and_leave_the_rest() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a"), ("pod", "p{{x}}")]);
        assert_eq!(render("{{ job }}/{{pod}} {{gone}}.", &labels), "a/p{{x}} .");
        assert_eq!(render("{{job", &labels), "{{job");
        assert_eq!(plain(&labels, "up"), "up{job=\"a\", pod=\"p{{x}}\"}");
        assert_eq!(plain(&Labels::empty(), "sum(up)"), "sum(up)");
    }

    #[test]
    fn automatic_names_are_what_differs() {
        let series = |pairs: &[(&'static str, &'static str)]| Labels::from_pairs(pairs.iter().copied());
        let (a, b) = (series(&[("job", "x"), ("pod", "1")]), series(&[("job", "x"), ("pod", "2")]));
        assert_eq!(automatic(&[&a, &b], "up"), ["1", "2"]);
        let c = series(&[("job", "y"), ("pod", "2")]);
        assert_eq!(automatic(&[&a, &c], "up"), ["{job=\"x\", pod=\"1\"}", "{job=\"y\", pod=\"2\"}"]);
        assert_eq!(automatic(&[&a], "up"), ["{job=\"x\", pod=\"1\"}"]);
    }
}
