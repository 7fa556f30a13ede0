//! Builds `builder:`, and says who builds for which processor.

use crate::arguments::{text, texts, values};
use crate::model::{Builder, BuilderKind, Cache, Pack};
use crate::node::{Node, Value};

/// What the cache of GitHub's actions takes for reading, of all the options it takes for writing.
const GHA_READS: [&str; 5] = ["url", "url_v2", "token", "scope", "timeout"];

/// `builder`, which has been checked to name an architecture. `server` and `image` name what is built.
pub(crate) fn build(document: &Node, server: Option<&str>, image: &str) -> Builder {
    let node = document.get("builder");
    let filled = |key: &str| node?.get(key).filter(|value| !value.is_blank());
    let text_of = |key: &str| filled(key).map(Node::to_ruby_string);
    let arches = match filled("arch") {
        Some(arch) if arch.as_list().is_some() => texts(Some(arch)),
        Some(arch) => vec![arch.to_ruby_string()],
        None => Vec::new(),
    };
    Builder {
        arches,
        remote: text_of("remote"),
        local: node.and_then(|node| node.get("local")).is_none_or(|local| local.value != Value::Bool(false)),
        pack: filled("pack").map(pack),
        cache: filled("cache").and_then(|node| cache(node, server, image)),
        context: text_of("context"),
        dockerfile: text_of("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()),
        target: text_of("target"),
        args: values(filled("args").and_then(Node::as_map)),
        secrets: texts(filled("secrets")),
        ssh: text_of("ssh"),
        driver: text_of("driver").unwrap_or_else(|| "docker-container".to_owned()),
        provenance: text(node, "provenance"),
        sbom: node.and_then(|node| node.get("sbom")).filter(|sbom| !sbom.is_null()).map(Node::is_truthy),
    }
}

fn pack(node: &Node) -> Pack {
    Pack { builder: text(Some(node), "builder").unwrap_or_default(), buildpacks: texts(node.get("buildpacks")) }
}

/// `cache`, where it has a type.
fn cache(node: &Node, server: Option<&str>, image: &str) -> Option<Cache> {
    let kind = text(Some(node), "type").filter(|kind| !kind.is_empty())?;
    let options = text(Some(node), "options").filter(|options| !options.is_empty());
    let with = |base: String, options: Option<String>| [Some(base), options].into_iter().flatten().collect::<Vec<_>>();
    if kind == "gha" {
        let reads = |option: &&str| GHA_READS.contains(&option.split('=').next().unwrap_or_default());
        let read: Vec<&str> = options.as_deref().unwrap_or_default().split(',').filter(reads).collect();
        let read = (!read.is_empty()).then(|| read.join(","));
        let base = || "type=gha".to_owned();
        return Some(Cache { to: with(base(), options).join(","), from: with(base(), read).join(",") });
    }
    let image = text(Some(node), "image").unwrap_or_else(|| format!("{image}-build-cache"));
    let place = server.map(|server| format!("{server}/{image}")).unwrap_or(image);
    let from = format!("type=registry,ref={place}");
    Some(Cache { to: with(from.clone(), options).join(","), from })
}

impl Builder {
    /// The architectures that this machine builds, where its docker has `local` for its own.
    pub fn local_arches(&self, local: Option<&str>) -> Vec<String> {
        match &self.remote {
            _ if !self.local => Vec::new(),
            None => self.arches.clone(),
            Some(_) => self.arches.iter().filter(|arch| Some(arch.as_str()) == local).cloned().collect(),
        }
    }

    /// The architectures that the remote builder builds.
    pub fn remote_arches(&self, local: Option<&str>) -> Vec<String> {
        let here = self.local_arches(local);
        let there = self.arches.iter().filter(|arch| !here.contains(arch));
        if self.remote.is_some() { there.cloned().collect() } else { Vec::new() }
    }

    /// Who builds, where this machine's docker has `local` for its architecture.
    pub fn kind(&self, local: Option<&str>) -> BuilderKind {
        match (self.remote_arches(local).is_empty(), self.local_arches(local).is_empty()) {
            (false, false) => BuilderKind::Hybrid,
            (false, true) => BuilderKind::Remote,
            _ if self.pack.is_some() => BuilderKind::Pack,
            _ if self.driver.starts_with("cloud") => BuilderKind::Cloud,
            _ => BuilderKind::Local,
        }
    }

    /// The machine behind `remote`, as ssh names it, where it is reached over ssh: `user@host:port`.
    pub fn remote_host(&self) -> Option<&str> {
        let rest = self.remote.as_deref()?.strip_prefix("ssh://")?;
        rest.split('/').next().filter(|host| !host.is_empty())
    }
}

impl BuilderKind {
    /// Its name, as `build details` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::Hybrid => "hybrid",
            Self::Pack => "pack",
            Self::Cloud => "cloud",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(builder: &str) -> Builder {
        let text = format!("service: app\nimage: acme/app\nbuilder: {builder}\n");
        build(&crate::yaml::parse("config/deploy.yml", &text).unwrap(), Some("ghcr.io"), "acme/app")
    }

    #[test]
    fn the_remote_builder_builds_what_this_machine_does_not() {
        let check = |builder: &str, local: &str, expected: (&[&str], &[&str], &str)| {
            let builder = read(builder);
            let found = (builder.local_arches(Some(local)), builder.remote_arches(Some(local)));
            let names = |arches: &[&str]| arches.iter().map(|arch| arch.to_string()).collect::<Vec<_>>();
            assert_eq!(found, (names(expected.0), names(expected.1)), "{builder:?} on {local}");
            assert_eq!(builder.kind(Some(local)).name(), expected.2, "{builder:?} on {local}");
        };
        check("{ arch: amd64 }", "arm64", (&["amd64"], &[], "local"));
        check("{ arch: [amd64, arm64] }", "arm64", (&["amd64", "arm64"], &[], "local"));
        check("{ arch: amd64, remote: 'ssh://b' }", "arm64", (&[], &["amd64"], "remote"));
        check("{ arch: amd64, remote: 'ssh://b' }", "amd64", (&["amd64"], &[], "local"));
        check("{ arch: amd64, remote: 'ssh://b', local: false }", "amd64", (&[], &["amd64"], "remote"));
        check("{ arch: [amd64, arm64], remote: 'ssh://b' }", "arm64", (&["arm64"], &["amd64"], "hybrid"));
        check("{ arch: amd64, pack: { builder: b } }", "amd64", (&["amd64"], &[], "pack"));
        check("{ arch: amd64, driver: cloud acme/b }", "amd64", (&["amd64"], &[], "cloud"));
    }

    #[test]
    fn caches_are_named_as_buildx_takes_them() {
        let check = |cache: &str, to: &str, from: &str| {
            let expected = Cache { to: to.to_string(), from: from.to_string() };
            assert_eq!(read(&format!("{{ arch: amd64, cache: {cache} }}")).cache, Some(expected), "{cache}");
        };
        check("{ type: gha }", "type=gha", "type=gha");
        check("{ type: gha, options: 'mode=max,scope=web' }", "type=gha,mode=max,scope=web", "type=gha,scope=web");
        let default = "type=registry,ref=ghcr.io/acme/app-build-cache";
        check("{ type: registry, options: mode=max }", &format!("{default},mode=max"), default);
        let own = "type=registry,ref=ghcr.io/acme/cache";
        check("{ type: registry, image: acme/cache }", own, own);
        assert_eq!(read("{ arch: amd64, cache: { options: mode=max } }").cache, None);
    }

    #[test]
    fn a_remote_builder_behind_ssh_is_a_host() {
        let host = |url: &str| read(&format!("{{ arch: amd64, remote: '{url}' }}")).remote_host().map(str::to_string);
        assert_eq!(host("ssh://docker@build.example.com:2222").as_deref(), Some("docker@build.example.com:2222"));
        assert_eq!(host("ssh://build/var/run/docker.sock").as_deref(), Some("build"));
        assert_eq!(host("tcp://build:2376"), None);
    }
}
