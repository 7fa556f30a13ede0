//! The lines of a plugin in `x-plugins`, and whether they can be added without touching anything else.

use distribution::Found;
use manifest::Kind;
use serde_json::Value;

/// The entry as it is written, below `x-plugins:`. What is asked for stands there as a comment unless it is granted.
pub fn lines(found: &Found, key: Option<&str>, digest: Option<&str>, grant: bool) -> String {
    let mut text = format!("  {}:\n    source: {}\n", found.locked.name, scalar(&found.locked.source));
    if let Some(digest) = digest {
        text.push_str(&format!("    digest: {digest}\n"));
    }
    if let Some(key) = key {
        text.push_str(&format!("    key: {}\n", scalar(key)));
    }
    if !found.locked.capabilities.is_empty() {
        let mark = if grant { "" } else { "# " };
        if !grant {
            text.push_str("    # It asks for these; nothing is granted as long as they are comments.\n");
        }
        text.push_str(&format!("    {mark}grants:\n"));
        for kind in Kind::ALL {
            let entries: Vec<Value> =
                found.locked.capabilities.of(kind).iter().map(|entry| entry.as_str().into()).collect();
            if !entries.is_empty() {
                text.push_str(&format!("    {mark}  {}: {}\n", kind.name(), Value::from(entries)));
            }
        }
    }
    let settings = found.manifest.iter().flat_map(|manifest| &manifest.settings);
    let mut settings = settings.peekable();
    if settings.peek().is_some() {
        text.push_str("    # with:\n");
    }
    for (name, setting) in settings {
        let required = if setting.required { ", required" } else { "" };
        let about = Some(&setting.description).filter(|text| !text.is_empty()).map(|text| format!(": {text}"));
        text.push_str(&format!("    #   {name}:  # {}{required}{}\n", setting.kind, about.unwrap_or_default()));
    }
    text
}

/// A text as YAML takes it.
fn scalar(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ":/._@-".contains(letter);
    let is_plain = text.chars().all(plain) && text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if is_plain && !text.ends_with(':') { text.to_string() } else { Value::from(text).to_string() }
}

/// The configuration with the entry in it; nothing if that would change anything else, or cannot be told.
pub fn appended(text: &str, name: &str, lines: &str) -> Option<String> {
    let whole: Vec<&str> = text.lines().collect();
    let candidate = match whole.iter().position(|line| line.starts_with("x-plugins:")) {
        None => format!("{}\n\nx-plugins:\n{lines}", text.trim_end()),
        Some(at) if whole[at].trim_end() == "x-plugins:" => {
            let inside = |line: &&str| line.trim().is_empty() || line.starts_with(' ');
            let length = whole[at + 1..].iter().take_while(|line| inside(line)).count();
            let section = &whole[at + 1..at + 1 + length];
            let filled = section.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
            let first = section.iter().find(|line| !line.trim().is_empty())?;
            let indent = " ".repeat(first.len() - first.trim_start().len());
            let shifted = lines.lines().map(|line| format!("{indent}{}", &line[2..])).collect::<Vec<_>>().join("\n");
            let end = at + 1 + filled;
            let (before, after) = (whole[..end].join("\n"), whole[end..].join("\n"));
            format!("{before}\n{shifted}\n{after}").trim_end().to_string() + "\n"
        }
        Some(_) => return None,
    };
    adds_only(text, &candidate, name).then_some(candidate)
}

/// Whether a configuration is another one and an entry of `x-plugins`, nothing else.
fn adds_only(before: &str, after: &str, name: &str) -> bool {
    let read = |text: &str| {
        let node = configuration::yaml::parse("deploy.yml", text).ok()?;
        serde_json::from_str::<Value>(&node.to_json()).ok()
    };
    let (Some(before), Some(mut after)) = (read(before), read(after)) else { return false };
    let Some(root) = after.as_object_mut() else { return false };
    let Some(plugins) = root.get_mut("x-plugins").and_then(Value::as_object_mut) else { return false };
    let was_there = plugins.shift_remove(name).is_some();
    if plugins.is_empty() && before.get("x-plugins").is_none() {
        root.shift_remove("x-plugins");
    }
    was_there && before == after
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "  ecr:\n    source: a.wasm\n";

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(appended(text, "ecr", LINES).as_deref(), expected, "{text}");
    }

    #[test]
    fn an_entry_is_added_without_touching_anything_else() {
        check("service: shop\n", Some("service: shop\n\nx-plugins:\n  ecr:\n    source: a.wasm\n"));
        check(
            "x-plugins:\n    other:\n        source: b.wasm\n\nservice: shop # it is\n",
            Some(
                "x-plugins:\n    other:\n        source: b.wasm\n    ecr:\n      source: a.wasm\n\nservice: shop # it is\n",
            ),
        );
        check("x-plugins: { other: { source: b.wasm } }\n", None);
        check("service: shop\nx-plugins:\n", None);
        check("service: <%= name %>: x\n", None);
        check("{ service: shop }\n", None);
        // The line breaks at the end belong to the text.
        check("service: |+\n  text\n\n\n", None);
    }

    #[test]
    fn texts_are_quoted_where_yaml_needs_it() {
        assert_eq!(scalar("oci://ghcr.io/acme/ecr:1.2"), "oci://ghcr.io/acme/ecr:1.2");
        assert_eq!(scalar("my plugin.wasm"), "\"my plugin.wasm\"");
        assert_eq!(scalar("5"), "\"5\"");
    }
}
