//! Reads what ssh says when it cannot connect. ssh gives only text and one exit code, so this is the one place that reads it.

use commands::Machine;

use super::settings::Ways;
use crate::TransportError;

/// What ssh's text means. Texts of OpenSSH 7.6 to 10; anything unknown counts as unreachable, with the text as its reason.
pub(super) fn meaning(machine: &Machine, ways: &Ways, said: &str) -> TransportError {
    let machine = machine.clone();
    let Ways { by_hand, known_as } = ways.clone();
    let reason = summary(said);
    let has = |text: &str| said.contains(text);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("has changed and you have requested strict checking") {
        TransportError::HostKeyChanged { machine, reason: offending(said).unwrap_or(reason), known_as }
    } else if has("Host key verification failed") || has("host key is known for") {
        TransportError::HostKeyUnknown { machine, reason, by_hand }
    } else if has("Permission denied (")
        || has("Too many authentication failures")
        || has("No more authentication methods")
    {
        TransportError::Unauthorized { machine, reason, by_hand }
    } else if has("Bad configuration option") || has("bad configuration options") || has("Bad owner or permissions") {
        TransportError::Settings { reason }
    } else {
        TransportError::Unreachable { machine, reason, by_hand }
    }
}

/// Whether ssh refused a new host key because it could not ask, rather than because it was told to be strict.
///
/// That happens when our configuration file did not reach ssh: some installations put a script of their own before it.
pub(super) fn could_not_ask(said: &str) -> bool {
    said.contains("Host key verification failed")
        && !said.contains("requested strict checking")
        && !said.contains("HAS CHANGED")
        && !said.contains("host key is known for")
}

/// Whether a name could not be looked up, here or on a jump host: that may pass.
pub(super) fn is_unknown_name(reason: &str) -> bool {
    let texts = [
        "Could not resolve hostname",
        "Temporary failure in name resolution",
        "Name or service not known",
        "nodename nor servname provided",
        "No address associated with hostname",
    ];
    texts.iter().any(|text| reason.contains(text))
}

/// Whether a line is about how ssh connects, and not about why it did not.
pub(super) fn is_debugging(line: &str) -> bool {
    ["debug1:", "OpenSSH_", "Authenticated to ", "Transferred: ", "Bytes per second"]
        .iter()
        .any(|words| line.starts_with(words))
}

/// What is worth reading of a text of ssh's, on one line.
pub(super) fn summary(said: &str) -> String {
    let noise = ["@", "Warning: Permanently added", "Pseudo-terminal", "mux_client", "Killed by signal"];
    let mut lines: Vec<&str> = Vec::new();
    for line in said.lines().map(str::trim) {
        let line = line.strip_prefix("ssh: ").unwrap_or(line);
        if !line.is_empty() && !noise.iter().any(|noise| line.starts_with(noise)) && !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.is_empty() {
        true => "ssh ended without saying why".to_string(),
        false => lines.join("; "),
    }
}

/// `Offending ED25519 key in /root/.ssh/known_hosts:3`
fn offending(said: &str) -> Option<String> {
    said.lines().map(str::trim).find(|line| line.starts_with("Offending ")).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_messages_are_understood() {
        let check = |said: &str, expected: &str| {
            let ways = Ways { by_hand: "ssh web".to_string(), known_as: "web".to_string() };
            let error = meaning(&Machine::Host("web".to_string()), &ways, said);
            assert_eq!(error.to_string(), expected);
            error
        };
        let unreachable = [
            ("ssh: connect to host 10.0.0.1 port 22: Connection refused\r\n", "Connection refused"),
            ("ssh: connect to host 10.0.0.1 port 22: No route to host\r\n", "No route to host"),
            ("ssh: connect to host 10.0.0.1 port 22: Network is unreachable\r\n", "Network is unreachable"),
            ("ssh: connect to host 10.0.0.1 port 22: Connection timed out\r\n", "Connection timed out"),
            ("ssh: connect to host 10.0.0.1 port 22: Operation timed out\r\n", "Operation timed out"),
        ];
        for (said, why) in unreachable {
            let expected = format!("reach `web`: connect to host 10.0.0.1 port 22: {why}");
            assert!(matches!(check(said, &expected), TransportError::Unreachable { .. }));
        }
        check(
            "ssh: Could not resolve hostname web: Name or service not known\r\n",
            "reach `web`: Could not resolve hostname web: Name or service not known",
        );
        check(
            "Connection timed out during banner exchange\r\nConnection to 10.0.0.1 port 22 timed out\r\n",
            "reach `web`: Connection timed out during banner exchange; Connection to 10.0.0.1 port 22 timed out",
        );
        check(
            "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 10.0.0.1 port 22\r\n",
            "reach `web`: kex_exchange_identification: read: Connection reset by peer; Connection reset by 10.0.0.1 port 22",
        );
        check(
            "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa\r\n",
            "reach `web`: Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa",
        );
        check(
            "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\n",
            "reach `web`: channel 0: open failed: connect failed: Connection refused; stdio forwarding failed",
        );
        check("", "reach `web`: ssh ended without saying why");

        let changed = "\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Offending ED25519 key in /root/.ssh/known_hosts:3\r
Host key for 10.0.0.1 has changed and you have requested strict checking.\r
Host key verification failed.\r\n";
        let error = check(
            changed,
            "trust `web`: its host key is not the one in known_hosts: Offending ED25519 key in /root/.ssh/known_hosts:3",
        );
        assert!(matches!(error, TransportError::HostKeyChanged { .. }));

        let strict = "No ED25519 host key is known for 10.0.0.1 and you have requested strict checking.\r\n\
                      Host key verification failed.\r\n";
        let error = check(
            strict,
            "trust `web`: No ED25519 host key is known for 10.0.0.1 and you have requested strict checking.; \
             Host key verification failed.",
        );
        assert!(matches!(error, TransportError::HostKeyUnknown { .. }));

        let denied = [
            "root@10.0.0.1: Permission denied (publickey,password).\r\n",
            "Warning: Permanently added '10.0.0.1' (ED25519) to the list of known hosts.\r\n\
             root@10.0.0.1: Permission denied (publickey,password).\r\n",
        ];
        for said in denied {
            let error = check(said, "log in to `web`: root@10.0.0.1: Permission denied (publickey,password).");
            assert!(matches!(error, TransportError::Unauthorized { .. }));
        }
        let many = "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\r\n";
        assert!(matches!(
            check(many, &format!("log in to `web`: {}", many.trim())),
            TransportError::Unauthorized { .. }
        ));

        let option = "/root/.ssh/config: line 3: Bad configuration option: fowardagent\r\n\
                      /root/.ssh/config: terminating, 1 bad configuration options\r\n";
        let error = check(
            option,
            "use the ssh settings: /root/.ssh/config: line 3: Bad configuration option: fowardagent; \
             /root/.ssh/config: terminating, 1 bad configuration options",
        );
        assert!(matches!(error, TransportError::Settings { .. }));

        assert!(is_unknown_name("Could not resolve hostname web: Name or service not known"));
        assert!(is_unknown_name("channel 0: open failed: connect failed: Temporary failure in name resolution"));
        assert!(!is_unknown_name("connect to host web port 22: Connection refused"));

        assert!(could_not_ask("Host key verification failed.\r\n"));
        assert!(!could_not_ask(strict));
        assert!(!could_not_ask(changed));
    }
}
