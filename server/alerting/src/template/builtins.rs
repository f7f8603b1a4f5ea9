//! The functions that Go's text/template has by itself.

use std::cmp::Ordering;

use smol_str::SmolStr;

use super::function::Env;
use super::html;
use super::print;
use super::value::Value;

/// A built-in function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    And,
    Call,
    Eq,
    Ge,
    Gt,
    Html,
    Index,
    Js,
    Le,
    Len,
    Lt,
    Ne,
    Not,
    Or,
    Print,
    Printf,
    Println,
    Slice,
    UrlQuery,
}

const BUILTINS: &[(&str, Builtin)] = &[
    ("and", Builtin::And),
    ("call", Builtin::Call),
    ("eq", Builtin::Eq),
    ("ge", Builtin::Ge),
    ("gt", Builtin::Gt),
    ("html", Builtin::Html),
    ("index", Builtin::Index),
    ("js", Builtin::Js),
    ("le", Builtin::Le),
    ("len", Builtin::Len),
    ("lt", Builtin::Lt),
    ("ne", Builtin::Ne),
    ("not", Builtin::Not),
    ("or", Builtin::Or),
    ("print", Builtin::Print),
    ("printf", Builtin::Printf),
    ("println", Builtin::Println),
    ("slice", Builtin::Slice),
    ("urlquery", Builtin::UrlQuery),
];

/// The built-in function with this name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    BUILTINS.iter().find(|(known, _)| *known == name).map(|(_, builtin)| *builtin)
}

impl Builtin {
    /// The least and the largest number of arguments.
    pub(crate) fn arity(self) -> (usize, usize) {
        match self {
            Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => (2, 2),
            Self::Len | Self::Not => (1, 1),
            Self::And | Self::Or | Self::Call | Self::Eq | Self::Index | Self::Slice | Self::Printf => {
                (1, usize::MAX)
            }
            Self::Html | Self::Js | Self::UrlQuery | Self::Print | Self::Println => (0, usize::MAX),
        }
    }
}

/// Calls a built-in function other than `and` and `or`, whose arguments are not all computed.
pub(crate) fn call(builtin: Builtin, env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let (first, rest) = arguments.split_first().unwrap_or((&Value::Nil, &[]));
    let second = rest.first().unwrap_or(&Value::Nil);
    let joined = || SmolStr::from(print::joined(arguments));
    match builtin {
        Builtin::And | Builtin::Or => Ok(first.clone()),
        Builtin::Call => Err(format!("non-function {} of type {}", print::plain(first), first.type_name())),
        Builtin::Eq => equal(first, rest).map(Value::Bool),
        Builtin::Ne => equal(first, rest).map(|equal| Value::Bool(!equal)),
        Builtin::Lt => order(first, second).map(|order| Value::Bool(order == Some(Ordering::Less))),
        Builtin::Le => order(first, second)
            .map(|order| Value::Bool(matches!(order, Some(Ordering::Less | Ordering::Equal)))),
        Builtin::Gt => {
            order(first, second).map(|order| Value::Bool(matches!(order, Some(Ordering::Greater))))
        }
        Builtin::Ge => order(first, second)
            .map(|order| Value::Bool(matches!(order, Some(Ordering::Greater | Ordering::Equal)))),
        Builtin::Not => Ok(Value::Bool(!first.is_true())),
        Builtin::Len => len(first),
        Builtin::Index => rest.iter().try_fold(first.clone(), |of, index| element(&of, index)),
        Builtin::Slice => slice(first, rest),
        Builtin::Print => Ok(Value::Str(joined())),
        Builtin::Println => Ok(Value::str(print::line(arguments))),
        Builtin::Printf => {
            let format = first
                .as_str()
                .ok_or_else(|| format!("wrong type for value; expected string; got {}", first.type_name()))?;
            env.spend(format.len() / 16)?;
            print::printf(format, rest).map(Value::str)
        }
        Builtin::Html => Ok(Value::str(html::escape(&joined()))),
        Builtin::Js => Ok(Value::str(html::escape_js(&joined()))),
        Builtin::UrlQuery => Ok(Value::str(html::escape_query(&joined()))),
    }
}

/// What can be compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Float,
    Str,
}

const INCOMPATIBLE: &str = "incompatible types for comparison";

fn kind(value: &Value) -> Result<Kind, String> {
    match value {
        Value::Bool(_) => Ok(Kind::Bool),
        Value::Int(_) | Value::Duration(_) => Ok(Kind::Int),
        Value::Float(_) => Ok(Kind::Float),
        Value::Str(_) | Value::Html(_) => Ok(Kind::Str),
        _ => Err("invalid type for comparison".to_owned()),
    }
}

fn equal(first: &Value, rest: &[Value]) -> Result<bool, String> {
    if rest.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in rest {
        let is_equal = match (first, other) {
            (Value::Nil, Value::Nil) => true,
            (Value::Nil, _) | (_, Value::Nil) => false,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a) | Value::Duration(a), Value::Int(b) | Value::Duration(b)) => a == b,
            #[expect(clippy::float_cmp, reason = "Go's eq compares exactly")]
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Time(a), Value::Time(b)) => a == b,
            (a, b) if kind(a) == Ok(Kind::Str) && kind(b) == Ok(Kind::Str) => a.as_str() == b.as_str(),
            (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => {
                return Err(format!("non-comparable type {}: {}", print::plain(first), first.type_name()));
            }
            _ => return Err(INCOMPATIBLE.to_owned()),
        };
        if is_equal {
            return Ok(true);
        }
    }
    Ok(false)
}

fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    let (kind_a, kind_b) = (kind(a)?, kind(b)?);
    if kind_a != kind_b {
        return Err(INCOMPATIBLE.to_owned());
    }
    match (a, b) {
        (Value::Int(a) | Value::Duration(a), Value::Int(b) | Value::Duration(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Bool(_), _) => Err("invalid type for comparison".to_owned()),
        _ => Ok(a.as_str().map(|a| a.cmp(b.as_str().unwrap_or_default()))),
    }
}

fn len(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Str(text) | Value::Html(text) => text.len(),
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.entries.len(),
        Value::Nil => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Where `index` points in something of this length.
fn offset(index: &Value, limit: usize) -> Result<usize, String> {
    let Value::Int(index) = index else {
        return Err(match index {
            Value::Nil => "cannot index slice/array with nil".to_owned(),
            other => format!("cannot index slice/array with type {}", other.type_name()),
        });
    };
    let offset = usize::try_from(*index).ok().filter(|&offset| offset <= limit);
    offset.ok_or_else(|| format!("index out of range: {index}"))
}

fn element(of: &Value, index: &Value) -> Result<Value, String> {
    match of {
        Value::List(list) => {
            let item = list.items.get(offset(index, list.items.len())?);
            item.cloned().ok_or_else(|| format!("reflect: slice index out of range: {}", print::plain(index)))
        }
        Value::Str(text) | Value::Html(text) => {
            let byte = text.as_bytes().get(offset(index, text.len())?).copied();
            byte.map(|byte| Value::Int(i64::from(byte)))
                .ok_or_else(|| format!("index out of range: {}", print::plain(index)))
        }
        Value::Map(map) => match index.as_str() {
            Some(key) => Ok(map.entries.get(key).unwrap_or(&map.zero).clone()),
            None => Err(format!("value has type {}; should be string", index.type_name())),
        },
        Value::Nil => Err("index of untyped nil".to_owned()),
        other => Err(format!("can't index item of type {}", other.type_name())),
    }
}

fn slice(of: &Value, indices: &[Value]) -> Result<Value, String> {
    if indices.len() > 3 {
        return Err(format!("too many slice indexes: {}", indices.len()));
    }
    let length = match of {
        Value::Str(_) | Value::Html(_) if indices.len() == 3 => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        Value::Str(text) | Value::Html(text) => text.len(),
        Value::List(list) => list.items.len(),
        Value::Nil => return Err("slice of untyped nil".to_owned()),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let bound = |nth: usize, otherwise| indices.get(nth).map_or(Ok(otherwise), |index| offset(index, length));
    let (start, end, most) = (bound(0, 0)?, bound(1, length)?, bound(2, length)?);
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    if end > most {
        return Err(format!("invalid slice index: {end} > {most}"));
    }
    Ok(match of {
        Value::List(list) => Value::list(list.class, list.items.get(start..end).unwrap_or_default().to_vec()),
        text => {
            let bytes = text.as_str().unwrap_or_default().as_bytes();
            Value::str(String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned())
        }
    })
}
