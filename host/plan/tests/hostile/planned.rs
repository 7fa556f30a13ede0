//! A plan with one step of a plugin in it, and the command lines that come of it.

use std::sync::Arc;

use configuration::{Configuration, Filter, Selection, Source, Sources};
use plan::hooks::{Answer, BootAnswer, Hooks, Opinion, Place, Proposal, Registry, Whereabouts};
use plan::{Checkout, Facts, HookError, HookOwner, Intent, Plan, PlanError, PluginUse, Run};

const PROJECT: &str = "
service: app
image: acme/app
servers: [10.0.0.1]
registry: { server: ghcr.io, username: acme, password: [PASSWORD] }
builder: { arch: amd64, remote: 'ssh://build@farm', ssh: default }
volumes: ['$(pwd)/data:/data']
";

/// A run on a small project.
pub fn run() -> Arc<Run> {
    let configuration = project();
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let sample = Run::sample(Intent::AppBoot, configuration, selection);
    let (root, revision) = ("/app".into(), "abc".into());
    let checkout = Checkout { root, prefix: String::new(), revision, branch: None, changes: Vec::new() };
    Arc::new(Run { checkout: Some(checkout), intent: Intent::Deploy { skip_push: false }, ..sample })
}

fn project() -> Configuration {
    let base = Source { path: "config/deploy.yml".into(), text: PROJECT.into() };
    configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid")
}

/// The command lines of a plan in which a plugin builds or tags the image by this step.
pub fn lines(run: &Arc<Run>, proposal: Proposal) -> Result<Vec<String>, PlanError> {
    let plan = plan::plan(run, &Arc::new(Facts::default()), &Proposes(proposal))?;
    let run_by_shells = plan.steps().filter(|(_, step)| !step.action.is_deed());
    Ok(run_by_shells.map(|(_, step)| plan::lower::command(step).line).collect())
}

struct Proposes(Proposal);

impl Proposes {
    /// The step where it belongs: what the host does itself on the operator's machine, all else on a host.
    fn answer(&self, local: bool) -> Answer {
        let belongs = self.0.action.is_deed() == local;
        Answer { plugin: "guest".to_string(), steps: belongs.then(|| self.0.clone()).into_iter().collect() }
    }
}

impl Hooks for Proposes {
    fn pre_login(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &Registry, _: Place) -> Result<Answer, HookError> {
        Ok(Answer::default())
    }

    fn build(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError> {
        Ok((self.answer(true), Whereabouts::Registry))
    }

    fn push(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<Answer, HookError> {
        Ok(Answer::default())
    }

    fn tag(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &str) -> Result<Answer, HookError> {
        Ok(self.answer(false))
    }

    fn boot(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &str, _: &str) -> Result<BootAnswer, HookError> {
        Ok(BootAnswer::default())
    }

    fn owners(&self, _: &Run) -> Vec<HookOwner> {
        Vec::new()
    }

    fn plugins(&self) -> Vec<PluginUse> {
        Vec::new()
    }

    fn review(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &Arc<Plan>) -> Vec<Opinion> {
        Vec::new()
    }
}
