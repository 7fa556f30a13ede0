//! The head of an HTTP request: read, asked for what routing needs, and rewritten for the target.

use std::io::{self, Read};
use std::net::IpAddr;

const LIMIT: usize = 64 * 1024;

/// The bytes up to the empty line, and those of the body that came along.
#[derive(Debug)]
pub struct Request {
    head: String,
    body_start: Vec<u8>,
}

impl Request {
    /// Reads up to the empty line; `None` when the client closed without asking anything.
    pub fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            let count = stream.read(&mut chunk)?;
            if count == 0 && bytes.is_empty() {
                return Ok(None);
            }
            if count == 0 || bytes.len() > LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
            bytes.extend_from_slice(&chunk[..count]);
        };
        let body_start = bytes.split_off(end + 4);
        bytes.truncate(end);
        let head = String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Some(Self { head, body_start }))
    }

    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("/")
    }

    pub fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.lines().skip(1).filter_map(|line| line.split_once(':'))
    }

    /// Returns the bytes to send to the target: without the path prefix, with the client's address, for one exchange only.
    pub fn for_target(&self, strip: &str, client: IpAddr) -> Vec<u8> {
        let mut words = self.head.lines().next().unwrap_or_default().splitn(3, ' ');
        let (method, path, version) =
            (words.next().unwrap_or("GET"), words.next().unwrap_or("/"), words.next().unwrap_or("HTTP/1.1"));
        let path = path.strip_prefix(strip).unwrap_or(path);
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut text = format!("{method} {slash}{path} {version}\r\n");
        let upgrade = self.header("upgrade").is_some();
        for (name, value) in self.headers() {
            let ours = name.eq_ignore_ascii_case("x-forwarded-for") || name.eq_ignore_ascii_case("x-forwarded-proto");
            if !ours && (upgrade || !name.eq_ignore_ascii_case("connection")) {
                text += &format!("{name}:{value}\r\n");
            }
        }
        if !upgrade {
            text += "Connection: close\r\n";
        }
        text += &format!("X-Forwarded-For: {client}\r\nX-Forwarded-Proto: http\r\n\r\n");
        [text.as_bytes(), &self.body_start].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn rewritten(text: &str, strip: &str) -> String {
        let request = Request::read(&mut text.as_bytes()).unwrap().unwrap();
        String::from_utf8(request.for_target(strip, IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1)))).unwrap()
    }

    #[test]
    fn a_request_reaches_the_target_for_one_exchange_with_the_clients_address() {
        assert_eq!(
            rewritten(
                "POST /a?b=1 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nX-Forwarded-For: evil\r\n\r\nbody",
                ""
            ),
            "POST /a?b=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 10.77.0.1\r\nX-Forwarded-Proto: http\r\n\r\nbody"
        );
    }

    #[test]
    fn an_upgrade_keeps_its_connection_header() {
        let text = rewritten("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "");
        assert!(text.contains("Connection: Upgrade\r\n") && !text.contains("close"), "{text}");
    }

    #[test]
    fn a_path_prefix_is_stripped() {
        for (path, strip, expected) in
            [("/api/orders", "/api", "/orders"), ("/api", "/api", "/"), ("/api?x=1", "/api", "/?x=1"), ("/a", "", "/a")]
        {
            assert!(
                rewritten(&format!("GET {path} HTTP/1.1\r\n\r\n"), strip).starts_with(&format!("GET {expected} ")),
                "{path}"
            );
        }
    }

    #[test]
    fn a_client_that_says_nothing_is_not_an_error() {
        assert!(Request::read(&mut "".as_bytes()).unwrap().is_none());
        assert!(Request::read(&mut "GET / HT".as_bytes()).is_err());
    }
}
