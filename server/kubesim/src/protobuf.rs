//! Bodies as Go's typed clients send them: protobuf, of the few kinds that Helm and `kubectl create` send that way. Answers are JSON, which
//! these clients take as well.
//!
//! The messages are those of Kubernetes' `generated.proto` files, with the fields that such clients fill.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost::Message;
use serde_json::{Value, json};

/// Stands before each message.
const MAGIC: &[u8] = b"k8s\0";

/// `runtime.Unknown`: the envelope.
#[derive(Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    type_meta: Option<TypeMeta>,
    #[prost(bytes = "vec", tag = "2")]
    raw: Vec<u8>,
}

#[derive(Message)]
struct TypeMeta {
    #[prost(string, tag = "1")]
    api_version: String,
    #[prost(string, tag = "2")]
    kind: String,
}

#[derive(Message)]
struct ObjectMeta {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    generate_name: String,
    #[prost(string, tag = "3")]
    namespace: String,
    #[prost(string, tag = "5")]
    uid: String,
    #[prost(string, tag = "6")]
    resource_version: String,
    #[prost(btree_map = "string, string", tag = "11")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "12")]
    annotations: BTreeMap<String, String>,
}

#[derive(Message)]
struct Secret {
    #[prost(message, optional, tag = "1")]
    metadata: Option<ObjectMeta>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    data: BTreeMap<String, Vec<u8>>,
    #[prost(string, tag = "3")]
    kind: String,
    #[prost(bool, optional, tag = "5")]
    immutable: Option<bool>,
}

#[derive(Message)]
struct ConfigMap {
    #[prost(message, optional, tag = "1")]
    metadata: Option<ObjectMeta>,
    #[prost(btree_map = "string, string", tag = "2")]
    data: BTreeMap<String, String>,
    #[prost(btree_map = "string, bytes", tag = "3")]
    binary_data: BTreeMap<String, Vec<u8>>,
    #[prost(bool, optional, tag = "4")]
    immutable: Option<bool>,
}

#[derive(Message)]
struct TokenRequest {
    #[prost(message, optional, tag = "2")]
    spec: Option<TokenRequestSpec>,
}

#[derive(Message)]
struct TokenRequestSpec {
    #[prost(string, repeated, tag = "1")]
    audiences: Vec<String>,
    #[prost(int64, optional, tag = "4")]
    expiration_seconds: Option<i64>,
}

#[derive(Message)]
struct DeleteOptions {
    #[prost(int64, optional, tag = "1")]
    grace_period_seconds: Option<i64>,
    #[prost(string, optional, tag = "4")]
    propagation_policy: Option<String>,
}

/// The object in a body as JSON; none where the body is damaged or of another kind.
pub(crate) fn read(body: &[u8]) -> Option<Value> {
    let envelope = Envelope::decode(body.strip_prefix(MAGIC)?).ok()?;
    let TypeMeta { api_version, kind } = envelope.type_meta?;
    let mut object = fields(&kind, &envelope.raw)?;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    Some(without_nulls(object))
}

fn fields(kind: &str, raw: &[u8]) -> Option<Value> {
    Some(match kind {
        "Secret" => {
            let Secret { metadata, data, kind, immutable } = Secret::decode(raw).ok()?;
            json!({"metadata": metadata.map(names), "data": encoded(&data), "type": given(kind), "immutable": immutable})
        }
        "ConfigMap" => {
            let ConfigMap { metadata, data, binary_data, immutable } = ConfigMap::decode(raw).ok()?;
            json!({"metadata": metadata.map(names), "data": data, "binaryData": encoded(&binary_data), "immutable": immutable})
        }
        "TokenRequest" => {
            let spec = TokenRequest::decode(raw).ok()?.spec?;
            json!({"spec": {"audiences": spec.audiences, "expirationSeconds": spec.expiration_seconds}})
        }
        "DeleteOptions" => {
            let options = DeleteOptions::decode(raw).ok()?;
            json!({"gracePeriodSeconds": options.grace_period_seconds, "propagationPolicy": options.propagation_policy})
        }
        _ => return None,
    })
}

fn names(meta: ObjectMeta) -> Value {
    without_nulls(json!({
        "name": given(meta.name), "generateName": given(meta.generate_name), "namespace": given(meta.namespace),
        "uid": given(meta.uid), "resourceVersion": given(meta.resource_version),
        "labels": meta.labels, "annotations": meta.annotations,
    }))
}

fn encoded(data: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&str, String> {
    data.iter().map(|(name, bytes)| (name.as_str(), BASE64_STANDARD.encode(bytes))).collect()
}

/// Protobuf does not tell an empty text from none.
fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Nor an empty map.
fn without_nulls(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, field| !field.is_null() && field.as_object().is_none_or(|map| !map.is_empty()));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(kind: &str, raw: Vec<u8>) -> Vec<u8> {
        let type_meta = Some(TypeMeta { api_version: "v1".to_owned(), kind: kind.to_owned() });
        [MAGIC, &Envelope { type_meta, raw }.encode_to_vec()].concat()
    }

    #[test]
    fn a_secret_is_what_it_would_be_in_json() {
        let metadata = ObjectMeta {
            name: "sh.helm.release.v1.crowsnest.v1".to_owned(),
            labels: [("owner".to_owned(), "helm".to_owned())].into(),
            ..ObjectMeta::default()
        };
        let data = [("release".to_owned(), b"H4sI".to_vec())].into();
        let secret = Secret { metadata: Some(metadata), data, kind: "Opaque".to_owned(), immutable: None };
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"release": "SDRzSQ=="},
            "metadata": {"name": "sh.helm.release.v1.crowsnest.v1", "labels": {"owner": "helm"}},
        });
        assert_eq!(read(&body("Secret", secret.encode_to_vec())), Some(expected));
    }

    #[test]
    fn other_kinds_and_damaged_bodies_are_nothing() {
        for body in
            [body("Pod", Vec::new()), body("Secret", vec![0xff]), b"k8s\0\xff".to_vec(), b"{}".to_vec()]
        {
            assert_eq!(read(&body), None);
        }
    }
}
