//! Approvals: signatures of ssh keys over a plan's digest, and who they count as.
//!
//! There are no identities of our own: `ssh-keygen` signs, with a key in a file or in the agent, and verifies against a file of allowed
//! signers. On a line of that file the first principal is the person, the others are the person's roles.

use std::io::Write;
use std::path::{Path, PathBuf};

use journal::SavedPlan;
use plan::Approver;
use tempfile::NamedTempFile;
use transport::Outcome;

use crate::arguments::Options;
use crate::console::say;
use crate::failure::Failure;
use crate::places::ALLOWED_SIGNERS;

/// What sets these signatures apart from all others that a key makes.
const NAMESPACE: &str = "sextant-plan";

/// The file that says who may approve: one from outside of the project if it is named, else the project's.
pub fn signers(options: &Options, configured: Option<&str>) -> Option<String> {
    let variable = || std::env::var(ALLOWED_SIGNERS).ok().filter(|path| !path.is_empty());
    options.allowed_signers.clone().or_else(variable).or_else(|| configured.map(str::to_string))
}

/// Who approved of a plan. An approval that does not count is told with the reason; it does not take others away.
pub fn approvers(saved: &SavedPlan, signers: Option<&str>) -> Result<Vec<Approver>, Failure> {
    let mut approvers = Vec::new();
    if saved.approvals.is_empty() {
        return Ok(approvers);
    }
    let Some(signers) = signers else {
        let hint = format!(
            "name a file of allowed signers: x-approvals/signers, --allowed-signers, or the variable {ALLOWED_SIGNERS}"
        );
        return Err(Failure::with_hint("the plan was approved, and nothing says who may approve", hint));
    };
    check_readable(signers)?;
    for (place, signature) in saved.approvals.iter().enumerate() {
        match approver(&saved.digest, signature, signers)? {
            Ok(approver) => approvers.push(approver),
            Err(reason) => say(&format!("warning: approval {} does not count: {reason}", place + 1)),
        }
    }
    Ok(approvers)
}

/// Approvers in one line: `ann@example.com (lead), ben@example.com`.
pub fn named(approvers: &[Approver]) -> String {
    let mut names = Vec::new();
    for Approver { person, roles } in approvers {
        let name = if roles.is_empty() { person.clone() } else { format!("{person} ({})", roles.join(", ")) };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// An error if the file that says who may approve cannot be read.
pub fn check_readable(signers: &str) -> Result<(), Failure> {
    let hint = "each of its lines is a person, then roles, then a public key: `ann@example.com,lead ssh-ed25519 AAAA…`";
    let unreadable = |error| Failure::with_hint(format!("the allowed signers {signers} cannot be read: {error}"), hint);
    std::fs::File::open(signers).map(drop).map_err(unreadable)
}

/// Who made a signature over a digest, or why it counts for nobody.
fn approver(digest: &str, signature: &str, signers: &str) -> Result<Result<Approver, String>, Failure> {
    let file = temporary(signature)?;
    let path = file.path().display().to_string();
    let genuine = keygen(&["-Y", "check-novalidate", "-n", NAMESPACE, "-s", &path], digest)?;
    let Some(key) = key_of(&genuine) else {
        return Ok(Err("it is no signature of this very plan: another plan was signed, or it was changed".to_string()));
    };
    let found = keygen(&["-Y", "find-principals", "-f", signers, "-s", &path], digest)?;
    let mut principals = found.stdout.lines().map(str::to_string);
    let Some(person) = principals.next().filter(|_| found.succeeded()) else {
        return Ok(Err(format!("{key} is not among the allowed signers in {signers}")));
    };
    if person.contains(['*', '?', '!']) {
        return Ok(Err(format!("the line of {key} in {signers} begins with `{person}`, which is no person")));
    }
    let verified = keygen(&["-Y", "verify", "-f", signers, "-I", &person, "-n", NAMESPACE, "-s", &path], digest)?;
    if !verified.succeeded() {
        return Ok(Err(format!("{person} may not approve by {signers}: {}", complaint(&verified))));
    }
    Ok(Ok(Approver { person, roles: principals.collect() }))
}

/// Signs a digest: gives the signature, and the key that made it in words.
pub fn sign(digest: &str, named: Option<&str>) -> Result<(String, String), Failure> {
    let key = SigningKey::choose(named)?;
    let signed = keygen(&["-Y", "sign", "-n", NAMESPACE, "-f", &key.path.display().to_string()], digest)?;
    if !signed.succeeded() {
        let hint = "--key FILE names a private key, or a public one whose private half the ssh-agent has (`ssh-add -L` shows them)";
        return Err(Failure::with_hint(format!("{} did not sign: {}", key.words, complaint(&signed)), hint));
    }
    let file = temporary(&signed.stdout)?;
    let path = file.path().display().to_string();
    let made = keygen(&["-Y", "check-novalidate", "-n", NAMESPACE, "-s", &path], digest)?;
    let Some(key) = key_of(&made) else {
        return Err(Failure::message(format!(
            "{} made a signature that does not hold: {}",
            key.words,
            complaint(&made)
        )));
    };
    Ok((signed.stdout, key))
}

/// A key to sign with.
struct SigningKey {
    /// Its file: private, or public where the agent has the private half.
    path: PathBuf,
    /// What it is, in words.
    words: String,
    /// Keeps a file that was made for it.
    _made: Option<NamedTempFile>,
}

impl SigningKey {
    /// The one that was named; else the one that git signs with, the first of the agent, or the usual file.
    fn choose(named: Option<&str>) -> Result<Self, Failure> {
        if let Some(path) = named {
            return Self::of_file(Path::new(path));
        }
        let git = |key: &str| printed("git", &["config", key]).filter(|text| !text.is_empty());
        if let Some(key) = git("user.signingkey") {
            let literal = key.strip_prefix("key::").unwrap_or(&key);
            if is_public_key(literal) {
                return Self::of_agent(literal, "the key of git's user.signingkey");
            }
            if git("gpg.format").as_deref() == Some("ssh") {
                return Self::of_file(&expanded(&key));
            }
        }
        if let Some(key) = printed("ssh-add", &["-L"]).and_then(|keys| keys.lines().next().map(str::to_string))
            && is_public_key(&key)
        {
            return Self::of_agent(&key, "the first key of the ssh-agent");
        }
        let usual = ["id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk", "id_rsa"];
        let files = usual.map(|name| expanded(&format!("~/.ssh/{name}")));
        match files.iter().find(|file| file.exists()) {
            Some(file) => Self::of_file(file),
            None => Err(Failure::with_hint(
                "there is no ssh key to sign with",
                "--key FILE names one; `ssh-keygen -t ed25519` makes one",
            )),
        }
    }

    fn of_file(path: &Path) -> Result<Self, Failure> {
        if let Err(error) = std::fs::File::open(path) {
            let hint = "--key FILE names a private key, or a public one whose private half the ssh-agent has";
            return Err(Failure::with_hint(format!("the key {} cannot be read: {error}", path.display()), hint));
        }
        Ok(Self { path: path.to_path_buf(), words: format!("the key {}", path.display()), _made: None })
    }

    fn of_agent(public: &str, words: &str) -> Result<Self, Failure> {
        let file = temporary(&format!("{public}\n"))?;
        Ok(Self { path: file.path().to_path_buf(), words: words.to_string(), _made: Some(file) })
    }
}

/// Whether a text is a public key as ssh writes it.
fn is_public_key(text: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|kind| text.starts_with(kind)) && text.contains(" AAAA")
}

/// A path of the user's, whose home may stand as `~`.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// What a program prints, without the last line break; nothing if it fails.
fn printed(program: &str, words: &[&str]) -> Option<String> {
    let outcome = transport::capture(program, words, Path::new("."), &[]).ok()?;
    outcome.succeeded().then(|| outcome.stdout.trim_end().to_string())
}

/// Runs ssh-keygen on a digest.
fn keygen(words: &[&str], digest: &str) -> Result<Outcome, Failure> {
    Ok(transport::feed("ssh-keygen", words, Path::new("."), &[], digest.as_bytes())?)
}

/// The key of a signature that holds: `ED25519 key SHA256:…`.
fn key_of(checked: &Outcome) -> Option<String> {
    let (_, key) = checked.stdout.trim_end().split_once(" signature with ").filter(|_| checked.succeeded())?;
    Some(format!("the {key}"))
}

/// What ssh-keygen complained about.
fn complaint(outcome: &Outcome) -> String {
    let mut lines = outcome.stderr.lines().filter(|line| !line.starts_with("Signing data") && !line.trim().is_empty());
    let last = lines.next_back().map(|line| plan::texts::one_line(line).trim().to_string());
    last.unwrap_or_else(|| format!("ssh-keygen ended with exit code {}", outcome.exit))
}

/// A file with a text, gone when it is dropped.
fn temporary(text: &str) -> Result<NamedTempFile, Failure> {
    let made = NamedTempFile::new().and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
    made.map_err(|error| Failure::message(format!("a temporary file cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use configuration::{Filter, Selection, Sources};
    use plan::{Basis, Facts, Intent, Plan, Run};

    use super::*;

    const PROJECT: &str = "
service: shop
image: acme/shop
servers: [a]
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

    /// A folder with keys, and a plan that waits for approval.
    struct Rig {
        folder: tempfile::TempDir,
        saved: SavedPlan,
    }

    impl Rig {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a folder"), saved: saved("v1") }
        }

        fn path(&self, name: &str) -> String {
            self.folder.path().join(name).display().to_string()
        }

        /// Makes a key; gives the public half.
        fn key(&self, name: &str) -> String {
            let path = self.path(name);
            let words = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &path];
            let made = transport::capture("ssh-keygen", &words, Path::new("/"), &[]).expect("ssh-keygen is installed");
            assert!(made.succeeded(), "{}", made.stderr);
            std::fs::read_to_string(format!("{path}.pub")).expect("the public half").trim().to_string()
        }

        /// Writes the allowed signers.
        fn signers(&self, lines: &[String]) -> String {
            std::fs::write(self.path("signers"), lines.join("\n") + "\n").expect("a file");
            self.path("signers")
        }

        fn approve(&mut self, key: &str) {
            let (signature, _) = sign(&self.saved.digest, Some(&self.path(key))).map_err(told).expect("it signs");
            self.saved.approvals.push(signature);
        }
    }

    fn saved(version: &str) -> SavedPlan {
        let base = configuration::Source { path: "deploy.yml".into(), text: PROJECT.into() };
        let sources = Sources { base, overlay: None, destination: None };
        let configuration = configuration::load(&sources).expect("the project is valid");
        let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
        let run = Run::sample(Intent::AppStop, configuration, selection);
        let plan = Plan { version: version.to_string(), ..Plan::default() };
        SavedPlan::new("test", plan, Basis { run, facts: Facts::default() })
    }

    fn told(failure: Failure) -> String {
        match failure {
            Failure::Message { text, hint } => [Some(text), hint].into_iter().flatten().collect::<Vec<_>>().join(" | "),
            _ => "another failure".to_string(),
        }
    }

    /// Who a signature counts as, or why it does not.
    #[track_caller]
    fn counts(rig: &Rig, digest: &str, signers: &str, expected: Result<(&str, &[&str]), &str>) {
        let signature = rig.saved.approvals.last().expect("there is one");
        let found = approver(digest, signature, signers).map_err(told).expect("ssh-keygen runs");
        match (found, expected) {
            (Ok(approver), Ok((person, roles))) => {
                assert_eq!(approver.person, person);
                assert_eq!(approver.roles, roles);
            }
            (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn whoever_is_listed_counts_with_the_roles_of_the_line() {
        let mut rig = Rig::new();
        let (ann, bob) = (rig.key("ann"), rig.key("bob"));
        let signers = rig.signers(&[format!("ann@x.org,lead,ops {ann}"), format!("bob@x.org {bob}")]);
        rig.approve("ann");
        counts(&rig, &rig.saved.digest, &signers, Ok(("ann@x.org", &["lead", "ops"])));
        rig.approve("bob");
        counts(&rig, &rig.saved.digest, &signers, Ok(("bob@x.org", &[])));
        let approvers = approvers(&rig.saved, Some(&signers)).map_err(told).expect("both count");
        assert_eq!(
            approvers.iter().map(|approver| approver.person.as_str()).collect::<Vec<_>>(),
            ["ann@x.org", "bob@x.org"]
        );
    }

    #[test]
    fn an_approval_of_another_plan_does_not_count() {
        let mut rig = Rig::new();
        let signers = rig.signers(&[format!("ann@x.org,lead {}", rig.key("ann"))]);
        rig.approve("ann");
        let wrong = Err("it is no signature of this very plan");
        counts(&rig, &saved("v2").digest, &signers, wrong);
        // Copied into the file of another plan, it counts for nobody either.
        let other = SavedPlan { approvals: rig.saved.approvals.clone(), ..saved("v2") };
        assert_eq!(approvers(&other, Some(&signers)).map_err(told), Ok(Vec::new()));
    }

    #[test]
    fn a_signature_that_was_changed_or_made_for_something_else_does_not_count() {
        let mut rig = Rig::new();
        let signers = rig.signers(&[format!("ann@x.org,lead {}", rig.key("ann"))]);
        let (digest, wrong) = (rig.saved.digest.clone(), Err("it is no signature of this very plan"));
        rig.approve("ann");
        let signature = rig.saved.approvals[0].clone();
        rig.saved.approvals.push(signature.replacen("AAAA", "AAAB", 1));
        counts(&rig, &digest, &signers, wrong);
        rig.saved.approvals.push("no signature".to_string());
        counts(&rig, &digest, &signers, wrong);
        let words = ["-Y", "sign", "-n", "git", "-f", &rig.path("ann")];
        rig.saved.approvals.push(keygen(&words, &digest).map_err(told).expect("it signs").stdout);
        counts(&rig, &digest, &signers, wrong);
    }

    #[test]
    fn a_key_that_nobody_listed_does_not_count() {
        let mut rig = Rig::new();
        let (ann, eve) = (rig.key("ann"), rig.key("eve"));
        let signers = rig.signers(&[format!("ann@x.org,lead {ann}")]);
        rig.approve("eve");
        counts(&rig, &rig.saved.digest, &signers, Err("is not among the allowed signers"));
        let signers = rig.signers(&[format!("*@x.org,lead {eve}")]);
        counts(&rig, &rig.saved.digest, &signers, Err("begins with `*@x.org`, which is no person"));
        let signers = rig.signers(&[format!("eve@x.org valid-before=\"20200101\" {eve}")]);
        let found = approver(&rig.saved.digest, &rig.saved.approvals[0], &signers).map_err(told).expect("it runs");
        assert!(found.is_err(), "an expired key counts: {found:?}");
        let signers = rig.signers(&[format!("eve@x.org namespaces=\"git\" {eve}")]);
        let found = approver(&rig.saved.digest, &rig.saved.approvals[0], &signers).map_err(told).expect("it runs");
        assert!(found.is_err(), "a key for commits counts: {found:?}");
    }

    #[test]
    fn approvals_without_anybody_who_may_give_them_are_an_error() {
        let mut rig = Rig::new();
        rig.key("ann");
        assert_eq!(approvers(&rig.saved, None).map_err(told), Ok(Vec::new()), "there is nothing to check");
        rig.approve("ann");
        let error = approvers(&rig.saved, None).map_err(told).expect_err("nobody is named");
        assert!(error.starts_with("the plan was approved, and nothing says who may approve | "), "{error}");
        let error = approvers(&rig.saved, Some("/nowhere/signers")).map_err(told).expect_err("it is not there");
        assert!(error.starts_with("the allowed signers /nowhere/signers cannot be read: "), "{error}");
    }

    #[test]
    fn a_key_that_cannot_sign_is_told_with_a_hint() {
        let rig = Rig::new();
        let public = rig.key("ann");
        std::fs::remove_file(rig.path("ann")).expect("the private half goes");
        let error = sign("digest", Some(&rig.path("ann.pub"))).map(drop).map_err(told).expect_err("nobody can sign");
        assert!(error.contains("did not sign: ") && error.contains("ssh-add -L"), "{error}");
        let error = sign("digest", Some(&rig.path("nobody"))).map(drop).map_err(told).expect_err("there is no key");
        assert!(error.contains("cannot be read"), "{error}");
        assert!(is_public_key(&public) && !is_public_key("~/.ssh/id_ed25519"));
    }
}
