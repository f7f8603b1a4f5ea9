//! A tiny shell for the containers that do not exist: a handful of commands over a handful of files.
//!
//! It is there so that a terminal has something to talk to: output on both streams, exit codes, a prompt, a working
//! directory, the size of the window. Nothing outside its own memory is read or run.

mod files;
pub(crate) mod process;
mod words;

use std::fmt::Write;

use serde_json::Value;

use crate::object;
use files::{Files, Listing};
use words::{Joint, LAST_CODE, parse};

/// What a command says, and how it ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
    /// Whether the shell itself is to end.
    pub(crate) leaves: bool,
}

impl Outcome {
    fn said(out: impl Into<String>) -> Outcome {
        Outcome { out: out.into(), ..Outcome::default() }
    }

    fn failed(code: i32, err: impl Into<String>) -> Outcome {
        Outcome { err: err.into(), code, ..Outcome::default() }
    }
}

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

/// A shell in one container.
#[derive(Debug)]
pub(crate) struct Shell {
    files: Files,
    directory: String,
    environment: Vec<(String, String)>,
    host: String,
    container: String,
    last_code: i32,
    pub(crate) size: Size,
}

/// A command of the shell: name, what it takes, what it does.
struct Builtin(&'static str, &'static str, fn(&mut Shell, &[String]) -> Outcome);

/// In the order of their names.
const BUILTINS: &[Builtin] = &[
    Builtin("cat", "FILE…", Shell::cat),
    Builtin("cd", "[FOLDER]", Shell::cd),
    Builtin("echo", "[-n] [TEXT…]", Shell::echo),
    Builtin("env", "", |shell, _| Outcome::said(shell.environment_text())),
    Builtin("exit", "[CODE]", Shell::exit),
    Builtin("false", "", |_, _| Outcome::failed(1, "")),
    Builtin("help", "", |_, _| Outcome::said(help())),
    Builtin("hostname", "", |shell, _| Outcome::said(format!("{}\n", shell.host))),
    Builtin("id", "", |_, _| Outcome::said("uid=0(root) gid=0(root) groups=0(root)\n")),
    Builtin("ls", "[-a] [-l] [FILE…]", Shell::ls),
    Builtin("ps", "", Shell::ps),
    Builtin("pwd", "", |shell, _| Outcome::said(format!("{}\n", shell.directory))),
    Builtin("stty", "size", |shell, _| {
        Outcome::said(format!("{} {}\n", shell.size.rows, shell.size.columns))
    }),
    Builtin("true", "", |_, _| Outcome::default()),
    Builtin("uname", "", |_, _| Outcome::said("Linux\n")),
    Builtin("whoami", "", |_, _| Outcome::said("root\n")),
];

fn help() -> String {
    BUILTINS
        .iter()
        .map(|Builtin(name, usage, _)| format!("{name} {usage}").trim_end().to_owned() + "\n")
        .collect()
}

impl Shell {
    pub(crate) fn new(pod: &Value, container: &str) -> Shell {
        let host = object::name(pod).to_owned();
        let mut environment = vec![
            ("HOME".to_owned(), "/root".to_owned()),
            ("HOSTNAME".to_owned(), host.clone()),
            ("KUBERNETES_SERVICE_HOST".to_owned(), "10.96.0.1".to_owned()),
            ("KUBERNETES_SERVICE_PORT".to_owned(), "443".to_owned()),
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ];
        let spec = object::container(pod, container);
        for variable in spec.into_iter().flat_map(|container| object::list(container, &["env"])) {
            let text = |field: &str| object::text(variable, &[field]).to_owned();
            environment.push((text("name"), text("value")));
        }
        Shell {
            files: Files::of(pod),
            directory: "/".to_owned(),
            environment,
            host,
            container: container.to_owned(),
            last_code: 0,
            size: Size { columns: 80, rows: 24 },
        }
    }

    /// Whether there is a program of this name, with or without its folder.
    pub(crate) fn knows(program: &str) -> bool {
        BUILTINS.iter().any(|Builtin(name, ..)| *name == base_name(program))
    }

    /// Whether a program is the shell itself.
    pub(crate) fn is_shell(program: &str) -> bool {
        matches!(base_name(program), "sh" | "bash" | "ash" | "dash")
    }

    /// What a prompt shows.
    pub(crate) fn prompt(&self) -> String {
        format!("{}:{}# ", self.host, self.directory)
    }

    /// Runs the commands of a line, until one of them leaves the shell.
    pub(crate) fn run_line(&mut self, line: &str) -> Outcome {
        let mut all = Outcome::default();
        let commands = match parse(line, |name| self.variable(name)) {
            Ok(commands) => commands,
            Err(problem) => return self.ended(Outcome::failed(2, format!("sh: {problem}\n"))),
        };
        for command in commands {
            let runs = match command.joint {
                Joint::Always => true,
                Joint::IfWell => self.last_code == 0,
                Joint::IfNot => self.last_code != 0,
            };
            if !runs || command.words.is_empty() {
                continue;
            }
            let code = self.last_code.to_string();
            let words: Vec<String> =
                command.words.iter().map(|word| word.replace(LAST_CODE, &code)).collect();
            let outcome = self.run(&words);
            all.out.push_str(&outcome.out);
            all.err.push_str(&outcome.err);
            all.leaves = outcome.leaves;
            if outcome.leaves {
                break;
            }
        }
        all.code = self.last_code;
        all
    }

    /// Runs one command.
    pub(crate) fn run(&mut self, words: &[String]) -> Outcome {
        let Some((program, arguments)) = words.split_first() else { return Outcome::default() };
        let name = base_name(program);
        let outcome = match BUILTINS.iter().find(|Builtin(known, ..)| *known == name) {
            Some(Builtin(.., run)) => run(self, arguments),
            None => Outcome::failed(127, format!("sh: {program}: not found\n")),
        };
        self.ended(outcome)
    }

    fn ended(&mut self, outcome: Outcome) -> Outcome {
        self.last_code = outcome.code;
        outcome
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "PWD" => self.directory.clone(),
            _ => self
                .environment
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .unwrap_or_default(),
        }
    }

    fn environment_text(&self) -> String {
        self.environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    fn echo(&mut self, arguments: &[String]) -> Outcome {
        match arguments.split_first() {
            Some((flag, rest)) if flag == "-n" => Outcome::said(rest.join(" ")),
            _ => Outcome::said(arguments.join(" ") + "\n"),
        }
    }

    fn exit(&mut self, arguments: &[String]) -> Outcome {
        let code = match arguments.first().map(|code| code.parse::<i32>()) {
            None => self.last_code,
            Some(Ok(code)) => code.rem_euclid(256),
            Some(Err(_)) => 2,
        };
        Outcome { code, leaves: true, ..Outcome::default() }
    }

    fn cd(&mut self, arguments: &[String]) -> Outcome {
        let wanted = arguments.first().map_or("/root", String::as_str);
        let path = self.absolute(wanted);
        match self.files.list(&path) {
            Listing::Folder(_) => {
                self.directory = path;
                Outcome::default()
            }
            Listing::File => Outcome::failed(2, format!("sh: cd: can't cd to {wanted}: Not a directory\n")),
            Listing::Absent => {
                Outcome::failed(2, format!("sh: cd: can't cd to {wanted}: No such file or directory\n"))
            }
        }
    }

    fn cat(&mut self, arguments: &[String]) -> Outcome {
        let mut outcome = Outcome::default();
        for name in arguments {
            let path = self.absolute(name);
            match (self.files.read(&path), self.files.list(&path)) {
                (Some(text), _) => outcome.out.push_str(text),
                (None, listing) => {
                    let problem = match listing {
                        Listing::Folder(_) => "Is a directory",
                        _ => "No such file or directory",
                    };
                    let _ = writeln!(outcome.err, "cat: {name}: {problem}");
                    outcome.code = 1;
                }
            }
        }
        outcome
    }

    fn ls(&mut self, arguments: &[String]) -> Outcome {
        let (flags, mut names): (Vec<&str>, Vec<&str>) =
            arguments.iter().map(String::as_str).partition(|argument| argument.starts_with('-'));
        let long = flags.iter().any(|flag| flag.contains('l'));
        if names.is_empty() {
            names.push(".");
        }
        let mut outcome = Outcome::default();
        for name in &names {
            let path = self.absolute(name);
            let entries = match self.files.list(&path) {
                Listing::Folder(entries) => entries,
                Listing::File => vec![((*name).to_owned(), false)],
                Listing::Absent => {
                    let _ = writeln!(outcome.err, "ls: {name}: No such file or directory");
                    outcome.code = 1;
                    continue;
                }
            };
            if names.len() > 1 {
                let _ = writeln!(outcome.out, "{name}:");
            }
            for (entry, is_folder) in entries {
                if long {
                    let mode = if is_folder { "drwxr-xr-x" } else { "-rw-r--r--" };
                    let size =
                        self.files.read(&format!("{path}/{entry}").replace("//", "/")).map_or(4096, str::len);
                    let _ = writeln!(outcome.out, "{mode}    1 root     root     {size:>9} {entry}");
                } else {
                    let _ = writeln!(outcome.out, "{entry}");
                }
            }
        }
        outcome
    }

    fn ps(&mut self, _: &[String]) -> Outcome {
        Outcome::said(format!(
            "PID   USER     TIME  COMMAND\n    1 root      0:00 {}\n    7 root      0:00 sh\n",
            self.container
        ))
    }

    /// A path from the root, without dots.
    fn absolute(&self, path: &str) -> String {
        let whole =
            if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.directory) };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shell() -> Shell {
        let pod = json!({
            "metadata": {"name": "web-1", "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "env": [{"name": "TIER", "value": "front"}]}]},
        });
        Shell::new(&pod, "web")
    }

    #[track_caller]
    fn check(line: &str, out: &str, err: &str, code: i32) {
        let outcome = shell().run_line(line);
        assert_eq!((outcome.out.as_str(), outcome.err.as_str(), outcome.code), (out, err, code), "{line}");
    }

    #[test]
    fn commands_say_things_and_end_with_a_code() {
        check("echo hello   world", "hello world\n", "", 0);
        check("echo -n 'a  b' \"$TIER\"", "a  b front", "", 0);
        check("cat /etc/hostname", "web-1\n", "", 0);
        check("cat /nope /etc/hostname", "web-1\n", "cat: /nope: No such file or directory\n", 1);
        check("cat /etc", "", "cat: /etc: Is a directory\n", 1);
        check("frobnicate", "", "sh: frobnicate: not found\n", 127);
        check("/bin/echo $HOSTNAME", "web-1\n", "", 0);
        check("echo 'open", "", "sh: syntax error: unterminated quoted string\n", 2);
        check("", "", "", 0);
    }

    #[test]
    fn commands_follow_from_each_other() {
        check("true && echo yes || echo no", "yes\n", "", 0);
        check("false && echo yes || echo no", "no\n", "", 0);
        check("false; echo $?", "1\n", "", 0);
        check("cd /etc; pwd; cd ..; pwd", "/etc\n/\n", "", 0);
        check("cd nowhere", "", "sh: cd: can't cd to nowhere: No such file or directory\n", 2);
        let left = shell().run_line("echo a; exit 3; echo b");
        assert_eq!((left.out.as_str(), left.code, left.leaves), ("a\n", 3, true));
    }

    #[test]
    fn folders_have_entries() {
        check("ls /var/run/secrets/kubernetes.io", "serviceaccount\n", "", 0);
        check("ls / | cat", "", "sh: syntax error: | is not known here\n", 2);
        check("ls /nope", "", "ls: /nope: No such file or directory\n", 1);
        assert!(shell().run_line("ls").out.lines().any(|entry| entry == "etc"));
        assert!(shell().run_line("ls -l /etc").out.contains("-rw-r--r--"));
    }
}
