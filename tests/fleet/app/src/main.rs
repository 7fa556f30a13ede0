//! The application the fleet deploys: an HTTP server that can say which version it is.
//!
//! | path | answer |
//! |---|---|
//! | `/up` | 200, or 500 with `FAIL_HEALTH=1` in the environment |
//! | `/version` | the text of the file `/version` in the image |
//! | `/slow` | the version too, after 300 ms: a request that a deploy has to wait for |
//! | anything else | a line of text |
#![allow(clippy::print_stdout)] // its log goes to stdout, as docker expects

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

#[derive(Clone)]
struct App {
    version: String,
    fails_health: bool,
}

fn main() -> io::Result<()> {
    // The first process of a container ignores signals it has no handler for.
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::new(AtomicBool::new(true)))?;
    }
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(80u16);
    let app = App {
        version: std::fs::read_to_string("/version").unwrap_or_else(|_| "unknown".into()).trim().to_owned(),
        fails_health: std::env::var("FAIL_HEALTH").is_ok_and(|value| value == "1"),
    };
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    println!("sample app, version {}, listens on port {port}", app.version);
    for client in listener.incoming().flatten() {
        let app = app.clone();
        thread::spawn(move || app.serve(client));
    }
    Ok(())
}

impl App {
    /// Answers one request and closes; a client that went away needs no answer.
    fn serve(&self, mut client: TcpStream) {
        let Ok(path) = read_path(&mut client) else { return };
        let (status, text) = match path.as_str() {
            "/up" if self.fails_health => ("500 Internal Server Error", "unwell"),
            "/up" => ("200 OK", "well"),
            "/version" => ("200 OK", self.version.as_str()),
            "/slow" => {
                thread::sleep(Duration::from_millis(300));
                ("200 OK", self.version.as_str())
            }
            _ => ("200 OK", "a sample app, deployed by Sextant's test fleet"),
        };
        let length = text.len();
        let _ = write!(
            client,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        );
    }
}

fn read_path(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = client.read(&mut chunk)?;
        if count == 0 || head.len() > 64 * 1024 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8_lossy(&head);
    Ok(text.split(' ').nth(1).unwrap_or("/").to_owned())
}
