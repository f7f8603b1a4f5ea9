//! As much of D-Bus as asking systemd takes: method calls with strings, answers with basic values.
//!
//! The whole of D-Bus with an asynchronous library costs megabytes, which is most of what the agent needs otherwise.
//! Follows the D-Bus specification, "Message protocol" and "Authentication protocol".

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longest message that is read; a list of ten thousand units has about 3 MB.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// How long one read may take.
const READ_LIMIT: Duration = Duration::from_secs(3);
/// Bytes of a message before the header fields: endianness, type, flags, version, body length, serial, fields' length.
const FIXED_HEADER_BYTES: usize = 16;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;

/// A method to call.
pub(super) struct Call<'a> {
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    /// All arguments; what we call takes strings only.
    pub(super) arguments: &'a [&'a str],
}

/// Who is at the other end of the socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The message bus, which passes calls on to this name.
    Bus(&'static str),
    /// The service itself.
    Direct,
}

/// A connection after authentication.
pub(super) struct Connection {
    stream: BufReader<UnixStream>,
    peer: Peer,
    serial: u32,
}

/// An answer's body.
pub(super) struct Body {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Connection {
    /// Connects and says who we are, by the kernel's word on our user.
    pub(super) fn open(socket: &Path, peer: Peer) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(READ_LIMIT))?;
        stream.set_write_timeout(Some(READ_LIMIT))?;
        let mut connection = Self { stream: BufReader::new(stream), peer, serial: 0 };
        // SAFETY: the call has no preconditions and cannot fail.
        let user = unsafe { libc::geteuid() }.to_string();
        let user: String = user.bytes().map(|byte| format!("{byte:02x}")).collect();
        connection.send(format!("\0AUTH EXTERNAL {user}\r\n").as_bytes())?;
        let mut answer = String::new();
        (&mut connection.stream).take(1024).read_line(&mut answer)?;
        if !answer.starts_with("OK ") {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "D-Bus refused us"));
        }
        connection.send(b"BEGIN\r\n")?;
        if peer != Peer::Direct {
            connection.hello()?;
        }
        Ok(connection)
    }

    /// What the bus wants to hear first.
    fn hello(&mut self) -> io::Result<()> {
        let name = "org.freedesktop.DBus";
        let call = Call { path: "/org/freedesktop/DBus", interface: name, member: "Hello", arguments: &[] };
        self.serial += 1;
        let message = encode(&call, Some(name), self.serial);
        self.send(&message)?;
        self.answer(self.serial).map(drop)
    }

    /// Makes calls, up to a few dozen at a time, and gives their answers in order. An error answer is `None`; an error
    /// is the connection's.
    pub(super) fn call(&mut self, calls: &[Call<'_>]) -> io::Result<Vec<Option<Body>>> {
        let destination = match self.peer {
            Peer::Bus(name) => Some(name),
            Peer::Direct => None,
        };
        let first = self.serial + 1;
        let mut bytes = Vec::new();
        for call in calls {
            self.serial += 1;
            bytes.extend(encode(call, destination, self.serial));
        }
        self.send(&bytes)?;
        (first..=self.serial).map(|serial| self.answer(serial)).collect()
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The answer to a call; signals and what else comes in between are passed over.
    fn answer(&mut self, serial: u32) -> io::Result<Option<Body>> {
        loop {
            let message = self.read_message()?;
            if message.reply_to == Some(serial) {
                return Ok((message.kind == METHOD_RETURN).then_some(message.body));
            }
            if message.reply_to.is_some_and(|reply| reply > serial) {
                return Err(malformed());
            }
        }
    }

    fn read_message(&mut self) -> io::Result<Message> {
        let mut fixed = [0; FIXED_HEADER_BYTES];
        self.stream.read_exact(&mut fixed)?;
        let big_endian = fixed[0] == b'B';
        let header = Body { bytes: fixed.to_vec(), big_endian };
        let mut reader = header.reader();
        reader.at = 4;
        let (body, _, fields) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (body, fields) = (body as usize, fields as usize);
        let padded = fields.next_multiple_of(8);
        if body > MAX_MESSAGE_BYTES || fields > MAX_MESSAGE_BYTES {
            return Err(malformed());
        }
        let mut rest = vec![0; padded + body];
        self.stream.read_exact(&mut rest)?;
        let bytes = rest.split_off(padded);
        rest.truncate(fields);
        let fields = Body { bytes: rest, big_endian };
        Ok(Message { kind: fixed[1], reply_to: reply_serial(&fields), body: Body { bytes, big_endian } })
    }
}

struct Message {
    kind: u8,
    /// The serial of the call that it answers.
    reply_to: Option<u32>,
    body: Body,
}

/// The header field 5.
fn reply_serial(fields: &Body) -> Option<u32> {
    const REPLY_SERIAL: u8 = 5;
    let mut reader = fields.reader();
    loop {
        reader.align(8);
        let code = reader.u8().ok()?;
        let value = reader.variant().ok()?;
        if let (REPLY_SERIAL, Value::Number(serial)) = (code, value) {
            return u32::try_from(serial as u64).ok();
        }
    }
}

/// A value of a basic type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Any of the numbers, and booleans. Numbers above 2^53 lose their last digits.
    Number(f64),
    /// A string, object path or signature.
    Text(String),
}

impl Body {
    /// Reads from the start.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { bytes: &self.bytes, at: 0, big_endian: self.big_endian }
    }
}

/// Takes values off a body, one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl Reader<'_> {
    /// Whether there is no more.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Skips to a multiple of `bytes`.
    pub(super) fn align(&mut self, bytes: usize) {
        self.at = self.at.next_multiple_of(bytes);
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let bytes =
            self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()).ok_or_else(malformed)?;
        self.at += N;
        let mut bytes = *bytes;
        if self.big_endian {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn u8(&mut self) -> io::Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// An unsigned number of 32 bits.
    pub(super) fn u32(&mut self) -> io::Result<u32> {
        self.align(4);
        self.take().map(u32::from_le_bytes)
    }

    /// A string or an object path.
    pub(super) fn text(&mut self) -> io::Result<String> {
        let length = self.u32()? as usize;
        self.string(length)
    }

    /// A string of this length and the zero behind it.
    fn string(&mut self, length: usize) -> io::Result<String> {
        let end = self.at.checked_add(length).ok_or_else(malformed)?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(malformed)?;
        self.at = end + 1;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A value with its type before it; types that hold others are not understood.
    pub(super) fn variant(&mut self) -> io::Result<Value> {
        let length = usize::from(self.u8()?);
        let signature = self.string(length)?;
        Ok(match signature.as_str() {
            "y" => Value::Number(f64::from(self.u8()?)),
            "b" | "u" => Value::Number(f64::from(self.u32()?)),
            "i" => Value::Number(f64::from(self.u32()?.cast_signed())),
            "n" | "q" => {
                self.align(2);
                Value::Number(f64::from(u16::from_le_bytes(self.take()?)))
            }
            "t" => {
                self.align(8);
                Value::Number(u64::from_le_bytes(self.take()?) as f64)
            }
            "x" => {
                self.align(8);
                Value::Number(i64::from_le_bytes(self.take()?) as f64)
            }
            "d" => {
                self.align(8);
                Value::Number(f64::from_le_bytes(self.take()?))
            }
            "s" | "o" => Value::Text(self.text()?),
            "g" => {
                let length = usize::from(self.u8()?);
                Value::Text(self.string(length)?)
            }
            _ => return Err(malformed()),
        })
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "message that D-Bus does not allow, or that is too large")
}

/// A method call, little-endian.
fn encode(call: &Call<'_>, destination: Option<&str>, serial: u32) -> Vec<u8> {
    let mut body = Vec::new();
    for argument in call.arguments {
        push_text(&mut body, argument);
    }
    let mut fields = Vec::new();
    let signature = "s".repeat(call.arguments.len());
    let texts = [
        (1, "o", Some(call.path)),
        (2, "s", Some(call.interface)),
        (3, "s", Some(call.member)),
        (6, "s", destination),
    ];
    for (code, kind, text) in texts {
        if let Some(text) = text {
            push_field(&mut fields, code, kind);
            push_text(&mut fields, text);
        }
    }
    if !signature.is_empty() {
        push_field(&mut fields, 8, "g");
        push_signature(&mut fields, &signature);
    }
    let mut message = vec![b'l', METHOD_CALL, 0, 1];
    message.extend((body.len() as u32).to_le_bytes());
    message.extend(serial.to_le_bytes());
    message.extend((fields.len() as u32).to_le_bytes());
    message.extend(fields);
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body);
    message
}

fn push_field(fields: &mut Vec<u8>, code: u8, kind: &str) {
    fields.resize(fields.len().next_multiple_of(8), 0);
    fields.push(code);
    push_signature(fields, kind);
}

/// At most 255 bytes, and ours are a few.
fn push_signature(bytes: &mut Vec<u8>, signature: &str) {
    bytes.push(signature.len() as u8);
    bytes.extend(signature.as_bytes());
    bytes.push(0);
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_laid_out_as_the_specification_says() {
        let call = Call { path: "/a", interface: "b", member: "C", arguments: &["xy"] };
        let mut expected = vec![b'l', 1, 0, 1, 7, 0, 0, 0, 9, 0, 0, 0];
        let fields: &[&[u8]] = &[
            &[1, 1, b'o', 0, 2, 0, 0, 0, b'/', b'a', 0, 0, 0, 0, 0, 0],
            &[2, 1, b's', 0, 1, 0, 0, 0, b'b', 0, 0, 0, 0, 0, 0, 0],
            &[3, 1, b's', 0, 1, 0, 0, 0, b'C', 0, 0, 0, 0, 0, 0, 0],
            &[8, 1, b'g', 0, 1, b's', 0],
        ];
        expected.extend([55, 0, 0, 0]);
        expected.extend(fields.concat());
        expected.push(0);
        expected.extend([2, 0, 0, 0, b'x', b'y', 0]);
        assert_eq!(encode(&call, None, 9), expected);
    }

    #[test]
    fn values_are_read_in_both_byte_orders_and_never_past_the_end() {
        let little = Body { bytes: vec![1, b'u', 0, 0, 5, 0, 0, 0], big_endian: false };
        let big = Body { bytes: vec![1, b'u', 0, 0, 0, 0, 0, 5], big_endian: true };
        for body in [&little, &big] {
            assert_eq!(body.reader().variant().unwrap(), Value::Number(5.0));
        }
        let text = Body { bytes: vec![1, b's', 0, 0, 2, 0, 0, 0, b'o', b'k', 0], big_endian: false };
        assert_eq!(text.reader().variant().unwrap(), Value::Text("ok".to_owned()));
        for length in 0..text.bytes.len() - 1 {
            let cut = Body { bytes: text.bytes[..length].to_vec(), big_endian: false };
            assert!(cut.reader().variant().is_err(), "{length}");
        }
    }
}
