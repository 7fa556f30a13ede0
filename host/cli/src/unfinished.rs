//! The run that did not end and that is to be taken up: from this machine's journals, or from what it left on the host of its lock.

use commands::lease;
use journal::{Account, Beginning, Fate, SavedPlan, Store};
use plan::Interrupted;

use crate::arguments::{Options, TakenUp};
use crate::console::say;
use crate::failure::Failure;
use crate::project::{Project, Substitution};
use crate::runs;
use crate::visit::{Question, Visit};

/// A run that did not end, and what it takes to go on with it.
pub struct Unfinished {
    /// The project, with the hosts and roles that the run was about.
    pub project: Project,
    /// The options, with the run's own hosts and roles.
    pub options: Options,
    /// What it was asked to do.
    pub beginning: Beginning,
    /// What is known of it.
    pub interrupted: Interrupted,
    /// Whether it may have come to its first step.
    pub has_begun: bool,
}

/// Finds the run that is meant. None if the last run ended well and nobody left another one on the hosts.
pub fn find(options: &Options, named: &TakenUp) -> Result<Option<Unfinished>, Failure> {
    let project = Project::read(options)?;
    let store = runs::store(&project.configuration)?;
    let (chain, has_begun) = match here(&store, named)? {
        Some(chain) => {
            let has_begun = may_have_begun(&chain);
            (chain, has_begun)
        }
        // The copy on a host may lag behind.
        None => match on_host(options, &project, named)? {
            Some(account) => (vec![(account, None)], true),
            None => return Ok(None),
        },
    };
    let Some(interrupted) = journal::interrupted(&chain) else { return Ok(None) };
    // What a run was asked to do is said by the first of those that took each other up.
    let beginning = chain.into_iter().next_back().map(|(account, _)| account.beginning);
    let Some(beginning) = beginning else { return Ok(None) };
    let mut options = options.clone();
    options.hosts.clone_from(&beginning.filter.hosts);
    options.roles.clone_from(&beginning.filter.roles);
    options.primary = beginning.filter.primary;
    let project = Project::read(&options)?;
    let configuration = plan::digest(&configuration::dump(&project.configuration.document));
    if configuration != beginning.configuration && !options.quiet {
        say("note: the configuration is another one than when the run began");
    }
    Ok(Some(Unfinished { project, options, beginning, interrupted, has_begun }))
}

type Chain = Vec<(Account, Option<SavedPlan>)>;

/// Whether a step of these runs may have been sent. Journals of this machine are ahead of every step, so they know, unless the first of the
/// runs took up one of another machine.
fn may_have_begun(chain: &Chain) -> bool {
    let began_here = chain.last().is_some_and(|(account, _)| account.beginning.resumes.is_none());
    !began_here || chain.iter().any(|(account, _)| !account.steps.is_empty())
}

/// The run among those of this machine, with those that it took up behind it.
fn here(store: &Store, named: &TakenUp) -> Result<Option<Chain>, Failure> {
    let name = match &named.run {
        Some(name) if store.named(name).is_ok() => store.named(name)?,
        Some(_) => return Ok(None),
        None => match store.runs().pop() {
            Some(last) => last,
            None => return Ok(None),
        },
    };
    let mut chain = Chain::new();
    let mut next = Some(name);
    while let Some(name) = next {
        let account = store.account(&name)?;
        if account.fate == Fate::Finished {
            if named.run.is_some() && chain.is_empty() {
                let hint = "`sextant history` shows how runs ended";
                return Err(Failure::with_hint(format!("the run {name} ended well"), hint));
            }
            break;
        }
        next = account.beginning.resumes.clone().filter(|name| store.named(name).is_ok());
        let saved = store.plan(&name).ok();
        chain.push((account, saved));
    }
    Ok((!chain.is_empty()).then_some(chain))
}

/// The run that was left on the host of the lock.
fn on_host(options: &Options, project: &Project, named: &TakenUp) -> Result<Option<Account>, Failure> {
    let Some(host) = project.selection.primary_host.clone() else { return Ok(None) };
    let question = Question::new("", &host, lease::interrupted(&project.configuration.lock_directory()));
    let visit = Visit::begin(options, project, Substitution::NamesOnly)?;
    let answers: Vec<_> = visit.ask(&[question]).into_iter().collect::<Result<_, Failure>>()?;
    let printed = answers.into_iter().next().unwrap_or_default().stdout;
    let mut left = journal::left_on_host(&printed);
    left.sort_by(|one, other| one.beginning.run.cmp(&other.beginning.run));
    match &named.run {
        None => Ok(left.pop()),
        Some(name) => {
            let is_meant = |account: &Account| account.beginning.run.ends_with(name.as_str());
            let found = left.into_iter().find(is_meant);
            let text = format!("there is no run `{name}` on this machine, and none that was left on {host}");
            found.map(Some).ok_or_else(|| Failure::with_hint(text, "`sextant history` lists the runs of this machine"))
        }
    }
}

#[cfg(test)]
mod tests {
    use configuration::{Filter, Selection, Source, Sources};
    use journal::{Entry, SentStep};
    use plan::{Intent, Run};

    use super::*;

    #[test]
    fn a_run_has_begun_unless_its_journals_are_all_here_and_tell_of_no_step() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path(), "shop", None);
        let check = |name: &str, resumes: Option<&str>, steps: usize, expected: bool| {
            let resumes = resumes.map(str::to_string);
            let beginning = Beginning { resumes, ..Beginning::of(&run(), name, "0.1.0") };
            let journal = store.begin(name, "0.1.0").expect("a journal");
            let step = SentStep { id: 1, title: "boot".to_string(), kind: "start-container".to_string() };
            let machine = commands::Machine::Host("10.0.0.1".to_string());
            journal.note(Entry::Began(Box::new(beginning))).expect("a line");
            for _ in 0..steps {
                let sending = Entry::Sending { machine: machine.clone(), role: None, steps: vec![step.clone()] };
                journal.note(sending).expect("a line");
            }
            let chain = here(&store, &TakenUp { run: Some(name.to_string()) }).ok().flatten().expect("it is here");
            assert_eq!(may_have_begun(&chain), expected, "{name}");
        };
        check("20260131T100000Z-aaaaaa", None, 0, false);
        check("20260131T110000Z-bbbbbb", None, 1, true);
        check("20260131T120000Z-cccccc", Some("20260131T110000Z-bbbbbb"), 0, true);
        check("20260131T130000Z-dddddd", Some("20260131T100000Z-aaaaaa"), 0, false);
        check("20260131T140000Z-eeeeee", Some("20260131T000000Z-ffffff"), 0, true);
    }

    fn run() -> Run {
        let text = "service: shop\nimage: acme/shop\nservers: [10.0.0.1]\nregistry: { username: a, password: [P] }\n\
                    builder: { arch: amd64 }\n";
        let base = Source { path: "deploy.yml".into(), text: text.into() };
        let configuration =
            configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
        let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
        Run::sample(Intent::AppStop, configuration, selection)
    }
}
