//! What a query wants its author to know although it has an answer.

use crate::Span;

/// Warnings and hints that come with an answer. Equal texts are kept once, with the place that comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The answer may be wrong or incomplete.
    pub warnings: Vec<Annotation>,
    /// The answer may not be what was meant.
    pub infos: Vec<Annotation>,
}

/// One warning or hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// What to know, in Prometheus's words.
    pub message: String,
    /// The part of the query it is about; those of the store are about none.
    pub span: Option<Span>,
}

/// How many of each kind are given out; the rest is counted.
const MOST: usize = 10;

impl Annotations {
    /// Adds a warning about a part of the query.
    pub fn warn(&mut self, span: Span, message: impl Into<String>) {
        add(&mut self.warnings, Annotation { message: message.into(), span: Some(span) });
    }

    /// Adds a hint about a part of the query.
    pub fn inform(&mut self, span: Span, message: impl Into<String>) {
        add(&mut self.infos, Annotation { message: message.into(), span: Some(span) });
    }

    /// Adds those of another list.
    pub(crate) fn extend(&mut self, others: Self) {
        others.warnings.into_iter().for_each(|annotation| add(&mut self.warnings, annotation));
        others.infos.into_iter().for_each(|annotation| add(&mut self.infos, annotation));
    }

    /// Adds a warning of the store.
    pub fn warn_of_store(&mut self, message: String) {
        add(&mut self.warnings, Annotation { message, span: None });
    }

    /// Adds a hint of the store.
    pub(crate) fn inform_of_store(&mut self, message: String) {
        add(&mut self.infos, Annotation { message, span: None });
    }

    /// The warnings as the HTTP API gives them: with line and column in `query`, ten at most.
    pub fn warning_texts(&self, query: &str) -> Vec<String> {
        texts(&self.warnings, "warning", query)
    }

    /// The hints as the HTTP API gives them: with line and column in `query`, ten at most.
    pub fn info_texts(&self, query: &str) -> Vec<String> {
        texts(&self.infos, "info", query)
    }
}

impl Annotation {
    /// As the HTTP API gives it; `kind` is `warning` or `info`.
    pub fn text(&self, kind: &str, query: &str) -> String {
        match self.span {
            Some(span) => format!("PromQL {kind}: {} ({})", self.message, span.position(query)),
            None => self.message.clone(),
        }
    }
}

fn add(list: &mut Vec<Annotation>, annotation: Annotation) {
    // A query over many series repeats itself; a broken store may not. The cap keeps both cheap.
    const KEPT: usize = 1000;
    match list.iter_mut().find(|known| known.message == annotation.message) {
        Some(known) => known.span = known.span.min(annotation.span),
        None => list.push(annotation),
    }
    list.truncate(KEPT);
}

fn texts(list: &[Annotation], kind: &str, query: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        list.iter().take(MOST).map(|annotation| annotation.text(kind, query)).collect();
    if list.len() > MOST {
        texts.push(format!("{} more {kind} annotations omitted", list.len() - MOST));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_told_once_and_long_lists_are_cut() {
        let mut annotations = Annotations::default();
        for i in 0..12 {
            annotations.warn(Span { start: 2, end: 3 }, format!("w{i}"));
            annotations.warn(Span { start: 0, end: 3 }, "w0");
        }
        let texts = annotations.warning_texts("\nxyz");
        assert_eq!(texts.first().unwrap(), "PromQL warning: w0 (1:1)");
        assert_eq!(texts.last().unwrap(), "2 more warning annotations omitted");
        assert_eq!(texts.len(), 11);
        assert!(annotations.info_texts("").is_empty());
    }
}
