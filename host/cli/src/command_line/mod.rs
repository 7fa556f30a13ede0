//! What a command line asks for, read the way Kamal's users type it: dashes or underscores, the beginning of a subcommand's name,
//! options before or after what a subcommand is about. What comes out is a command line that clap takes.
//!
//! Pure. Names and options are clap's own, so a new subcommand needs nothing here.

mod options;
mod shell_words;

use clap::Command;

pub use options::{Given, given};
pub use shell_words::shell_words;

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A subcommand: where it stands, and the words for clap.
    Run { path: Vec<String>, words: Vec<String> },
    /// Help about a subcommand, or about the program when the path is empty.
    Help { path: Vec<String>, note: Option<String> },
    /// Every subcommand below one.
    Tree { path: Vec<String> },
    /// A first word that is no subcommand: it may be an alias.
    Unknown { word: String, rest: Vec<String> },
}

/// Why a command line makes no sense, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Misuse {
    /// In Kamal's words where Kamal has them.
    pub text: String,
    /// What to do.
    pub hint: String,
}

/// Words that ask for help when they come first.
const HELP: [&str; 5] = ["help", "-h", "--help", "-?", "-D"];

/// Subcommands that are here and not clap's; both work in every group.
const EVERYWHERE: [&str; 2] = ["help", "tree"];

/// The message about a subcommand that nobody has.
pub fn not_found(path: &[String], word: &str) -> Misuse {
    let name = [path, &[word.to_string()]].concat().join(" ");
    let hint = "`sextant --help` lists the subcommands".to_string();
    Misuse { text: format!("Could not find command \"{name}\"."), hint }
}

/// Reads a command line, given as the words after the program's name. `root` has been built.
pub fn read(root: &Command, words: &[String]) -> Result<Meaning, Misuse> {
    let Some(first) = words.first() else { return Ok(Meaning::Help { path: Vec::new(), note: None }) };
    if HELP.contains(&first.as_str()) {
        return help(root, Vec::new(), &words[1..]);
    }
    if first == "--version" && words.len() == 1 {
        return read(root, &["version".to_string()]);
    }
    if first.starts_with('-') {
        return option_first(root, words);
    }
    descend(root, words)
}

/// An option before the subcommand: Kamal shows help and does nothing.
fn option_first(root: &Command, words: &[String]) -> Result<Meaning, Misuse> {
    let Some(at) = options::first_word(root, words) else {
        return Ok(Meaning::Help { path: Vec::new(), note: None });
    };
    let moved = [&words[at..], &words[..at]].concat();
    let note = format!("nothing was done, because options stand behind the subcommand: sextant {}", moved.join(" "));
    match help(root, Vec::new(), &words[at..=at])? {
        Meaning::Help { path, .. } => Ok(Meaning::Help { path, note: Some(note) }),
        other => Ok(other),
    }
}

/// Follows words down the tree of subcommands, and reads the options of the one where they end.
fn descend(root: &Command, words: &[String]) -> Result<Meaning, Misuse> {
    let mut rest = words.to_vec();
    let mut path: Vec<String> = Vec::new();
    let mut command = root;
    while command.has_subcommands() {
        let Some(at) = options::first_word(command, &rest) else {
            if command.is_subcommand_required_set() {
                return Ok(Meaning::Help { path, note: None });
            }
            break;
        };
        let word = rest[at].clone();
        match find(command, &word)? {
            Found::Subcommand(next) => {
                rest.remove(at);
                path.push(next.get_name().to_string());
                command = next;
            }
            Found::Help => return help(command, path, &rest[at + 1..]),
            Found::Tree => return Ok(Meaning::Tree { path }),
            Found::Nothing if path.is_empty() => {
                rest.remove(at);
                return Ok(Meaning::Unknown { word, rest });
            }
            Found::Nothing if command.is_allow_external_subcommands_set() => {
                let words = [path.clone(), rest[at..].to_vec()].concat();
                return Ok(Meaning::Run { path, words });
            }
            Found::Nothing => return Err(not_found(&path, &word)),
        }
    }
    let given = given(command, &rest)?;
    if given.help {
        return Ok(Meaning::Help { path, note: None });
    }
    complete(command, &path, &given)?;
    let words = [path.clone(), given.words()].concat();
    Ok(Meaning::Run { path, words })
}

/// Help about what the words name, below a path; options among them are passed over.
fn help(command: &Command, mut path: Vec<String>, words: &[String]) -> Result<Meaning, Misuse> {
    let mut command = command;
    for word in words.iter().take_while(|word| !word.starts_with('-')) {
        match find(command, word)? {
            Found::Subcommand(next) => {
                path.push(next.get_name().to_string());
                command = next;
            }
            Found::Help => break,
            Found::Tree => return Ok(Meaning::Tree { path }),
            Found::Nothing => return Err(not_found(&path, word)),
        }
    }
    Ok(Meaning::Help { path, note: None })
}

enum Found<'a> {
    Subcommand(&'a Command),
    Help,
    Tree,
    Nothing,
}

/// The subcommand that a word names, whole or by its beginning. A hidden one wants its whole name.
fn find<'a>(command: &'a Command, word: &str) -> Result<Found<'a>, Misuse> {
    let wanted = word.replace('_', "-");
    let named = |name: &str| match command.get_subcommands().find(|own| own.get_name() == name) {
        Some(own) => Found::Subcommand(own),
        None if name == "help" => Found::Help,
        None if name == "tree" => Found::Tree,
        None => Found::Nothing,
    };
    let whole = |own: &&Command| own.get_name() == wanted || own.get_all_aliases().any(|alias| alias == wanted);
    if let Some(own) = command.get_subcommands().find(whole) {
        return Ok(Found::Subcommand(own));
    }
    if EVERYWHERE.contains(&wanted.as_str()) {
        return Ok(named(&wanted));
    }
    let visible = command.get_subcommands().filter(|own| !own.is_hide_set()).map(Command::get_name);
    let mut names: Vec<&str> = visible.chain(EVERYWHERE).filter(|name| name.starts_with(&wanted)).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => Ok(Found::Nothing),
        [name] => Ok(named(name)),
        _ => {
            let names: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
            let text = format!("Ambiguous command {word} matches [{}]", names.join(", "));
            Err(Misuse { text, hint: "type more of it".to_string() })
        }
    }
}

/// Fails when a subcommand was given more or fewer words than it takes, or without an option that it needs.
fn complete(command: &Command, path: &[String], given: &Given) -> Result<(), Misuse> {
    let name = path.join(" ");
    let positionals: Vec<_> = command.get_positionals().collect();
    let least = positionals.iter().filter(|argument| argument.is_required_set()).count();
    let endless =
        positionals.iter().any(|argument| argument.get_num_args().is_some_and(|range| range.max_values() > 1));
    let wrong = |how: String, hint: String| {
        let mut usage = format!("sextant {name}");
        for argument in &positionals {
            let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
            usage.push_str(&if argument.is_required_set() { format!(" {name}") } else { format!(" [{name}]") });
        }
        let text = format!("\"sextant {name}\" was called with {how}\nUsage: \"{usage}\"");
        Err(Misuse { text, hint })
    };
    let help = || format!("`sextant help {name}` tells what it takes");
    if !endless && given.rest.len() > positionals.len() {
        let unknown = given.rest.iter().find(|word| word.starts_with("--"));
        let meant = unknown.and_then(|word| options::nearest(command, word));
        let hint = meant.map_or_else(help, |option| format!("did you mean `{option}`?"));
        return wrong(format!("arguments {:?}", given.rest), hint);
    }
    if given.rest.len() < least {
        let how = match given.rest.as_slice() {
            [] => "no arguments".to_string(),
            some => format!("arguments {some:?}"),
        };
        return wrong(how, help());
    }
    let missing = options::missing(command, given);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
    Err(Misuse { text: format!("No value provided for required options {}", names.join(", ")), hint: help() })
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    /// A small program with everything a command line can have.
    fn program() -> Command {
        let flag = |name: &'static str, short: Option<char>| {
            let argument = Arg::new(name).long(name).action(ArgAction::SetTrue);
            if let Some(short) = short { argument.short(short) } else { argument }
        };
        let text = |name: &'static str, short: char| Arg::new(name).long(name).short(short);
        let group = |name: &'static str| Command::new(name).subcommand_required(true);
        let exec = Command::new("exec")
            .arg(flag("interactive", Some('i')))
            .arg(flag("reuse", None))
            .arg(text("env", 'e').num_args(1..).value_name("NAME:VALUE").action(ArgAction::Append))
            .arg(Arg::new("command").value_name("COMMAND").required(true).num_args(1..).trailing_var_arg(true));
        let boot_config = Command::new("boot-config")
            .arg(Arg::new("publish").long("publish").value_parser(clap::value_parser!(bool)))
            .arg(Arg::new("host-ip").long("publish-host-ip").action(ArgAction::Append))
            .arg(Arg::new("docker-options").long("docker-options").num_args(1..).action(ArgAction::Append))
            .arg(Arg::new("what").value_name("WHAT").required(true));
        let acquire = Command::new("acquire").arg(text("message", 'm').required(true));
        let app = group("app")
            .subcommand(exec)
            .subcommand(Command::new("stale-containers"))
            .subcommand(Command::new("start"))
            .subcommand(Command::new("stop"))
            .subcommand(Command::new("remove"))
            .subcommand(Command::new("remove-containers").hide(true))
            .subcommand(Command::new("logs").arg(text("lines", 'n')).arg(flag("follow", Some('f'))));
        let plan = Command::new("plan")
            .arg(flag("offline", None).global(true))
            .subcommand(Command::new("deploy").arg(flag("skip-push", Some('P'))))
            .arg(flag("skip-push", Some('P')));
        Command::new("sextant")
            .disable_help_flag(true)
            .disable_help_subcommand(true)
            .subcommand_required(true)
            .arg(flag("verbose", Some('v')).global(true))
            .arg(flag("quiet", Some('q')).global(true))
            .arg(text("destination", 'd').global(true))
            .arg(text("config-file", 'c').global(true))
            .arg(text("hosts", 'h').global(true).value_delimiter(',').action(ArgAction::Append))
            .arg(Arg::new("version").long("version").global(true))
            .arg(Arg::new("help").long("help").action(ArgAction::Help).global(true))
            .subcommand(app)
            .subcommand(plan)
            .subcommand(group("proxy").subcommand(boot_config))
            .subcommand(group("lock").subcommand(acquire))
            .subcommand(Command::new("deploy").arg(flag("skip-push", Some('P'))).arg(flag("no-cache", None)))
            .subcommand(Command::new("redeploy"))
            .subcommand(Command::new("registry"))
            .subcommand(Command::new("remove"))
            .subcommand(Command::new("rollback").arg(Arg::new("to").value_name("VERSION").required(true)))
            .subcommand(Command::new("version"))
    }

    fn told(line: &str) -> String {
        let mut root = program();
        root.build();
        let words = shell_words(line).expect("a line");
        match read(&root, &words) {
            Ok(Meaning::Run { words, .. }) => format!("run {}", words.join(" | ")),
            Ok(Meaning::Help { path, note }) => {
                let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
                format!("help {}{note}", path.join(" ")).replace("  (", " (")
            }
            Ok(Meaning::Tree { path }) => format!("tree {}", path.join(" ")),
            Ok(Meaning::Unknown { word, rest }) => format!("unknown {word} | {}", rest.join(" | ")),
            Err(misuse) => format!("{} // {}", misuse.text, misuse.hint),
        }
    }

    fn check(rows: &[(&str, &str)]) {
        for (line, expected) in rows {
            assert_eq!(told(line).trim_end(), *expected, "{line}");
        }
    }

    #[test]
    fn names_of_subcommands() {
        check(&[
            ("deploy", "run deploy"),
            ("vers", "run version"),
            ("app stale_containers", "run app | stale-containers"),
            ("app stale-con", "run app | stale-containers"),
            ("app remo", "run app | remove"),
            ("app remove_containers", "run app | remove-containers"),
            ("re", "Ambiguous command re matches [redeploy, registry, remove] // type more of it"),
            ("app st", "Ambiguous command st matches [stale_containers, start, stop] // type more of it"),
            ("frobnicate -d x y", "unknown frobnicate | -d | x | y"),
            ("app frob", "Could not find command \"app frob\". // `sextant --help` lists the subcommands"),
        ]);
    }

    #[test]
    fn help_wherever_it_is_asked_for() {
        check(&[
            ("", "help"),
            ("help", "help"),
            ("--help", "help"),
            ("-h", "help"),
            ("help deploy", "help deploy"),
            ("deploy --help", "help deploy"),
            ("app", "help app"),
            ("app help", "help app"),
            ("app help exec", "help app exec"),
            ("help app exec", "help app exec"),
            ("app exec --help", "help app exec"),
            ("app exec ls --help", "help app exec"),
            ("app exec -- ls --help", "run app | exec | -- | ls | --help"),
            ("app -d staging", "help app"),
            ("tree", "tree"),
            ("app tree", "tree app"),
            ("help nope", "Could not find command \"nope\". // `sextant --help` lists the subcommands"),
        ]);
    }

    #[test]
    fn an_option_before_the_subcommand() {
        check(&[
            (
                "-d staging deploy",
                "help deploy (nothing was done, because options stand behind the subcommand: sextant deploy -d staging)",
            ),
            ("-v", "help"),
            ("--version", "run version"),
            ("app -d staging start", "run app | start | --destination=staging"),
            ("plan --offline deploy -P", "run plan | deploy | --offline | --skip-push"),
            ("plan -P", "run plan | --skip-push"),
        ]);
    }

    #[test]
    fn options_in_every_spelling() {
        check(&[
            ("deploy --skip_push", "run deploy | --skip-push"),
            ("deploy --config_file=a.yml -d x", "run deploy | --config-file=a.yml | --destination=x"),
            ("deploy -vP -q", "run deploy | --verbose | --skip-push | --quiet"),
            ("deploy --no-cache", "run deploy | --no-cache"),
            ("deploy --verbose=true --quiet=false", "run deploy | --verbose"),
            ("deploy -v --no-verbose", "run deploy"),
            ("deploy -v --skip-verbose --verbose", "run deploy | --verbose"),
            ("deploy --no-skip-push", "run deploy"),
            ("deploy -d a -d b", "run deploy | --destination=b"),
            ("deploy -h 10.0.0.1,10.0.0.2", "run deploy | --hosts=10.0.0.1,10.0.0.2"),
            ("app start -h a -h b", "run app | start | --hosts=b"),
            ("app logs -n5 -f", "run app | logs | --lines=5 | --follow"),
            ("app logs -fn 5", "run app | logs | --follow | --lines=5"),
            ("deploy -dstaging", "run deploy | --destination=staging"),
            ("deploy -d", "No value provided for option '--destination' // write it as --destination=VALUE"),
            ("deploy -h", "No value provided for option '--hosts' // write it as --hosts=VALUE; --help shows help"),
            ("deploy -d -v", "No value provided for option '--destination' // write it as --destination=VALUE"),
            ("deploy --verbose=maybe", "--verbose is either there or not, `maybe` is neither // leave `=maybe` out"),
        ]);
    }

    #[test]
    fn options_anywhere_among_the_words_of_a_command() {
        check(&[
            ("app exec ls -la", "run app | exec | -- | ls | -la"),
            ("app exec ls -la -d x --reuse", "run app | exec | --destination=x | --reuse | -- | ls | -la"),
            ("app exec -iq bash", "run app | exec | --interactive | --quiet | -- | bash"),
            (
                "app exec -e FOO:bar 'BAZ:q x' ls --color x",
                "run app | exec | --env=FOO:bar | --env=BAZ:q x | -- | ls | --color | x",
            ),
            ("app exec -e FOO:bar -- a:b", "run app | exec | --env=FOO:bar | -- | a:b"),
            ("app exec -e A:1 -e B:2 x", "run app | exec | --env=A:1 | --env=B:2 | -- | x"),
            ("app exec -e ls", "No value provided for option '--env' // write it as --env NAME:VALUE"),
            ("app exec 'ls -la | head'", "run app | exec | -- | ls -la | head"),
            (
                "proxy boot_config set --publish=false --docker-options a=b c=d --publish-host-ip 1 --publish-host-ip ::1",
                "run proxy | boot-config | --publish=false | --docker-options=a=b | --docker-options=c=d | \
                 --publish-host-ip=1 | --publish-host-ip=::1 | -- | set",
            ),
            ("proxy boot_config set --no-publish", "run proxy | boot-config | --publish=false | -- | set"),
            ("proxy boot_config set --publish", "run proxy | boot-config | --publish=true | -- | set"),
        ]);
    }

    #[test]
    fn what_a_subcommand_does_not_take() {
        check(&[
            (
                "deploy --foo",
                "\"sextant deploy\" was called with arguments [\"--foo\"]\nUsage: \"sextant deploy\" \
                 // `sextant help deploy` tells what it takes",
            ),
            (
                "deploy --skip-pull",
                "\"sextant deploy\" was called with arguments [\"--skip-pull\"]\nUsage: \"sextant deploy\" \
                 // did you mean `--skip-push`?",
            ),
            (
                "rollback",
                "\"sextant rollback\" was called with no arguments\nUsage: \"sextant rollback VERSION\" \
                 // `sextant help rollback` tells what it takes",
            ),
            (
                "rollback a b",
                "\"sextant rollback\" was called with arguments [\"a\", \"b\"]\nUsage: \"sextant rollback VERSION\" \
                 // `sextant help rollback` tells what it takes",
            ),
            (
                "lock acquire",
                "No value provided for required options '--message' // `sextant help lock acquire` tells what it takes",
            ),
            ("lock acquire -m 'maint window'", "run lock | acquire | --message=maint window"),
        ]);
    }
}
