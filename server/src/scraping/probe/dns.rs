//! DNS: one question by UDP (RFC 1035, section 4) to the server that is the target.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use tokio::net::UdpSocket;

use super::{Findings, ProbeError, Question, host_and_port};
use crate::fetch::Fetcher;

/// Types of questions by their names.
const TYPES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", 33),
    ("ANY", 255),
];
/// The identifier of the question. There is one to a socket, which knows its peer.
const ID: u16 = 0x4357;
/// What an answer by UDP may have.
const MAX_BYTES: usize = 4096;

pub(super) async fn look(
    fetcher: &Fetcher,
    question: &Question,
    findings: &mut Findings,
) -> Result<(), ProbeError> {
    let query = encode(&question.query_name, &question.query_type)?;
    let target = &question.target;
    let with_port = if target.contains(':') { target.clone() } else { format!("{target}:53") };
    let (host, port) = host_and_port(&with_port)?;
    let started = Instant::now();
    let addresses = fetcher.addresses(host, port).await?;
    let address = addresses.first().copied();
    let address = address.ok_or_else(|| ProbeError::Failed("the server has no address".to_owned()))?;
    findings.resolved(address, started.elapsed());
    let answer = exchange(address, &query).await.map_err(|error| ProbeError::Failed(error.to_string()))?;
    let [rcode, answers, authorities, additional] = decode(&answer)?;
    for (name, help, count) in [
        ("probe_dns_answer_rrs", "Returns number of entries in the answer resource record list", answers),
        (
            "probe_dns_authority_rrs",
            "Returns number of entries in the authority resource record list",
            authorities,
        ),
        (
            "probe_dns_additional_rrs",
            "Returns number of entries in the additional resource record list",
            additional,
        ),
    ] {
        findings.gauge(name, help, f64::from(count));
    }
    findings.gauge(
        "probe_dns_query_succeeded",
        "Displays whether or not the query was executed successfully",
        1.0,
    );
    if rcode == 0 { Ok(()) } else { Err(ProbeError::Failed(format!("the server answers with code {rcode}"))) }
}

async fn exchange(address: SocketAddr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    socket.send(query).await?;
    let mut answer = vec![0; MAX_BYTES];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

/// A question with recursion wished for.
fn encode(name: &str, kind: &str) -> Result<Vec<u8>, ProbeError> {
    let wrong = |why| ProbeError::BadTarget(name.to_owned(), why);
    let name = name.trim_end_matches('.');
    if name.is_empty() {
        return Err(wrong("the parameter query_name is needed"));
    }
    let kind = if kind.is_empty() { "A" } else { kind };
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind));
    let (_, kind) = found.ok_or_else(|| wrong("query_type is none that is known"))?;
    let mut query = Vec::with_capacity(name.len() + 18);
    for word in [ID, 0x0100, 1, 0, 0, 0] {
        query.extend_from_slice(&word.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length));
        query.push(length.ok_or_else(|| wrong("a part of query_name is empty or longer than 63 bytes"))?);
        query.extend_from_slice(label.as_bytes());
    }
    query.push(0);
    for word in [*kind, 1] {
        query.extend_from_slice(&word.to_be_bytes());
    }
    if name.len() > 253 { Err(wrong("query_name is longer than 253 bytes")) } else { Ok(query) }
}

/// Code, and the numbers of answers, authorities and additional records.
fn decode(answer: &[u8]) -> Result<[u16; 4], ProbeError> {
    let wrong = || ProbeError::Failed("the answer is none to this question".to_owned());
    let words: Vec<u16> = answer
        .chunks_exact(2)
        .take(6)
        .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
        .collect();
    let [id, flags, _, answers, authorities, additional] = words[..] else { return Err(wrong()) };
    let is_answer = flags & 0x8000 != 0;
    if id == ID && is_answer { Ok([flags & 0xf, answers, authorities, additional]) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_the_standard_has_it() {
        let query = encode("a.example.", "MX").unwrap();
        assert_eq!(query[12..], [1, b'a', 7, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 0, 0, 15, 0, 1]);
        assert!(encode("", "A").is_err() && encode("a..b", "A").is_err() && encode("a", "X").is_err());
    }

    #[test]
    fn an_answer_is_counted_and_anything_else_refused() {
        let answer = [0x43, 0x57, 0x81, 0x83, 0, 1, 0, 0, 0, 1, 0, 0];
        assert_eq!(decode(&answer).unwrap(), [3, 0, 1, 0]);
        assert!(decode(&answer[..10]).is_err() && decode(&[0; 12]).is_err());
    }
}
