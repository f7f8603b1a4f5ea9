//! A process with its streams: what is typed into it, and what it says back.

use super::{Outcome, Shell, Size};

/// The longest line that is typed; what is beyond it is dropped.
const LONGEST_LINE: usize = 4096;

/// What a process does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Out(Vec<u8>),
    Err(Vec<u8>),
    /// It ends with this code. Nothing follows.
    Exit(i32),
}

/// Where the streams of a process go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) stdin: bool,
    /// A terminal: it echoes, edits lines, and has one stream for both kinds of output.
    pub(crate) tty: bool,
}

/// What runs.
#[derive(Debug, PartialEq)]
enum Program {
    /// Commands from the input, line by line.
    Interactive,
    /// Says back what it reads.
    Echo,
    /// Reads nothing and says nothing.
    Silent,
    /// Commands that are there from the start.
    Once(Vec<String>),
    Script(String),
}

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    shell: Shell,
    program: Program,
    streams: Streams,
    /// The line that is being typed.
    line: Vec<u8>,
    ended: bool,
}

impl Process {
    /// A process of a command; none if the container has no such program.
    pub(crate) fn new(shell: Shell, command: &[String], streams: Streams) -> Option<Process> {
        let (name, arguments) = command.split_first()?;
        let program = if Shell::is_shell(name) {
            match arguments {
                [flag, script, ..] if flag.starts_with('-') && flag.ends_with('c') => {
                    Program::Script(script.clone())
                }
                _ => Program::Interactive,
            }
        } else if name.rsplit('/').next() == Some("cat") && arguments.iter().all(|name| name == "-") {
            Program::Echo
        } else if Shell::knows(name) {
            Program::Once(command.to_vec())
        } else {
            return None;
        };
        Some(Process { shell, program, streams, line: Vec::new(), ended: false })
    }

    /// A process that a container runs for itself.
    pub(crate) fn silent(shell: Shell, streams: Streams) -> Process {
        let streams = Streams { stdin: false, ..streams };
        Process { shell, program: Program::Silent, streams, line: Vec::new(), ended: false }
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.shell.size = size;
    }

    /// What it does before anything is typed.
    pub(crate) fn start(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        match &self.program {
            Program::Once(words) => {
                let words = words.clone();
                let outcome = self.shell.run(&words);
                self.finish(&outcome, &mut effects);
            }
            Program::Script(script) => {
                let script = script.clone();
                let outcome = self.shell.run_line(&script);
                self.finish(&outcome, &mut effects);
            }
            Program::Silent => {}
            Program::Interactive | Program::Echo if !self.streams.stdin => self.exit(0, &mut effects),
            Program::Interactive if self.streams.tty => self.prompt(&mut effects),
            Program::Interactive | Program::Echo => {}
        }
        effects
    }

    /// What it does about what is typed.
    pub(crate) fn input(&mut self, bytes: &[u8]) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.ended || !self.streams.stdin {
            return effects;
        }
        if self.program == Program::Echo && !self.streams.tty {
            effects.push(Effect::Out(bytes.to_vec()));
            return effects;
        }
        for byte in bytes {
            if self.ended {
                break;
            }
            if self.streams.tty {
                self.key(*byte, &mut effects);
            } else if *byte == b'\n' {
                self.enter(&mut effects);
            } else {
                self.type_byte(*byte);
            }
        }
        effects
    }

    /// What it does when nothing more will be typed.
    pub(crate) fn end_of_input(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.ended && self.program != Program::Silent {
            if !self.line.is_empty() {
                self.enter(&mut effects);
            }
            if !self.ended {
                let code = self.shell.last_code;
                self.exit(code, &mut effects);
            }
        }
        effects
    }

    /// A key of a terminal.
    fn key(&mut self, byte: u8, effects: &mut Vec<Effect>) {
        match byte {
            b'\r' | b'\n' => {
                say(effects, b"\r\n");
                self.enter(effects);
            }
            0x03 => {
                self.line.clear();
                say(effects, b"^C\r\n");
                if self.program == Program::Echo { self.exit(130, effects) } else { self.prompt(effects) }
            }
            0x04 if self.line.is_empty() => {
                let code = if self.program == Program::Echo { 0 } else { self.shell.last_code };
                self.exit(code, effects);
            }
            0x08 | 0x7f if self.line.pop().is_some() => say(effects, b"\x08 \x08"),
            byte if byte >= 0x20 && byte != 0x7f && self.type_byte(byte) => say(effects, &[byte]),
            _ => {}
        }
    }

    /// Says whether there was room for it.
    fn type_byte(&mut self, byte: u8) -> bool {
        let fits = self.line.len() < LONGEST_LINE;
        if fits {
            self.line.push(byte);
        }
        fits
    }

    fn enter(&mut self, effects: &mut Vec<Effect>) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if self.program == Program::Echo {
            return self.tell(&(line + "\n"), false, effects);
        }
        let outcome = self.shell.run_line(&line);
        if outcome.leaves {
            return self.finish(&outcome, effects);
        }
        self.tell(&outcome.out, false, effects);
        self.tell(&outcome.err, true, effects);
        if self.streams.tty {
            self.prompt(effects);
        }
    }

    fn prompt(&self, effects: &mut Vec<Effect>) {
        say(effects, self.shell.prompt().as_bytes());
    }

    fn tell(&self, text: &str, is_error: bool, effects: &mut Vec<Effect>) {
        if text.is_empty() {
            return;
        }
        if self.streams.tty {
            say(effects, text.replace('\n', "\r\n").as_bytes());
        } else if is_error {
            effects.push(Effect::Err(text.as_bytes().to_vec()));
        } else {
            say(effects, text.as_bytes());
        }
    }

    fn finish(&mut self, outcome: &Outcome, effects: &mut Vec<Effect>) {
        self.tell(&outcome.out, false, effects);
        self.tell(&outcome.err, true, effects);
        self.exit(outcome.code, effects);
    }

    fn exit(&mut self, code: i32, effects: &mut Vec<Effect>) {
        self.ended = true;
        effects.push(Effect::Exit(code));
    }
}

/// Adds to what is said last, so that a key and its echo are one message.
fn say(effects: &mut Vec<Effect>, bytes: &[u8]) {
    match effects.last_mut() {
        Some(Effect::Out(said)) => said.extend_from_slice(bytes),
        _ => effects.push(Effect::Out(bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn process(command: &[&str], streams: Streams) -> Option<Process> {
        let pod = json!({"metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "web"}]}});
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        Process::new(Shell::new(&pod, "web"), &command, streams)
    }

    fn out(text: &str) -> Effect {
        Effect::Out(text.as_bytes().to_vec())
    }

    #[test]
    fn a_command_runs_and_ends() {
        let mut echo = process(&["echo", "hi"], Streams::default()).unwrap();
        assert_eq!(echo.start(), [out("hi\n"), Effect::Exit(0)]);
        let mut script = process(&["/bin/sh", "-c", "cat /nope; exit 4"], Streams::default()).unwrap();
        let problem = Effect::Err(b"cat: /nope: No such file or directory\n".to_vec());
        assert_eq!(script.start(), [problem, Effect::Exit(4)]);
        assert!(process(&["frobnicate"], Streams::default()).is_none());
    }

    #[test]
    fn a_shell_without_a_terminal_takes_lines() {
        let mut shell = process(&["sh"], Streams { stdin: true, tty: false }).unwrap();
        assert_eq!(shell.start(), []);
        assert_eq!(shell.input(b"echo a\nec"), [out("a\n")]);
        assert_eq!(shell.input(b"ho b\n"), [out("b\n")]);
        assert_eq!(shell.input(b"false"), []);
        assert_eq!(shell.end_of_input(), [Effect::Exit(1)]);
        assert_eq!(shell.input(b"echo c\n"), []);
    }

    #[test]
    fn a_terminal_echoes_edits_and_prompts() {
        let mut shell = process(&["sh"], Streams { stdin: true, tty: true }).unwrap();
        assert_eq!(shell.start(), [out("web-1:/# ")]);
        assert_eq!(shell.input(b"echo xy\x7f\r"), [out("echo xy\x08 \x08\r\nx\r\nweb-1:/# ")]);
        assert_eq!(shell.input(b"ech\x03"), [out("ech^C\r\nweb-1:/# ")]);
        shell.resize(Size { columns: 120, rows: 40 });
        assert_eq!(shell.input(b"stty size\r"), [out("stty size\r\n40 120\r\nweb-1:/# ")]);
        assert_eq!(shell.input(b"exit 7\r"), [out("exit 7\r\n"), Effect::Exit(7)]);
    }

    #[test]
    fn cat_says_back_what_it_reads() {
        let mut cat = process(&["cat"], Streams { stdin: true, tty: false }).unwrap();
        assert_eq!(cat.input(b"a\xffb"), [Effect::Out(b"a\xffb".to_vec())]);
        assert_eq!(cat.end_of_input(), [Effect::Exit(0)]);
    }
}
