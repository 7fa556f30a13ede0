//! Everything a subcommand works with: the project, its run, the plugins, the machines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use configuration::{Configuration, ConfigurationError, Secrets, SshLogLevel};
use journal::{Journal, SavedPlan};
use lifecycle::{Events, LifecycleError, Operation, Settled};
use plan::{Basis, HookError, Intent, Interrupted, LockWait, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};
use tokio::signal::unix::{SignalKind, signal};
use transport::{Interrupt, Interrupts, LogLevel, Machines, Notices, SecretValues, SshSettings};

use crate::arguments::Options;
use crate::deeds::Host;
use crate::failure::Failure;
use crate::outside::{KnownSecrets, Operator};
use crate::project::{Project, Substitution};
use crate::record::recorded;
use crate::report::policy_line;
use crate::style::Style;
use crate::{policies, runs, templates};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What Kamal says about a key that stands in the configuration.
const INLINE_KEY: &str =
    "Inline key_data usage is deprecated and will be removed in Kamal 3. Please store your key_data in a secret.";

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

/// Loads builtins and the project's plugins.
pub fn catalogue(project: &Project, options: &Options) -> Result<Catalogue, Failure> {
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let own = crate::plugins::components(project, options)?;
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    if !options.quiet {
        own.iter().for_each(|(plugin, component)| announce(&plugin.name, component, cache.as_ref()));
    }
    let outside = own.iter().filter_map(|(plugin, _)| Some((plugin.name.clone(), plugin.folder.clone()?)));
    let folders: BTreeMap<String, String> = outside.collect();
    let catalogue =
        Catalogue::load(&builtins, own, Limits::default(), cache.as_ref()).map_err(|error| match &error {
            HookError::Load { plugin, .. } if folders.contains_key(plugin) => {
                let hint = format!("take it out of {}, or put another there", folders[plugin]);
                Failure::with_hint(error.to_string(), hint)
            }
            HookError::Settings { plugin, .. } if folders.contains_key(plugin) => {
                let hint = format!("nothing was touched; correct its `with` in {}/policies.yml", folders[plugin]);
                Failure::with_hint(error.to_string(), hint)
            }
            _ => error.into(),
        })?;
    policies::check_overrides(options, &catalogue)?;
    if options.verbose {
        for load in catalogue.loads() {
            let how = if load.compiled { "compiled" } else { "loaded from the cache" };
            let hooks = catalogue.hooks_of(&load.plugin).join(", ");
            crate::report::say(&format!(
                "Plugin {} ({hooks}) {how} in {:.1} ms",
                load.plugin,
                load.took.as_secs_f64() * 1e3
            ));
        }
    }
    Ok(catalogue)
}

/// Says that a component is about to be compiled, where that takes seconds: those of JavaScript and Python bring a whole interpreter.
fn announce(name: &str, component: &[u8], cache: Option<&Cache>) {
    const LARGE: usize = 2 << 20;
    if component.len() > LARGE && !cache.is_some_and(|cache| cache.holds(component)) {
        crate::report::say(&format!("Compiling {name} once, {} MiB", component.len() >> 20));
    }
}

/// The user's own folder for what can be made again.
pub fn cache_directory() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(base.join("sextant"))
}

/// The machines of a project, not connected yet.
pub fn machines(project: &Project, secrets: &Secrets) -> Machines {
    let mut values: SecretValues = project.configuration.literals.clone();
    values.extend(secrets.iter().map(|(name, value)| (name.to_string(), value.clone())));
    let mut settings = ssh_settings(project);
    settings.key_data =
        project.configuration.ssh.key_data.iter().filter_map(|name| values.get(name).cloned()).collect();
    let machines = Machines::new(&project.directory, settings, values).with_environment(project.children.environment());
    match cache_directory() {
        Some(folder) => machines.keeping_images_in(folder.join("images")),
        None => machines,
    }
}

/// Refuses to look for hosts behind a port that nobody filled in.
pub fn require_port(project: &Project) -> Result<(), Failure> {
    let Configuration { ssh, document, .. } = &project.configuration;
    if ssh.port_number().is_some() {
        return Ok(());
    }
    let error = ConfigurationError::configuration("ssh/port: should be a port number");
    Err(project.wrong(error.at_node(document.pointer("/ssh/port"))))
}

/// How the project's hosts are reached, but for keys that are secrets.
fn ssh_settings(project: &Project) -> SshSettings {
    let Configuration { ssh, sshkit, .. } = &project.configuration;
    if ssh.key_data.iter().any(|name| project.configuration.literals.contains_key(name)) {
        crate::report::say(INLINE_KEY);
    }
    // A path is the project's unless it says otherwise; ssh would look in ~/.ssh.
    let path = |path: &String| if path.starts_with('~') { path.into() } else { project.directory.join(path) };
    let usual = ["~/.ssh/config", "/etc/ssh_config", "/etc/ssh/ssh_config", ".ssh/config"].map(String::from);
    SshSettings {
        user: Some(ssh.user.clone()),
        port: ssh.port_number(),
        proxy_jump: ssh.proxy.clone(),
        proxy_command: ssh.proxy_command.clone(),
        keys: ssh.keys.iter().map(PathBuf::from).collect(),
        keys_only: ssh.keys_only,
        config_files: Some(ssh.config.as_deref().unwrap_or(&usual).iter().map(path).collect()),
        forward_agent: ssh.forward_agent,
        connect_timeout: CONNECT_TIMEOUT,
        concurrent_starts: usize::try_from(sshkit.max_concurrent_starts).unwrap_or(usize::MAX),
        idle_timeout: Duration::from_secs(sshkit.pool_idle_timeout),
        dns_retries: u32::try_from(sshkit.dns_retries).unwrap_or(u32::MAX),
        log_level: match ssh.log_level {
            SshLogLevel::Nothing => LogLevel::Nothing,
            SshLogLevel::Warnings => LogLevel::Warnings,
            SshLogLevel::Everything => LogLevel::Everything,
        },
        notices: Notices::to(|line| crate::report::say(&format!("  WARN {line}"))),
        ..SshSettings::default()
    }
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
                        crate::report::say("Interrupted: stopping after the running step; again to stop now");
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
    perform_run(project, options, Arc::new(run), &secrets, None)
}

/// Performs a run, or exactly a plan of it that was made before.
pub fn perform_run(
    project: &Project,
    options: &Options,
    run: Arc<Run>,
    secrets: &Secrets,
    exactly: Option<&Settled>,
) -> Result<(), Failure> {
    let known = known(secrets);
    let lookup = lookup(project, known.clone());
    let (catalogue, record) = recorded(catalogue(project, options)?, options, known.clone())?;
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
        performed.map_err(|error| failed(project, error)).and(written)
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
    plan_run(project, options, Arc::new(run), &secrets, look, None)
}

/// Makes the plan of a run without carrying it out; with a plan that was made before, finds out whether that would be carried out.
pub fn plan_run(
    project: &Project,
    options: &Options,
    run: Arc<Run>,
    secrets: &Secrets,
    look: Look,
    exactly: Option<&Settled>,
) -> Result<Planned, Failure> {
    let known = known(secrets);
    let lookup = lookup(project, known.clone());
    let (catalogue, record) = recorded(catalogue(project, options)?, options, known.clone())?;
    let deeds = deeds(project, &run, &catalogue, known);
    let told = |event: lifecycle::Event<'_>| {
        let line = policy_line(Style::for_stderr(), event).filter(|_| !options.quiet);
        line.iter().for_each(|line| crate::report::say(line));
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
