//! `sextant plan`: what a subcommand would do.

use std::path::Path;

use lifecycle::LifecycleError;

use super::{accessory, app, build, change, proxy, registry, server};
use crate::arguments::{Change, Options, PlanArguments, Plannable};
use crate::console::{print_raw, say};
use crate::failure::Failure;
use crate::invocation::{self, Look, Planned};
use crate::project::Project;
use crate::saved;

pub fn run(options: &Options, arguments: PlanArguments) -> Result<u8, Failure> {
    if arguments.schema {
        print_raw(include_str!("../../../../docs/plan.schema.json"));
        return Ok(0);
    }
    let look = match (arguments.offline, arguments.run_pre_connect) {
        (true, _) => Look::Offline,
        (false, true) => Look::AfterPreConnect,
        (false, false) => Look::AtHosts,
    };
    let request = match arguments.of {
        None => change::request(&Change::Deploy(arguments.build)),
        Some(Plannable::Change(named)) => change::request(&named),
        Some(Plannable::App(named)) => app::request(&named),
        Some(Plannable::Accessory(named)) => accessory::request(&named),
        Some(Plannable::Build(named)) => build::request(options, &named),
        Some(Plannable::Proxy(named)) => proxy::request(&named)?,
        Some(Plannable::Registry(named)) => registry::request(&named),
        Some(Plannable::Server(named)) => server::request(&named),
    };
    let project = Project::read(options)?;
    let Planned { saved, denied } = invocation::plan(&project, options, request, look)?;
    change::tell(options, &saved.plan, look)?;
    // What is denied for want of approvals alone can be approved of once it is in a file.
    if let Some(path) = arguments.out.as_ref().filter(|_| denied.as_ref().is_none_or(LifecycleError::awaits_approval)) {
        saved::write(Path::new(path), &saved)?;
        say(&format!("The plan is in {path}, with the digest {}", saved.digest));
    }
    change::tell_denied(options, &project, denied)?;
    Ok(0)
}
