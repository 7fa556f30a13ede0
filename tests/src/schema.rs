//! Whether plans are what `docs/plan.schema.json` says. Knows as much of JSON schemas as that file uses; a word it does not know fails.

use std::sync::LazyLock;

use serde_json::Value;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(crate::house().join("docs/plan.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("the schema is JSON")
});

/// The plans among the JSON values of a text.
pub fn plans_in(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.flatten().filter(|value| value.get("subcommand").is_some() && value.get("apply").is_some()).collect()
}

/// What is wrong with a plan, a line each.
pub fn faults(plan: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(&SCHEMA, plan, "", &mut faults);
    faults
}

/// The kinds of actions that the schema knows.
pub fn kinds() -> Vec<String> {
    let actions = SCHEMA["$defs"]["Action"]["oneOf"].as_array().expect("a list of actions");
    actions
        .iter()
        .map(|action| action["properties"]["kind"]["const"].as_str().unwrap_or_default().to_string())
        .collect()
}

fn check(schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let mut fault = |what: String| faults.push(format!("{path}: {what}"));
    for (word, meaning) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "type" => {
                let types: Vec<&Value> =
                    meaning.as_array().map_or_else(|| vec![meaning], |types| types.iter().collect());
                if !types.iter().any(|kind| is_of_type(value, kind.as_str().unwrap_or_default())) {
                    fault(format!("{value} is no {meaning}"));
                }
            }
            "const" if value != meaning => fault(format!("{value} is not {meaning}")),
            "enum" if !meaning.as_array().is_some_and(|values| values.contains(value)) => {
                fault(format!("{value} is none of {meaning}"));
            }
            "minimum" if value.as_i64() < meaning.as_i64() => fault(format!("{value} is less than {meaning}")),
            "minItems" if items(value).len() < size(meaning) => fault(format!("fewer than {meaning} items")),
            "maxItems" if items(value).len() > size(meaning) => fault(format!("more than {meaning} items")),
            "required" => {
                let missing =
                    items(meaning).iter().filter(|name| value.get(name.as_str().unwrap_or_default()).is_none());
                missing.for_each(|name| fault(format!("{name} is missing")));
            }
            "const" | "enum" | "minimum" | "minItems" | "maxItems" => {}
            "properties" | "additionalProperties" | "items" | "prefixItems" | "$ref" | "oneOf" | "anyOf" => {}
            other => fault(format!("nobody knows what `{other}` means")),
        }
    }
    within(schema, value, path, faults);
}

/// Checks what stands in a value, and what other schemas say of it.
fn within(schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let pointer = name.strip_prefix('#').expect("a reference within the file");
        check(SCHEMA.pointer(pointer).unwrap_or_else(|| panic!("no {name}")), value, path, faults);
    }
    for word in ["oneOf", "anyOf"] {
        let Some(choices) = schema.get(word).map(items) else { continue };
        let tried: Vec<Vec<String>> = choices.iter().map(|choice| tried(choice, value, path)).collect();
        let fits = tried.iter().filter(|faults| faults.is_empty()).count();
        if fits == 0 {
            // The choice with the fewest faults is what was meant.
            faults.extend(tried.into_iter().min_by_key(Vec::len).unwrap_or_default());
        } else if word == "oneOf" && fits > 1 {
            faults.push(format!("{path}: it fits {fits} choices"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        match (schema.pointer(&format!("/properties/{name}")), schema.get("additionalProperties")) {
            (Some(property), _) => check(property, inner, &path, faults),
            (None, Some(Value::Bool(false))) => faults.push(format!("{path}: the schema does not know it")),
            (None, Some(other @ Value::Object(_))) => check(other, inner, &path, faults),
            (None, _) => {}
        }
    }
    for (number, item) in items(value).iter().enumerate() {
        let path = format!("{path}/{number}");
        let by_place = schema.get("prefixItems").and_then(|schemas| schemas.get(number));
        if let Some(schema) = by_place.or(schema.get("items")) {
            check(schema, item, &path, faults);
        }
    }
}

fn tried(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, path, &mut faults);
    faults
}

fn is_of_type(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn size(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or_default()).unwrap_or(usize::MAX)
}
