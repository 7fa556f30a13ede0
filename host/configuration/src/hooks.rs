//! Reads `x-hooks`, Sextant's own section about hook scripts. Kamal ignores it, as it does every root key that starts with `x-`.

use std::collections::BTreeMap;

use crate::arguments::texts;
use crate::error::ConfigurationError;
use crate::hints;
use crate::node::Node;
use crate::schema::{Key, Kind};
use crate::validate::{error, hash, section};

/// The root key.
const SECTION: &str = "x-hooks";

const SCRIPT: &[Key] = &[Key { name: "secrets", kind: Kind::Texts }];

/// Hook scripts that see the project's secrets, which can be narrowed down.
const WITH_SECRETS: [&str; 3] = ["pre-connect", "pre-deploy", "post-deploy"];

/// Hook scripts that see none.
const WITHOUT_SECRETS: [&str; 6] =
    ["docker-setup", "pre-build", "pre-app-boot", "post-app-boot", "pre-proxy-reboot", "post-proxy-reboot"];

/// Names of the secrets that each of the named hook scripts sees.
pub(crate) fn secrets(document: &Node) -> Result<BTreeMap<String, Vec<String>>, ConfigurationError> {
    let Some(node) = document.get(SECTION) else { return Ok(BTreeMap::new()) };
    let mut secrets = BTreeMap::new();
    for (name, entry) in hash(node, SECTION)? {
        let path = format!("{SECTION}/{name}");
        if WITHOUT_SECRETS.contains(&name.as_str()) {
            return Err(error(&path, "this hook script sees no secrets").at(&entry.key));
        }
        if !WITH_SECRETS.contains(&name.as_str()) {
            let mut wrong = error(SECTION, &format!("unknown hook script: {name}")).at(&entry.key);
            wrong.hint = hints::unknown_key(SECTION, name, WITH_SECRETS.into_iter());
            return Err(wrong);
        }
        section(&entry.node, SCRIPT, &path)?;
        if let Some(names) = entry.node.get("secrets") {
            secrets.insert(name.clone(), texts(Some(names)));
        }
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn secrets_of_hook_scripts() {
        let check = |text: &str, expected: &str| {
            let document = yaml::parse("deploy.yml", text).unwrap();
            let told = match secrets(&document) {
                Ok(secrets) => format!("{secrets:?}"),
                Err(error) => error.message,
            };
            assert_eq!(told, expected, "{text}");
        };
        check("service: a", "{}");
        check("x-hooks: { pre-deploy: { secrets: [A, B] } }", r#"{"pre-deploy": ["A", "B"]}"#);
        check("x-hooks: { pre-connect: { secrets: [] }, post-deploy: {} }", r#"{"pre-connect": []}"#);
        check("x-hooks: { pre-build: { secrets: [A] } }", "x-hooks/pre-build: this hook script sees no secrets");
        check("x-hooks: { pre-deplo: {} }", "x-hooks: unknown hook script: pre-deplo");
        check("x-hooks: { pre-deploy: { secret: [A] } }", "x-hooks/pre-deploy: unknown key: secret");
        check("x-hooks: { pre-deploy: [A] }", "x-hooks/pre-deploy: should be a hash");
    }
}
