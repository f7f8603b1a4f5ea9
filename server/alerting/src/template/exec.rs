//! Executes the syntax tree of a template, by the rules of Go's text/template.

mod call;

use std::collections::BTreeMap;
use std::fmt;

use smol_str::SmolStr;

use super::error::{ExecError, line_and_column};
use super::function::{Env, Function, Host};
use super::html;
use super::node::{Body, Branch, Call, Command, Node, Operand, OperandKind, Pipe};
use super::print;
use super::value::Value;
use super::{Definition, Escape, Limits};

/// How deep templates may call each other.
const MAX_CALLS: usize = 100;

/// What a template is executed with.
pub(crate) struct Execution<'a> {
    pub(crate) definitions: &'a BTreeMap<String, Definition>,
    pub(crate) functions: &'a [&'static [Function]],
    pub(crate) host: &'a dyn Host,
    pub(crate) limits: Limits,
    pub(crate) escape: Escape,
}

/// Executes `body`, which stands in `text` of the template `name`.
pub(crate) fn execute(
    execution: &Execution<'_>,
    main: &Definition,
    name: &str,
    data: &Value,
) -> Result<String, ExecError> {
    let env = Env::new(execution.host, execution.limits.steps);
    let mut output = String::new();
    let mut state = State {
        execution,
        env: &env,
        source: main,
        name,
        place: Place { at: 0, shown: None },
        variables: vec![("$".to_owned(), data.clone())],
        calls: 0,
        output: &mut output,
    };
    state.walk(data, &main.body).map_err(Fault::into_error)?;
    Ok(output)
}

/// What is being executed, for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    at: usize,
    shown: Option<&'a dyn fmt::Display>,
}

struct Fault(String);

impl Fault {
    fn into_error(self) -> ExecError {
        ExecError(self.0)
    }
}

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct State<'a> {
    execution: &'a Execution<'a>,
    env: &'a Env<'a>,
    source: &'a Definition,
    name: &'a str,
    place: Place<'a>,
    variables: Vec<(String, Value)>,
    calls: usize,
    output: &'a mut String,
}

impl<'a> State<'a> {
    fn walk(&mut self, dot: &Value, body: &'a Body) -> Result<Flow, Fault> {
        for node in body {
            self.spend(1)?;
            let flow = match node {
                Node::Text(text) => {
                    self.write(text)?;
                    Flow::On
                }
                Node::Action(pipe) => {
                    self.look_at(pipe.at, pipe);
                    let value = self.pipe(dot, pipe)?;
                    if pipe.declares.is_empty() {
                        self.print(&value)?;
                    }
                    Flow::On
                }
                Node::If(branch) => self.condition(dot, branch, false)?,
                Node::With(branch) => self.condition(dot, branch, true)?,
                Node::Range(branch) => self.range(dot, branch)?,
                Node::Template(call) => {
                    self.template(dot, call)?;
                    Flow::On
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    /// `if`, or with `rebinds` `with`.
    fn condition(&mut self, dot: &Value, branch: &'a Branch, rebinds: bool) -> Result<Flow, Fault> {
        let scope = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = match value.is_true() {
            true => self.walk(if rebinds { &value } else { dot }, &branch.then),
            false => self.walk(dot, &branch.otherwise),
        };
        self.variables.truncate(scope);
        flow
    }

    fn range(&mut self, dot: &Value, branch: &'a Branch) -> Result<Flow, Fault> {
        let scope = self.variables.len();
        self.look_at(branch.at, &branch.pipe);
        let value = self.pipe(dot, &branch.pipe)?;
        let mark = self.variables.len();
        let items: Vec<(Value, Value)> = match &value {
            Value::List(list) => (0_i64..).map(Value::Int).zip(list.items.iter().cloned()).collect(),
            Value::Map(map) => {
                map.entries.iter().map(|(key, value)| (Value::Str(key.clone()), value.clone())).collect()
            }
            Value::Int(count) => {
                let count = (*count).max(0);
                if usize::try_from(count).is_ok_and(|count| count > self.execution.limits.steps) {
                    return Err(self.fault(format_args!("range over {count} is too long")));
                }
                (0..count).map(|index| (Value::Int(index), Value::Int(index))).collect()
            }
            Value::Nil => Vec::new(),
            other => {
                let shown = print::plain(other);
                return Err(self.fault(format_args!("range can't iterate over {shown}")));
            }
        };
        self.spend(items.len())?;
        let mut is_empty = true;
        for (index, item) in items {
            is_empty = false;
            self.loop_variables(&branch.pipe, mark, &index, &item)?;
            let flow = self.walk(&item, &branch.then)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        let flow = if is_empty { self.walk(dot, &branch.otherwise)? } else { Flow::On };
        self.variables.truncate(scope);
        Ok(flow)
    }

    /// Sets `$i, $x` for one turn of a loop.
    fn loop_variables(
        &mut self,
        pipe: &'a Pipe,
        mark: usize,
        index: &Value,
        item: &Value,
    ) -> Result<(), Fault> {
        let values = match pipe.declares.len() {
            0 => return Ok(()),
            1 => [item, item],
            _ => [index, item],
        };
        for (nth, (name, value)) in pipe.declares.iter().zip(values).enumerate() {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else if let Some(variable) =
                mark.checked_sub(pipe.declares.len() - nth).and_then(|at| self.variables.get_mut(at))
            {
                variable.1 = value.clone();
            }
        }
        Ok(())
    }

    fn template(&mut self, dot: &Value, call: &'a Call) -> Result<(), Fault> {
        self.look_at(call.at, call);
        let Some((name, definition)) = self.execution.definitions.get_key_value(&call.name) else {
            return Err(self.fault(format_args!("template {:?} not defined", call.name)));
        };
        if self.calls >= MAX_CALLS {
            return Err(self.fault(format_args!("exceeded maximum template depth ({MAX_CALLS})")));
        }
        let data = call.pipe.as_ref().map_or(Ok(Value::Nil), |pipe| self.pipe(dot, pipe))?;
        let mut inner = State {
            execution: self.execution,
            env: self.env,
            source: definition,
            name,
            place: self.place,
            variables: vec![("$".to_owned(), data.clone())],
            calls: self.calls + 1,
            output: self.output,
        };
        inner.walk(&data, &definition.body).map(|_| ())
    }

    /// The value of a pipeline, after it has been given to the variables that it declares.
    fn pipe(&mut self, dot: &Value, pipe: &'a Pipe) -> Result<Value, Fault> {
        self.look_at(pipe.at, pipe);
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.declares {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'a Command, piped: Option<Value>) -> Result<Value, Fault> {
        self.spend(1)?;
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Value::Nil) };
        match &first.kind {
            OperandKind::Function(name) => self.call(dot, first, command, name, rest, piped),
            OperandKind::Field(fields) => {
                self.look_at(first.at, first);
                self.fields(dot, dot.clone(), fields, rest, piped)
            }
            OperandKind::Variable { name, fields } if !fields.is_empty() => {
                self.look_at(first.at, first);
                let of = self.variable(name)?;
                self.fields(dot, of, fields, rest, piped)
            }
            OperandKind::Chain { of, fields } => {
                self.look_at(first.at, first);
                let of = self.operand(dot, of)?;
                self.fields(dot, of, fields, rest, piped)
            }
            kind => {
                self.look_at(first.at, first);
                if !rest.is_empty() || piped.is_some() {
                    return Err(self.fault(format_args!("can't give argument to non-function {first}")));
                }
                if matches!(kind, OperandKind::Nil) {
                    return Err(self.fault(format_args!("nil is not a command")));
                }
                self.operand(dot, first)
            }
        }
    }

    /// The value of an operand that is given nothing.
    fn operand(&mut self, dot: &Value, operand: &'a Operand) -> Result<Value, Fault> {
        self.spend(1)?;
        self.look_at(operand.at, operand);
        match &operand.kind {
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Int { value, .. } => Ok(Value::Int(*value)),
            OperandKind::Float { value, .. } => Ok(Value::Float(*value)),
            OperandKind::Str { value, .. } => Ok(Value::str(value.as_str())),
            OperandKind::Function(name) => {
                let command = operand;
                self.call(dot, operand, command, name, &[], None)
            }
            OperandKind::Field(fields) => self.fields(dot, dot.clone(), fields, &[], None),
            OperandKind::Variable { name, fields } => {
                let of = self.variable(name)?;
                self.fields(dot, of, fields, &[], None)
            }
            OperandKind::Chain { of, fields } => {
                let of = self.operand(dot, of)?;
                self.fields(dot, of, fields, &[], None)
            }
            OperandKind::Pipe(pipe) => {
                let scope = self.variables.len();
                let value = self.pipe(dot, pipe);
                self.variables.truncate(scope.max(1));
                value
            }
        }
    }

    fn variable(&self, name: &str) -> Result<Value, Fault> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| self.fault(format_args!("undefined variable: {name}")))
    }

    fn assign(&mut self, name: &str, value: Value) -> Result<(), Fault> {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some(variable) => {
                variable.1 = value;
                Ok(())
            }
            None => Err(self.fault(format_args!("undefined variable: {name}"))),
        }
    }

    fn print(&mut self, value: &Value) -> Result<(), Fault> {
        let text: SmolStr = match value {
            Value::Nil => "<no value>".into(),
            Value::Str(text) | Value::Html(text) => text.clone(),
            other => print::plain(other).into(),
        };
        match (self.execution.escape, value) {
            (Escape::No, _) | (Escape::Html, Value::Html(_)) => self.write(&text),
            (Escape::Html, _) => {
                let text = if matches!(value, Value::Nil) {
                    String::new()
                } else {
                    html::escape_for(self.output, &text)
                };
                self.write(&text)
            }
        }
    }

    fn write(&mut self, text: &str) -> Result<(), Fault> {
        if self.output.len() + text.len() > self.execution.limits.output_bytes {
            let limit = self.execution.limits.output_bytes;
            return Err(self.fault(format_args!("output is larger than {limit} bytes")));
        }
        self.output.push_str(text);
        Ok(())
    }

    fn spend(&self, amount: usize) -> Result<(), Fault> {
        self.env.spend(amount).map_err(|message| self.fault(format_args!("{message}")))
    }

    fn look_at(&mut self, at: usize, shown: &'a dyn fmt::Display) {
        self.place = Place { at, shown: Some(shown) };
    }

    fn fault(&self, message: fmt::Arguments<'_>) -> Fault {
        let Self { name, source, place, .. } = self;
        let Some(shown) = place.shown else { return Fault(format!("template: {name}: {message}")) };
        let (line, column) = line_and_column(&source.text, place.at);
        let file = &source.file;
        Fault(format!("template: {file}:{line}:{column}: executing {name:?} at <{shown}>: {message}"))
    }
}
