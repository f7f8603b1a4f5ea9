//! Taking a line apart: words, quotes, variables, and what joins commands.

/// When a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    Always,
    /// After `&&`.
    IfWell,
    /// After `||`.
    IfNot,
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) joint: Joint,
    pub(super) words: Vec<String>,
}

/// The commands of a line. Variables are read before any of them runs, but for `$?`, for which
/// [`LAST_CODE`] stands.
///
/// # Errors
/// What the line has that is not known here.
pub(super) fn parse(line: &str, variable: impl Fn(&str) -> String) -> Result<Vec<Command>, String> {
    let mut commands = vec![Command { joint: Joint::Always, words: Vec::new() }];
    let mut word: Option<String> = None;
    let mut rest = line.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '#' if word.is_none() => break,
            ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.words.push(word);
                }
                let doubled = matches!(letter, '&' | '|') && rest.next_if_eq(&letter).is_some();
                let joint = match (letter, doubled) {
                    ('&', true) => Joint::IfWell,
                    ('|', true) => Joint::IfNot,
                    ('&' | '|', false) => return Err(format!("syntax error: {letter} is not known here")),
                    (';' | '\n', _) => Joint::Always,
                    _ => continue,
                };
                commands.push(Command { joint, words: Vec::new() });
            }
            '<' | '>' | '`' => return Err(format!("syntax error: {letter} is not known here")),
            '\'' => {
                let word = word.get_or_insert_default();
                take_until(&mut rest, '\'', |letter, _| word.push(letter))?;
            }
            '"' => {
                let word = word.get_or_insert_default();
                take_until(&mut rest, '"', |letter, rest| match letter {
                    '$' => word.push_str(&expand(rest, &variable)),
                    '\\' => word.extend(rest.next()),
                    letter => word.push(letter),
                })?;
            }
            '\\' => word.get_or_insert_default().extend(rest.next()),
            '$' => {
                let value = expand(&mut rest, &variable);
                word.get_or_insert_default().push_str(&value);
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.words.push(word);
    }
    Ok(commands)
}

type Letters<'l> = std::iter::Peekable<std::str::Chars<'l>>;

fn take_until(
    rest: &mut Letters<'_>,
    end: char,
    mut take: impl FnMut(char, &mut Letters<'_>),
) -> Result<(), String> {
    while let Some(letter) = rest.next() {
        if letter == end {
            return Ok(());
        }
        take(letter, rest);
    }
    Err("syntax error: unterminated quoted string".to_owned())
}

/// The value of the variable whose name follows.
fn expand(rest: &mut Letters<'_>, variable: &impl Fn(&str) -> String) -> String {
    if rest.next_if_eq(&'?').is_some() {
        return LAST_CODE.to_owned();
    }
    let braced = rest.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(letter) = rest.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_') {
        name.push(letter);
    }
    if braced {
        rest.next_if_eq(&'}');
    }
    if name.is_empty() { "$".to_owned() } else { variable(&name) }
}

/// Stands for the code of the command before, which is known only when the next one runs.
pub(super) const LAST_CODE: &str = "\u{0}?";
