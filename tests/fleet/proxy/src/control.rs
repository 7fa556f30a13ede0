//! The control socket: `kamal-proxy deploy` in the container talks to `kamal-proxy run`.
//!
//! A call is its words, each ended by a NUL byte, then end of stream. The answer is one byte, `+` or `-`, and text.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread;

use crate::call::Call;
use crate::deploy::Shared;

const SOCKET: &str = "/tmp/kamal-proxy.sock";

/// Sends a call to the running server and returns its answer.
pub fn send(words: &[String]) -> Result<String, String> {
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(SOCKET)?;
        for word in words {
            stream.write_all(word.as_bytes())?;
            stream.write_all(&[0])?;
        }
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|error| format!("cannot reach the proxy at {SOCKET}: {error}"))?;
    match answer.split_first() {
        Some((b'+', text)) => Ok(String::from_utf8_lossy(text).into_owned()),
        Some((_, text)) => Err(String::from_utf8_lossy(text).into_owned()),
        None => Err("the proxy went away before it answered".into()),
    }
}

/// Opens the socket and answers calls on threads of their own.
pub fn listen(shared: Arc<Shared>) -> std::io::Result<()> {
    let _ = fs::remove_file(SOCKET); // left by a killed run
    let listener = UnixListener::bind(SOCKET)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || answer(stream, &shared));
        }
    });
    Ok(())
}

/// A caller that hung up has nobody to tell; its call was carried out all the same.
fn answer(mut stream: UnixStream, shared: &Shared) {
    let mut bytes = Vec::new();
    if stream.read_to_end(&mut bytes).is_err() {
        return;
    }
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
    let outcome = Call::parse(&words).map_err(|error| error.to_string()).and_then(|call| shared.carry_out(call));
    println!("{} {}", words.join(" "), if outcome.is_ok() { "ok" } else { "failed" });
    let (mark, text) = match outcome {
        Ok(text) => (b"+", text),
        Err(message) => (b"-", message),
    };
    let _ = stream.write_all(mark).and_then(|()| stream.write_all(text.as_bytes()));
}
