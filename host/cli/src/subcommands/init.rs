//! `sextant init`: the files a new project begins with.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::console::print;
use crate::failure::Failure;
use crate::places::CONFIG_FILE;

const CONFIGURATION: &str = include_str!("../stubs/deploy.yml");
const SECRETS: &str = include_str!("../stubs/secrets");

/// Samples of every hook script, without `.sample`.
const HOOK_SCRIPTS: [(&str, &str); 9] = [
    ("docker-setup", include_str!("../stubs/hooks/docker-setup.sample")),
    ("pre-connect", include_str!("../stubs/hooks/pre-connect.sample")),
    ("pre-build", include_str!("../stubs/hooks/pre-build.sample")),
    ("pre-deploy", include_str!("../stubs/hooks/pre-deploy.sample")),
    ("post-deploy", include_str!("../stubs/hooks/post-deploy.sample")),
    ("pre-app-boot", include_str!("../stubs/hooks/pre-app-boot.sample")),
    ("post-app-boot", include_str!("../stubs/hooks/post-app-boot.sample")),
    ("pre-proxy-reboot", include_str!("../stubs/hooks/pre-proxy-reboot.sample")),
    ("post-proxy-reboot", include_str!("../stubs/hooks/post-proxy-reboot.sample")),
];

/// Calls this program, for projects whose other programs stand in `bin`.
const BINSTUB: &str = "#!/bin/sh\nexec sextant \"$@\"\n";

/// Writes what is not there yet. With `bundle` a `bin/kamal` too: there is no gem to add, so all it does is call this program.
pub fn run(bundle: bool) -> Result<u8, Failure> {
    configuration()?;
    if !Path::new(".kamal/secrets").exists() {
        write(".kamal/secrets", SECRETS, 0o644)?;
        print("Created .kamal/secrets file");
    }
    if !Path::new(".kamal/hooks").exists() {
        for (name, text) in HOOK_SCRIPTS {
            write(&format!(".kamal/hooks/{name}.sample"), text, 0o755)?;
        }
        print("Created sample hooks in .kamal/hooks");
    }
    if bundle {
        binstub()?;
    }
    Ok(0)
}

fn configuration() -> Result<(), Failure> {
    if Path::new(CONFIG_FILE).exists() {
        print(&format!("Config file already exists in {CONFIG_FILE} (remove first to create a new one)"));
        return Ok(());
    }
    write(CONFIG_FILE, CONFIGURATION, 0o644)?;
    print(&format!("Created configuration file in {CONFIG_FILE}"));
    Ok(())
}

fn binstub() -> Result<(), Failure> {
    let path = "bin/kamal";
    if Path::new(path).exists() {
        print(&format!("Binstub already exists in {path} (remove first to create a new one)"));
        return Ok(());
    }
    write(path, BINSTUB, 0o755)?;
    print(&format!("Created binstub file in {path}"));
    Ok(())
}

fn write(path: &str, text: &str, mode: u32) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        if let Some(folder) = Path::new(path).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    write().map_err(|error| Failure::message(format!("{path} cannot be written: {error}")))
}
