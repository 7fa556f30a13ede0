//! Every setting of how hosts are reached, against a real sshd.

mod rig;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commands::Machine;
use rig::{Server, program, secrets, task};
use tokio::net::TcpListener;
use transport::{Interrupts, LogLevel, Machines, Notices, SshSettings, Transport, TransportError};

/// What a line prints on a machine.
async fn prints(machines: &Machines, machine: &Machine, line: &str) -> Result<String, TransportError> {
    let report = machines.run(machine, &[task(line)], &Interrupts::new(), &mut |_| {}).await;
    report.outcomes().map(|outcomes| outcomes[0].stdout.clone())
}

#[tokio::test]
async fn a_host_name_may_hold_user_and_port() {
    let Some(server) = Server::start() else { return };
    let settings = SshSettings { user: Some("nobody".to_string()), port: Some(1), ..server.settings() };
    let machine = Machine::Host(format!("root@{}:{}", server.host, server.port));
    let machines = Machines::new("/", settings, secrets());
    assert_eq!(prints(&machines, &machine, "id -un; pwd").await.unwrap(), "root\n/root\n");
}

#[tokio::test]
async fn a_key_given_as_text_is_on_disk_only_while_ssh_reads_it() {
    let Some(server) = Server::start() else { return };
    let key = std::fs::read_to_string(server.file("client_key")).unwrap();
    let seen = server.file("seen");
    let look = format!(
        "cd \"$(dirname \"$2\")\" && stat -c '%a %n' . *.key* > {} 2>&1; exec /usr/bin/ssh \"$@\"",
        seen.display()
    );
    let settings = SshSettings {
        keys: vec![],
        key_data: vec![key.trim().into()],
        program: program(&server.file("ssh"), &look),
        ..server.settings()
    };
    let machines = Machines::new("/", settings, secrets());
    assert_eq!(prints(&machines, &server.machine(), "echo there").await.unwrap(), "there\n");
    assert_eq!(std::fs::read_to_string(seen).unwrap(), "700 .\n600 0.key0\n");
    let arguments = machines.ssh_arguments(&server.host).unwrap();
    let workplace = Path::new(&arguments[1]).parent().unwrap();
    let texts = std::fs::read_dir(workplace).unwrap().flatten().filter_map(|entry| std::fs::read(entry.path()).ok());
    assert!(texts.into_iter().all(|text| !String::from_utf8_lossy(&text).contains("PRIVATE KEY")));
    assert_eq!(machines.interactive(&server.machine(), "exit 5").await, Ok(5));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_the_settings_say_goes_before_the_users_files_and_the_first_file_before_the_second() {
    let Some(server) = Server::start() else { return };
    let first = format!("Host web\n  HostName {}\n  User nobody\n  Port 1\n", server.host);
    let second = format!(
        "Host web\n  HostName 127.0.0.254\nHost *\n  UserKnownHostsFile {}\n",
        server.file("known_hosts").display()
    );
    std::fs::write(server.file("first"), first).unwrap();
    std::fs::write(server.file("second"), second).unwrap();
    let files = vec![server.file("first"), server.file("absent"), server.file("second")];
    let settings = SshSettings { config_files: Some(files), ..server.settings() };
    let machines = Machines::new("/", settings, secrets());
    assert_eq!(prints(&machines, &Machine::Host("web".to_string()), "id -un").await.unwrap(), "root\n");
}

#[tokio::test]
async fn a_proxy_command_leads_to_the_host() {
    let Some(server) = Server::start() else { return };
    let settings = SshSettings {
        port: None,
        proxy_command: Some(format!("/usr/sbin/sshd -i -f {} # %h", server.file("sshd_config").display())),
        ..server.settings()
    };
    let machines = Machines::new("/", settings, secrets());
    assert_eq!(prints(&machines, &Machine::Host("nowhere".to_string()), "echo there").await.unwrap(), "there\n");
}

/// An agent that holds the good key, and goes with the test.
struct Agent(Child);

impl Agent {
    fn start(server: &Server) -> Self {
        let socket = server.file("agent");
        let agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let add = || {
            let mut add = Command::new("ssh-add");
            add.arg("-q").arg(server.file("client_key")).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
            add.status().unwrap().success()
        };
        while !add() {
            std::thread::yield_now();
        }
        Self(agent)
    }

    /// An ssh that finds it.
    fn ssh(server: &Server) -> String {
        let socket = server.file("agent");
        program(&server.file("ssh"), &format!("SSH_AUTH_SOCK={} exec /usr/bin/ssh \"$@\"", socket.display()))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn only_the_named_keys_are_offered_if_that_is_asked() {
    let Some(server) = Server::start() else { return };
    let _agent = Agent::start(&server);
    let settings = SshSettings {
        keys: vec![server.file("other_key")],
        program: Agent::ssh(&server),
        forward_agent: false,
        ..server.settings()
    };
    let machines = Machines::new("/", settings.clone(), secrets());
    let refused = prints(&machines, &server.machine(), "true").await;
    assert!(matches!(refused, Err(TransportError::Unauthorized { .. })), "{refused:?}");
    let machines = Machines::new("/", SshSettings { keys_only: false, ..settings }, secrets());
    assert_eq!(prints(&machines, &server.machine(), "echo there").await.unwrap(), "there\n");
}

#[tokio::test]
async fn the_operators_keys_are_forwarded_unless_told_otherwise() {
    let Some(server) = Server::start_with("AllowAgentForwarding yes") else { return };
    let _agent = Agent::start(&server);
    for forward_agent in [true, false] {
        let settings = SshSettings { program: Agent::ssh(&server), forward_agent, ..server.settings() };
        let machines = Machines::new("/", settings, secrets());
        let count = "[ -z \"$SSH_AUTH_SOCK\" ] && echo none || ssh-add -l | wc -l";
        let expected = if forward_agent { "1\n" } else { "none\n" };
        assert_eq!(prints(&machines, &server.machine(), count).await.unwrap(), expected);
        machines.close().await;
    }
}

#[tokio::test]
async fn no_more_connections_are_started_at_once_than_asked() {
    let Some(server) = Server::start() else { return };
    let silent = [
        TcpListener::bind((server.host.as_str(), 0)).await.unwrap(),
        TcpListener::bind((server.host.as_str(), 0)).await.unwrap(),
    ];
    let hosts = silent
        .each_ref()
        .map(|listener| Machine::Host(format!("{}:{}", server.host, listener.local_addr().unwrap().port())));
    let machines = Machines::new("/", SshSettings { concurrent_starts: 1, ..server.settings() }, secrets());
    let first_ended = AtomicBool::new(false);
    let interrupts = Interrupts::new();
    let (first, second, (), ()) = tokio::join!(
        machines.connect(&hosts[0], &interrupts),
        machines.connect(&hosts[1], &interrupts),
        async {
            let (connection, _) = silent[0].accept().await.unwrap();
            // Time enough for another one to start, if it could.
            prints(&server.machines(), &server.machine(), "true").await.unwrap();
            first_ended.store(true, Ordering::Release);
            drop(connection);
        },
        async {
            let (connection, _) = silent[1].accept().await.unwrap();
            assert!(first_ended.load(Ordering::Acquire), "the second did not wait for the first");
            drop(connection);
        },
    );
    assert!(matches!((first, second), (Err(_), Err(_))));
}

#[tokio::test]
async fn a_connection_that_was_unused_for_too_long_is_made_anew() {
    let Some(server) = Server::start() else { return };
    let settings = SshSettings { idle_timeout: Duration::ZERO, ..server.settings() };
    let machines = Machines::new("/", settings, secrets());
    prints(&machines, &server.machine(), "true").await.unwrap();
    prints(&machines, &server.machine(), "true").await.unwrap();
    assert_eq!(server.connections(), 2);
    // A shared port lasts as long as its connection, so that is kept.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    machines.share_port(&server.machine(), port).await.unwrap();
    let shared = server.connections();
    prints(&machines, &server.machine(), "true").await.unwrap();
    assert_eq!(server.connections(), shared);
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_is_tried_again() {
    let Some(server) = Server::start() else { return };
    let fails = |times: usize| {
        let count = server.file(&format!("tries-{times}"));
        let script = format!(
            "echo >> {count}; [ \"$(wc -l < {count})\" -gt {times} ] && exec /usr/bin/ssh \"$@\"\n\
             echo 'ssh: Could not resolve hostname web: Temporary failure in name resolution' >&2; exit 255",
            count = count.display()
        );
        program(&server.file(&format!("ssh-{times}")), &script)
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = told.clone();
    let settings = SshSettings {
        dns_retries: 2,
        notices: Notices::to(move |line| hear.lock().unwrap().push(line.to_string())),
        ..server.settings()
    };
    let machines = Machines::new("/", SshSettings { program: fails(2), ..settings.clone() }, secrets());
    assert_eq!(prints(&machines, &server.machine(), "echo there").await.unwrap(), "there\n");
    let told: Vec<String> = std::mem::take(&mut *told.lock().unwrap());
    let reason = "Could not resolve hostname web: Temporary failure in name resolution";
    assert_eq!(told.len(), 2, "{told:?}");
    for (number, line) in told.iter().enumerate() {
        let begin = format!("Retrying DNS for {} (attempt {}/2) in 0.", server.host, number + 1);
        assert!(line.starts_with(&begin) && line.ends_with(&format!("s: {reason}")), "{line}");
    }

    let machines = Machines::new("/", SshSettings { program: fails(3), ..settings.clone() }, secrets());
    let error = prints(&machines, &server.machine(), "true").await.unwrap_err();
    assert_eq!(error.to_string(), format!("reach `{}`: {reason}", server.host));

    // Nothing else is tried again.
    let refused = format!("echo >> {} 2>&1; exec /usr/bin/ssh \"$@\"", server.file("refused").display());
    let settings = SshSettings { port: Some(1), program: program(&server.file("ssh-refused"), &refused), ..settings };
    let error = prints(&Machines::new("/", settings, secrets()), &server.machine(), "true").await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(server.file("refused")).unwrap(), "\n");
}

#[tokio::test]
async fn ssh_tells_as_much_as_it_is_asked_to() {
    let Some(server) = Server::start() else { return };
    for (log_level, warns, debugs) in
        [(LogLevel::Nothing, false, false), (LogLevel::Warnings, true, false), (LogLevel::Everything, true, true)]
    {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hear = told.clone();
        let notices = Notices::to(move |line| hear.lock().unwrap().push(line.to_string()));
        let _ = std::fs::remove_file(server.file("known_hosts"));
        let settings = SshSettings { log_level, notices, ..server.settings() };
        let machines = Machines::new("/", settings, secrets());
        prints(&machines, &server.machine(), "true").await.unwrap();
        machines.close().await;
        let told: Vec<String> = std::mem::take(&mut *told.lock().unwrap());
        let prefix = format!("ssh {}: ", server.host);
        assert!(told.iter().all(|line| line.starts_with(&prefix)), "{told:?}");
        let has = |text: &str| told.iter().any(|line| line.contains(text));
        assert_eq!((has("Permanently added"), has("debug1: ")), (warns, debugs), "{log_level:?} {told:?}");
    }
    // However much it tells, an error holds only what matters.
    let settings = SshSettings { log_level: LogLevel::Everything, port: Some(1), ..server.settings() };
    let error = prints(&Machines::new("/", settings, secrets()), &server.machine(), "true").await.unwrap_err();
    assert_eq!(error.to_string(), format!("reach `{0}`: connect to host {0} port 1: Connection refused", server.host));
}
