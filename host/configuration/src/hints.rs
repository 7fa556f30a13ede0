//! What to do about common mistakes: Kamal 1 keys, misspelt keys, quoted numbers.

use crate::node::{Node, Value};

/// Keys of Kamal 1 and where they went: path of the section, key, advice.
const KAMAL_1: &[(&str, &str, &str)] = &[
    ("", "traefik", "Kamal 2 replaced Traefik by kamal-proxy: move hosts and TLS to `proxy:` and drop `traefik`"),
    ("", "healthcheck", "since Kamal 2 the health check is `proxy/healthcheck`, and its port is `proxy/app_port`"),
    ("", "stop_wait_time", "since Kamal 2 this is `drain_timeout`"),
    ("", "network", "the docker network is always `kamal`; only accessories can choose another"),
    ("", "lock_wait", "this is a command line option: `--lock-wait`"),
    ("builder", "multiarch", "since Kamal 2 the architectures are listed: `builder: { arch: [amd64, arm64] }`"),
    ("boot", "proxy", "how the proxy is started is `proxy/run`"),
];

/// Advice for a key that nobody knows.
pub(crate) fn unknown_key<'k>(path: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let last = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some((_, _, advice)) = KAMAL_1.iter().find(|(section, key, _)| *section == path && *key == name) {
        return Some((*advice).to_owned());
    }
    if path.starts_with("servers/") && name == "traefik" {
        return Some("since Kamal 2 a role says `proxy: true` to stand behind the proxy".to_owned());
    }
    if name.starts_with("x-") {
        return Some("keys that start with `x-` are free at the root only".to_owned());
    }
    if path == "env" || last(path) == "env" {
        return Some("beside `clear` or `secret`, clear variables stand under `clear`".to_owned());
    }
    Some(format!("did you mean `{}`?", nearest(name, known)?))
}

/// The known name that a misspelt one is nearest to, if one is near at all.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = if name.chars().count() < 5 { 1 } else { 2 };
    let nearest = known.map(|key| (distance(name, key), key)).min().filter(|(distance, _)| *distance <= most)?;
    Some(nearest.1)
}

/// Advice for a value of the wrong type.
pub(crate) fn wrong_type(path: &str, node: &Node, expected: &str) -> Option<String> {
    let advice = match (path, &node.value) {
        ("builder/remote", Value::Map(_)) => {
            "since Kamal 2 the remote builder is one URL: `remote: ssh://user@host`, and `arch` says what to build"
        }
        ("builder/local", Value::Map(_)) => "since Kamal 2 `local` is a boolean, and `arch` says what to build",
        ("proxy", Value::Bool(_)) => "a role can say `proxy: false`; at the root `proxy` holds settings",
        (_, Value::String(text)) if expected == "an integer" && text.parse::<i64>().is_ok() => {
            "write the number without quotes"
        }
        ("builder", Value::Null) => {
            "say for which processors to build: `builder: { arch: amd64 }`, `arm64`, or a list of both"
        }
        (_, Value::Null) if path.ends_with("/clear") || path == "env" => "drop the key where there is nothing under it",
        (_, Value::Null) if path.starts_with("servers/") => "an empty role is written `[]`",
        (_, Value::Date(_)) => "put the date in quotes",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// How many letters have to be inserted, left out or replaced.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key() {
        let hint = |name| unknown_key("", name, ["service", "servers", "image", "env"].into_iter());
        assert_eq!(hint("servces"), Some("did you mean `servers`?".to_owned()));
        assert_eq!(hint("sevice"), Some("did you mean `service`?".to_owned()));
        assert_eq!(hint("imgae"), Some("did you mean `image`?".to_owned()));
        assert_eq!(hint("foo"), None);
        assert_eq!(hint("traefik").as_deref(), Some(KAMAL_1[0].2));
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
