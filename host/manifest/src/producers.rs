//! Which tools made a component, as they say so themselves.

use wasmparser::{KnownCustom, Parser, Payload};

/// The languages and tools that a component's sections of producers name, with their versions, each once. They are claims, and
/// what cannot be read is left out.
pub fn producers(component: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let Ok(payload) = payload else { break };
        let Payload::CustomSection(section) = payload else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for value in fields.into_iter().flatten().flat_map(|field| field.values.into_iter().flatten()) {
            let version = value.version.split(" (").next().unwrap_or_default();
            let text = format!("{} {version}", value.name);
            let text: String = text.chars().filter(|letter| !crate::acts_on_terminals(*letter)).take(80).collect();
            if found.len() < 20 && !found.iter().any(|known| known == text.trim()) {
                found.push(text.trim().to_string());
            }
        }
    }
    found
}
