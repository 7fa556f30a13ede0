//! What a plugin asks for, or a project grants: names and patterns of six kinds.

use serde::{Deserialize, Deserializer, Serialize};

use crate::pattern;

/// What is asked for or granted. In every entry `*` stands for any text and `?` for any letter; in a host name they stay between two dots,
/// in a path between two slashes, and `**` goes across them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Secrets it uses by name, without seeing them.
    #[serde(deserialize_with = "secrets", skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Secrets whose values it sees.
    #[serde(deserialize_with = "reveal", skip_serializing_if = "Vec::is_empty")]
    pub reveal: Vec<String>,
    /// Where it connects to: `host:port`; the port is a number or `*`.
    #[serde(deserialize_with = "network", skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
    /// Programs it has run, or its steps run, by name. A name has no slash: what it means is for the path of the machine to say.
    #[serde(deserialize_with = "programs", skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// Variables of the operator's environment.
    #[serde(deserialize_with = "variables", skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Files of the project it reads, relative to the project.
    #[serde(deserialize_with = "files", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A kind of capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Secrets,
    Reveal,
    Network,
    Programs,
    Variables,
    Files,
}

impl Kind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Self; 6] =
        [Self::Secrets, Self::Reveal, Self::Network, Self::Programs, Self::Variables, Self::Files];

    /// Its key in `plugin.toml`, `x-plugins` and `sextant.lock`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Reveal => "reveal",
            Self::Network => "network",
            Self::Programs => "programs",
            Self::Variables => "variables",
            Self::Files => "files",
        }
    }

    /// What is wrong with an entry of this kind, if something is.
    pub fn fault(self, entry: &str) -> Option<&'static str> {
        let plain = |also: &str| {
            !entry.is_empty() && entry.chars().all(|letter| letter.is_ascii_alphanumeric() || also.contains(letter))
        };
        match self {
            Self::Secrets | Self::Reveal if !plain("_.-*?") => Some("is no name of a secret"),
            Self::Variables if !plain("_*?") => Some("is no name of a variable"),
            Self::Programs if !plain("_.+-*?") => Some("is no name of a program: it has no slash and no blank"),
            Self::Network if !is_endpoint(entry) => Some("is no `host:port`, such as `api.example.com:443`"),
            Self::Files if !is_inside(entry) => Some("is no path inside the project, such as `config/image.json`"),
            _ => None,
        }
    }

    /// Whether a pattern of this kind takes in everything that `narrower` does, which is a name or a pattern itself.
    fn takes_in(self, pattern: &str, narrower: &str) -> bool {
        match self {
            Self::Network => {
                let (Some((host, port)), Some((own_host, own_port))) =
                    (pattern.rsplit_once(':'), narrower.rsplit_once(':'))
                else {
                    return false;
                };
                let (host, own_host) = (host.to_ascii_lowercase(), own_host.to_ascii_lowercase());
                (port == "*" || port == own_port) && pattern::takes_in(&host, &own_host, Some('.'))
            }
            Self::Files => pattern::takes_in(pattern, narrower, Some('/')),
            _ => pattern::takes_in(pattern, narrower, None),
        }
    }
}

impl Capabilities {
    /// The entries of a kind.
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Secrets => &self.secrets,
            Kind::Reveal => &self.reveal,
            Kind::Network => &self.network,
            Kind::Programs => &self.programs,
            Kind::Variables => &self.variables,
            Kind::Files => &self.files,
        }
    }

    /// Whether a name is among the entries of a kind, by pattern. A name of the network is `host:port`. A name that is none, such as
    /// a path with `..` in it, never is.
    pub fn covers(&self, kind: Kind, name: &str) -> bool {
        !name.contains(['*', '?']) && kind.fault(name).is_none() && self.take_in(kind, name)
    }

    /// What of a kind may be used where this is asked for and that is granted, as names and patterns: never less than [`Self::covers`]
    /// lets through on both sides. Of two patterns of which neither takes in the other, the granted one.
    pub fn shared_with(&self, granted: &Self, kind: Kind) -> Vec<String> {
        let is_pattern = |entry: &String| entry.contains(['*', '?']);
        let may_meet = |grant: &String| {
            let others = |entry: &String| is_pattern(entry) && !kind.takes_in(grant, entry);
            self.take_in(kind, grant) || (is_pattern(grant) && self.of(kind).iter().any(others))
        };
        let mut shared: Vec<String> =
            self.of(kind).iter().filter(|entry| granted.take_in(kind, entry)).cloned().collect();
        for grant in granted.of(kind).iter().filter(|grant| may_meet(grant)) {
            if !shared.contains(grant) {
                shared.push(grant.clone());
            }
        }
        shared
    }

    /// What these have that the others do not cover.
    pub fn wider_than(&self, other: &Self) -> Vec<(Kind, String)> {
        let entries = |kind: Kind| self.of(kind).iter().map(move |entry| (kind, entry.clone()));
        Kind::ALL.into_iter().flat_map(entries).filter(|(kind, entry)| !other.take_in(*kind, entry)).collect()
    }

    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.of(kind).is_empty())
    }

    fn take_in(&self, kind: Kind, narrower: &str) -> bool {
        self.of(kind).iter().any(|pattern| kind.takes_in(pattern, narrower))
    }
}

/// `host:port`, where the host is a name, an address or a pattern, and the port a number or `*`. An IPv6 address has its brackets.
fn is_endpoint(entry: &str) -> bool {
    let Some((host, port)) = entry.rsplit_once(':') else { return false };
    let named = |host: &str| {
        !host.is_empty()
            && host.split('.').all(|label| {
                !label.is_empty()
                    && label.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_*?".contains(letter))
            })
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = address.map_or_else(|| named(host), |host| host.parse::<core::net::Ipv6Addr>().is_ok());
    is_host && (port == "*" || (port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port)))
}

/// A relative path that leads nowhere else.
fn is_inside(entry: &str) -> bool {
    !entry.starts_with('~')
        && !entry.contains('\\')
        && !entry.chars().any(crate::acts_on_terminals)
        && entry.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Reads the entries of a kind.
fn entries<'de, D: Deserializer<'de>>(kind: Kind, deserializer: D) -> Result<Vec<String>, D::Error> {
    let entries = Vec::<String>::deserialize(deserializer)?;
    if entries.len() > 100 {
        return Err(serde::de::Error::custom(format!("{}: at most 100 entries", kind.name())));
    }
    for entry in &entries {
        if entry.len() > 200 || entry.chars().any(crate::acts_on_terminals) {
            return Err(serde::de::Error::custom(format!(
                "{}: an entry is one line of at most 200 letters",
                kind.name()
            )));
        }
        if let Some(fault) = kind.fault(entry) {
            return Err(serde::de::Error::custom(format!("{}: `{entry}` {fault}", kind.name())));
        }
    }
    Ok(entries)
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Secrets, deserializer)
}

fn reveal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Reveal, deserializer)
}

fn network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Network, deserializer)
}

fn programs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Programs, deserializer)
}

fn variables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Variables, deserializer)
}

fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    entries(Kind::Files, deserializer)
}
