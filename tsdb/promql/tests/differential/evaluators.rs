//! The random questions, asked of both our evaluators.

use super::*;
use crowsnest_promql::{EngineOptions, Features, ask_both};

/// Questions in each run: some seconds' worth.
const QUESTIONS: u64 = 1_000;

#[test]
fn both_evaluators_give_the_same_answers_to_random_questions() {
    let mut differences = Vec::new();
    for number in 0..QUESTIONS {
        let store = Data::new(number / BATCH).store();
        let question = Question::new(&mut Random::new(number));
        let Ok(expr) = parse(&question.text) else { continue };
        let features = Features { delayed_name_removal: number % 3 == 0, ..Features::default() };
        let options = EngineOptions { features, ..EngineOptions::default() };
        if let Err(difference) = ask_both(options, |engine| ask_at(engine, &store, &expr, question.when)) {
            differences.push(format!("{number}: {} {}: {difference}", question.text, question.when));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
