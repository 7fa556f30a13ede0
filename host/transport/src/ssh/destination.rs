//! What a host's name in the configuration says: `[user@]host[:port]`, with IPv6 addresses bare or in brackets.

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

impl Destination {
    /// Reads a name, or tells why ssh cannot be given it.
    pub fn parse(name: &str) -> Result<Self, String> {
        let (user, rest) = match name.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_string()), rest),
            None => (None, name),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (rest, None),
            },
        };
        let port = match port {
            Some(port) => Some(port.parse().map_err(|_| format!("`{port}` is not a port"))?),
            None => None,
        };
        // Anything else could be read as an option, a pattern or another line of ssh's configuration.
        let sound = |text: &str| !text.is_empty() && !text.starts_with('-') && text.chars().all(is_name_character);
        if !sound(host) || !user.as_deref().is_none_or(sound) {
            return Err(format!("`{name}` is not a host name"));
        }
        Ok(Self { user, host: host.to_string(), port })
    }

    /// The word for ssh's command line.
    pub fn word(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || "._-:%+".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let check = |name: &str, user: Option<&str>, host: &str, port: Option<u16>| {
            let expected = Destination { user: user.map(String::from), host: host.to_string(), port };
            assert_eq!(Destination::parse(name), Ok(expected), "{name}");
        };
        check("web-1.example.com", None, "web-1.example.com", None);
        check("root@10.0.0.1", Some("root"), "10.0.0.1", None);
        check("10.0.0.1:2222", None, "10.0.0.1", Some(2222));
        check("app@10.0.0.1:2222", Some("app"), "10.0.0.1", Some(2222));
        check("2001:db8::1", None, "2001:db8::1", None);
        check("[2001:db8::1]", None, "2001:db8::1", None);
        check("root@[2001:db8::1]:2222", Some("root"), "2001:db8::1", Some(2222));
        check("fe80::1%eth0", None, "fe80::1%eth0", None);
    }

    #[test]
    fn what_ssh_would_misread_is_refused() {
        for name in ["", "-oProxyCommand=x", "a b", "host\nUser x", "root@", "@host", "-x@host", "web-*", "a:b", "a,b"]
        {
            assert!(Destination::parse(name).is_err(), "{name}");
        }
    }
}
