//! How large a request may be, and how many messages it may have. One of two bytes becomes a hundred in memory: they are counted
//! before they are read.

use super::malformed;
use crate::api_v1::write::{Kind, Message};
use crate::http::{ApiError, ErrorKind};

/// Bytes, unpacked: twice what gRPC's servers take unless told otherwise.
const MAX_BYTES: usize = 8 << 20;
/// Resources, scopes, metrics, points and attributes together.
const MAX_MESSAGES: usize = 400_000;

/// Fields that hold messages, from the request down to attributes of points: resources; resource and scopes; attributes
/// and metrics; kinds of data; points; their attributes, buckets and quantiles.
const FIELDS: [&[u32]; 6] = [&[1], &[1, 2], &[1, 2], &[5, 7, 9, 10, 11], &[1], &[1, 6, 7, 8, 9]];

/// Refuses a request with too many.
pub(super) fn check(request: &[u8]) -> Result<(), ApiError> {
    check_bytes(request)?;
    let mut left = MAX_MESSAGES;
    count(Message(request), &FIELDS, &mut left)
}

fn count(mut message: Message<'_>, fields: &[&[u32]], left: &mut usize) -> Result<(), ApiError> {
    let Some((holding, below)) = fields.split_first() else { return Ok(()) };
    while let Some((field, kind)) = message.field().map_err(|error| malformed(&error))? {
        if kind != Kind::Bytes {
            message.skip(kind).map_err(|error| malformed(&error))?;
            continue;
        }
        let inner = message.bytes().map_err(|error| malformed(&error))?;
        if holding.contains(&field) {
            *left = left.checked_sub(1).ok_or_else(too_many)?;
            // What is no message here is a text or a list of numbers, and fails or counts a little too much.
            if below.is_empty() || count(Message(inner), below, left).is_ok() {
                continue;
            }
            if *left == 0 {
                return Err(too_many());
            }
        }
    }
    Ok(())
}

/// The same of JSON, by its braces.
pub(super) fn check_json(request: &[u8]) -> Result<(), ApiError> {
    check_bytes(request)?;
    // Each attribute has two of them, for its value is an object as well.
    let objects = request.iter().filter(|&&byte| byte == b'{').count();
    if objects > 2 * MAX_MESSAGES { Err(too_many()) } else { Ok(()) }
}

fn check_bytes(request: &[u8]) -> Result<(), ApiError> {
    if request.len() <= MAX_BYTES {
        return Ok(());
    }
    let limit = format!("the request has more than {MAX_BYTES} bytes, unpacked; send less at once");
    Err(ApiError::new(ErrorKind::TooLarge, limit))
}

fn too_many() -> ApiError {
    let limit = format!("more than {MAX_MESSAGES} metrics, points and attributes; send fewer at once");
    ApiError::new(ErrorKind::TooLarge, limit)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::wire::*;
    use super::*;

    fn request(points: usize) -> Vec<u8> {
        let attribute = KeyValue { key: "a".to_owned(), value: None };
        let point = NumberPoint { attributes: vec![attribute], ..NumberPoint::default() };
        let gauge = Gauge { data_points: vec![point; points] };
        let metric = Metric { name: "a".to_owned(), data: Some(Data::Gauge(gauge)), ..Metric::default() };
        let scope_metrics = vec![ScopeMetrics { metrics: vec![metric] }];
        ExportRequest { resource_metrics: vec![ResourceMetrics { resource: None, scope_metrics }] }
            .encode_to_vec()
    }

    #[test]
    fn points_and_their_attributes_are_counted_before_they_are_read() {
        assert!(check(&request(199_990)).is_ok());
        assert!(check(&request(200_001)).unwrap_err().message().contains("send fewer"));
        assert!(check(&[0x0a, 0x00].repeat(MAX_MESSAGES + 1)).is_err());
        assert!(check(&vec![0; MAX_BYTES + 1]).unwrap_err().message().contains("bytes"));
        assert!(check_json(&b"{}".repeat(2 * MAX_MESSAGES + 1)).is_err());
    }
}
