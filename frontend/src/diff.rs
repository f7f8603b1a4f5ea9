//! What differs between two texts, line by line.

/// Lines that are compared at most; larger texts are shown as wholly replaced in between what they share at both ends.
const MAX_LINES: usize = 4_000;
/// Unchanged lines that are shown around a change.
const CONTEXT: usize = 3;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Same,
    Gone,
    New,
}

/// A line and what became of it.
pub(crate) type Line<'a> = (Fate, &'a str);

/// All lines of both texts in their order; what is gone stands before what came.
pub(crate) fn diff<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut lines: Vec<Line<'a>> = old.iter().take(head).map(|line| (Fate::Same, *line)).collect();
    middle(
        old.get(head..old_end).unwrap_or_default(),
        new.get(head..new_end).unwrap_or_default(),
        &mut lines,
    );
    lines.extend(old.iter().skip(old_end).map(|line| (Fate::Same, *line)));
    lines
}

/// How many lines came or went.
pub(crate) fn changed_lines(before: &str, after: &str) -> usize {
    diff(before, after).iter().filter(|(fate, _)| *fate != Fate::Same).count()
}

/// What lies between the common ends: by the longest common subsequence, unless that is too much work.
fn middle<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    if old.len() > MAX_LINES || new.len() > MAX_LINES || old.len() * new.len() > MAX_LINES * MAX_LINES / 4 {
        lines.extend(old.iter().map(|line| (Fate::Gone, *line)));
        lines.extend(new.iter().map(|line| (Fate::New, *line)));
        return;
    }
    // common[i][j]: the longest common subsequence of old[i..] and new[j..].
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[at(i, j)] = if old[i] == new[j] {
                common[at(i + 1, j + 1)].saturating_add(1)
            } else {
                common[at(i + 1, j)].max(common[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((Fate::Same, old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[at(i + 1, j)] >= common[at(i, j + 1)]) {
            lines.push((Fate::Gone, old[i]));
            i += 1;
        } else {
            lines.push((Fate::New, new[j]));
            j += 1;
        }
    }
}

/// Changes with a few lines around each; `None` where lines are left out.
pub(crate) fn hunks<'a>(lines: &[Line<'a>]) -> Vec<Option<Line<'a>>> {
    let mut near = vec![false; lines.len()];
    for (at, (fate, _)) in lines.iter().enumerate() {
        if *fate != Fate::Same {
            let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(lines.len()));
            near.iter_mut().take(to).skip(from).for_each(|near| *near = true);
        }
    }
    let mut out = Vec::new();
    for (line, near) in lines.iter().zip(near) {
        if near {
            out.push(Some(*line));
        } else if out.last().is_none_or(Option::is_some) {
            out.push(None);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> String {
        let sign = |fate| match fate {
            Fate::Same => ' ',
            Fate::Gone => '-',
            Fate::New => '+',
        };
        diff(before, after)
            .into_iter()
            .map(|(fate, line)| format!("{}{line}", sign(fate)))
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn lines_that_are_gone_stand_before_lines_that_came() {
        assert_eq!(told("a\nb\nc", "a\nx\nc"), " a|-b|+x| c");
        assert_eq!(told("a\nb", "b\na"), "-a| b|+a");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a\na", "a"), " a|-a");
        assert_eq!(told("a", "a"), " a");
    }

    #[test]
    fn far_from_changes_lines_are_left_out() {
        let before: String = (0..30).map(|n| format!("{n}\n")).collect();
        let after = before.replace("15\n", "x\n");
        let lines = diff(&before, &after);
        let shown = hunks(&lines);
        assert_eq!(shown.len(), 1 + 3 + 2 + 3 + 1);
        assert!(shown[0].is_none() && shown.last().unwrap().is_none());
    }

    #[test]
    fn a_text_that_is_too_large_is_replaced_as_a_whole() {
        let (old, new): (String, String) =
            ((0..5000).map(|n| format!("a{n}\n")).collect(), (0..5000).map(|n| format!("b{n}\n")).collect());
        assert_eq!(diff(&old, &new).len(), 10_000);
    }
}
