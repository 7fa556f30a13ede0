//! What is particular to hosts: connecting, failing to, losing the connection, and leaving nothing behind.

mod rig;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commands::Machine;
use rig::{Server, secrets, task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transport::{Interrupt, Interrupts, Machines, SshSettings, Transport, TransportError};

async fn try_connecting(machines: &Machines, machine: &Machine) -> TransportError {
    let error = machines.connect(machine, &Interrupts::new()).await.unwrap_err();
    // A batch says the same.
    let report = machines.run(machine, &[task("true")], &Interrupts::new(), &mut |_| {}).await;
    assert_eq!(std::mem::discriminant(&report.outcomes().unwrap_err()), std::mem::discriminant(&error));
    error
}

/// The command lines of processes that mention this text.
fn processes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}

/// Where this run keeps its sockets.
fn workplace(machines: &Machines, host: &str) -> String {
    let arguments = machines.ssh_arguments(host).unwrap();
    Path::new(&arguments[1]).parent().unwrap().display().to_string()
}

#[tokio::test]
async fn one_connection_serves_the_whole_run() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    let machine = server.machine();
    let interrupts = Interrupts::new();
    let (echo_one, echo_two) = ([task("echo one")], [task("echo two")]);
    let (mut quiet, mut quiet_too) = (|_: transport::Progress<'_>| {}, |_: transport::Progress<'_>| {});
    let (one, two) = tokio::join!(
        machines.run(&machine, &echo_one, &interrupts, &mut quiet),
        machines.run(&machine, &echo_two, &interrupts, &mut quiet_too),
    );
    assert_eq!(one.outcomes().unwrap()[0].stdout, "one\n");
    assert_eq!(two.outcomes().unwrap()[0].stdout, "two\n");
    machines.run(&machine, &[task("true")], &interrupts, &mut |_| {}).await.outcomes().unwrap();
    assert_eq!(server.connections(), 1);
    assert_eq!(server.log().matches("command for root").count(), 3);
    assert_eq!(machines.trips()[&server.host], 3);
}

#[tokio::test]
async fn nothing_is_left_behind_after_close() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    machines.connect(&server.machine(), &Interrupts::new()).await.unwrap();
    let workplace = workplace(&machines, &server.host);
    assert_eq!(std::fs::metadata(&workplace).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(processes(&workplace).len(), 2, "the connection and its keeper");
    machines.close().await;
    assert_eq!(processes(&workplace), Vec::<String>::new());
    assert!(!Path::new(&workplace).exists());
    // What comes later connects again.
    machines.connect(&server.machine(), &Interrupts::new()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn nothing_is_left_behind_after_a_drop() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    machines.connect(&server.machine(), &Interrupts::new()).await.unwrap();
    let workplace = workplace(&machines, &server.host);
    drop(machines);
    while !processes(&workplace).is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!Path::new(&workplace).exists());
}

#[allow(clippy::print_stdout, reason = "the next test reads it")]
/// Not a test of its own: the process that the next one kills. It is connected and runs a command when it prints a line.
#[tokio::test]
async fn a_process_that_is_killed() {
    let Ok(server) = std::env::var("TRANSPORT_TEST_SERVER") else { return };
    let (host, rest) = server.split_once(' ').unwrap();
    let (port, directory) = rest.split_once(' ').unwrap();
    let machines = Machines::new("/", rig::settings(Path::new(directory), port.parse().unwrap()), secrets());
    let machine = Machine::Host(host.to_string());
    let tasks = [task("echo begun; sleep 9.25")];
    let _ = machines
        .run(&machine, &tasks, &Interrupts::new(), &mut |progress| {
            if rig::words(progress) == "0 > begun" {
                println!("\nworkplace {}", workplace(&machines, host));
            }
        })
        .await;
}

#[tokio::test]
async fn nothing_is_left_behind_after_a_kill() {
    let Some(server) = Server::start() else { return };
    let mut process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_is_killed", "--nocapture"])
        .env("TRANSPORT_TEST_SERVER", format!("{} {} {}", server.host, server.port, server.directory.path().display()))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
    let workplace =
        lines.map(Result::unwrap).find_map(|line| line.strip_prefix("workplace ").map(String::from)).unwrap();
    assert_eq!(processes(&workplace).len(), 2);
    process.kill().unwrap();
    process.wait().unwrap();
    while !processes(&workplace).is_empty() || Path::new(&workplace).exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn hosts_that_cannot_be_reached_are_told_apart() {
    let Some(server) = Server::start() else { return };
    let closed = SshSettings { port: Some(1), ..server.settings() };
    let error = try_connecting(&Machines::new("/", closed, secrets()), &server.machine()).await;
    let expected = format!("reach `{0}`: connect to host {0} port 1: Connection refused", server.host);
    assert_eq!(error.to_string(), expected);

    let nameless = Machine::Host("no-such-host.invalid".to_string());
    let error = try_connecting(&server.machines(), &nameless).await;
    assert!(error.to_string().starts_with("reach `no-such-host.invalid`: Could not resolve hostname"), "{error}");

    let stranger = SshSettings { keys: vec![server.file("other_key")], ..server.settings() };
    let error = try_connecting(&Machines::new("/", stranger, secrets()), &server.machine()).await;
    assert!(matches!(error, TransportError::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("Permission denied (publickey"), "{error}");

    let error = try_connecting(&server.machines(), &Machine::Host("-oProxyCommand=x".to_string())).await;
    assert_eq!(error.to_string(), "reach `-oProxyCommand=x`: `-oProxyCommand=x` is not a host name");

    let absent = SshSettings { program: "no-such-ssh".to_string(), ..server.settings() };
    let error = try_connecting(&Machines::new("/", absent, secrets()), &server.machine()).await;
    assert_eq!(error.to_string(), "find the program `no-such-ssh` on this machine's PATH");
}

#[tokio::test]
async fn a_host_that_does_not_speak_is_unreachable_in_time() {
    let Some(server) = Server::start() else { return };
    let silent = TcpListener::bind((server.host.as_str(), 0)).await.unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    let settings = SshSettings { port, connect_timeout: Duration::from_secs(1), ..server.settings() };
    let machines = Machines::new("/", settings, secrets());
    let error = machines.connect(&server.machine(), &Interrupts::new()).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("timed out"), "{error}");
}

#[tokio::test]
async fn everyone_who_waits_gets_the_failure_and_the_next_tries_again() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    let authorized = server.file("authorized_keys");
    let kept = std::fs::read(&authorized).unwrap();
    std::fs::write(&authorized, "").unwrap();
    let (machine, interrupts) = (server.machine(), Interrupts::new());
    let (one, two) = tokio::join!(machines.connect(&machine, &interrupts), machines.connect(&machine, &interrupts));
    assert!(matches!(one, Err(TransportError::Unauthorized { .. })), "{one:?}");
    assert_eq!(one, two);
    assert_eq!(server.log().matches("Connection from").count(), 1);
    std::fs::write(&authorized, kept).unwrap();
    machines.connect(&machine, &interrupts).await.unwrap();
}

#[tokio::test]
async fn a_changed_host_key_is_refused() {
    let Some(mut server) = Server::start() else { return };
    let machines = server.machines();
    machines.connect(&server.machine(), &Interrupts::new()).await.unwrap();
    machines.close().await;
    server.change_host_key();
    let error = try_connecting(&server.machines(), &server.machine()).await;
    assert!(matches!(error, TransportError::HostKeyChanged { .. }), "{error}");
    assert!(error.to_string().contains(&format!("{}:1", server.file("known_hosts").display())), "{error}");
}

#[tokio::test]
async fn a_user_who_wants_known_hosts_only_is_obeyed() {
    let Some(server) = Server::start() else { return };
    let strict = server.file("strict_config");
    std::fs::write(&strict, "StrictHostKeyChecking yes\nUserKnownHostsFile /dev/null\n").unwrap();
    let settings = SshSettings { config_files: Some(vec![strict]), ..server.settings() };
    let error = try_connecting(&Machines::new("/", settings, secrets()), &server.machine()).await;
    assert!(matches!(error, TransportError::HostKeyUnknown { .. }), "{error}");
}

#[tokio::test]
async fn a_wrapper_that_brings_its_own_configuration_works() {
    let Some(server) = Server::start() else { return };
    let wrapper = server.file("ssh");
    let script = format!(
        r#"#!/bin/bash
args=()
while [ $# -gt 0 ]; do
  case $1 in
    -F|-p|-l|-i|-J) shift 2 ;;
    *) args+=("$1"); shift ;;
  esac
done
/usr/bin/ssh -F {config} -p {port} -l root -i {key} "${{args[@]}}"
"#,
        config = server.file("wrapper_config").display(),
        port = server.port,
        key = server.file("client_key").display()
    );
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let known = format!("UserKnownHostsFile {}\n", server.file("wrapper_known").display());
    std::fs::write(server.file("wrapper_config"), known).unwrap();
    let settings = SshSettings {
        program: wrapper.display().to_string(),
        port: Some(1),
        user: Some("nobody".to_string()),
        config_files: Some(vec![]),
        ..SshSettings::default()
    };
    let machines = Machines::new("/", settings, secrets());
    let report = machines.run(&server.machine(), &[task("echo $USER")], &Interrupts::new(), &mut |_| {}).await;
    assert_eq!(report.outcomes().unwrap()[0].stdout, "root\n");
    let workplace = workplace(&machines, &server.host);
    machines.close().await;
    assert_eq!(processes(&workplace), Vec::<String>::new());
}

#[tokio::test]
async fn a_jump_host_is_passed_through() {
    let (Some(bastion), Some(server)) = (Server::start(), Server::start()) else { return };
    // The jump host is reached as the user's own configuration says: ours is for the host alone.
    let users = format!(
        "Host {}\n  Port {}\n  IdentityFile {}\nHost *\n  UserKnownHostsFile {}\n",
        bastion.host,
        bastion.port,
        bastion.file("client_key").display(),
        server.file("known_hosts").display()
    );
    std::fs::write(server.file("ssh_config"), users).unwrap();
    let settings = SshSettings { proxy_jump: Some(format!("root@{}", bastion.host)), ..server.settings() };
    let machines = Machines::new("/", settings, secrets());
    let report = machines.run(&server.machine(), &[task("echo there")], &Interrupts::new(), &mut |_| {}).await;
    assert_eq!(report.outcomes().unwrap()[0].stdout, "there\n");
    assert_eq!((bastion.connections(), server.connections()), (1, 1));
    let workplace = workplace(&machines, &server.host);
    machines.close().await;
    assert_eq!(processes(&workplace), Vec::<String>::new());
}

#[tokio::test]
async fn a_shared_port_leads_here() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = here.local_addr().unwrap().port();
    // The host of this test is this machine: the port can only be bound there once it is free here.
    drop(here);
    machines.share_port(&server.machine(), port).await.unwrap();
    assert!(TcpStream::connect(("localhost", port)).await.is_ok());
    machines.close().await;
    assert_eq!(machines.share_port(&Machine::Local, port).await, Ok(()));
}

#[tokio::test]
async fn an_interrupt_does_not_wait_for_a_connection() {
    let Some(server) = Server::start() else { return };
    let silent = TcpListener::bind((server.host.as_str(), 0)).await.unwrap();
    let settings = SshSettings { port: Some(silent.local_addr().unwrap().port()), ..server.settings() };
    let machines = Machines::new("/", settings, secrets());
    let (machine, interrupts) = (server.machine(), Interrupts::new());
    let tasks = [task("true")];
    let mut quiet = |_: transport::Progress<'_>| {};
    let (report, ()) = tokio::join!(machines.run(&machine, &tasks, &interrupts, &mut quiet), async {
        let _connected = silent.accept().await.unwrap();
        interrupts.raise(Interrupt::Gentle);
    });
    assert_eq!(report.outcomes(), Err(TransportError::Interrupted { machine, during: None }));
}

#[tokio::test]
async fn a_killed_connection_is_lost_and_made_again() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    let (machine, interrupts) = (server.machine(), Interrupts::new());
    // Kills the sshd of this connection, and only that, once what was said before has arrived.
    let arrived = server.directory.path().join("arrived");
    let wait = format!("echo before; until test -e {}; do :; done", arrived.display());
    let kill = task(&format!("{wait}; kill -9 $(ps -o ppid= -p $$)")).titled("kill");
    let mut watch = |progress: transport::Progress<'_>| {
        if rig::words(progress) == "1 > before" {
            std::fs::write(&arrived, "").unwrap();
        }
    };
    let report = machines.run(&machine, &[task("echo 0"), kill, task("echo never")], &interrupts, &mut watch).await;
    assert_eq!(report.outcomes.len(), 1);
    let error = report.outcomes().unwrap_err();
    let TransportError::ConnectionLost { during: Some(at), .. } = &error else { panic!("{error:?}") };
    assert_eq!((at.task, at.title.as_str()), (1, "kill"));
    let report = machines.run(&machine, &[task("echo again")], &interrupts, &mut |_| {}).await;
    assert_eq!(report.outcomes().unwrap()[0].stdout, "again\n");
    assert_eq!(server.connections(), 2);
}

/// Passes bytes on until it is cut; then it is silent, as a pulled cable is.
async fn relay(listener: TcpListener, to: (String, u16), cut: Arc<AtomicBool>) {
    let (client, _) = listener.accept().await.unwrap();
    let server = TcpStream::connect(to).await.unwrap();
    let (client, server) = (client.into_split(), server.into_split());
    let pass = |mut from: tokio::net::tcp::OwnedReadHalf,
                mut to: tokio::net::tcp::OwnedWriteHalf,
                cut: Arc<AtomicBool>| async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if cut.load(Ordering::Acquire) {
                std::future::pending::<()>().await;
            }
            to.write_all(&buffer[..count]).await.unwrap();
        }
    };
    tokio::join!(pass(client.0, server.1, cut.clone()), pass(server.0, client.1, cut));
}

#[tokio::test]
async fn a_host_that_falls_silent_is_given_up() {
    let Some(server) = Server::start() else { return };
    let listener = TcpListener::bind((server.host.as_str(), 0)).await.unwrap();
    let settings = SshSettings { port: Some(listener.local_addr().unwrap().port()), ..server.settings() };
    let cut = Arc::new(AtomicBool::new(false));
    tokio::spawn(relay(listener, (server.host.clone(), server.port), cut.clone()));
    let machines = Machines::new("/", settings, secrets());
    let tasks = [task("echo begun; sleep 60").titled("nap")];
    let report = machines
        .run(&server.machine(), &tasks, &Interrupts::new(), &mut |progress| {
            if rig::words(progress) == "0 > begun" {
                cut.store(true, Ordering::Release);
            }
        })
        .await;
    let expected = format!("hear from `{0}` while running `nap`: Timeout, server {0} not responding.", server.host);
    assert_eq!(report.outcomes().unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn an_account_without_a_shell_says_so() {
    let Some(server) = Server::start() else { return };
    let options = format!(
        "{}\nForceCommand echo This account is closed.; exit 1\n",
        std::fs::read_to_string(server.file("sshd_config")).unwrap()
    );
    std::fs::write(server.file("sshd_config"), options).unwrap();
    let mut server = server;
    server.change_host_key();
    let report = server.machines().run(&server.machine(), &[task("true")], &Interrupts::new(), &mut |_| {}).await;
    let expected =
        format!("open a channel to `{}`: its shell ended with exit code 1 This account is closed.", server.host);
    assert_eq!(report.outcomes().unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn an_interactive_line_uses_the_connection() {
    let Some(server) = Server::start() else { return };
    let machines = server.machines();
    machines.connect(&server.machine(), &Interrupts::new()).await.unwrap();
    assert_eq!(machines.interactive(&server.machine(), "exit 5").await, Ok(5));
    assert_eq!(server.connections(), 1);
    assert_eq!(machines.interactive(&Machine::Local, "exit 6").await, Ok(6));
    let fresh = server.machines();
    assert_eq!(fresh.interactive(&server.machine(), "exit 7").await, Ok(7));
    assert_eq!(server.connections(), 2);
}
