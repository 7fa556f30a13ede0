//! A component as people and programs want to see it before they use it: what it exports, asks for and takes. Told from its bytes
//! alone, without compiling them.

use manifest::{CONTRACT, Kind, Manifest, ManifestError, Setting, Surface, Type};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is known of a component.
pub struct Portrait {
    size: usize,
    digest: String,
    manifest: Option<Manifest>,
    surface: Surface,
    producers: Vec<String>,
}

impl Portrait {
    /// Looks at a component.
    pub fn of(component: &[u8]) -> Result<Self, ManifestError> {
        let digest: String = Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            size: component.len(),
            digest: format!("sha256:{digest}"),
            manifest: Manifest::of(component)?,
            surface: Surface::of(component)?,
            producers: manifest::producers(component),
        })
    }

    /// Why no Sextant would take it, if none would.
    pub fn objection(&self) -> Option<String> {
        if self.surface.hooks().is_empty() {
            return Some(format!("it exports no hook of {}", CONTRACT.trim_end_matches('/')));
        }
        let foreign = self.surface.imports.iter().find(|import| !plugin_runtime::may_import(import));
        foreign.map(|import| format!("it asks for `{import}`, which no plugin is given"))
    }

    /// For people.
    pub fn text(&self, source: &str) -> String {
        let mut text = match &self.manifest {
            Some(Manifest { name, version, description, .. }) if description.is_empty() => {
                format!("{name} {version}\n")
            }
            Some(Manifest { name, version, description, .. }) => format!("{name} {version}: {description}\n"),
            None => format!("{source}: a component without manifest\n"),
        };
        // Names in a component are whatever its author wrote there.
        let mut row = |name: &str, value: &str| {
            let value: String = value.chars().filter(|letter| !manifest::acts_on_terminals(*letter)).collect();
            text.push_str(&format!("  {name:<10} {value}\n"));
        };
        row("file", source);
        row("size", &size(self.size));
        row("digest", &self.digest);
        match self.surface.contract() {
            Some(version) => row("contract", &format!("sextant:deploy {version}")),
            None => row("contract", "none"),
        }
        row("hooks", &listed(&self.surface.hooks()));
        if !self.producers.is_empty() {
            row("made by", &self.producers.join(", "));
        }
        let mut name = "imports";
        for import in &self.surface.imports {
            row(name, import);
            name = "";
        }
        let mut name = "asks for";
        for (kind, entries) in self.asked() {
            row(name, &format!("{}: {}", kind.name(), entries.join(", ")));
            name = "";
        }
        if name == "asks for" {
            row(name, "nothing");
        }
        let mut name = "settings";
        for (key, setting) in self.settings() {
            row(name, &format!("{key}: {}", described(setting)));
            name = "";
        }
        if let Some(reason) = self.objection() {
            row("refused", &reason);
        }
        text
    }

    /// For programs.
    pub fn json(&self, source: &str) -> Value {
        let manifest = self.manifest.as_ref();
        json!({
            "source": source,
            "name": manifest.map(|manifest| &manifest.name),
            "version": manifest.map(|manifest| manifest.version.to_string()),
            "description": manifest.map(|manifest| &manifest.description),
            "size": self.size,
            "digest": self.digest,
            "contract": self.surface.contract().map(|version| version.to_string()),
            "hooks": self.surface.hooks(),
            "producers": self.producers,
            "imports": self.surface.imports,
            "exports": self.surface.exports,
            "capabilities": manifest.map(|manifest| &manifest.capabilities),
            "settings": manifest.map(|manifest| &manifest.settings),
            "refused": self.objection(),
        })
    }

    /// What stands in the configuration of a project that uses it and grants all it asks for.
    pub fn entry(&self, source: &str) -> String {
        let Some(manifest) = &self.manifest else { return String::new() };
        let quoted = |text: &str| Value::from(text).to_string();
        let mut text = format!(
            "\nTo use it, with all it asks for:\n\nx-plugins:\n  {}:\n    source: {}\n",
            manifest.name,
            quoted(source)
        );
        let asked: Vec<_> = self.asked().collect();
        if !asked.is_empty() {
            text.push_str("    grants:\n");
        }
        for (kind, entries) in asked {
            let entries: Vec<String> = entries.iter().map(|entry| quoted(entry)).collect();
            text.push_str(&format!("      {}: [{}]\n", kind.name(), entries.join(", ")));
        }
        let required = self.settings().any(|(_, setting)| setting.required);
        if self.settings().next().is_some() {
            text.push_str(if required { "    with:\n" } else { "    # with:\n" });
        }
        for (name, setting) in self.settings() {
            let mark = if setting.required { "" } else { "# " };
            text.push_str(&format!("      {mark}{name}: {}  # {}\n", empty(setting.kind), described(setting)));
        }
        text
    }

    /// The kinds of which it asks for something.
    fn asked(&self) -> impl Iterator<Item = (Kind, &[String])> {
        let kinds =
            self.manifest.iter().flat_map(|manifest| Kind::ALL.map(|kind| (kind, manifest.capabilities.of(kind))));
        kinds.filter(|(_, entries)| !entries.is_empty())
    }

    fn settings(&self) -> impl Iterator<Item = (&String, &Setting)> {
        self.manifest.iter().flat_map(|manifest| &manifest.settings)
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_string() } else { names.join(", ") }
}

/// `a string, required: where the registry is`.
fn described(setting: &Setting) -> String {
    let required = if setting.required { ", required" } else { "" };
    let about = Some(&setting.description).filter(|text| !text.is_empty()).map(|text| format!(": {text}"));
    format!("{}{required}{}", setting.kind, about.unwrap_or_default())
}

/// A value to begin with.
fn empty(kind: Type) -> &'static str {
    match kind {
        Type::String => "\"\"",
        Type::Integer => "0",
        Type::Boolean => "false",
        Type::List => "[]",
        Type::Map => "{}",
    }
}

/// In the unit that people would use.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
