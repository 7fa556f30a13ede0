//! Asks a target whether it is ready to serve.

use std::io::{Read, Write};
use std::net::ToSocketAddrs;
use std::thread;
use std::time::{Duration, Instant};

use crate::call::Deployment;
use crate::target::Target;

/// Checks at once and then every interval until the target answers 2xx; `false` when the deploy timeout has passed.
pub fn becomes_healthy(target: &Target, deployment: &Deployment) -> bool {
    let deadline = Instant::now() + deployment.deploy_timeout;
    loop {
        let next = Instant::now() + deployment.health_interval;
        let allowed = deployment.health_timeout.min(deadline.saturating_duration_since(Instant::now()));
        if allowed.is_zero() {
            return false;
        }
        if answers_well(target, &deployment.health_path, allowed).unwrap_or(false) {
            return true;
        }
        thread::sleep(next.min(deadline).saturating_duration_since(Instant::now()));
    }
}

fn answers_well(target: &Target, path: &str, limit: Duration) -> std::io::Result<bool> {
    let address = target.address().to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = std::net::TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let host = target.address();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kamal-proxy\r\nConnection: close\r\n\r\n")?;
    let mut status_line = [0; 12]; // "HTTP/1.1 200"
    stream.read_exact(&mut status_line)?;
    Ok(status_line[8..10] == *b" 2")
}
