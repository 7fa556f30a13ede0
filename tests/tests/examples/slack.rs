//! The example `slack` in real runs: what a channel gets to read, and who may be told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use crate::project::Project;

#[test]
fn a_channel_reads_what_starts_and_what_finishes() {
    let channel = Channel::open("200 OK");
    let said = channel.project("secrets: [SLACK_WEBHOOK], network: ['127.0.0.1:*']", "").run(&LOGIN).succeeded();
    assert_eq!(
        channel.posts(2).iter().map(|post| without_time(post)).collect::<Vec<_>>(),
        [
            "/services/T0/B0 dev@example.com started registry login of shop v1",
            "/services/T0/B0 registry login of shop v1 by dev@example.com finished after N s",
        ]
    );
    // Where the channel is stays a secret.
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("T0/B0"));
}

#[test]
fn a_channel_may_want_to_read_of_failures_only() {
    let channel = Channel::open("200 OK");
    let project = channel.project("secrets: [SLACK_WEBHOOK], network: ['127.0.0.1:*']", "only: [failed]");
    project.run(&LOGIN).succeeded();
    project.break_docker();
    assert_eq!(project.run(&LOGIN).exit, Some(1));
    let posts = channel.posts(1);
    assert!(posts[0].contains(" failed after ") && posts[0].contains("docker is broken"), "{posts:?}");
    channel.has_no_more();
}

#[test]
fn a_run_goes_on_though_nobody_can_be_told() {
    let channel = Channel::open("404 Not Found");
    let said = channel.project("secrets: [SLACK_WEBHOOK], network: ['127.0.0.1:*']", "").run(&LOGIN).succeeded();
    assert!(said.stderr.contains("the webhook answered 404: no_service"), "{}", said.stderr);
}

#[test]
fn only_whom_the_project_grants_is_told() {
    for (grants, what) in [
        ("secrets: [SLACK_WEBHOOK]", "the network at `127.0.0.1:"),
        ("network: ['127.0.0.1:*']", "the secret `SLACK_WEBHOOK`, which it is not granted, in `notify`"),
    ] {
        let channel = Channel::open("200 OK");
        let said = channel.project(grants, "").run(&LOGIN);
        assert!(said.stderr.contains(&format!("plugin `slack` reached for {what}")), "{}", said.stderr);
        channel.has_no_more();
    }
}

const LOGIN: [&str; 5] = ["registry", "login", "-R", "--version", "v1"];

/// Something that listens as Slack does.
struct Channel {
    address: SocketAddr,
    posts: Receiver<String>,
}

impl Channel {
    /// A channel whose posts are answered like this.
    fn open(status: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("it has an address");
        let (sender, posts) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(&stream);
                let (mut path, mut length) = (String::new(), 0);
                for line in reader.by_ref().lines().map_while(Result::ok) {
                    if line.starts_with("POST ") {
                        path = line.split(' ').nth(1).unwrap_or_default().to_string();
                    }
                    if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(": ") {
                        length = value.parse().unwrap_or_default();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_err() {
                    return;
                }
                let text = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
                let post = format!("{path} {}", text["text"].as_str().unwrap_or("no text"));
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 10\r\nConnection: close\r\n\r\nno_service");
                if (&stream).write_all(answer.as_bytes()).is_err() || sender.send(post).is_err() {
                    return;
                }
            }
        });
        Self { address, posts }
    }

    /// A project that tells this channel.
    fn project(&self, grants: &str, with: &str) -> Project {
        let configuration = format!(
            "service: shop\nimage: acme/shop\nservers: [10.0.0.1]\n\
             registry: {{ server: registry.example, username: acme, password: [REGISTRY_PASSWORD] }}\n\
             builder: {{ arch: amd64, context: . }}\n\
             x-plugins:\n  slack:\n    source: plugins/slack.wasm\n    grants: {{ {grants} }}\n    with: {{ {with} }}\n"
        );
        let secrets = format!("REGISTRY_PASSWORD=hunter2\nSLACK_WEBHOOK=http://{}/services/T0/B0\n", self.address);
        Project::new(&configuration, &secrets)
    }

    /// The next posts, path and text.
    fn posts(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.posts.recv().expect("the channel listens")).collect()
    }

    /// Panics if there is a post that nobody read: the run is over, so no more will come.
    fn has_no_more(&self) {
        assert!(self.posts.try_recv().is_err());
    }
}

/// The text without the seconds that it took.
fn without_time(post: &str) -> String {
    let Some((text, _)) = post.rsplit_once(" after ") else { return post.to_string() };
    format!("{text} after N s")
}
