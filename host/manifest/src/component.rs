//! Where a manifest stands inside a component: a custom section at its top level, which engines skip.

use std::ops::Range;

use wasm_encoder::{ComponentSectionId, CustomSection, Encode};
use wasmparser::{BinaryReaderError, Chunk, Encoding, Parser, Payload};

use crate::error::ManifestError;

/// The name of the custom section that holds the manifest as JSON.
pub const SECTION: &str = "sextant:manifest";

/// What the section of a component holds, if it has one.
pub(crate) fn section(component: &[u8]) -> Result<Option<&[u8]>, ManifestError> {
    match find(component)?.as_slice() {
        [] => Ok(None),
        [own] => Ok(Some(own.content)),
        _ => Err(ManifestError::Several),
    }
}

/// The component with a section of this content at its end, and no other of that name.
pub(crate) fn with_section(component: &[u8], content: &[u8]) -> Result<Vec<u8>, ManifestError> {
    let mut result = Vec::with_capacity(component.len() + content.len() + 32);
    let mut kept = 0;
    for own in find(component)? {
        result.extend_from_slice(&component[kept..own.range.start]);
        kept = own.range.end;
    }
    result.extend_from_slice(&component[kept..]);
    result.push(ComponentSectionId::CoreCustom.into());
    CustomSection { name: SECTION.into(), data: content.into() }.encode(&mut result);
    Ok(result)
}

/// A section of ours.
struct Own<'a> {
    /// Where it stands in the component, its header included.
    range: Range<usize>,
    content: &'a [u8],
}

/// The sections of ours; what is inside a component's modules is not looked at.
fn find(component: &[u8]) -> Result<Vec<Own<'_>>, ManifestError> {
    let mut found = Vec::new();
    walk(component, |payload, range| {
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            found.push(Own { range, content: section.data() });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Walks over the top level of a component: each section, and where it stands, its header included.
pub(crate) fn walk<'a>(
    component: &'a [u8],
    mut each: impl FnMut(Payload<'a>, Range<usize>) -> Result<(), BinaryReaderError>,
) -> Result<(), ManifestError> {
    let wrong = |reason: String| ManifestError::NoComponent { reason };
    if !component.starts_with(b"\0asm") {
        return Err(wrong("it does not begin as one".to_string()));
    }
    let mut parser = Parser::new(0);
    let mut at = 0;
    loop {
        let chunk = parser.parse(&component[at..], true).map_err(|error| wrong(error.to_string()))?;
        let Chunk::Parsed { consumed, payload } = chunk else {
            return Err(wrong("it ends too early".to_string()));
        };
        let begin = at;
        at += consumed;
        match &payload {
            Payload::Version { encoding: Encoding::Module, .. } => {
                return Err(wrong("it is a core module".to_string()));
            }
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                at = unchecked_range.end;
                if at > component.len() {
                    return Err(wrong("it ends too early".to_string()));
                }
            }
            Payload::End(_) => return Ok(()),
            _ => {}
        }
        each(payload, begin..at).map_err(|error| wrong(error.to_string()))?;
    }
}
