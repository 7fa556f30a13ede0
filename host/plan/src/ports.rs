//! Published ports: as `docker run --publish` is told them, and as docker tells them of a container.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Published ports as docker tells them: `80/tcp` leads to places on the host.
pub type PortBindings = BTreeMap<String, Option<Vec<Binding>>>;

/// A place on the host that leads to a port of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Binding {
    /// The address; none is all of them.
    #[serde(default)]
    pub host_ip: String,
    /// The port; none is one that docker chooses.
    #[serde(default)]
    pub host_port: String,
}

/// One published port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Port {
    /// The port on the host.
    pub host: u16,
    /// The address on the host, empty for all of them.
    pub address: String,
    /// The port in the container, with its protocol: `80/tcp`.
    pub container: String,
}

impl Port {
    /// Reads `80:80`, `127.0.0.1:5432:5432`, `53:53/udp`. Nothing for a port that docker chooses, or for several at once.
    pub fn read(text: &str) -> Option<Self> {
        let (places, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (place, container) = places.rsplit_once(':')?;
        let (address, host) = match place.rsplit_once(':') {
            Some((address, host)) => (address.trim_matches(['[', ']']), host),
            None => ("", place),
        };
        let container = format!("{}/{protocol}", container.parse::<u16>().ok()?);
        Some(Self { host: host.parse().ok()?, address: everywhere(address), container })
    }

    /// Those of a container.
    pub fn of(bindings: &PortBindings) -> Vec<Self> {
        let each = |(container, places): (&String, &Option<Vec<Binding>>)| -> Vec<Self> {
            let places = places.iter().flatten().filter_map(|place| {
                let host = place.host_port.parse().ok()?;
                Some(Self { host, address: everywhere(&place.host_ip), container: container.clone() })
            });
            places.collect()
        };
        let mut ports: Vec<Self> = bindings.iter().flat_map(each).collect();
        ports.sort();
        ports
    }

    /// Whether both cannot be there at once.
    pub fn collides(&self, other: &Self) -> bool {
        let protocol = |port: &Self| port.container.rsplit('/').next().map(str::to_string);
        let overlap = self.address == other.address || self.address.is_empty() || other.address.is_empty();
        self.host == other.host && protocol(self) == protocol(other) && overlap
    }

    /// Whether it is a TCP port, which are those whose listeners are known.
    pub fn is_tcp(&self) -> bool {
        self.container.ends_with("/tcp")
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let colon = if self.address.is_empty() { "" } else { ":" };
        write!(text, "{}{colon}{}:{}", self.address, self.host, self.container.trim_end_matches("/tcp"))
    }
}

/// Every address is no address.
fn everywhere(address: &str) -> String {
    if matches!(address, "0.0.0.0" | "::") { String::new() } else { address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_as_docker_takes_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Port::read(text).map(|port| port.to_string()).as_deref(), expected, "{text}");
        };
        check("80:80", Some("80:80"));
        check("0.0.0.0:80:8080/tcp", Some("80:8080"));
        check("127.0.0.1:5432:5432", Some("127.0.0.1:5432:5432"));
        check("[::1]:53:53/udp", Some("::1:53:53/udp"));
        check("3306", None);
        check("8000-8010:80", None);
    }

    #[test]
    fn ports_collide_on_a_common_address() {
        let check = |one: &str, other: &str, expected: bool| {
            let [one, other] = [one, other].map(|text| Port::read(text).unwrap());
            assert_eq!((one.collides(&other), other.collides(&one)), (expected, expected), "{one} {other}");
        };
        check("80:80", "80:8080", true);
        check("80:80", "127.0.0.1:80:80", true);
        check("10.0.0.1:80:80", "127.0.0.1:80:80", false);
        check("53:53", "53:53/udp", false);
    }
}
