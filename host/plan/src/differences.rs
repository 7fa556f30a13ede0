//! In what a container differs from what it would be started with now.
//!
//! Compared is what docker tells without telling a secret: names of variables, values that stand in the configuration in the clear, labels,
//! volumes, ports, command, restart policy, network, logging, and the options that are used most. What a host's shell fills in, and what is
//! docker's to choose, is not: a difference is only told where there is one for certain.

use std::collections::{BTreeMap, BTreeSet};

use commands::docker::Container as Wanted;
use serde::{Deserialize, Serialize};

use crate::facts::{Container, Image};
use crate::ports::Port;
use crate::settings::{Settings, mark};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// What kind of thing differs: `image`, `variable`, `label`, `volume`, `port`, `command`, `restart`, `network`, `log`, `option`.
    pub part: String,
    /// Its name: that of a variable, label or option, the volume or port itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is there; absent where nothing is, or where it is not to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What would be there; absent where nothing would be, or where it is not to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it comes, goes or becomes another.
    pub kind: DifferenceKind,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It is not there.
    Added,
    /// It should not be there.
    Removed,
    /// It is another.
    Changed,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str(&self.part)?;
        if let Some(name) = &self.name {
            write!(text, " {name}")?;
        }
        match (self.kind, &self.from, &self.to) {
            (DifferenceKind::Added, ..) => text.write_str(" is new"),
            (DifferenceKind::Removed, ..) => text.write_str(" goes"),
            (DifferenceKind::Changed, Some(from), Some(to)) => write!(text, " {from} → {to}"),
            (DifferenceKind::Changed, None, Some(to)) => write!(text, " becomes {to}"),
            (DifferenceKind::Changed, Some(from), None) => write!(text, " is no longer {from}"),
            (DifferenceKind::Changed, None, None) => text.write_str(" has another value"),
        }
    }
}

impl Difference {
    fn new(part: &str, name: Option<&str>, kind: DifferenceKind) -> Self {
        Self { part: part.to_string(), name: name.map(str::to_string), from: None, to: None, kind }
    }

    pub(crate) fn changed(part: &str, name: Option<&str>, from: Option<&str>, to: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_string);
        Self { from: owned(from), to: owned(to), ..Self::new(part, name, DifferenceKind::Changed) }
    }
}

/// What a container would be started with.
pub(crate) struct Expected<'a> {
    /// What `docker run` is told.
    pub container: &'a Wanted,
    /// Names of the variables that come from its file of secrets.
    pub secrets: Vec<&'a str>,
    /// Values in the clear that were compared on the host, as `NAME=value`.
    pub compared: &'a BTreeSet<String>,
}

/// The differences, in the order in which `docker run` is told things; nothing where docker did not tell what the container was started
/// with.
pub(crate) fn differences(
    expected: &Expected<'_>,
    actual: &Container,
    image: Option<&Image>,
) -> Option<Vec<Difference>> {
    let settings = actual.settings.as_ref()?;
    let wanted = expected.container;
    let mut found = Vec::new();
    found.extend(restart(wanted, settings));
    found.extend(network(wanted, settings));
    found.extend(variables(expected, settings, image));
    found.extend(log(wanted, settings));
    found.extend(ports(wanted, actual));
    found.extend(volumes(wanted, settings));
    found.extend(labels(wanted, actual, image));
    found.extend(options(wanted, settings));
    found.extend(command(wanted, settings, image));
    Some(found)
}

/// Whether the host's shell has a say in a value.
fn is_filled_in(text: &str) -> bool {
    text.contains("${")
}

fn restart(wanted: &Wanted, settings: &Settings) -> Option<Difference> {
    let (wanted, actual) = (wanted.restart.as_deref()?, settings.restart.as_ref()?);
    let actual = match actual.maximum_retry_count {
        0 => actual.name.clone(),
        times => format!("{}:{times}", actual.name),
    };
    (wanted != actual).then(|| Difference::changed("restart", None, Some(&actual), Some(wanted)))
}

fn network(wanted: &Wanted, settings: &Settings) -> Option<Difference> {
    let wanted = wanted.network.as_deref()?;
    (wanted != settings.network).then(|| Difference::changed("network", None, Some(&settings.network), Some(wanted)))
}

fn variables(expected: &Expected<'_>, settings: &Settings, image: Option<&Image>) -> Vec<Difference> {
    let has = |name: &str| settings.environment.iter().any(|own| own == name);
    let mut found = Vec::new();
    let mut names: BTreeSet<&str> = expected.secrets.iter().copied().collect();
    // The last of several of a name counts.
    let clear: BTreeMap<&str, Option<&str>> =
        expected.container.environment.iter().map(|(name, text)| (name.as_str(), text.as_deref())).collect();
    for (name, text) in clear {
        names.insert(name);
        // A blank one is let through from the host's environment, where it may not be.
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { continue };
        let is_compared = expected.compared.contains(&format!("{name}={text}")) && !is_filled_in(text);
        if !has(name) {
            found.push(Difference::new("variable", Some(name), DifferenceKind::Added));
        } else if is_compared && settings.clear.get(name) != Some(&mark(name, text)) {
            found.push(Difference::changed("variable", Some(name), None, None));
        }
    }
    let missing = expected.secrets.iter().filter(|name| !has(name));
    found.extend(missing.map(|name| Difference::new("variable", Some(name), DifferenceKind::Added)));
    if let Some(of_image) = image.and_then(|image| image.environment.as_ref()) {
        let goes =
            settings.environment.iter().filter(|name| !names.contains(name.as_str()) && !of_image.contains(name));
        found.extend(goes.map(|name| Difference::new("variable", Some(name), DifferenceKind::Removed)));
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found.dedup();
    found
}

/// A driver and options that nobody names are docker's own.
fn log(wanted: &Wanted, settings: &Settings) -> Vec<Difference> {
    let Some(actual) = &settings.log else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(driver) = wanted.log_driver.as_deref().filter(|driver| *driver != actual.driver) {
        found.push(Difference::changed("log", Some("driver"), Some(&actual.driver), Some(driver)));
    }
    for (name, text) in &wanted.log_options {
        let Some(text) = text.as_deref().filter(|text| !is_filled_in(text)) else { continue };
        let is = actual.config.as_ref().and_then(|config| config.get(name)).map(String::as_str);
        if is != Some(text) {
            found.push(Difference::changed("log", Some(name), is, Some(text)));
        }
    }
    found
}

fn ports(wanted: &Wanted, actual: &Container) -> Vec<Difference> {
    let texts: Vec<&str> = wanted.publish.iter().map(String::as_str).chain(flags(wanted, &["publish", "p"])).collect();
    let known: BTreeSet<Port> = texts.iter().filter_map(|text| Port::read(text)).collect();
    let there: BTreeSet<Port> = actual.ports.as_ref().map(Port::of).unwrap_or_default().into_iter().collect();
    let is_whole = texts.iter().all(|text| Port::read(text).is_some());
    let comes = known.difference(&there).map(|port| (port, DifferenceKind::Added));
    let goes = there.difference(&known).filter(|_| is_whole).map(|port| (port, DifferenceKind::Removed));
    comes.chain(goes).map(|(port, kind)| Difference::new("port", Some(&port.to_string()), kind)).collect()
}

/// Volumes of assets have the version in their names and are new with every boot.
fn volumes(wanted: &Wanted, settings: &Settings) -> Vec<Difference> {
    let is_asset = |text: &str| text.contains(".kamal/apps/") && text.contains("/assets/volumes/");
    let texts = wanted.volumes.iter().map(String::as_str).chain(flags(wanted, &["volume", "v"]));
    let texts: Vec<&str> = texts.filter(|text| !is_asset(text)).collect();
    let binds = settings.binds.iter().flatten().map(String::as_str).filter(|text| !is_asset(text));
    let mut left: Vec<&str> = binds.collect();
    let (mut found, mut is_whole) = (Vec::new(), true);
    for text in texts {
        // The ssh user's home is not known, and what else a shell or docker fills in is not, either.
        let below_home = text.strip_prefix("$PWD").filter(|rest| rest.starts_with('/'));
        let rest = below_home.unwrap_or(text);
        if rest.contains(['$', '"', '\'', '~']) || rest.starts_with('.') || !rest.contains(':') {
            is_whole = false;
            continue;
        }
        let same = |bind: &&str| if below_home.is_some() { bind.ends_with(rest) } else { **bind == *rest };
        match left.iter().position(same) {
            Some(at) => drop(left.remove(at)),
            None => found.push(Difference::new("volume", Some(text), DifferenceKind::Added)),
        }
    }
    let goes = left.into_iter().filter(|_| is_whole);
    found.extend(goes.map(|bind| Difference::new("volume", Some(bind), DifferenceKind::Removed)));
    found
}

fn labels(wanted: &Wanted, actual: &Container, image: Option<&Image>) -> Vec<Difference> {
    let none = BTreeMap::new();
    let there = actual.labels.as_ref().unwrap_or(&none);
    let given = wanted.labels.iter().map(|(name, text)| (name.as_str(), text.as_deref().unwrap_or_default()));
    let flags = flags(wanted, &["label", "l"]).map(|text| text.split_once('=').unwrap_or((text, "")));
    let known: BTreeMap<&str, &str> = given.chain(flags).collect();
    let mut found = Vec::new();
    for (name, text) in &known {
        match there.get(*name) {
            None => found.push(Difference::new("label", Some(name), DifferenceKind::Added)),
            Some(is) if is != text && !is_filled_in(text) => {
                found.push(Difference::changed("label", Some(name), Some(is), Some(text)));
            }
            Some(_) => {}
        }
    }
    if let Some(image) = image {
        let of_image = |name: &str| image.labels.as_ref().is_some_and(|labels| labels.contains_key(name));
        let goes = there.keys().filter(|name| !known.contains_key(name.as_str()) && !of_image(name));
        found.extend(goes.map(|name| Difference::new("label", Some(name), DifferenceKind::Removed)));
    }
    found
}

/// The options that docker tells of in a way that can be compared.
fn options(wanted: &Wanted, settings: &Settings) -> Vec<Difference> {
    let one = |names: &[&str]| flags(wanted, names).next_back();
    let switch = |name: &str| {
        wanted.flags.iter().rev().find(|(flag, _)| flag == name).map(|(_, text)| text.as_deref() != Some("false"))
    };
    let many =
        |names: &[&str]| -> BTreeSet<String> { flags(wanted, names).map(|text| plain(names[0], text)).collect() };
    let listed = |name: &str, list: &Option<Vec<String>>| -> BTreeSet<String> {
        list.iter().flatten().map(|text| plain(name, text)).collect()
    };
    let mut found = Vec::new();
    let mut amount = |name: &str, told: Option<&str>, wanted: Option<i64>, is: i64| {
        let differs = match told {
            // Without a limit docker tells 0.
            None => is != 0 && name != "shm-size",
            Some(_) => wanted.is_some_and(|wanted| wanted != is),
        };
        let is = (is != 0).then(|| is.to_string());
        found.extend(differs.then(|| Difference::changed("option", Some(name), is.as_deref(), told)));
    };
    let memory = one(&["memory", "m"]);
    amount("memory", memory, memory.and_then(bytes), settings.memory);
    let shared = one(&["shm-size"]);
    amount("shm-size", shared, shared.and_then(bytes), settings.shm_size);
    let processors = one(&["cpus"]);
    amount("cpus", processors, processors.and_then(billionths), settings.nano_cpus);
    let switches = [
        ("privileged", settings.privileged),
        ("read-only", settings.read_only),
        ("init", settings.init.unwrap_or_default()),
    ];
    for (name, is) in switches {
        // Whether docker runs its init where nobody says so is docker's own setting.
        let wanted = switch(name);
        if wanted.unwrap_or_default() != is && (wanted.is_some() || name != "init") {
            let kind = if is { DifferenceKind::Removed } else { DifferenceKind::Added };
            found.push(Difference::new("option", Some(name), kind));
        }
    }
    if let Some(user) = one(&["user", "u"]).filter(|user| *user != settings.user && !is_filled_in(user)) {
        let is = Some(settings.user.as_str()).filter(|is| !is.is_empty());
        found.push(Difference::changed("option", Some("user"), is, Some(user)));
    }
    let lists = [("cap-add", &settings.cap_add), ("cap-drop", &settings.cap_drop), ("add-host", &settings.extra_hosts)];
    for (name, list) in lists {
        let (wanted, is) = (many(&[name]), listed(name, list));
        let comes = wanted.difference(&is).map(|text| (text, DifferenceKind::Added));
        let goes = is.difference(&wanted).map(|text| (text, DifferenceKind::Removed));
        found.extend(
            comes.chain(goes).map(|(text, kind)| Difference::new("option", Some(&format!("{name} {text}")), kind)),
        );
    }
    found
}

/// An item of a list as docker tells it.
fn plain(option: &str, text: &str) -> String {
    match option {
        "add-host" => text.replacen('=', ":", 1),
        _ => text.trim_start_matches("CAP_").to_uppercase(),
    }
}

/// A container's own words; those of its image where it has none.
fn command(wanted: &Wanted, settings: &Settings, image: Option<&Image>) -> Option<Difference> {
    // Another entry point takes the image's words away.
    if flags(wanted, &["entrypoint"]).next().is_some() {
        return None;
    }
    let shown = |words: &[String]| words.join(" ");
    let is = settings.command.as_deref().unwrap_or_default();
    match wanted.command.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) => {
            let words = split(text)?;
            (words != is).then(|| {
                let is = (!is.is_empty()).then(|| shown(is));
                Difference::changed("command", None, is.as_deref(), Some(text))
            })
        }
        None => {
            let usual = image?.command.as_deref().unwrap_or_default();
            (usual != is).then(|| Difference::changed("command", None, Some(&shown(is)), None))
        }
    }
}

/// The values of options of these names.
fn flags<'a>(wanted: &'a Wanted, names: &[&str]) -> std::vec::IntoIter<&'a str> {
    let named = wanted.flags.iter().filter(|(name, _)| names.contains(&name.as_str()));
    named.filter_map(|(_, text)| text.as_deref()).collect::<Vec<_>>().into_iter()
}

/// An amount of memory as docker reads it: `512m`, `1.5g`, `64MiB`.
fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let factor: u64 = match text[end..].trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    };
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let amount = (number * factor as f64) as i64;
    Some(amount)
}

/// A number of processors in billionths.
fn billionths(text: &str) -> Option<i64> {
    let number: f64 = text.trim().parse().ok()?;
    #[allow(clippy::cast_possible_truncation)]
    let amount = (number * 1e9).round() as i64;
    Some(amount)
}

/// The words that a shell makes of a text; nothing where it would do more than split it.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some('\''), letter) => word.get_or_insert_default().push(letter),
            (_, '$' | '`') => return None,
            (Some(_), '\\') => {
                let next = letters.next()?;
                let word = word.get_or_insert_default();
                if !matches!(next, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(next);
            }
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(letters.next()?),
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '~' | '#' | '{') => return None,
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_as_a_shell_does() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|words| words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>());
            assert_eq!(split(text), expected, "{text}");
        };
        check("bin/jobs --queue default", Some(&["bin/jobs", "--queue", "default"]));
        check(r#"sh -c "echo 'a'  b" \; '' "\n""#, Some(&["sh", "-c", "echo 'a'  b", ";", "", r"\n"]));
        check("echo $HOME", None);
        check("echo *", None);
        check("echo 'open", None);
    }

    #[test]
    fn amounts_are_read_as_docker_does() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(bytes(text), expected, "{text}");
        check("512m", Some(512 << 20));
        check("1.5g", Some(3 << 29));
        check("64MiB", Some(64 << 20));
        check("1000", Some(1000));
        check("half", None);
        assert_eq!(billionths("1.5"), Some(1_500_000_000));
    }
}
