//! How a configuration is written: an example for every section, with a line about each key.

/// The sections that have an example, and the example.
const SECTIONS: [(&str, &str); 15] = [
    ("accessory", include_str!("documentation/accessory.yml")),
    ("alias", include_str!("documentation/alias.yml")),
    ("boot", include_str!("documentation/boot.yml")),
    ("builder", include_str!("documentation/builder.yml")),
    ("env", include_str!("documentation/env.yml")),
    ("logging", include_str!("documentation/logging.yml")),
    ("output", include_str!("documentation/output.yml")),
    ("proxy", include_str!("documentation/proxy.yml")),
    ("registry", include_str!("documentation/registry.yml")),
    ("role", include_str!("documentation/role.yml")),
    ("servers", include_str!("documentation/servers.yml")),
    ("ssh", include_str!("documentation/ssh.yml")),
    ("sshkit", include_str!("documentation/sshkit.yml")),
    ("x-approvals", include_str!("documentation/x-approvals.yml")),
    ("x-plugins", include_str!("documentation/x-plugins.yml")),
];

/// The example of a section, or of the whole configuration; nothing where Kamal has no such section.
pub fn documentation(section: Option<&str>) -> Option<&'static str> {
    match section {
        None => Some(include_str!("documentation/root.yml")),
        Some(section) => SECTIONS.iter().find(|(name, _)| *name == section).map(|(_, text)| *text),
    }
}

/// The sections that have an example.
pub fn documented_sections() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::merge;
    use crate::node::Node;
    use crate::schema::{self, Key, Kind};
    use crate::{approvals, plugins, rules, sections, yaml};

    /// What a section needs around it.
    const BASE: &str = "
service: shop
image: acme/shop
servers: { web: [192.0.2.10], workers: [192.0.2.11] }
registry: { server: ghcr.io, username: acme, password: [KAMAL_REGISTRY_PASSWORD] }
builder: { arch: amd64 }
";

    fn every() -> impl Iterator<Item = (&'static str, &'static str)> {
        let root = [("root", documentation(None).expect("the root has an example"))];
        root.into_iter().chain(SECTIONS)
    }

    fn read(text: &str) -> Node {
        yaml::parse("example.yml", text).expect("an example is YAML")
    }

    #[test]
    fn every_example_is_a_configuration() {
        for (section, text) in every() {
            let document = merge(read(BASE), read(text));
            sections::check(&document).unwrap_or_else(|error| panic!("{section}: {error}"));
            rules::check(&document, None).unwrap_or_else(|error| panic!("{section}: {error}"));
            plugins::build(&document).unwrap_or_else(|error| panic!("{section}: {error}"));
            approvals::signers(&document).unwrap_or_else(|error| panic!("{section}: {error}"));
        }
    }

    #[test]
    fn every_key_is_told_about() {
        let check = |section: Option<&str>, keys: &[Key]| {
            let text = documentation(section).expect("the section has an example");
            for key in keys {
                assert!(mentions(text, key.name), "{section:?} says nothing about {}", key.name);
                for inner in inner(key) {
                    assert!(mentions(text, inner.name), "{section:?} says nothing about {}/{}", key.name, inner.name);
                }
            }
        };
        check(None, schema::ROOT);
        check(Some("accessory"), schema::ACCESSORY);
        check(Some("boot"), schema::BOOT);
        check(Some("builder"), schema::BUILDER);
        check(Some("logging"), schema::LOGGING);
        check(Some("output"), schema::OUTPUT);
        check(Some("proxy"), schema::PROXY);
        check(Some("registry"), schema::REGISTRY);
        check(Some("role"), schema::ROLE);
        check(Some("ssh"), schema::SSH);
        check(Some("sshkit"), schema::SSHKIT);
        check(Some("x-approvals"), approvals::KEYS);
        let plugin = documentation(Some("x-plugins")).expect("the section has an example");
        for key in plugins::keys() {
            let name = key.rsplit('/').next().unwrap_or_default();
            assert!(mentions(plugin, name), "x-plugins says nothing about {key}");
        }
        let names = [
            ("accessory", &schema::PATH[..]),
            ("registry", &schema::CREDENTIALS),
            ("env", &["clear", "secret", "tags"]),
        ];
        for (section, keys) in names {
            let text = documentation(Some(section)).expect("the section has an example");
            keys.iter().for_each(|key| assert!(mentions(text, key), "{section} says nothing about {key}"));
        }
    }

    fn inner(key: &Key) -> &'static [Key] {
        match key.kind {
            Kind::Section(keys) => keys,
            _ => &[],
        }
    }

    /// Whether a key stands at the beginning of a line, perhaps in a comment or as an item of a list.
    fn mentions(text: &str, key: &str) -> bool {
        let key = format!("{key}:");
        text.lines().any(|line| line.trim_start_matches([' ', '#', '-']).starts_with(&key))
    }

    #[test]
    fn sections_nobody_has() {
        assert_eq!(documentation(Some("configuration")), None);
        assert_eq!(documentation(Some("Volume")), None);
    }
}
