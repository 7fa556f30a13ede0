//! A bridge, and per host a network namespace with a cable to it.

use crate::Result;
use crate::command::{command, run};
use crate::layout::{BRIDGE_ADDRESS, HOSTS};

const BRIDGE: &str = "sextant0";

/// Makes the bridge and all namespaces, after removing what an earlier fleet may have left.
pub fn create() -> Result<()> {
    remove();
    run(&mut command(["ip", "link", "add", BRIDGE, "type", "bridge"]))?;
    run(&mut command(["ip", "address", "add", &format!("{BRIDGE_ADDRESS}/24"), "dev", BRIDGE]))?;
    run(&mut command(["ip", "link", "set", BRIDGE, "up"]))?;
    HOSTS.iter().try_for_each(|(name, address, cable)| plug_in(name, address, cable))
}

fn plug_in(name: &str, address: &str, cable: &str) -> Result<()> {
    run(&mut command(["ip", "netns", "add", name]))?;
    run(&mut command(["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name]))?;
    run(&mut command(["ip", "link", "set", cable, "master", BRIDGE, "up"]))?;
    run(&mut command(["ip", "-n", name, "link", "set", "lo", "up"]))?;
    run(&mut command(["ip", "-n", name, "address", "add", &format!("{address}/24"), "dev", "eth0"]))?;
    run(&mut command(["ip", "-n", name, "link", "set", "eth0", "up"]))?;
    run(&mut command(["ip", "-n", name, "route", "add", "default", "via", BRIDGE_ADDRESS])).map(drop)
}

/// Removes everything [`create`] makes; fine when nothing is there.
pub fn remove() {
    for (name, _, cable) in HOSTS {
        let _ = run(&mut command(["ip", "link", "delete", cable]));
        let _ = run(&mut command(["ip", "netns", "delete", name]));
    }
    let _ = run(&mut command(["ip", "link", "delete", BRIDGE]));
}

/// Pulls the cable out, or plugs it in again.
pub fn set_cable(cable: &str, connected: bool) -> Result<()> {
    run(&mut command(["ip", "link", "set", cable, if connected { "up" } else { "down" }])).map(drop)
}
