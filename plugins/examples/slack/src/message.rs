//! What a channel reads.

/// One thing that happened, and in which run.
pub struct Message {
    /// `started`, `finished`, `failed`.
    pub kind: String,
    /// `deploy`, `app boot`.
    pub subcommand: String,
    /// The service.
    pub service: String,
    /// Its version.
    pub version: String,
    /// The destination, if any.
    pub destination: Option<String>,
    /// Who runs it.
    pub performer: String,
    /// Where.
    pub hosts: Vec<String>,
    /// How long it took so far.
    pub seconds: u64,
    /// What went wrong.
    pub error: Option<String>,
}

impl Message {
    /// Its text, in which nothing is a mention, a link or a mark but what stands here.
    pub fn text(&self) -> String {
        let Self { kind, subcommand, service, version, performer, seconds, .. } = self;
        let destination = self.destination.iter().map(|name| format!(" to {name}")).collect::<String>();
        let hosts = if self.hosts.is_empty() { String::new() } else { format!(" on {}", self.hosts.join(", ")) };
        let what = format!("{subcommand} of {service} {version}{destination}{hosts}");
        let text = match (kind.as_str(), &self.error) {
            ("started", _) => format!("{performer} started {what}"),
            ("failed", Some(error)) => format!("{what} by {performer} failed after {seconds} s: {error}"),
            (kind, _) => format!("{what} by {performer} {kind} after {seconds} s"),
        };
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_reads_what_happened() {
        let check = |kind: &str, error: Option<&str>, expected: &str| {
            let message = Message {
                kind: kind.to_string(),
                subcommand: "deploy".to_string(),
                service: "shop".to_string(),
                version: "8a1f2c7".to_string(),
                destination: Some("production".to_string()),
                performer: "dev@example.com".to_string(),
                hosts: vec!["10.0.0.1".to_string(), "10.0.0.2".to_string()],
                seconds: 42,
                error: error.map(str::to_string),
            };
            assert_eq!(message.text(), expected);
        };
        check("started", None, "dev@example.com started deploy of shop 8a1f2c7 to production on 10.0.0.1, 10.0.0.2");
        check(
            "finished",
            None,
            "deploy of shop 8a1f2c7 to production on 10.0.0.1, 10.0.0.2 by dev@example.com finished after 42 s",
        );
        check(
            "failed",
            Some("<!channel> & more"),
            "deploy of shop 8a1f2c7 to production on 10.0.0.1, 10.0.0.2 by dev@example.com failed after 42 s: \
             &lt;!channel&gt; &amp; more",
        );
    }
}
