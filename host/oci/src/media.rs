//! Media types of images: the OCI's, and docker's where they differ.

/// A manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A manifest, as docker calls it.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A list of manifests, one per platform.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// A list of manifests, as docker calls it.
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// What a container is started with.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A compressed layer.
pub(crate) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Everything that a name can lead to.
pub(crate) const ANY: [&str; 4] = [INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST];

/// Whether this is a list.
pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(media_type, INDEX | DOCKER_INDEX)
}

/// The OCI's name for a layer that docker calls otherwise; the bytes are the same.
pub(crate) fn layer(media_type: &str) -> &str {
    match media_type {
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => LAYER_GZIP,
        "application/vnd.docker.image.rootfs.diff.tar" => "application/vnd.oci.image.layer.v1.tar",
        other => other,
    }
}
