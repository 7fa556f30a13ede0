//! What templates come to, and what is said about those that cannot be rendered.
//!
//! `data/erb.txt` has one row per `===`: the template, and after `---` what Ruby 3.1's ERB makes of it with `trim_mode: "-"`. The
//! rows were rendered by Ruby itself.

use std::collections::BTreeMap;

use configuration::{Ran, Source, Standing, Surroundings, Text, render_file};
use indexmap::IndexMap;

/// A world with a few variables and files.
struct World {
    environment: BTreeMap<String, String>,
    allows_commands: bool,
}

const FILES: [(&str, &str); 4] = [
    (".ruby-version", "3.3.6\n"),
    ("/app/.redis-password", "hunter2\n"),
    (".env", "FROM_DOTENV=loaded\nHOST=ignored\n"),
    ("config/tenants.yml", "tenants:\n  - name: one\n    hosts: [ a, b ]\n  - name: two\n    hosts: [ c ]\n"),
];

impl World {
    fn new() -> Self {
        let variables =
            [("HOST", "app.example.com"), ("EMPTY", ""), ("LIST", "a, b,c"), ("PORT", "5432"), ("HOME", "/home/me")];
        let environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { environment, allows_commands: false }
    }

    fn file(path: &str) -> Option<&'static str> {
        let path = path.strip_prefix("/app/").filter(|rest| *rest != ".redis-password").unwrap_or(path);
        FILES.into_iter().find(|(name, _)| *name == path).map(|(_, text)| text)
    }
}

impl Surroundings for World {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn folder(&self) -> String {
        "/app".to_owned()
    }

    fn read(&self, path: &str) -> Option<String> {
        Self::file(path).map(str::to_owned)
    }

    fn look(&self, path: &str) -> Option<Standing> {
        Self::file(path).map(|_| Standing::File)
    }

    fn run(&self, command: &str) -> Ran {
        if self.allows_commands { Ran::Printed(format!("<{command}>\n")) } else { Ran::NotAllowed }
    }

    fn docker_architecture(&self) -> Option<String> {
        Some("arm64".to_owned())
    }
}

fn render(text: &str, world: &World) -> Result<String, String> {
    let source = Source { path: "deploy.yml".to_owned(), text: text.to_owned() };
    let shown = |part: &Text| match part {
        Text::Clear(text) => text.clone(),
        Text::Secret(name) => format!("[{name}]"),
    };
    let secrets = IndexMap::from([("TOKEN".to_owned(), Text::Secret("API_TOKEN".to_owned()))]);
    match render_file(&source, &secrets, world) {
        Ok(parts) => Ok(parts.iter().map(shown).collect()),
        Err(error) => {
            let place = error.origin.map(|origin| format!("{}:{}", origin.line, origin.column)).unwrap_or_default();
            Err(format!("{place} {}: {}", error.class, error.message))
        }
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let mut world = World::new();
    world.allows_commands = true;
    let rendered = render(text, &world).unwrap_or_else(|message| message);
    assert_eq!(rendered, expected, "{text}");
}

#[track_caller]
fn refuses(text: &str, message: &str) {
    assert_eq!(render(text, &World::new()), Err(message.to_owned()), "{text}");
}

#[test]
fn rows_are_rubys() {
    let mut wrong = Vec::new();
    let rows: Vec<&str> = include_str!("data/erb.txt").split("===\n").skip(1).collect();
    for row in &rows {
        let (text, expected) = row.split_once("---\n").expect("a row has an answer");
        let rendered = render(text, &World::new());
        if rendered.as_deref() != Ok(expected) {
            wrong.push(format!("{text}  expected {expected:?}\n  got      {rendered:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_world_around() {
    check("<%= File.read('.ruby-version').strip %>", "3.3.6");
    check("<%= File.read(File.expand_path('.redis-password', __dir__)).strip %>", "hunter2");
    check("<%= File.exist?('.nothing') ? 1 : 2 %> <%= File.exist?('.env') %>", "2 true");
    check("<%= File.expand_path(\"~/.ssh/id\") %> <%= Dir.pwd %> <%= __dir__ %>", "/home/me/.ssh/id /app .");
    check("<%= File.read(\"#{Dir.pwd}/.ruby-version\").chomp %>", "3.3.6");
    check("<%= Kamal::Utils.docker_arch == \"arm64\" ? \"amd64\" : \"arm64\" %>", "amd64");
    check("<%= Kamal::VERSION %> <%= RUBY_ENGINE %>", "2.12.0 ruby");
    check("<%= `git rev-parse HEAD`.strip %>, <%= %x(date -u).chomp %>", "<git rev-parse HEAD>, <date -u>");
    check("<%= `echo #{ENV['HOST']}` %>", "<echo app.example.com>\n");
}

#[test]
fn dotenv() {
    check(
        "# <% require \"dotenv\"; Dotenv.load(\".env\") %>\n<%= ENV[\"FROM_DOTENV\"] %> <%= ENV[\"HOST\"] %>",
        "# \nloaded app.example.com",
    );
    check("<% Dotenv.overload %><%= ENV[\"HOST\"] %>", "ignored");
    check("<% begin\n  require 'dotenv/load'\nrescue LoadError\nend -%>\n<%= ENV.fetch('FROM_DOTENV') %>", "loaded");
    check("<% require 'dotenv'; Dotenv.load('.nothing') if File.exist?('.nothing') %>x", "x");
}

#[test]
fn tenants() {
    check(
        "<% tenants = YAML.load_file(\"#{Dir.pwd}/config/tenants.yml\", aliases: true)[\"tenants\"] -%>\nhosts:\n<% tenants.flat_map { |tenant| tenant[\"hosts\"] }.each do |host| -%>\n  - <%= host %>\n<% end -%>\n",
        "hosts:\n  - a\n  - b\n  - c\n",
    );
}

#[test]
fn secrets_are_names() {
    check("pw <%= ENV['TOKEN'] %>!", "pw [API_TOKEN]!");
    check(
        "<%= ENV.fetch('TOKEN', 'x') %><%= ENV['TOKEN'] || 'x' %><%= \"a#{ENV['TOKEN']}b\" + 'c' %>",
        "[API_TOKEN][API_TOKEN]a[API_TOKEN]bc",
    );
    check("<% if ENV['TOKEN'] %>yes<% end %><%= ENV['TOKEN'].to_s %>", "yes[API_TOKEN]");
    refuses(
        "x\n  <%= ENV['TOKEN'].upcase %>",
        "2:20 Kamal::ConfigurationError: deploy.yml line 2, column 20: this Ruby is not understood: `upcase` of a secret, whose value is not known here in `<%= ENV['TOKEN'].upcase %>`",
    );
    refuses(
        "<% if ENV['TOKEN'] == 'x' %><% end %>",
        "1:7 Kamal::ConfigurationError: deploy.yml line 1, column 7: this Ruby is not understood: a decision that needs a secret's value in `<% if ENV['TOKEN'] == 'x' %>`",
    );
}

#[test]
fn exceptions() {
    refuses("a: 1\nb: <%= ENV.fetch(\"X\") %>", "2:12 KeyError: key not found: \"X\"");
    refuses("<% raise \"no host\" if ENV[\"X\"].to_s.empty? %>", "1:4 RuntimeError: no host");
    refuses("<%= ENV[\"X\"].split(\",\") %>", "1:14 NoMethodError: undefined method 'split' for nil");
    refuses("<%= File.read('nothing') %>", "1:10 Errno::ENOENT: No such file or directory @ rb_sysopen - nothing");
    refuses("<%= Rails.application %>", "1:5 NameError: uninitialized constant Rails");
    check("<%= ENV.fetch('X') rescue 'none' %>", "none");
    check("<% begin; raise ArgumentError, 'bad'; rescue => error %><%= error.message %><% end %>", "bad");
}

#[test]
fn what_is_not_understood() {
    let message = |line: usize, column: usize, what: &str, tag: &str| {
        format!(
            "{line}:{column} Kamal::ConfigurationError: deploy.yml line {line}, column {column}: this Ruby is not understood: {what} in `{tag}`"
        )
    };
    refuses("a\nb: <%= Time.now.to_i %>", &message(2, 8, "`Time`", "<%= Time.now.to_i %>"));
    refuses("<%= foo(1) %>", &message(1, 5, "`foo`", "<%= foo(1) %>"));
    refuses(
        "<%= 'a'.crypt('b') %>",
        &message(1, 9, "the method `crypt` of an instance of String", "<%= 'a'.crypt('b') %>"),
    );
    refuses("<% def x; end %>", &message(1, 4, "`def`", "<% def x; end %>"));
    refuses("<% if true %>a", &message(1, 15, "the end comes too early: something is not closed", "<% if true %>a"));
    refuses("a <%= 1", &message(1, 3, "a tag that is not closed", "<%= 1"));
    refuses("<%= 'a %>", &message(1, 5, "a string that is not closed", "<%= 'a %>"));
    refuses("<%= $stdin %>", &message(1, 5, "the sign `$`", "<%= $stdin %>"));
    refuses("<% require 'aws-sdk' %>", &message(1, 4, "the library `aws-sdk`", "<% require 'aws-sdk' %>"));
}

#[test]
fn commands_are_not_run_unless_allowed() {
    refuses(
        "a: 1\nb: <%= `git rev-parse HEAD`.strip %>",
        "2:8 Kamal::ConfigurationError: deploy.yml line 2: the command in `<%= `git rev-parse HEAD`.strip %>` was not run",
    );
    refuses(
        "<%= %x(id) rescue 1 %>",
        "1:5 Kamal::ConfigurationError: deploy.yml line 1: the command in `<%= %x(id) rescue 1 %>` was not run",
    );
}

#[test]
fn nothing_takes_long() {
    for text in [
        "<% a = 'x' * 1000; 100.times { a = a + a } %>",
        "<% a = [1]; 100.times { a = [a, a] } %>",
        "<% (1..9999).each { (1..9999).each { } } %>",
        "<%= (1..9999).map { 'x' * 100_000 }.length %>",
        "<%= (1..9999).map { (1..9999).to_a }.length %>",
        "<% 10_000_000.times { %>x<% } %>",
        "<%= ('x' * 900_000).gsub('x', 'y' * 900_000) %>",
    ] {
        let error = render(text, &World::new()).expect_err(text);
        assert!(error.contains("is not understood"), "{text}: {error}");
    }
    let deep = format!("<%= {}1{} %>", "(".repeat(5_000), ")".repeat(5_000));
    assert!(render(&deep, &World::new()).is_err_and(|error| error.contains("nested this deep")));
    let deep = format!("<%= {}1 %>", "!".repeat(5_000));
    assert!(render(&deep, &World::new()).is_err_and(|error| error.contains("nested this deep")));
    let deep = format!("<%= {}1 %>", "\"#{".repeat(5_000));
    assert!(render(&deep, &World::new()).is_err());
}
