//! One container behind the proxy, and how many requests are on their way to it.

use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// An address `name:port`. The name is looked up at each connection, as docker's DNS may move it.
#[derive(Debug)]
pub struct Target {
    address: String,
    in_flight: Mutex<usize>,
    idle: Condvar,
}

/// A request on its way to a target; the target counts it until this is dropped.
#[derive(Debug)]
pub struct Lease {
    target: Arc<Target>,
}

impl Target {
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), in_flight: Mutex::new(0), idle: Condvar::new() }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn lease(self: &Arc<Self>) -> Lease {
        *self.in_flight.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Lease { target: Arc::clone(self) }
    }

    pub fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Waits until no request is on its way here, at most for `limit`.
    pub fn drain(&self, limit: Duration) {
        let in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.idle.wait_timeout_while(in_flight, limit, |count| *count > 0);
    }
}

impl Lease {
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.target.in_flight.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.target.idle.notify_all();
    }
}
