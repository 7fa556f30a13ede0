//! Names of the distribution protocol. They become paths in the store, so nothing else gets through.

/// Whether this is a repository: components of lower-case letters and digits, with `.`, `_` and `-` between them.
pub(crate) fn is_repository(name: &str) -> bool {
    let is_component = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        edge(part.chars().next()) && edge(part.chars().last()) && part.chars().all(inside)
    };
    name.len() <= 255 && name.split('/').all(is_component)
}

/// Whether this is a tag.
pub(crate) fn is_tag(tag: &str) -> bool {
    let begins = tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins && tag.len() <= 128 && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The hexadecimal part of a digest: SHA-256 is the one that docker uses.
pub(crate) fn hexadecimal(digest: &str) -> Option<&str> {
    let hexadecimal = digest.strip_prefix("sha256:")?;
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (hexadecimal.len() == 64 && hexadecimal.chars().all(is_digit)).then_some(hexadecimal)
}

/// Whether this is the name of an upload, as we give them out.
pub(crate) fn is_upload(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_store() {
        for name in ["app", "acme/app", "a1/b-c/d_e.f"] {
            assert!(is_repository(name), "{name}");
        }
        for name in ["", "/app", "app/", "a//b", "../app", "a/..", "App", "_manifests", "a/_b", "a b"] {
            assert!(!is_repository(name), "{name}");
        }
        assert!(is_tag("v1.0-rc_2") && is_tag("latest") && is_tag(&"a".repeat(40)));
        assert!(!is_tag("") && !is_tag("..") && !is_tag(".a") && !is_tag("a/b") && !is_tag(&"a".repeat(129)));
        let digest = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(hexadecimal(&digest), Some("0f".repeat(32).as_str()));
        assert_eq!(hexadecimal("sha256:../../x"), None);
        assert_eq!(hexadecimal(&digest.replace("sha256", "md5")), None);
        assert!(is_upload("12-3") && !is_upload("../1"));
    }
}
