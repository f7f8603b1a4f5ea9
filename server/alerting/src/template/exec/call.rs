//! Calls: functions, methods and fields.

use std::fmt;

use super::{Fault, State};
use crate::template::builtins::{self, Builtin};
use crate::template::function::{Function, Param};
use crate::template::node::{Operand, OperandKind};
use crate::template::value::{Class, Method, Value};

impl<'a> State<'a> {
    /// The value of `.a.b.c` of `of`; the last may be a method, which gets the arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Value,
        of: Value,
        fields: &'a [String],
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        let Some((last, path)) = fields.split_last() else { return Ok(of) };
        let mut value = of;
        for name in path {
            value = self.field(dot, &value, name, &[], None)?;
        }
        self.field(dot, &value, last, arguments, piped)
    }

    fn field(
        &mut self,
        dot: &Value,
        of: &Value,
        name: &str,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        self.spend(1)?;
        if let Some(method) = method(of, name) {
            return self.method(dot, of, method, arguments, piped);
        }
        let has_arguments = !arguments.is_empty() || piped.is_some();
        match of {
            Value::Struct(_) => {
                if let Some(value) = of.field(name) {
                    if has_arguments {
                        return Err(self
                            .fault(format_args!("{name} has arguments but cannot be invoked as function")));
                    }
                    return Ok(value.clone());
                }
            }
            Value::Map(map) => {
                if has_arguments {
                    return Err(self.fault(format_args!("{name} is not a method but has arguments")));
                }
                return Ok(map.entries.get(name).unwrap_or(&map.zero).clone());
            }
            Value::Nil => {
                return Err(self.fault(format_args!("nil pointer evaluating interface {{}}.{name}")));
            }
            _ => {}
        }
        Err(self.fault(format_args!("can't evaluate field {name} in type {}", of.type_name())))
    }

    fn method(
        &mut self,
        dot: &Value,
        of: &Value,
        method: &'static Method,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        let values = self.arguments(dot, method.name, method.params, None, arguments, piped)?;
        (method.call)(of, &values)
            .map_err(|message| self.fault(format_args!("error calling {}: {message}", method.name)))
    }

    /// Calls the function `name`. `first` is where it is named, `whole` the command that messages show.
    pub(super) fn call(
        &mut self,
        dot: &Value,
        first: &'a Operand,
        whole: &'a dyn Whole,
        name: &str,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        self.look_at(first.at, first);
        if let Some(function) = self.function(name) {
            let values = self.arguments(dot, name, function.params, function.rest, arguments, piped)?;
            let result = (function.call)(self.env, &values);
            return self.finish(name, whole, result);
        }
        match builtins::find(name) {
            Some(Builtin::And | Builtin::Or) => self.logic(dot, name, arguments, piped),
            Some(builtin) => {
                let values = self.any_arguments(dot, arguments, piped)?;
                let (least, most) = builtin.arity();
                if values.len() < least {
                    let more = if most == usize::MAX { "at least " } else { "" };
                    let got = values.len();
                    return Err(self.fault(format_args!(
                        "wrong number of args for {name}: want {more}{least} got {got}"
                    )));
                }
                if values.len() > most {
                    let got = values.len();
                    return Err(
                        self.fault(format_args!("wrong number of args for {name}: want {most} got {got}"))
                    );
                }
                let result = builtins::call(builtin, self.env, &values);
                self.finish(name, whole, result)
            }
            None => Err(self.fault(format_args!("{name:?} is not a defined function"))),
        }
    }

    fn finish(
        &mut self,
        name: &str,
        whole: &'a dyn Whole,
        result: Result<Value, String>,
    ) -> Result<Value, Fault> {
        match result {
            Ok(value) => {
                self.spend(value.weight() / 16)?;
                Ok(value)
            }
            Err(message) => {
                self.look_at(whole.at(), whole.shown());
                Err(self.fault(format_args!("error calling {name}: {message}")))
            }
        }
    }

    /// `and` and `or` compute no more arguments than they need.
    fn logic(
        &mut self,
        dot: &Value,
        name: &str,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        let ends_at = name == "or";
        let mut last = None;
        for operand in arguments {
            let value = self.operand(dot, operand)?;
            if value.is_true() == ends_at {
                return Ok(value);
            }
            last = Some(value);
        }
        let value = piped.or(last);
        value
            .ok_or_else(|| self.fault(format_args!("wrong number of args for {name}: want at least 1 got 0")))
    }

    fn any_arguments(
        &mut self,
        dot: &Value,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for operand in arguments {
            values.push(self.operand(dot, operand)?);
        }
        values.extend(piped);
        Ok(values)
    }

    /// The values of arguments, checked against the types that are wanted.
    fn arguments(
        &mut self,
        dot: &Value,
        name: &str,
        params: &[Param],
        rest: Option<Param>,
        arguments: &'a [Operand],
        piped: Option<Value>,
    ) -> Result<Vec<Value>, Fault> {
        let (got, want) = (arguments.len() + usize::from(piped.is_some()), params.len());
        match rest {
            None if got != want => {
                return Err(
                    self.fault(format_args!("wrong number of args for {name}: want {want} got {got}"))
                );
            }
            Some(_) if got < want => {
                return Err(self
                    .fault(format_args!("wrong number of args for {name}: want at least {want} got {got}")));
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(got);
        for (index, operand) in arguments.iter().enumerate() {
            let param = params.get(index).copied().or(rest).unwrap_or(Param::Any);
            let value = self.operand(dot, operand)?;
            if !param.takes(&value) {
                self.look_at(operand.at, operand);
                return Err(self.wrong_type(param, &value, &operand.kind, operand));
            }
            values.push(value);
        }
        if let Some(value) = piped {
            let param = params.get(values.len()).copied().or(rest).unwrap_or(Param::Any);
            if !param.takes(&value) {
                let (want, got) = (param.type_name(), value.type_name());
                return Err(self.fault(format_args!("wrong type for value; expected {want}; got {got}")));
            }
            values.push(value);
        }
        Ok(values)
    }

    fn wrong_type(&self, param: Param, value: &Value, kind: &OperandKind, shown: &dyn fmt::Display) -> Fault {
        let want = param.type_name();
        match kind {
            OperandKind::Bool(_)
            | OperandKind::Int { .. }
            | OperandKind::Float { .. }
            | OperandKind::Str { .. } => self.fault(format_args!("expected {want}; found {shown}")),
            OperandKind::Nil => self.fault(format_args!("cannot assign nil to {want}")),
            _ => self.fault(format_args!("wrong type for value; expected {want}; got {}", value.type_name())),
        }
    }

    fn function(&self, name: &str) -> Option<&'static Function> {
        self.execution.functions.iter().copied().flatten().find(|function| function.name == name)
    }
}

/// What a message about a failed call shows.
pub(super) trait Whole: fmt::Display {
    fn at(&self) -> usize;
    fn shown(&self) -> &dyn fmt::Display;
}

impl Whole for super::Command {
    fn at(&self) -> usize {
        self.at
    }
    fn shown(&self) -> &dyn fmt::Display {
        self
    }
}

impl Whole for Operand {
    fn at(&self) -> usize {
        self.at
    }
    fn shown(&self) -> &dyn fmt::Display {
        self
    }
}

fn method(of: &Value, name: &str) -> Option<&'static Method> {
    let methods: &'static [Method] = match of {
        Value::Time(_) => crate::template::time::METHODS,
        Value::Duration(_) => crate::template::time::DURATION_METHODS,
        _ => of.class().map_or(&[], |class: &'static Class| class.methods),
    };
    methods.iter().find(|method| method.name == name)
}
