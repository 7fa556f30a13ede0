//! Reads `x-approvals`, Sextant's own section about who may approve plans. Kamal ignores it, as it does every root key that starts with
//! `x-`.

use crate::arguments::text;
use crate::error::ConfigurationError;
use crate::node::Node;
use crate::schema::{Key, Kind};
use crate::validate::section;

/// The root key.
const SECTION: &str = "x-approvals";

/// Every key of the section.
pub(crate) const KEYS: &[Key] = &[Key { name: "signers", kind: Kind::Text }];

/// The file that says who may approve.
pub(crate) fn signers(document: &Node) -> Result<Option<String>, ConfigurationError> {
    let Some(node) = document.get(SECTION) else { return Ok(None) };
    section(node, KEYS, SECTION)?;
    Ok(text(Some(node), "signers").filter(|path| !path.trim().is_empty()))
}
