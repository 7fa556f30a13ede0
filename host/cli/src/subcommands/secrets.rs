//! `sextant secrets`.

use secrecy::ExposeSecret;

use crate::arguments::{Fetch, Options, SecretsCommand};
use crate::console::{print, print_raw};
use crate::failure::Failure;
use crate::lookup;
use crate::project::{self, Project, Substitution};

pub fn run(options: &Options, command: SecretsCommand) -> Result<u8, Failure> {
    match command {
        SecretsCommand::Fetch(arguments) => return fetch(options, &arguments),
        SecretsCommand::Extract(arguments) => puts(&lookup::extract(&arguments.name, &arguments.secrets)?),
        SecretsCommand::Print => {
            let secrets = Project::read(options)?.secrets(Substitution::Run)?;
            for (name, value) in secrets.iter() {
                puts(&format!("{name}={}", value.expose_secret()));
            }
        }
    }
    Ok(0)
}

/// The project is looked at for its plugins alone: builtin adapters answer outside of one, too.
fn fetch(options: &Options, arguments: &Fetch) -> Result<u8, Failure> {
    let project = Project::read(options);
    let adapter = match lookup::adapter(project.as_ref().ok(), &arguments.adapter) {
        Ok(adapter) => adapter,
        // The plugin that would have answered may stand in a file that cannot be read.
        Err(error) => {
            let there = std::path::Path::new(&options.config_file).exists();
            return Err(project.err().filter(|_| there).unwrap_or_else(|| error.into()));
        }
    };
    if options.verbose {
        let load = adapter.load_time();
        let how = if load.compiled { "compiled" } else { "loaded from the cache" };
        crate::console::say(&format!(
            "Plugin {} (secrets) {how} in {:.1} ms",
            load.plugin,
            load.took.as_secs_f64() * 1e3
        ));
    }
    if lookup::lacks_account(&adapter, arguments) {
        print(lookup::NO_ACCOUNT);
        return Ok(0);
    }
    let json = lookup::fetch(&adapter, arguments, project::directory()?)?;
    puts(&if arguments.inline { commands::quoting::escaped(&json) } else { json });
    Ok(0)
}

/// Prints a text that ends in a line break, its own or one more.
fn puts(text: &str) {
    if text.ends_with('\n') { print_raw(text) } else { print(text) }
}
