//! Answers against their description in `docs/openapi.json`: a checker of what is used there, and of
//! nothing else.

use std::path::Path;

use serde_json::Value;

/// The description.
pub struct Description(Value);

/// Words of a schema that are looked at; `description` says nothing that could be wrong.
const WORDS: [&str; 9] = [
    "type",
    "description",
    "required",
    "properties",
    "items",
    "enum",
    "minProperties",
    "maxProperties",
    "$ref",
];

impl Description {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        let text = std::fs::read_to_string(path).expect("docs/openapi.json");
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    /// Every path that is described.
    pub fn paths(&self) -> Vec<&str> {
        self.0["paths"].as_object().expect("paths").keys().map(String::as_str).collect()
    }

    /// Names of the parameters behind the `?`.
    pub fn parameters(&self, path: &str) -> Vec<&str> {
        let all = self.0["paths"][path]["get"]["parameters"].as_array();
        let all = all.into_iter().flatten().filter(|one| one["in"] == "query");
        all.map(|one| one["name"].as_str().expect("a name")).collect()
    }

    /// What is wrong with an answer to `GET path`, by its status and the type of its content.
    pub fn mistakes(&self, path: &str, status: u16, content_type: &str, body: &str) -> Vec<String> {
        let answer = &self.0["paths"][path]["get"]["responses"][status.to_string()];
        let answer = self.followed(answer);
        let content = &answer["content"][content_type];
        if content.is_null() {
            return vec![format!("{path}: no {content_type} with {status}")];
        }
        if content_type != "application/json" {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        match serde_json::from_str(body) {
            Ok(value) => self.check(&content["schema"], &value, path, &mut wrong),
            Err(error) => wrong.push(format!("{path}: {error}")),
        }
        wrong
    }

    fn followed<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(pointer) = value["$ref"].as_str() else { return value };
        let target = self.0.pointer(pointer.trim_start_matches('#'));
        target.unwrap_or_else(|| panic!("{pointer} leads nowhere"))
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let schema = self.followed(schema);
        for word in schema.as_object().expect("a schema").keys() {
            assert!(WORDS.contains(&word.as_str()), "{place}: nobody checks {word}");
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => vec![one.as_str().unwrap_or_else(|| panic!("{place}: no type"))],
        };
        if !types.iter().any(|kind| is(value, kind)) {
            wrong.push(format!("{place}: {value} is none of {types:?}"));
            return;
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
            wrong.push(format!("{place}: {value} is none of {}", schema["enum"]));
        }
        if let Some(fields) = value.as_object() {
            self.check_fields(schema, fields, place, wrong);
        }
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{place}[{at}]"), wrong);
        }
    }

    fn check_fields(
        &self,
        schema: &Value,
        fields: &serde_json::Map<String, Value>,
        place: &str,
        wrong: &mut Vec<String>,
    ) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                wrong.push(format!("{place}: no {name}"));
            }
        }
        let count = fields.len() as u64;
        let within = schema["minProperties"].as_u64().is_none_or(|least| count >= least)
            && schema["maxProperties"].as_u64().is_none_or(|most| count <= most);
        if !within {
            wrong.push(format!("{place}: {count} fields"));
        }
        for (name, value) in fields {
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, value, &format!("{place}.{name}"), wrong),
                // Readers pass over what they don't know; here it is a field that nobody described.
                None => wrong.push(format!("{place}: {name} is not described")),
            }
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

/// That the checker sees what is wrong.
pub fn sees_mistakes() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "array", "items": {"type": "string", "enum": ["x"]}}}
    });
    let description = Description(serde_json::json!({
        "paths": {"/": {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}}
    }));
    let count = |body: &str| description.mistakes("/", 200, "application/json", body).len();
    for good in [r#"{"a": 1}"#, r#"{"a": null, "b": []}"#, r#"{"a": 2, "b": ["x", "x"]}"#] {
        assert_eq!(count(good), 0, "{good}");
    }
    for bad in [
        "7",
        "{}",
        r#"{"a": 1.5}"#,
        r#"{"a": 1, "c": 1}"#,
        r#"{"a": 1, "b": ["y"]}"#,
        r#"{"a": 1, "b": [null]}"#,
        "{",
    ] {
        assert_eq!(count(bad), 1, "{bad}");
    }
    assert_eq!(description.mistakes("/", 404, "application/json", "{}").len(), 1);
    assert_eq!(description.mistakes("/", 200, "text/plain", "{}").len(), 1);
}
