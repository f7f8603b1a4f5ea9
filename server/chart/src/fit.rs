//! Fitting text into room: cut, wrapped, or in a smaller type.

use crate::scene::Type;
use crate::text::MeasureText;

/// `text`, or as much of its beginning and end as fits into `width` with a mark for what is missing.
pub(crate) fn cut(words: &str, width: f64, kind: Type, text: &dyn MeasureText) -> String {
    let fits = |candidate: &str| text.width(candidate, kind.size) <= width;
    if fits(words) {
        return words.to_owned();
    }
    let chars: Vec<char> = words.chars().take(400).collect();
    // Names differ at their ends as often as at their beginnings.
    let shorter = |kept: usize| -> String {
        let head = kept.div_ceil(2);
        let tail = kept - head;
        let from = chars.len() - tail.min(chars.len());
        chars.iter().take(head).chain(['…'].iter()).chain(chars.iter().skip(from)).collect()
    };
    let (mut low, mut high) = (0, chars.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(&shorter(middle)) { low = middle } else { high = middle - 1 }
    }
    if low == 0 && !fits("…") { String::new() } else { shorter(low) }
}

/// `words` on lines that fit into `width`, broken between words where possible; at most twelve.
pub(crate) fn wrap(words: &str, width: f64, kind: Type, text: &dyn MeasureText) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|line| text.width(line, kind.size) <= width) {
            Some(longer) => {
                if let Some(line) = lines.last_mut() {
                    *line = longer;
                }
            }
            None if lines.len() >= 12 => break,
            None => lines.push(cut(word, width.max(10.0), kind, text)),
        }
    }
    lines
}

/// The largest size at which `words` fit into a box, between `least` and `most`.
pub(crate) fn size_for(
    words: &str,
    (width, height): (f64, f64),
    (least, most): (f64, f64),
    text: &dyn MeasureText,
) -> f64 {
    let at_ten = text.width(words, 10.0).max(0.1);
    (width / at_ten * 10.0).min(height).clamp(least, most.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ApproximateText;

    #[test]
    fn long_names_lose_their_middle() {
        let short = cut("node-exporter-abcdefgh-ijkl", 80.0, Type::BODY, &ApproximateText);
        assert!(short.starts_with("node") && short.ends_with("kl") && short.contains('…'), "{short}");
        assert!(ApproximateText.width(&short, 12.0) <= 80.0);
        assert_eq!(cut("abc", 80.0, Type::BODY, &ApproximateText), "abc");
        assert_eq!(cut("abc", 1.0, Type::BODY, &ApproximateText), "");
    }

    #[test]
    fn sentences_break_between_words() {
        let lines = wrap("Needs a data source of the kind loki", 100.0, Type::BODY, &ApproximateText);
        assert!(lines.len() > 1 && lines.iter().all(|line| ApproximateText.width(line, 12.0) <= 100.0));
    }
}
