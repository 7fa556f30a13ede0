//! A stand-in for `kamal-proxy`: the calls Kamal makes, real HTTP forwarding, nothing else.
//!
//! `run` is the server inside the container; every other call is sent to it over a control socket, as
//! `docker exec kamal-proxy kamal-proxy deploy …` does. The README beside it tells what is left out.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line program: stdout and stderr are its face

mod call;
mod control;
mod deploy;
mod forward;
mod health;
mod request;
mod routes;
mod server;
mod target;

use std::process::ExitCode;

use call::Call;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match Call::parse(&words) {
        Ok(Call::Run { http_port }) => server::run(http_port).map(|()| String::new()).map_err(|e| e.to_string()),
        Ok(_) => control::send(&words),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("Error: {message}");
            ExitCode::FAILURE
        }
    }
}
