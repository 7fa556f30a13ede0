//! Every key that a deploy.yml can have, as one list of paths.

use crate::schema::{
    ACCESSORY, BOOT, BUILDER, CREDENTIALS, Key, Kind, LOGGING, OUTPUT, PATH, PROXY, REGISTRY, ROLE, ROOT, SSH, SSHKIT,
};

/// Every key of the schema: `builder/cache/type`; `*` stands for a name that the user gives. A section that may stand in several places
/// is listed with its keys at the first of them.
pub fn keys() -> Vec<String> {
    let mut paths = Vec::new();
    for key in ROOT {
        paths.push(key.name.to_string());
        match key.name {
            "registry" => {
                list("registry", REGISTRY, &mut paths);
                names("registry", &CREDENTIALS, &mut paths);
            }
            "servers" => list("servers/*", ROLE, &mut paths),
            "env" => names("env", &["clear", "secret", "tags"], &mut paths),
            "ssh" => list("ssh", SSH, &mut paths),
            "builder" => list("builder", BUILDER, &mut paths),
            "accessories" => {
                list("accessories/*", ACCESSORY, &mut paths);
                names("accessories/*/files/*", &PATH, &mut paths);
                names("accessories/*/directories/*", &PATH, &mut paths);
            }
            "proxy" => {
                list("proxy", PROXY, &mut paths);
                names("proxy/ssl", &["certificate_pem", "private_key_pem"], &mut paths);
            }
            "sshkit" => list("sshkit", SSHKIT, &mut paths),
            "boot" => list("boot", BOOT, &mut paths),
            "logging" => list("logging", LOGGING, &mut paths),
            "output" => list("output", OUTPUT, &mut paths),
            _ => {}
        }
    }
    paths
}

fn list(path: &str, keys: &[Key], paths: &mut Vec<String>) {
    for key in keys {
        let path = format!("{path}/{}", key.name);
        paths.push(path.clone());
        if let Kind::Section(keys) = key.kind {
            list(&path, keys, paths);
        }
    }
}

fn names(path: &str, names: &[&str], paths: &mut Vec<String>) {
    paths.extend(names.iter().map(|name| format!("{path}/{name}")));
}
