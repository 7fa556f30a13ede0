//! `docs/parity.md`: every key, subcommand and flag of Kamal's, each with the cases and recordings that show it.
//!
//! Keys come from the schema, subcommands and flags from the program itself. A case shows the subcommand and the flags of its command
//! line, and the keys that it names under `for`. `PARITY=write cargo test -p tests --test parity` writes the file again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use configuration::{Node, Value, keys};
use tests::case::Case;
use tests::{house, sextant};

/// Cases by the row that they show.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// What no case can show, because a case must not see a secret, and looks at hosts and single connections: the row, the test that shows it, and what
/// that test says.
const ELSEWHERE: [(&str, &str, &str); 42] = [
    ("plugin new", AUTHORS, "sextant plugin new mine"),
    ("plugin new --kind", AUTHORS, "--kind registry"),
    ("plugin new --lang", AUTHORS, "--lang {language}"),
    ("plugin build", AUTHORS, "sextant plugin build"),
    ("plugin inspect", "tests/tests/authors/projects.rs", "sextant plugin inspect registry"),
    ("plugin dev", DEVELOP, "sextant plugin dev"),
    ("plugin dev --project", DEVELOP, "--project"),
    ("plugin dev --watch", DEVELOP, "--watch"),
    ("plugin test", KIT, r#""plugin", "test""#),
    ("plugin test --replay", KIT, r#""--replay""#),
    ("plugin test --config", KIT, r#""--config""#),
    ("--record", KIT, r#""--record""#),
    ("plugin", PINNING, r#""plugin""#),
    ("plugin push", PINNING, r#""plugin", "push""#),
    ("plugin sign", PINNING, r#""plugin", "sign""#),
    ("plugin add", PINNING, r#""plugin", "add""#),
    ("plugin add --name", PINNING, r#""--name""#),
    ("plugin add --key", PINNING, r#""--key""#),
    ("plugin add --digest", PINNING, r#""--digest""#),
    ("plugin add --grant", PINNING, r#""--grant""#),
    ("plugin list", PINNING, r#""plugin", "list""#),
    ("plugin update", PINNING, r#""plugin", "update""#),
    ("plugin update --yes -y", PINNING, r#""--yes""#),
    ("plugin verify", PINNING, r#""plugin", "verify""#),
    ("plugin remove", PINNING, r#""plugin", "remove""#),
    ("plugin push --sign", PINNING, r#""--sign""#),
    ("plugin sign --sign", PINNING, r#""plugin", "sign", "login.wasm", "--sign""#),
    ("plugin keygen", PINNING, r#""plugin", "keygen""#),
    ("--frozen", PINNING, r#""--frozen""#),
    ("policy", RECORDED, r#""policy", "test""#),
    ("policy test", RECORDED, r#""policy", "test""#),
    ("approve", APPROVALS, r#""approve""#),
    ("approve --key", APPROVALS, r#""--key""#),
    ("--allowed-signers", APPROVALS, r#""--allowed-signers""#),
    ("secrets print", "tests/tests/secrets/subcommands.rs", r#""secrets", "print""#),
    ("init --bundle", "tests/tests/program.rs", r#""init", "--bundle""#),
    ("hooks_output", "tests/tests/output.rs", "hooks_output: { pre-connect: verbose }"),
    ("output/file/path", "tests/tests/output.rs", "output: {{ file: {{ path: log/deploys }} }}"),
    ("output/otel/endpoint", "tests/tests/output.rs", "output: {{ otel: {{ endpoint: '{endpoint}' }} }}"),
    ("sshkit/max_concurrent_starts", "host/transport/tests/settings.rs", "concurrent_starts: 1"),
    ("sshkit/pool_idle_timeout", "host/transport/tests/settings.rs", "idle_timeout: Duration::ZERO"),
    ("sshkit/dns_retries", "host/transport/tests/settings.rs", "dns_retries: 2"),
];

/// Where plugins are tried while they are written.
const DEVELOP: &str = "tests/tests/authors/develop.rs";

/// Where plugins are recorded, replayed and checked.
const KIT: &str = "tests/tests/kit.rs";

/// Where plugins are written and built.
const AUTHORS: &str = "tests/tests/authors/speakers.rs";

/// Where plugins are pinned, verified and refused.
const PINNING: &str = "tests/tests/distribution/main.rs";

/// Where policies are held against recorded plans.
const RECORDED: &str = "tests/tests/examples/recorded.rs";

/// Where plans are approved.
const APPROVALS: &str = "tests/tests/approvals.rs";

/// How many cases a row names.
const NAMED: usize = 4;

#[test]
fn parity_is_up_to_date_and_every_row_has_a_case() {
    let keys = keys();
    let words = command_line();
    let mut shown = Shown::new();
    let mut played = Played::default();
    let mut wrong = Vec::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).expect("a case");
        let case = Case::parse(&text).unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
        played.count(&path, &case);
        let mut derived = said(&case.arguments, &words);
        if is_case(&path) && case.changes_machines() {
            // Every case that changes something is rehearsed first.
            derived.insert("--dry-run".to_string());
        }
        for row in &case.shows {
            let is_key = keys.contains(row);
            if is_key && !mentions(&path, &case, row) {
                wrong
                    .push(format!("{} says it shows the key `{row}`, which its project does not have", path.display()));
            } else if !is_key && !derived.contains(row) {
                wrong.push(format!(
                    "{} says it shows `{row}`, which is no key and not in its command line",
                    path.display()
                ));
            }
        }
        if !case.succeeds() {
            // A refusal shows no subcommand and no flag, but what the project of the case says.
            derived.clear();
        }
        for row in derived.into_iter().chain(case.shows.into_iter().flat_map(|key| with_sections(&key))) {
            shown.entry(row).or_default().insert(link(&path));
        }
    }
    for (row, file, words) in ELSEWHERE {
        let text = std::fs::read_to_string(house().join(file)).unwrap_or_default();
        if !text.contains(words) {
            wrong.push(format!("{file} has no {words}, and shows no `{row}`"));
        }
        for row in with_sections(row) {
            shown.entry(row).or_default().insert(format!("[{file}](../{file})"));
        }
    }
    let unshown = keys.iter().chain(&words).filter(|row| !shown.contains_key(*row));
    wrong.extend(unshown.map(|row| format!("no case shows `{row}`")));
    let text = page(&keys, &words, &shown, &played);
    say(&format!("{}\n{played}", counted(&keys, &words)));
    let place = house().join("docs").join("parity.md");
    if std::env::var("PARITY").is_ok_and(|value| value == "write") {
        std::fs::create_dir_all(place.with_file_name("")).expect("the folder");
        std::fs::write(&place, &text).expect("docs/parity.md can be written");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let written = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(written == text, "docs/parity.md is stale: PARITY=write cargo test -p tests --test parity");
}

/// How many cases and recordings there are.
#[derive(Default)]
struct Played {
    cases: usize,
    /// Those in which nothing differs from what Kamal did.
    alike: usize,
    /// Those that differ as `DEVIATIONS.md` says.
    apart: usize,
}

impl Played {
    fn count(&mut self, path: &Path, case: &Case) {
        let kind = match (is_case(path), case.differs.is_empty()) {
            (true, _) => &mut self.cases,
            (false, true) => &mut self.alike,
            (false, false) => &mut self.apart,
        };
        *kind += 1;
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases and {} recorded runs of Kamal; {} of these agree with ours call by call, {} but for deviations that have a reason",
            self.cases,
            self.alike + self.apart,
            self.alike,
            self.apart
        )
    }
}

/// The sections that a key stands in, and itself.
fn with_sections(key: &str) -> Vec<String> {
    let ends = key.char_indices().filter(|(_, letter)| *letter == '/').map(|(at, _)| &key[..at]);
    ends.chain([key]).map(str::to_string).collect()
}

/// Every subcommand and flag; those that every subcommand takes stand alone. What `plan` takes beyond its own flags is what it plans.
fn command_line() -> Vec<String> {
    let output = Command::new(sextant()).arg("command-line").output().expect("sextant runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_own = |line: &&str| line.strip_prefix("plan ").is_none_or(|rest| rest.starts_with("--"));
    text.lines().filter(is_own).map(str::to_string).collect()
}

/// The rows of a command line: its subcommand and its flags, however they are written.
fn said(arguments: &[String], rows: &[String]) -> BTreeSet<String> {
    let names: BTreeSet<&str> = rows.iter().filter(|row| !row.contains("--")).map(String::as_str).collect();
    let mut path = String::new();
    for word in arguments.iter().take_while(|word| *word != "--").filter(|word| !word.starts_with('-')) {
        let longer = format!("{path} {}", word.replace('_', "-")).trim().to_string();
        if !names.contains(longer.as_str()) {
            continue;
        }
        path = longer;
    }
    let mut found: BTreeSet<String> = names
        .iter()
        .filter(|name| path == **name || path.starts_with(&format!("{name} ")))
        .map(|name| (*name).to_string())
        .collect();
    for word in arguments.iter().take_while(|word| *word != "--").filter(|word| word.starts_with('-') && word.len() > 1)
    {
        let fits = |row: &&String| {
            let (before, flag) = row.split_once("--").unwrap_or((row, ""));
            let (long, short) = flag.split_once(" -").unwrap_or((flag, ""));
            let here = before.trim().is_empty() || before.trim() == path;
            let word = word.replace('_', "-");
            let name = word.split('=').next().unwrap_or(&word);
            let off = name.strip_prefix("--no-");
            let bundled = !word.starts_with("--") && !short.is_empty();
            !flag.is_empty()
                && here
                && (name.strip_prefix("--") == Some(long)
                    || off == Some(long)
                    || bundled && name[1..].starts_with(short))
        };
        found.extend(rows.iter().filter(fits).cloned());
    }
    found
}

/// Whether the project of a case has a key.
fn mentions(path: &Path, case: &Case, key: &str) -> bool {
    let projects = path.with_file_name("projects");
    let mut texts: Vec<String> = case.files.iter().map(|file| file.content.clone()).collect();
    for project in &case.project {
        let files = std::fs::read_dir(projects.join(project).join("config")).into_iter().flatten().flatten();
        texts.extend(files.filter_map(|file| std::fs::read_to_string(file.path()).ok()));
    }
    let steps: Vec<&str> = key.split('/').collect();
    let last = steps.last().map(|step| format!("{step}:")).unwrap_or_default();
    texts.iter().any(|text| match configuration::yaml::parse("deploy.yml", text) {
        Ok(document) => has(&document, &steps),
        // With ERB in it, the name must do.
        Err(_) => text.lines().any(|line| line.trim_start().trim_start_matches("- ").starts_with(&last)),
    })
}

fn has(node: &Node, steps: &[&str]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match &node.value {
        Value::Map(map) => map.iter().any(|(name, entry)| (*step == "*" || *step == name) && has(&entry.node, rest)),
        Value::List(list) if *step == "*" => list.iter().any(|node| has(node, rest)),
        _ => false,
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = |name: &str| std::fs::read_dir(house().join("tests").join(name)).expect("cases");
    let files = folder("cases").chain(folder("recordings")).flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "case" || kind == "recording")).collect();
    files.sort();
    files
}

/// Whether it is a case, and not a recording.
fn is_case(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "case")
}

fn link(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().display().to_string();
    let (name, file) = (path.file_stem().unwrap_or_default().display(), path.file_name().unwrap_or_default().display());
    format!("[{name}](../tests/{folder}/{file})")
}

/// How many rows there are.
fn counted(keys: &[String], words: &[String]) -> String {
    let flags = words.iter().filter(|row| row.contains("--")).count();
    format!(
        "{} rows: {} keys, {} subcommands, {flags} flags",
        keys.len() + words.len(),
        keys.len(),
        words.len() - flags
    )
}

fn page(keys: &[String], words: &[String], shown: &Shown, played: &Played) -> String {
    let counted = counted(keys, words);
    let (subcommands, flags): (Vec<&String>, Vec<&String>) = words.iter().partition(|row| !row.contains("--"));
    let table = |title: &str, rows: &[&String]| {
        let rows: String = rows.iter().map(|row| format!("| `{row}` | {} |\n", named(shown.get(*row)))).collect();
        format!("\n## {title}\n\n| | shown by |\n|---|---|\n{rows}")
    };
    let keys: Vec<&String> = keys.iter().collect();
    format!(
        "# Parity with Kamal {}\n\n\
         Every key of deploy.yml, every subcommand and every flag, each with cases and recorded runs of Kamal that show what it does; a row\n\
         that nothing shows fails the tests.\n\n\
         - {counted}\n\
         - {played} ([DEVIATIONS.md](../tests/cases/DEVIATIONS.md))\n\n\
         Written by `PARITY=write cargo test -p tests --test parity` from `tests/cases` and `tests/recordings`.\n{}{}{}",
        configuration::KAMAL_VERSION,
        table("Keys", &keys),
        table("Subcommands", &subcommands),
        table("Flags", &flags),
    )
}

/// A few of them; those about nothing else come first by their names.
fn named(cases: Option<&BTreeSet<String>>) -> String {
    let Some(cases) = cases else { return "**nothing**".to_string() };
    let few: Vec<&str> = cases.iter().take(NAMED).map(String::as_str).collect();
    let more = if cases.len() > NAMED { format!(" and {} more", cases.len() - NAMED) } else { String::new() };
    format!("{}{more}", few.join(", "))
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
