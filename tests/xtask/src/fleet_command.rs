//! `cargo xtask fleet`: the fleet by hand, for looking around in it.

use clap::Subcommand;
use fleet::Fleet;

#[derive(Subcommand)]
pub enum Action {
    /// Bring it up, and print the environment to deploy to it
    Up,
    /// Empty the hosts
    Reset,
    /// Run a shell line on the host with this name or address
    Exec { host: String, line: String },
    /// Stop it and remove what it left
    Down,
}

pub fn run(action: Action) -> anyhow::Result<()> {
    let progress = |line: &str| eprintln!("{line}");
    match action {
        Action::Up => {
            let fleet = Fleet::up(progress)?;
            let project = fleet.directory().join("project");
            if !project.exists() {
                fleet.project(&project)?.commit("first")?;
            }
            for (name, value) in fleet.environment() {
                println!("export {name}={value}");
            }
            println!("cd {}", project.display());
            Ok(())
        }
        Action::Reset => Ok(Fleet::up(progress)?.reset()?),
        Action::Exec { host, line } => {
            let fleet = Fleet::up(progress)?;
            let found = fleet.hosts().iter().find(|one| one.name.ends_with(&host) || one.address == host);
            let host = found.ok_or_else(|| anyhow::anyhow!("no host `{host}` in the fleet"))?;
            let output = host.exec(&line)?;
            print!("{}", output.stdout);
            eprint!("{}", output.stderr);
            std::process::exit(output.code)
        }
        Action::Down => Ok(Fleet::down(progress)?),
    }
}
