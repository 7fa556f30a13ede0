//! Wants to open a connection.

use std::net::TcpStream;

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        TcpStream::connect("evil.example:443").map(drop).map_err(|error| Fault::Failed(error.to_string()))
    }
}

sextant_sdk::export!(Guest: tag);
