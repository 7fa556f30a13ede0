//! What a path of the distribution protocol is about.

use crate::names::{hexadecimal, is_repository, is_tag, is_upload};

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// Whether this is a registry.
    Base,
    /// A blob, by the hexadecimal part of its digest.
    Blob(String),
    /// A new upload.
    NewUpload { repository: String },
    /// An upload that has begun.
    Upload { repository: String, upload: String },
    /// A manifest, by tag or digest.
    Manifest { repository: String, reference: Reference },
    /// The tags of a repository.
    Tags { repository: String },
}

/// How a manifest is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// By a tag.
    Tag(String),
    /// By the hexadecimal part of its digest.
    Digest(String),
}

impl Route {
    /// Reads a path; nothing for one that leads nowhere.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Base);
        }
        let rest = rest.strip_prefix('/')?;
        let in_repository = |repository: &str| is_repository(repository).then(|| repository.to_string());
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags { repository: in_repository(repository)? });
        }
        if let Some((repository, upload)) = rest.rsplit_once("/blobs/uploads") {
            let repository = in_repository(repository)?;
            return match upload.trim_start_matches('/') {
                "" => Some(Self::NewUpload { repository }),
                upload if is_upload(upload) => Some(Self::Upload { repository, upload: upload.to_string() }),
                _ => None,
            };
        }
        if let Some((repository, digest)) = rest.rsplit_once("/blobs/") {
            in_repository(repository)?;
            return Some(Self::Blob(hexadecimal(digest)?.to_string()));
        }
        let (repository, reference) = rest.rsplit_once("/manifests/")?;
        let repository = in_repository(repository)?;
        let reference = match hexadecimal(reference) {
            Some(digest) => Reference::Digest(digest.to_string()),
            None => Reference::Tag(is_tag(reference).then(|| reference.to_string())?),
        };
        Some(Self::Manifest { repository, reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let check = |path: &str, expected: Option<Route>| assert_eq!(Route::parse(path), expected, "{path}");
        let repository = || "acme/app".to_string();
        check("/v2/", Some(Route::Base));
        check("/v2/acme/app/tags/list", Some(Route::Tags { repository: repository() }));
        check("/v2/acme/app/blobs/uploads/", Some(Route::NewUpload { repository: repository() }));
        let upload = "1-2".to_string();
        check("/v2/acme/app/blobs/uploads/1-2", Some(Route::Upload { repository: repository(), upload }));
        let digest = "0f".repeat(32);
        check(&format!("/v2/acme/app/blobs/sha256:{digest}"), Some(Route::Blob(digest.clone())));
        let reference = Reference::Tag("v1".to_string());
        check("/v2/acme/app/manifests/v1", Some(Route::Manifest { repository: repository(), reference }));
        let reference = Reference::Digest(digest.clone());
        check(
            &format!("/v2/acme/app/manifests/sha256:{digest}"),
            Some(Route::Manifest { repository: repository(), reference }),
        );
        for path in ["/", "/v1/", "/v2/../x/tags/list", "/v2/app/manifests/..", "/v2/app/blobs/sha256:x", "/v2/app"] {
            check(path, None);
        }
    }
}
