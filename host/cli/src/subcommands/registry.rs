//! `sextant registry`.

use plan::{Intent, RegistryAct};

use super::change::{carry_out, simple};
use super::unknown;
use crate::arguments::{Options, Places, RegistryChange, RegistryCommand};
use crate::failure::Failure;
use crate::invocation::{Request, Version};

pub fn run(options: &Options, command: RegistryCommand) -> Result<u8, Failure> {
    match command {
        RegistryCommand::Change(change) => carry_out(options, request(&change)),
        RegistryCommand::Other(words) => Err(unknown("registry", &words)),
    }
}

/// What a change asks for.
pub fn request(change: &RegistryChange) -> Request {
    match change {
        RegistryChange::Setup(places) => of(RegistryAct::Setup, places, "setup"),
        RegistryChange::Remove(places) => of(RegistryAct::Remove, places, "remove"),
        RegistryChange::Login(places) => of(RegistryAct::Login, places, "login"),
        RegistryChange::Logout(places) => of(RegistryAct::Logout, places, "logout"),
    }
}

fn of(act: RegistryAct, places: &Places, word: &str) -> Request {
    let intent = Intent::Registry { act, local: !places.skip_local, hosts: !places.skip_remote };
    Request { version: Some(Version::Latest), ..simple(intent, &["registry", word]) }
}
