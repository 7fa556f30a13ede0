//! The registry as a subcommand: logging in and out where an operator wants it.

use commands::Machine;

use crate::action::Action;
use crate::error::PlanError;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts};
use crate::run::RegistryAct;
use crate::{builds, login};

/// `registry setup`, `remove`, `login` and `logout`, without the lock, on this machine and on every selected host.
pub(crate) fn plan(planner: &Planner<'_>, act: RegistryAct, local: bool, hosts: bool) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    let registry = &planner.run.configuration.registry;
    if let Some(port) = registry.local_port() {
        let (title, steps) = match act {
            RegistryAct::Setup | RegistryAct::Login => {
                ("Start the local registry", vec![login::docker_here(), builds::start_registry(port)])
            }
            RegistryAct::Remove | RegistryAct::Logout => {
                let remove = Step::new("remove the local registry", Action::RemoveRegistry).may_fail();
                ("Remove the local registry", vec![remove])
            }
        };
        if local {
            plan.apply.extend(Stage::of_steps(title, [(Machine::Local, steps)]));
        }
        return Ok(plan);
    }
    let (title, here, there) = match act {
        RegistryAct::Setup | RegistryAct::Login => {
            let here = if local { login::on_this_machine(planner)? } else { Vec::new() };
            ("Log in to the registry", here, if hosts { login::on_hosts(planner, registry)? } else { Vec::new() })
        }
        RegistryAct::Remove | RegistryAct::Logout => ("Log out of the registry", logout(planner), logout(planner)),
    };
    if local {
        plan.apply.extend(Stage::of_steps(title, [(Machine::Local, here)]));
    }
    if hosts {
        plan.apply.extend(Stage::of_steps(title, on_hosts(&planner.run.selection.hosts, |_| there.clone())));
    }
    Ok(plan)
}

/// Logs out of the project's registry; nothing for a registry that needs no login.
pub(crate) fn logout(planner: &Planner<'_>) -> Vec<Step> {
    let registry = &planner.run.configuration.registry;
    let server = registry.login_server().map(str::to_string);
    let title = format!("log out of {}", server.as_deref().unwrap_or("Docker Hub"));
    let logout = Step::new(title, Action::Logout { server }).within(60);
    registry.credentials.iter().map(|_| logout.clone()).collect()
}
