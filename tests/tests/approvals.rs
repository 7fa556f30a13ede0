//! `sextant approve`: plans in files, signed by keys in files and in an agent.

use std::path::Path;
use std::process::{Command, Output};

use configuration::{Filter, Selection, Source, Sources};
use journal::SavedPlan;
use plan::{Basis, Facts, Intent, Plan, Run};
use tempfile::TempDir;
use tests::sextant;

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [a]
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

/// An operator with a home of his own and a plan in a file.
struct Operator(TempDir);

impl Operator {
    fn new() -> Self {
        let operator = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(operator.0.path().join(".ssh")).expect("a folder");
        std::fs::write(operator.0.path().join("plan.json"), saved().text()).expect("a file");
        operator
    }

    /// Makes a key.
    fn key(&self, name: &str) {
        let path = self.0.path().join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
        assert!(made.expect("ssh-keygen is installed").success());
    }

    fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(sextant());
        command.args(words).current_dir(self.0.path()).env("HOME", self.0.path()).env_remove("SSH_AUTH_SOCK");
        command.env("GIT_CONFIG_GLOBAL", self.0.path().join("gitconfig")).env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.envs(variables.iter().copied()).output().expect("sextant starts")
    }

    fn approve(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(&[&["approve", "plan.json"], words].concat(), &[]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn plan(&self) -> SavedPlan {
        let path = Path::new("plan.json");
        let text = std::fs::read_to_string(self.0.path().join(path)).expect("the plan is there");
        SavedPlan::parse(path, &text).expect("it is as it was made")
    }
}

fn saved() -> SavedPlan {
    let base = Source { path: "deploy.yml".into(), text: PROJECT.into() };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let basis = Basis { run: Run::sample(Intent::AppStop, configuration, selection), facts: Facts::default() };
    let plan = Plan { subcommand: "app stop".into(), service: "shop".into(), version: "v1".into(), ..Plan::default() };
    SavedPlan::new("0.1.0", plan, basis)
}

#[test]
fn an_approval_is_added_to_the_file_and_nothing_else_changes() {
    let operator = Operator::new();
    ["ann", "bob"].into_iter().for_each(|name| operator.key(name));
    let digest = operator.plan().digest;
    let (code, said) = operator.approve(&["--key", "ann"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with(&format!("Approved: app stop shop v1, digest {digest}\nSigned with the ED25519 key SHA256:")),
        "{said}"
    );
    assert_eq!(operator.approve(&["--key", "bob"]).0, Some(0));
    let plan = operator.plan();
    assert_eq!((plan.digest.as_str(), plan.approvals.len()), (digest.as_str(), 2));
    assert!(plan.approvals.iter().all(|approval| approval.starts_with("-----BEGIN SSH SIGNATURE-----\n")));
    let (code, said) = operator.approve(&["--key", "ann"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("Approved already: "), "{said}");
    assert_eq!(operator.plan().approvals.len(), 2);
    let output = operator.run(&["approve", "plan.json", "--key", "bob", "--output", "json"], &[]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&object["approved"], &object["new"]), (&digest.into(), &false.into()));
}

#[test]
fn whoever_approves_is_told_whether_it_counts() {
    let operator = Operator::new();
    ["ann", "eve"].into_iter().for_each(|name| operator.key(name));
    let public = std::fs::read_to_string(operator.0.path().join("ann.pub")).expect("the public half");
    std::fs::write(operator.0.path().join("signers"), format!("ann@x.org,lead,ops {public}")).expect("a file");
    let (_, said) = operator.approve(&["--key", "eve", "--allowed-signers", "signers"]);
    assert!(said.contains("warning: approval 1 does not count: the ED25519 key SHA256:"), "{said}");
    assert!(said.ends_with("Approved by nobody, as signers has them\n"), "{said}");
    // The project's own file counts where none is named from outside.
    std::fs::create_dir_all(operator.0.path().join("config")).expect("a folder");
    let project = format!("{PROJECT}x-approvals: {{ signers: signers }}\n");
    std::fs::write(operator.0.path().join("config/deploy.yml"), project).expect("a file");
    let (_, said) = operator.approve(&["--key", "ann"]);
    assert!(said.ends_with("Approved by ann@x.org (lead, ops), as signers has them\n"), "{said}");
    let (_, said) = operator.approve(&["--key", "ann", "--allowed-signers", "/nowhere"]);
    assert!(said.contains("error: the allowed signers /nowhere cannot be read"), "{said}");
}

#[test]
fn the_key_is_that_of_git_else_one_that_is_at_hand() {
    let operator = Operator::new();
    let (code, said) = operator.approve(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("error: there is no ssh key to sign with\nhint: --key FILE names one"), "{said}");
    operator.key(".ssh/id_ed25519");
    assert_eq!(operator.approve(&[]).0, Some(0));
    operator.key("signing");
    std::fs::write(operator.0.path().join("gitconfig"), "[gpg]\nformat = ssh\n[user]\nsigningkey = ~/signing\n")
        .expect("a file");
    let (code, said) = operator.approve(&[]);
    assert_eq!((code, operator.plan().approvals.len()), (Some(0), 2), "{said}");
}

#[test]
fn a_key_of_the_agent_signs() {
    let operator = Operator::new();
    operator.key("ann");
    let script = format!("ssh-add -q ann && rm ann && exec {} approve plan.json", sextant().display());
    let output = Command::new("ssh-agent")
        .args(["sh", "-c", &script])
        .current_dir(operator.0.path())
        .env("HOME", operator.0.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("ssh-agent is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(operator.plan().approvals.len(), 1);
}

#[test]
fn what_was_changed_after_it_was_made_is_not_approved() {
    let operator = Operator::new();
    operator.key("ann");
    let path = operator.0.path().join("plan.json");
    let text = std::fs::read_to_string(&path).expect("the plan is there");
    std::fs::write(&path, text.replacen("\"v1\"", "\"v2\"", 1)).expect("a file");
    let (code, said) = operator.approve(&["--key", "ann"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("the plan in plan.json was changed after it was made"), "{said}");
    std::fs::write(&path, "{}").expect("a file");
    let (_, said) = operator.approve(&["--key", "ann"]);
    assert!(
        said.contains("plan.json is no saved plan") && said.contains("hint: `sextant plan … --out FILE` writes one"),
        "{said}"
    );
}

#[test]
fn hook_scripts_find_the_folder_and_the_signers_that_were_named() {
    let operator = Operator::new();
    let file = |path: &str, text: &str| {
        let path = operator.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    file("config/deploy.yml", PROJECT);
    file(".kamal/secrets", "A=$(printenv SEXTANT_POLICY_DIR)\nB=$(printenv SEXTANT_ALLOWED_SIGNERS)\n");
    let words = ["secrets", "print", "--policy-dir", "../policies", "--allowed-signers", "signers"];
    let output = operator.run(&words, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let whole =
        |path: &str| std::path::absolute(operator.0.path().join(path)).expect("it is a path").display().to_string();
    assert_eq!(said, format!("A={}\nB={}\n", whole("../policies"), whole("signers")));
}
