//! Aliases: words of the project's own that stand for a subcommand with its options.
//!
//! They are looked up in the configuration as it is written, before it is checked, so that an alias can name the destination
//! without which the configuration would not be whole.

use clap::Command;
use configuration::Node;

use crate::children::Children;
use crate::command_line::{given, shell_words};
use crate::failure::Failure;
use crate::places::CONFIG_FILE;
use crate::project;
use crate::surroundings::Permissions;

/// The aliases that a command line went through.
#[derive(Default)]
pub struct Expansion {
    seen: Vec<String>,
}

impl Expansion {
    /// The words that an alias stands for, followed by the words behind it; nothing if it is no alias.
    ///
    /// `--config-file` and `--destination` among the words behind it say where to look.
    pub fn expand(&mut self, tree: &Command, word: &str, rest: &[String]) -> Result<Option<Vec<String>>, Failure> {
        let given = given(tree, rest)?;
        let last = |name: &str| given.values(name).and_then(<[String]>::last).cloned();
        let (config_file, destination) = (last("config-file"), last("destination"));
        let permissions = Permissions { commands: given.has("allow-erb-commands"), ruby: given.has("erb-ruby") };
        let named = config_file.is_some() || destination.is_some();
        let config_file = config_file.unwrap_or_else(|| CONFIG_FILE.to_string());
        if !named && !std::path::Path::new(&config_file).exists() {
            return Ok(None);
        }
        let children = Children { verbose: given.has("verbose"), destination, ..Children::default() };
        let document = project::document(&config_file, permissions, children)?;
        let Some(line) = document.get("aliases").and_then(|aliases| aliases.get(word)).map(Node::to_ruby_string) else {
            return Ok(None);
        };
        self.seen.push(word.to_string());
        if self.seen[..self.seen.len() - 1].contains(&self.seen[self.seen.len() - 1]) {
            let chain: Vec<String> = self.seen.iter().map(|name| format!("`{name}`")).collect();
            return Err(Failure::message(format!("the alias stands for itself: {}", chain.join(" → "))));
        }
        let Some(mut words) = shell_words(&line) else {
            let hint = format!("`{word}` stands for: {line}");
            return Err(Failure::with_hint(format!("the alias `{word}` has a quote that is not closed"), hint));
        };
        if let Some(chosen) = words.iter().find(|word| is_the_operators(word)) {
            let text =
                format!("the alias `{word}` may not say `{chosen}`: a project does not choose what it is judged by");
            return Err(Failure::with_hint(text, format!("`{word}` stands for: {line}")));
        }
        words.extend(rest.iter().cloned());
        Ok(Some(words))
    }
}

/// Whether a word is an option about policies and approvals, in any spelling, which the operator alone may give.
fn is_the_operators(word: &str) -> bool {
    let Some(option) = word.strip_prefix("--") else { return false };
    let name = option.split('=').next().unwrap_or_default().replace('_', "-");
    let name = name.strip_prefix("no-").unwrap_or(&name);
    ["policy-dir", "override", "reason", "allowed-signers"].contains(&name)
}
