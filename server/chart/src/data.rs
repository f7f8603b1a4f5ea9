//! What is drawn: series of samples, and the stretch of time to show them in.

use crowsnest_api::{Label, Labels, METRIC_NAME};

/// One series of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartSeries {
    /// What the legend calls it.
    pub name: String,
    /// Its identity, which its colour follows.
    pub labels: Labels,
    /// Milliseconds since the Unix epoch and value, in ascending order of time. A NaN is a sample that says that
    /// there is no value; the infinities are drawn at the edge of the picture.
    pub points: Vec<(i64, f64)>,
}

/// All series of a chart, in the order in which legend and stack show them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    /// The series.
    pub series: Vec<ChartSeries>,
}

impl ChartData {
    /// Whether no series has a single sample.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }

    /// Takes out of the names what tells nothing: a series that is called by its labels loses those that all such
    /// series share, so that `{cpu="0", instance="a", job="b"}` beside `{cpu="1", …}` becomes `{cpu="0"}`. A single series keeps its name.
    pub fn shorten_names(&mut self) {
        let by_labels = |series: &ChartSeries| series.name == series.labels.to_string();
        let named: Vec<Labels> =
            self.series.iter().filter(|one| by_labels(one)).map(|one| one.labels.clone()).collect();
        let Some((first, others)) = named.split_first().filter(|(_, others)| !others.is_empty()) else {
            return;
        };
        let shared =
            |label: &Label| others.iter().all(|labels| labels.get(&label.name) == Some(&label.value));
        let silent: Vec<&Label> = first.iter().filter(|label| shared(label)).collect();
        for series in self.series.iter_mut().filter(|one| by_labels(one)) {
            let mut short = series.labels.to_builder();
            short.retain(|label| !silent.contains(&label));
            let short = short.build();
            // The metric's name alone needs no braces, and nothing at all would be no name.
            if !short.is_empty() {
                series.name = match short.get(METRIC_NAME) {
                    Some(name) if short.len() == 1 => name.to_string(),
                    _ => short.to_string(),
                };
            }
        }
    }
}

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// Milliseconds since the Unix epoch; not before `start_ms`.
    pub end_ms: i64,
}

impl TimeRange {
    /// Milliseconds from start to end, at least 1 so that nothing divides by zero.
    pub fn span_ms(self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms).max(1)
    }

    /// Whether the instant lies within.
    pub fn contains(self, ms: i64) -> bool {
        (self.start_ms..=self.end_ms).contains(&ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sets: &[&[(&str, &str)]]) -> Vec<String> {
        let series = sets.iter().map(|pairs| {
            let labels = Labels::from_pairs(pairs.iter().copied());
            ChartSeries { name: labels.to_string(), labels, points: Vec::new() }
        });
        let mut data = ChartData { series: series.collect() };
        data.shorten_names();
        data.series.into_iter().map(|series| series.name).collect()
    }

    #[test]
    fn labels_that_all_series_share_leave_the_names() {
        let (a, b) = ([("cpu", "0"), ("job", "x")], [("cpu", "1"), ("job", "x")]);
        assert_eq!(names(&[&a, &b]), [r#"{cpu="0"}"#, r#"{cpu="1"}"#]);
        assert_eq!(
            names(&[&[("__name__", "up"), ("job", "x")], &[("__name__", "down"), ("job", "x")]]),
            ["up", "down"]
        );
    }

    #[test]
    fn a_label_that_one_series_lacks_stays() {
        assert_eq!(names(&[&[("a", "1"), ("b", "2")], &[("b", "2")]])[0], r#"{a="1"}"#);
        assert_eq!(names(&[&[("a", "1"), ("b", "2")], &[("b", "2")]])[1], r#"{b="2"}"#);
    }

    #[test]
    fn a_single_series_and_words_are_left_alone() {
        assert_eq!(names(&[&[("a", "1")]]), [r#"{a="1"}"#]);
        let mut data =
            ChartData { series: vec![ChartSeries { name: "used".to_owned(), ..ChartSeries::default() }; 2] };
        data.shorten_names();
        assert_eq!(data.series[0].name, "used");
    }
}
