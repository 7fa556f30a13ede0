//! What the project says: below `with:`, and which hosts a role has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sextant_sdk::Fault;

/// What stands below `with:`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How many tasks a role has.
    pub replicas: BTreeMap<String, usize>,
    /// Where tasks may run.
    pub constraints: Vec<String>,
}

impl Settings {
    /// Reads them.
    pub fn read(json: &str) -> Result<Self, Fault> {
        serde_json::from_str(json).map_err(|error| Fault::InvalidSetting(("with".to_string(), error.to_string())))
    }
}

/// The hosts of a role, in the order of `servers`: a list is the role `web`; a host may have tags.
pub fn hosts(servers: &str, role: &str) -> Vec<String> {
    let servers: Value = serde_json::from_str(servers).unwrap_or_default();
    let of_role = match &servers {
        Value::Array(_) if role == "web" => &servers,
        Value::Object(roles) => match roles.get(role) {
            Some(Value::Object(role)) => role.get("hosts").unwrap_or(&Value::Null),
            Some(list) => list,
            None => &Value::Null,
        },
        _ => &Value::Null,
    };
    let host = |entry: &Value| match entry {
        Value::String(host) => Some(host.clone()),
        Value::Object(tagged) => tagged.keys().next().cloned(),
        _ => None,
    };
    of_role.as_array().into_iter().flatten().filter_map(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_hosts() {
        let check =
            |servers: &str, role: &str, expected: &[&str]| assert_eq!(hosts(servers, role), expected, "{servers}");
        check(r#"["10.0.0.1", "10.0.0.2"]"#, "web", &["10.0.0.1", "10.0.0.2"]);
        check(r#"["10.0.0.1"]"#, "job", &[]);
        check(r#"{ "job": ["10.0.0.1", { "10.0.0.2": ["eu"] }] }"#, "job", &["10.0.0.1", "10.0.0.2"]);
        check(r#"{ "job": { "hosts": ["10.0.0.1"], "cmd": "work" } }"#, "job", &["10.0.0.1"]);
        check(r#"{ "web": ["10.0.0.1"] }"#, "job", &[]);
    }
}
