//! Names of images as docker reads them, and patterns of them.

/// An image's name, taken apart.
pub struct Image {
    /// Registry and path: `docker.io/library/postgres`.
    pub repository: String,
    /// Whether a whole SHA-256 stands behind it.
    pub has_digest: bool,
}

impl Image {
    /// Reads a name. Docker Hub, and its folder for official images, are filled in where docker would.
    pub fn read(name: &str) -> Self {
        let (name, digest) = name.split_once('@').map_or((name, ""), |(name, digest)| (name, digest));
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let has_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        // A colon before the last slash belongs to a port.
        let tag = name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
        Self { repository: whole(&name[..tag.unwrap_or(name.len())]), has_digest }
    }

    /// Whether a pattern takes it in: `*` is any text between two slashes, `**` any text.
    pub fn matches(&self, pattern: &str) -> bool {
        takes_in(&whole(pattern).chars().collect::<Vec<_>>(), &self.repository.chars().collect::<Vec<_>>())
    }
}

/// A name with its registry.
fn whole(name: &str) -> String {
    if name == "**" {
        return name.to_string();
    }
    let is_registry = |part: &str| part.contains(['.', ':', '*']) || part == "localhost";
    match name.split_once('/') {
        Some((first, _)) if is_registry(first) => name.to_string(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

fn takes_in(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', '*', rest @ ..] => (0..=name.len()).any(|at| takes_in(rest, &name[at..])),
        ['*', rest @ ..] => {
            let part = name.iter().position(|letter| *letter == '/').unwrap_or(name.len());
            (0..=part).any(|at| takes_in(rest, &name[at..]))
        }
        [letter, rest @ ..] => name.first() == Some(letter) && takes_in(rest, &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them() {
        let check = |name: &str, expected: &str| assert_eq!(Image::read(name).repository, expected, "{name}");
        check("postgres", "docker.io/library/postgres");
        check("acme/shop:v1", "docker.io/acme/shop");
        check("localhost/shop", "localhost/shop");
        check("registry:5000/shop", "registry:5000/shop");
        check("ghcr.io/acme/shop:v1@sha256:00", "ghcr.io/acme/shop");
    }

    #[test]
    fn patterns_take_names_in() {
        let check = |pattern: &str, name: &str, expected: bool| {
            assert_eq!(Image::read(name).matches(pattern), expected, "{pattern} and {name}");
        };
        check("postgres", "docker.io/library/postgres:17", true);
        check("ghcr.io/acme/*", "ghcr.io/acme/shop", true);
        check("ghcr.io/acme/*", "ghcr.io/acme/deep/shop", false);
        check("ghcr.io/acme/**", "ghcr.io/acme/deep/shop", true);
        check("ghcr.io/acme/*", "ghcr.io/acme.evil/shop", false);
        check("ghcr.io/acme/*", "evil.example/ghcr.io/acme/shop", false);
        check("acme/shop", "acme/shop-evil", false);
        check("**", "evil.example/x", true);
    }
}
