//! `kamal-proxy run`: opens the doors, then waits to be told to stop.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::control;
use crate::deploy::Shared;
use crate::forward;

/// Serves until SIGTERM or SIGINT, which end the process at once.
pub fn run(http_port: u16) -> std::io::Result<()> {
    // The first process of a container ignores signals it has no handler for.
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::new(AtomicBool::new(true)))?;
    }
    let shared = Arc::new(Shared::restore());
    control::listen(Arc::clone(&shared))?;
    let listener = TcpListener::bind(("0.0.0.0", http_port))?;
    println!("kamal-proxy stand-in serves on port {http_port}");
    for client in listener.incoming().flatten() {
        let shared = Arc::clone(&shared);
        thread::spawn(move || forward::serve(client, &shared));
    }
    Ok(())
}
