//! From what a subcommand asks for to its run, the run's plan, and what came of carrying it out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use configuration::{ConfigurationError, Secrets};
use journal::{Journal, SavedPlan};
use lifecycle::{Events, LifecycleError, Operation, Settled};
use plan::{Basis, Intent, Interrupted, LockWait, Run};
use plugin_runtime::Catalogue;
use tokio::signal::unix::{SignalKind, signal};
use transport::{Interrupt, Interrupts, SecretValues};

use crate::arguments::Options;
use crate::catalogue::catalogue;
use crate::deeds::Host;
use crate::failure::Failure;
use crate::machines::{machines, require_port};
use crate::outside::{KnownSecrets, Operator};
use crate::project::{Project, Substitution};
use crate::record::recorded;
use crate::report::policy_line;
use crate::style::Style;
use crate::{policies, runs, templates};

/// The hook script that runs before the first connection.
const PRE_CONNECT: &str = "pre-connect";

/// What a run is asked to do, before the project is known.
pub struct Request {
    /// What is to be done.
    pub intent: Intent,
    /// Its words: `["app", "stop"]`.
    pub words: Vec<String>,
    /// The version it is about, where that is not the one from git.
    pub version: Option<Version>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// The run that is taken up or undone, with the version that the project had when it began.
    pub takes_up: Option<(Interrupted, String)>,
}

impl Default for Request {
    /// Asks for nothing.
    fn default() -> Self {
        Self { intent: Intent::Look, words: Vec::new(), version: None, no_cache: false, takes_up: None }
    }
}

/// A version that is not the one from git.
pub enum Version {
    /// This one.
    Exactly(String),
    /// The image tagged latest, unless `--version` says otherwise.
    Latest,
}

/// The run of a request on a project.
pub fn run(project: &Project, options: &Options, request: Request, secrets: &Secrets) -> Result<Run, Failure> {
    let checkout = project.checkout();
    let named = request.version.map(|version| match version {
        Version::Exactly(version) => version,
        Version::Latest => options.version.clone().unwrap_or_else(|| project.configuration.latest_tag()),
    });
    let (takes_up, recorded) = request.takes_up.unzip();
    let own_version = match (recorded.map_or_else(|| version(project, options), Ok), &named) {
        // Whoever names a version does not need git.
        (Err(_), Some(named)) => named.clone(),
        (own, _) => own?,
    };
    let version = named.unwrap_or_else(|| own_version.clone());
    let mut hook_scripts = if options.skip_hooks { BTreeSet::new() } else { project.hook_scripts()? };
    if project.connected.load(Ordering::Relaxed) {
        hook_scripts.remove(PRE_CONNECT);
    }
    let user = || project.git(&["config", "user.email"]).or_else(|| std::env::var("USER").ok());
    let now = jiff::Timestamp::now();
    let uploads = request.intent.uploads_files();
    let rendered = if uploads { templates::rendered(project, options)? } else { BTreeMap::new() };
    let run = Run {
        intent: request.intent,
        subcommand: request.words,
        configuration: project.configuration.clone(),
        selection: project.selection.clone(),
        roles_option: (!options.roles.is_empty()).then(|| options.roles.join(",")),
        own_version,
        version,
        checkout,
        clones: clones(project),
        operator: project
            .git(&["config", "user.name"])
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "Unknown".into()),
        performer: user().unwrap_or_else(|| "unknown".into()),
        started_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        started: u64::try_from(now.as_second()).unwrap_or_default(),
        seed: format!("{} {}", now.as_nanosecond(), std::process::id()),
        hook_scripts,
        error_pages: project.error_pages()?,
        secret_names: secrets.names().map(str::to_string).collect(),
        no_cache: request.no_cache,
        lock_inherited: std::env::var("KAMAL_LOCK").is_ok_and(|value| value == "true"),
        lock_wait: options
            .lock_wait
            .then_some(LockWait { timeout: options.lock_wait_timeout, interval: options.lock_wait_interval }),
        rendered,
        takes_up,
        overrides: policies::overrides(options)?,
    };
    plan::refuse(&run).map_err(|error| failed(project, error.into()))?;
    Ok(run)
}

/// A run as if it began now.
pub fn at_present(run: &Run) -> Run {
    let now = jiff::Timestamp::now();
    let started = u64::try_from(now.as_second()).unwrap_or_default();
    Run { started_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), started, ..run.clone() }
}

/// `--version`, the variable `VERSION`, or the commit; marked when files that are built differ from it.
pub fn version(project: &Project, options: &Options) -> Result<String, Failure> {
    if let Some(version) =
        options.version.clone().or_else(|| std::env::var("VERSION").ok().filter(|text| !text.is_empty()))
    {
        return Ok(version);
    }
    let Some(checkout) = project.checkout() else {
        let here = project.directory.display();
        let (lacks, hint) = match project.git(&["rev-parse", "--git-dir"]) {
            Some(_) => ("the git repository has no commit", "commit, or name a version with --version"),
            None => ("no git repository found", "name a version with --version"),
        };
        return Err(Failure::with_hint(format!("Can't use commit hash as version, {lacks} in {here}"), hint));
    };
    if project.configuration.builder.context.is_none() || checkout.changes.is_empty() {
        return Ok(checkout.revision);
    }
    let mark = format!("{:016x}", jiff::Timestamp::now().as_nanosecond() as u64);
    Ok(format!("{}_uncommitted_{mark}", checkout.revision))
}

/// Kamal's folder for clean clones of this project.
fn clones(project: &Project) -> String {
    let place = project.directory.display().to_string();
    let mark = plan::digest(&place);
    let name = format!("{}-{}", project.configuration.service, &mark[..13]);
    std::env::temp_dir().join("kamal-clones").join(name).display().to_string()
}

/// Runs the hook script pre-connect, if there is one and it has not run yet, for a subcommand that plans nothing.
pub fn connect(project: &Project, options: &Options) -> Result<(), Failure> {
    if options.skip_hooks
        || project.connected.swap(true, Ordering::Relaxed)
        || !project.hook_scripts()?.contains(PRE_CONNECT)
    {
        return Ok(());
    }
    require_port(project)?;
    let secrets = project.secrets(Substitution::Run)?;
    let request = Request { intent: Intent::Look, words: options.path.clone(), ..Request::default() };
    let mut run = run(project, options, request, &secrets)?;
    run.hook_scripts.insert(PRE_CONNECT.to_string());
    let events = crate::report::terminal(options, &run);
    runtime()?.block_on(async {
        let machines = machines(project, &secrets);
        let connected = lifecycle::connect(&Arc::new(run), &machines, &*events, &interrupts()).await;
        transport::Transport::close(&machines).await;
        connected.map_err(|error| failed(project, error))
    })
}

/// A runtime for work on machines.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("threads cannot be started: {error}")))
}

/// A switch that Ctrl-C and SIGTERM raise: the first lets the running step end, the second does not.
pub fn interrupts() -> Interrupts {
    let interrupts = Interrupts::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let raised = interrupts.clone();
        let Ok(mut stream) = signal(kind) else { continue };
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                match raised.level() {
                    Interrupt::None => {
                        crate::console::say("Interrupted: stopping after the running step; again to stop now");
                        raised.raise(Interrupt::Gentle);
                    }
                    _ => raised.raise(Interrupt::Now),
                }
            }
        });
    }
    interrupts
}

/// Performs a request from the first look to the last step.
pub fn perform(project: &Project, options: &Options, request: Request) -> Result<(), Failure> {
    require_port(project)?;
    let secrets = project.secrets(Substitution::NamesOnly)?;
    let run = run(project, options, request, &secrets)?;
    perform_run(project, options, catalogue(project, options)?, Arc::new(run), &secrets, None)
}

/// Performs a run, or exactly a plan of it that was made before.
pub fn perform_run(
    project: &Project,
    options: &Options,
    catalogue: Catalogue,
    run: Arc<Run>,
    secrets: &Secrets,
    exactly: Option<&Settled>,
) -> Result<(), Failure> {
    let known = known(secrets);
    let lookup = lookup(project, known.clone());
    let (catalogue, record) = recorded(catalogue, options, known.clone())?;
    let deeds = deeds(project, &run, &catalogue, known);
    let events = crate::report::events(options, project, &run)?;
    let journal = runs::begin(project, &run)?;
    runtime()?.block_on(async {
        let machines = machines(project, secrets);
        let interrupts = interrupts();
        let operation = Operation {
            run,
            transport: &machines,
            hooks: &catalogue,
            secrets,
            lookup: &lookup,
            deeds: &deeds,
            journal: &journal,
            events: &*events,
            interrupts: &interrupts,
            exactly,
        };
        let performed = operation.perform().await;
        transport::Transport::close(&machines).await;
        let written = record.write();
        let ended = performed.map_err(|error| match error {
            LifecycleError::Interrupted if journal.has_sent() => Failure::Interrupted,
            error => failed(project, error),
        });
        ended.and(written)
    })
}

/// A plan that is only shown.
pub struct Planned {
    /// The plan, with what it was made from.
    pub saved: SavedPlan,
    /// Why policies would not let it be carried out.
    pub denied: Option<LifecycleError>,
}

/// Makes the plan of a request without carrying it out.
pub fn plan(project: &Project, options: &Options, request: Request, look: Look) -> Result<Planned, Failure> {
    if look != Look::Offline {
        require_port(project)?;
    }
    let secrets = project.secrets(match look {
        Look::Offline => Substitution::Offline,
        Look::AtHosts | Look::AfterPreConnect => Substitution::NamesOnly,
    })?;
    let run = run(project, options, request, &secrets)?;
    plan_run(project, options, catalogue(project, options)?, Arc::new(run), &secrets, look, None)
}

/// Makes the plan of a run without carrying it out; with a plan that was made before, finds out whether that would be carried out.
pub fn plan_run(
    project: &Project,
    options: &Options,
    catalogue: Catalogue,
    run: Arc<Run>,
    secrets: &Secrets,
    look: Look,
    exactly: Option<&Settled>,
) -> Result<Planned, Failure> {
    let known = known(secrets);
    let lookup = lookup(project, known.clone());
    let (catalogue, record) = recorded(catalogue, options, known.clone())?;
    let deeds = deeds(project, &run, &catalogue, known);
    let told = |event: lifecycle::Event<'_>| {
        let line = policy_line(Style::for_stderr(), event).filter(|_| !options.quiet);
        line.iter().for_each(|line| crate::console::say(line));
    };
    let events: &dyn Events = &told;
    runtime()?.block_on(async {
        let machines = machines(project, secrets);
        let interrupts = interrupts();
        let operation = Operation {
            run: run.clone(),
            transport: &machines,
            hooks: &catalogue,
            secrets,
            lookup: &lookup,
            deeds: &deeds,
            journal: &Journal::nowhere(),
            events,
            interrupts: &interrupts,
            exactly,
        };
        let planned = async {
            if look != Look::Offline {
                operation.foresee()?;
            }
            if look == Look::AfterPreConnect {
                operation.connect().await?;
            }
            let facts = if look == Look::Offline { plan::Facts::default() } else { operation.observe().await? };
            let plan = operation.plan_to_carry_out(&facts)?;
            let denied = match operation.review(&plan, &facts) {
                Err(error @ LifecycleError::DeniedByPolicy(_)) => Some(error),
                reviewed => reviewed.map(|()| None)?,
            };
            let basis = Basis { run: Run::clone(&run), facts };
            Ok(Planned { saved: SavedPlan::new(env!("CARGO_PKG_VERSION"), plan, basis), denied })
        }
        .await;
        transport::Transport::close(&machines).await;
        let written = record.write();
        planned.map_err(|error| failed(project, error)).and_then(|plan| written.map(|()| plan))
    })
}

/// What on the hosts differs from the configuration of a project that has these destinations.
pub fn drift(project: &Project, options: &Options, destinations: &[String]) -> Result<Vec<plan::Drift>, Failure> {
    connect(project, options)?;
    require_port(project)?;
    let secrets = project.secrets(Substitution::NamesOnly)?;
    let known = known(&secrets);
    let lookup = lookup(project, known.clone());
    let words = options.path.clone();
    let request = Request { intent: Intent::Drift, words, version: Some(Version::Latest), ..Request::default() };
    let run = Arc::new(run(project, options, request, &secrets)?);
    let catalogue = catalogue(project, options)?;
    let deeds = deeds(project, &run, &catalogue, known);
    let silent = |_: lifecycle::Event<'_>| {};
    runtime()?.block_on(async {
        let machines = machines(project, &secrets);
        let interrupts = interrupts();
        let operation = Operation {
            run: run.clone(),
            transport: &machines,
            hooks: &catalogue,
            secrets: &secrets,
            lookup: &lookup,
            deeds: &deeds,
            events: &silent,
            interrupts: &interrupts,
            journal: &Journal::nowhere(),
            exactly: None,
        };
        let observed = operation.observe().await;
        transport::Transport::close(&machines).await;
        let found = observed.and_then(|facts| {
            let facts = Arc::new(facts);
            Ok(tokio::task::block_in_place(|| plan::drift(&run, &facts, &catalogue, Some(destinations)))?)
        });
        found.map_err(|error| failed(project, error))
    })
}

/// Values that take no command.
fn known(secrets: &Secrets) -> KnownSecrets {
    let values = secrets.iter().map(|(name, value)| (name.to_string(), value.clone()));
    Arc::new(Mutex::new(values.collect()))
}

/// Looks the project's secrets up when it is first called; later calls have nothing to add.
fn lookup(project: &Project, known: KnownSecrets) -> impl Fn() -> Result<SecretValues, ConfigurationError> + Sync {
    let asked = AtomicBool::new(false);
    move || match asked.swap(true, Ordering::Relaxed) {
        false => {
            let values = project.look_up_secrets()?;
            known.lock().unwrap_or_else(PoisonError::into_inner).extend(values.clone());
            Ok(values)
        }
        true => Ok(SecretValues::new()),
    }
}

/// What the host does itself in a run.
fn deeds<'a>(project: &Project, run: &Arc<Run>, catalogue: &'a Catalogue, known: KnownSecrets) -> Host<'a> {
    let outside = Operator::with_secrets(project.directory.clone(), known.clone());
    Host {
        run: run.clone(),
        plugins: catalogue.acting(Arc::new(outside)),
        project: project.directory.clone(),
        home: std::env::var_os("HOME").map(PathBuf::from),
        secrets: known,
    }
}

/// What a plan is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What the hosts tell.
    AtHosts,
    /// What the hosts tell, after the hook script pre-connect ran.
    AfterPreConnect,
    /// Nothing: hosts with nothing but docker are assumed.
    Offline,
}

/// A run's failure, with the texts that errors about the configuration show.
pub fn failed(project: &Project, error: LifecycleError) -> Failure {
    Failure::Lifecycle { error, sources: project.sources.clone() }
}
