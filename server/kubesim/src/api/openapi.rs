//! OpenAPI v3: an index of groups, and for each of them what its kinds are made of.
//!
//! `types.txt` has the types: a line `= package` before those of a package, `# Name [group/version]: description` for a type (with a
//! group where it is a kind), and `field[!] type description` for each of its fields, `!` for those that are required. A type is the
//! name of another one, `[type]`, `{type}`, `A|B` for one of two words, or a word of [`PLAIN`]. Nothing is said of kinds that are not in it, but for custom resources: those have a schema of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::Reply;
use crate::{
    cluster::State,
    kind::{Kind, group_version},
    request::Request,
};

/// Where everything is.
const ROOT: &str = "/openapi/v3";
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Types that are no others' names.
const PLAIN: &[(&str, &[(&str, &str)])] = &[
    ("boolean", &[("type", "boolean")]),
    ("int-or-string", &[("format", "int-or-string")]),
    ("integer", &[("type", "integer"), ("format", "int32")]),
    ("object", &[("type", "object")]),
    ("quantity", &[("format", "quantity"), ("type", "string")]),
    ("string", &[("type", "string")]),
    ("time", &[("type", "string"), ("format", "date-time")]),
];

/// A type of the file.
struct Type {
    /// With its package.
    full_name: String,
    /// `apps/v1`; empty where it is no kind.
    api_version: &'static str,
    schema: Value,
}

/// All of them, by their short names.
static TYPES: LazyLock<BTreeMap<&'static str, Type>> =
    LazyLock::new(|| read(include_str!("openapi/types.txt")));

/// Answers for the paths below [`ROOT`], of which there are the index and a document a group.
pub(super) fn answer(state: &State, request: &Request, parts: &[&str]) -> Reply {
    let groups = state.registry.groups();
    let all =
        groups.iter().flat_map(|(group, versions)| versions.iter().map(move |version| (*group, *version)));
    if parts.is_empty() {
        let paths: Map<String, Value> = all
            .map(|(group, version)| {
                let (path, hash) = (path_of(group, version), hash_of(&document(state, group, version)));
                let url = format!("{ROOT}/{path}?hash={hash}");
                (path, json!({"serverRelativeURL": url}))
            })
            .collect();
        return Reply::ok(json!({ "paths": paths }));
    }
    let wanted = parts.join("/");
    for (group, version) in all {
        if path_of(group, version) == wanted {
            let text = document(state, group, version);
            let etag = format!("{:?}", hash_of(&text));
            if request.header("if-none-match") == etag {
                return Reply::text(StatusCode::NOT_MODIFIED, "");
            }
            let mut reply = Reply::json_text(text);
            reply.headers.push((header::ETAG, etag));
            return reply;
        }
    }
    Reply::not_found_page()
}

/// `apis/apps/v1`
fn path_of(group: &str, version: &str) -> String {
    let root = if group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", group_version(group, version))
}

fn hash_of(document: &str) -> String {
    openssl::sha::sha512(document.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The document of a version of a group.
fn document(state: &State, group: &str, version: &str) -> String {
    let (mut paths, mut schemas, mut names) = (Map::new(), Map::new(), BTreeSet::from(["ObjectMeta"]));
    for kind in state.registry.of(group, version) {
        let identity = json!({"group": group, "version": version, "kind": kind.kind});
        let known = TYPES.get_key_value(kind.kind.as_str());
        match known.filter(|(_, known)| known.api_version == kind.api_version()) {
            Some((name, _)) => {
                names.insert(name);
            }
            None => {
                if let Some(mut schema) = custom_schema(kind) {
                    schema["x-kubernetes-group-version-kind"] = json!([identity]);
                    schemas.insert(full_name(kind), schema);
                }
            }
        }
        let list = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
        let path = format!("/{}/{list}{}", path_of(group, version), kind.plural);
        // How clients find a kind by its plural, and whether the server checks fields by itself.
        let get = json!({ "x-kubernetes-group-version-kind": identity });
        let patch = json!({
            "x-kubernetes-group-version-kind": identity,
            "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}}],
        });
        paths.insert(format!("{path}/{{name}}"), json!({ "get": get, "patch": patch }));
        paths.insert(path, json!({ "get": get }));
    }
    with_references(&mut names);
    let known = names.into_iter().filter_map(|name| TYPES.get(name));
    schemas.extend(known.map(|known| (known.full_name.clone(), known.schema.clone())));
    let document = json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.0+kubesim"},
        "paths": paths, "components": {"schemas": schemas},
    });
    document.to_string()
}

/// Adds the types that these are made of.
fn with_references(names: &mut BTreeSet<&'static str>) {
    let mut open: Vec<&str> = names.iter().copied().collect();
    while let Some(name) = open.pop() {
        let Some(found) = TYPES.get(name) else { continue };
        for (name, other) in TYPES.iter() {
            // Few types, and a document is made once in a while.
            if !names.contains(name) && found.schema.to_string().contains(&format!("/{}\"", other.full_name))
            {
                names.insert(name);
                open.push(name);
            }
        }
    }
}

/// `org.example.v1.Widget`, as custom resources are named.
fn full_name(kind: &Kind) -> String {
    let group: Vec<&str> = kind.group.rsplit('.').collect();
    format!("{}.{}.{}", group.join("."), kind.version, kind.kind)
}

/// What the definition of a custom resource says of it.
fn custom_schema(kind: &Kind) -> Option<Value> {
    let mut schema = kind.custom.as_ref()?.schema.clone();
    if !schema.get("properties").is_some_and(Value::is_object) {
        return None;
    }
    add_identity(&mut schema);
    Some(schema)
}

/// Adds the fields that every object has.
fn add_identity(schema: &mut Value) {
    schema["properties"]["apiVersion"] =
        json!({"type": "string", "description": "Group and version of the kind."});
    schema["properties"]["kind"] = json!({"type": "string", "description": "The kind of the object."});
    schema["properties"]["metadata"] =
        reference(META, "What every object has: its name, its labels, who made it.");
}

fn reference(full_name: &str, description: &str) -> Value {
    let reference = json!([{"$ref": format!("#/components/schemas/{full_name}")}]);
    if description.is_empty() {
        return json!({ "$ref": format!("#/components/schemas/{full_name}") });
    }
    json!({"allOf": reference, "default": {}, "description": description})
}

fn read(text: &'static str) -> BTreeMap<&'static str, Type> {
    let mut packages = BTreeMap::new();
    let mut package = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("= ") {
            package = name;
        } else if let Some(head) = line.strip_prefix("# ") {
            let name = head.split([' ', ':']).next().unwrap_or_default();
            packages.insert(name, package);
        }
    }
    let mut types: BTreeMap<&'static str, Type> = BTreeMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("= ")) {
        if let Some(head) = line.strip_prefix("# ") {
            let (name, description) = head.split_once(": ").unwrap_or((head, ""));
            let (name, api_version) = name.split_once(' ').unwrap_or((name, ""));
            let mut schema = json!({"type": "object", "description": description, "properties": {}});
            if !api_version.is_empty() {
                let (group, version) = crate::kind::split_group_version(api_version);
                add_identity(&mut schema);
                schema["x-kubernetes-group-version-kind"] =
                    json!([{"group": group, "version": version, "kind": name}]);
            }
            let full_name = full_name_of(&packages, name);
            types.insert(name, Type { full_name, api_version, schema });
            current = name;
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let (Some(field), Some(shape), Some(description)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let Some(Type { schema, .. }) = types.get_mut(current) else { continue };
        let name = field.trim_end_matches('!');
        if name != field {
            match schema.get_mut("required").and_then(Value::as_array_mut) {
                Some(required) => required.push(name.into()),
                None => schema["required"] = json!([name]),
            }
        }
        schema["properties"][name] = shape_of(&packages, shape, description);
    }
    types
}

fn full_name_of(packages: &BTreeMap<&str, &str>, name: &str) -> String {
    format!("{}.{name}", packages.get(name).copied().unwrap_or_default())
}

fn shape_of(packages: &BTreeMap<&str, &str>, shape: &str, description: &str) -> Value {
    let inside =
        |open: char, close: char| shape.strip_prefix(open).and_then(|shape| shape.strip_suffix(close));
    let plain = PLAIN.iter().find(|(name, _)| *name == shape);
    let mut schema = if let Some(item) = inside('[', ']') {
        json!({"type": "array", "items": shape_of(packages, item, "")})
    } else if let Some(value) = inside('{', '}') {
        json!({"type": "object", "additionalProperties": shape_of(packages, value, "")})
    } else if shape.contains('|') {
        json!({"type": "string", "enum": shape.split('|').collect::<Vec<_>>()})
    } else if let Some((_, parts)) = plain {
        Value::Object(parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect())
    } else {
        return reference(&full_name_of(packages, shape), description);
    };
    if shape == "int-or-string" {
        schema["oneOf"] = json!([{"type": "integer"}, {"type": "string"}]);
    }
    if !description.is_empty() {
        schema["description"] = description.into();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_referred_to_is_there() {
        for (name, known) in TYPES.iter() {
            assert!(!known.full_name.starts_with('.'), "{name}");
            let text = known.schema.to_string();
            for rest in text.split("#/components/schemas/").skip(1) {
                let full_name = rest.split('"').next().unwrap();
                assert!(TYPES.values().any(|other| other.full_name == full_name), "{name}: {full_name}");
            }
        }
    }

    #[test]
    fn fields_have_types_words_and_references() {
        let spec = &TYPES["PodSpec"].schema;
        assert_eq!(spec["required"], json!(["containers"]));
        assert_eq!(spec["properties"]["restartPolicy"]["enum"], json!(["Always", "Never", "OnFailure"]));
        let item = &spec["properties"]["containers"]["items"]["$ref"];
        assert_eq!(item, "#/components/schemas/io.k8s.api.core.v1.Container");
        assert_eq!(TYPES["Pod"].schema["properties"]["kind"]["type"], "string");
        assert_eq!(TYPES["Probe"].full_name, "io.k8s.api.core.v1.Probe");
    }
}
