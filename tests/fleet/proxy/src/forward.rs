//! Carries one HTTP exchange between a client and the target its service has at that moment.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use crate::deploy::Shared;
use crate::request::Request;
use crate::target::Lease;

const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);
const CLIENT_LIMIT: Duration = Duration::from_secs(60);

/// Answers one client. Errors towards it end its connection: there is nobody else to tell.
pub fn serve(client: TcpStream, shared: &Shared) {
    let _ = exchange(client, shared);
}

fn exchange(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(CLIENT_LIMIT))?;
    let Some(request) = Request::read(&mut client)? else { return Ok(()) };
    match route(&request, shared) {
        Route::Open(way) => relay(client, way, &request),
        Route::Refused { status, text } => refuse(&mut client, status, &text),
    }
}

enum Route {
    Open(Way),
    Refused { status: &'static str, text: String },
}

/// A connection to a target, counted there for as long as it is held.
struct Way {
    upstream: TcpStream,
    strip: String,
    limit: Duration,
    _lease: Lease,
}

/// Connects to the service's target. One that is gone is asked for again, since a deploy may have switched meanwhile.
fn route(request: &Request, shared: &Shared) -> Route {
    for attempt in 0..TRIES {
        if attempt > 0 {
            thread::sleep(PAUSE);
        }
        let (lease, strip, limit) = {
            let routes = shared.routes(); // the lease is taken under this lock, so a switch cannot overlook it
            let Some(service) = routes.find(request.host(), request.path()) else {
                return Route::Refused { status: "404 Not Found", text: "no service for this host".into() };
            };
            if let Some(message) = &service.stopped {
                return Route::Refused { status: "503 Service Unavailable", text: message.clone() };
            }
            let prefix = service.prefix_of(request.path()).filter(|_| service.strip_path_prefix);
            (service.target.lease(), prefix.unwrap_or_default().to_owned(), service.target_timeout)
        };
        if let Ok(upstream) = lease.target().connect() {
            return Route::Open(Way { upstream, strip, limit, _lease: lease });
        }
    }
    Route::Refused { status: "502 Bad Gateway", text: "the target does not answer".into() }
}

/// Sends the request on and the response back, until the target has closed.
fn relay(mut client: TcpStream, mut way: Way, request: &Request) -> io::Result<()> {
    let peer = client.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    way.upstream.set_read_timeout(Some(way.limit))?;
    way.upstream.write_all(&request.for_target(&way.strip, peer))?;
    let (mut body, mut towards_target) = (client.try_clone()?, way.upstream.try_clone()?);
    let sender = thread::spawn(move || io::copy(&mut body, &mut towards_target));
    let mut first = [0; 4096];
    let outcome = match way.upstream.read(&mut first) {
        Ok(count) if count > 0 => {
            client.write_all(&first[..count]).and_then(|()| io::copy(&mut way.upstream, &mut client).map(drop))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            refuse(&mut client, "504 Gateway Timeout", "the target took too long")
        }
        _ => refuse(&mut client, "502 Bad Gateway", "the target hung up"),
    };
    let _ = client.shutdown(Shutdown::Both); // also ends the thread that reads the rest of the body
    let _ = way.upstream.shutdown(Shutdown::Both);
    let _ = sender.join();
    outcome
}

fn refuse(client: &mut TcpStream, status: &str, text: &str) -> io::Result<()> {
    let length = text.len();
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )
}
