//! Help: what a subcommand is for and what it takes, and the tree of all of them.

use clap::{Command, CommandFactory};

use crate::arguments::Arguments;
use crate::command_line::not_found;
use crate::console::{print_raw, say};
use crate::failure::Failure;
use crate::style::Style;

/// Shows the help of a subcommand, or of the program.
pub fn show(root: &Command, path: &[String], note: Option<&str>) -> Result<u8, Failure> {
    let _ = found(root, path)?.clone().print_help();
    if let Some(note) = note {
        say(&format!("{} {note}", Style::for_stderr().strong("note:")));
    }
    Ok(0)
}

/// Shows every subcommand below one, with a line about each.
pub fn tree(root: &Command, path: &[String]) -> Result<u8, Failure> {
    let command = found(root, path)?;
    let mut text = format!("{}\n", [&["sextant".to_string()], path].concat().join(" "));
    branches(command, "", &mut text);
    print_raw(&text);
    Ok(0)
}

/// Shows every subcommand and every flag, a line each: `deploy --skip-push -P`. What every subcommand takes stands first, alone.
pub fn command_line() -> Result<u8, Failure> {
    let root = Arguments::command();
    let mut text = flags(&root, "");
    lines(&root, "", &mut text);
    print_raw(&text);
    Ok(0)
}

fn lines(command: &Command, path: &str, text: &mut String) {
    for own in command.get_subcommands().filter(|own| !own.is_hide_set()) {
        let path = format!("{path} {}", own.get_name()).trim_start().to_string();
        text.push_str(&format!("{path}\n{}", flags(own, &path)));
        lines(own, &path, text);
    }
}

fn flags(command: &Command, path: &str) -> String {
    let shown = command.get_arguments().filter(|own| !own.is_hide_set());
    let words = shown.filter_map(|own| {
        let short = own.get_short().map(|short| format!(" -{short}")).unwrap_or_default();
        own.get_long().map(|long| format!("{path} --{long}{short}").trim_start().to_string() + "\n")
    });
    words.collect()
}

fn found<'a>(root: &'a Command, path: &[String]) -> Result<&'a Command, Failure> {
    path.iter().try_fold(root, |command, name| {
        command.find_subcommand(name).ok_or_else(|| Failure::from(not_found(&[], &path.join(" "))))
    })
}

fn branches(command: &Command, indent: &str, text: &mut String) {
    let shown: Vec<&Command> = command.get_subcommands().filter(|own| !own.is_hide_set()).collect();
    for (position, own) in shown.iter().enumerate() {
        let last = position + 1 == shown.len();
        let about = own.get_about().map(|about| format!("  # {about}")).unwrap_or_default();
        text.push_str(&format!("{indent}{} {}{about}\n", if last { "└─" } else { "├─" }, own.get_name()));
        branches(own, &format!("{indent}{}", if last { "   " } else { "│  " }), text);
    }
}
