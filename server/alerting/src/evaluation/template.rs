//! What a rule's templates can ask.

use crowsnest_api::Timestamp;

use super::{Surroundings, rule};
use crate::template::{Host, Value, prometheus};

/// An evaluation, as its templates see it.
pub(super) struct RuleHost<'a> {
    pub(super) at: Timestamp,
    pub(super) around: &'a Surroundings<'a>,
}

impl Host for RuleHost<'_> {
    fn now(&self) -> (i64, i32) {
        let millis = self.at.millis();
        let nanos = i32::try_from(millis.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
        (millis.div_euclid(1000), nanos)
    }

    fn query(&self, query: &str) -> Result<Value, String> {
        let expr = crowsnest_promql::parse(query).map_err(|error| error.to_string())?;
        let control = (self.around.control)();
        let answer = self.around.engine.instant(self.around.store, &expr, self.at, &control);
        let vector = rule::vector(answer.map_err(|error| error.to_string())?.value)?;
        let samples = vector
            .iter()
            .map(|element| prometheus::sample(&element.labels, element.value.float().unwrap_or(0.0)));
        Ok(prometheus::samples(samples.collect()))
    }

    fn external_url(&self) -> &str {
        self.around.external_url
    }
}
