//! Which shell there is: the first of some that starts.

use crate::cluster::Heard;

/// Tried one after the other. A process of a terminal with a name of its own for the terminal would be better; a container without `env`
/// has none.
pub(super) const SHELLS: &[&[&str]] = &[&["bash"], &["sh"], &["/bin/ash"], &["/busybox/sh"]];

/// Whether a process that has ended without a word was never there: runtimes have many words for that, and two exit codes.
pub(super) fn was_not_there(heard: &Heard) -> bool {
    match heard {
        Heard::Ended(Some(126 | 127), _) => true,
        Heard::Ended(_, why) => {
            let why = why.to_ascii_lowercase();
            ["not found", "no such file"].iter().any(|words| why.contains(words))
        }
        Heard::Out(_) | Heard::Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_told_from_one_that_ended() {
        let ended = |code, why: &str| was_not_there(&Heard::Ended(code, why.to_owned()));
        assert!(ended(None, "exec: \"bash\": executable file not found in $PATH: unknown"));
        assert!(ended(Some(127), ""));
        assert!(ended(None, "stat /bin/ash: no such file or directory"));
        assert!(!ended(Some(0), ""));
        assert!(!ended(Some(1), "command terminated with exit code 1"));
        assert!(!was_not_there(&Heard::Out(b"sh: not found".to_vec())));
    }
}
