//! The example `ecr` against moto's server, which plays AWS: with signatures checked and with accounts that may do nothing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::project::Project;

const SERVER: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// How many actions moto takes without a look at their signature where it checks them: those of [`ACCOUNTS`].
const UNCHECKED: u32 = 6;

/// Makes a user who may use ECR, and a role that may as well and is assumed.
const ACCOUNTS: &str = r#"
import json
iam, sts = client("iam"), client("sts")
may = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]})
iam.create_user(UserName="deployer")
iam.put_user_policy(UserName="deployer", PolicyName="ecr", PolicyDocument=may)
key = iam.create_access_key(UserName="deployer")["AccessKey"]
role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
iam.put_role_policy(RoleName="deployer", PolicyName="ecr", PolicyDocument=may)
assumed = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
print(json.dumps({
    "user": [key["AccessKeyId"], key["SecretAccessKey"]],
    "role": [assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"]],
}))
"#;

/// Names of the repositories that there are.
const REPOSITORIES: &str = r#"
print(",".join(sorted(r["repositoryName"] for r in client("ecr").describe_repositories()["repositories"])))
"#;

/// When the first of them was created.
const CREATED: &str = r#"print(client("ecr").describe_repositories()["repositories"][0]["createdAt"].timestamp())"#;

const GRANTS: &str = "secrets: ['AWS_*'], network: ['127.0.0.1:*']";

#[test]
fn docker_is_logged_in_with_a_token() {
    let Some(moto) = Moto::start(None) else { return };
    let project = moto.project(GRANTS, "", &["AKIAEXAMPLE", "key"]);
    let said = project.run(&["registry", "login", "-R", "--version", "v1"]).succeeded();
    assert_eq!(
        project.calls().iter().filter(|call| !call.contains("version")).collect::<Vec<_>>(),
        [&format!("docker login {SERVER} -u AWS --password-stdin"), "123456789012-auth-token < stdin"]
    );
    // A token is a secret like any other, and a login alone makes no repository.
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("auth-token"));
    assert_eq!(moto.ask(REPOSITORIES), "");
}

#[test]
fn a_missing_repository_is_created_once() {
    let Some(moto) = Moto::start(None) else { return };
    let project = moto.project(GRANTS, "", &["AKIAEXAMPLE", "key"]);
    let push = || project.run(&["build", "push", "--version", "v1"]).succeeded();
    let said = push();
    assert!(said.stderr.contains("create the repository acme/shop if it is missing  ok"), "{}", said.stderr);
    assert_eq!(moto.ask(REPOSITORIES), "acme/shop");
    let created = moto.ask(CREATED);
    push();
    assert_eq!((moto.ask(REPOSITORIES), moto.ask(CREATED)), ("acme/shop".to_string(), created));
}

#[test]
fn no_repository_is_created_if_that_is_turned_off() {
    let Some(moto) = Moto::start(None) else { return };
    let project = moto.project(GRANTS, "create_repository: false", &["AKIAEXAMPLE", "key"]);
    project.run(&["build", "push", "--version", "v1"]).succeeded();
    assert_eq!(moto.ask(REPOSITORIES), "");
}

#[test]
fn signatures_hold_where_they_are_checked() {
    let Some(moto) = Moto::start(Some(UNCHECKED)) else { return };
    let accounts: Value = serde_json::from_str(&moto.ask(ACCOUNTS)).expect("accounts are made");
    let words = |account: &str| -> Vec<String> {
        let words = accounts[account].as_array().into_iter().flatten();
        words.map(|word| word.as_str().unwrap_or_default().to_string()).collect()
    };
    let (user, role) = (words("user"), words("role"));
    let login = |more: &str, secrets: &[&str]| {
        moto.project(GRANTS, more, secrets).run(&["registry", "login", "-R", "--version", "v1"])
    };
    login("", &[&user[0], &user[1]]).succeeded();
    login("session_token: AWS_SESSION_TOKEN", &[&role[0], &role[1], &role[2]]).succeeded();
    login("", &[&user[0], "another key"]).failed_telling("ECR refused GetAuthorizationToken: SignatureDoesNotMatch");
    login("", &["AKIANOBODYKNOWSTHIS", "key"]).failed_telling("ECR refused GetAuthorizationToken: ");
}

#[test]
fn what_is_not_granted_ends_the_run() {
    let Some(moto) = Moto::start(None) else { return };
    let login = |grants: &str| {
        let project = moto.project(grants, "", &["AKIAEXAMPLE", "key"]);
        let said = project.run(&["registry", "login", "-R", "--version", "v1"]);
        assert!(!project.calls().iter().any(|call| call.starts_with("docker login")), "{:?}", project.calls());
        said
    };
    login("secrets: ['AWS_*']").failed_telling(&format!(
        "plugin `ecr` reached for the network at `{}`, which it is not granted, in `credentials`",
        moto.address
    ));
    login("network: ['127.0.0.1:*'], secrets: [AWS_ACCESS_KEY_ID]").failed_telling(
        "plugin `ecr` reached for the secret `AWS_SECRET_ACCESS_KEY`, which it is not granted, in `credentials`",
    );
}

#[test]
fn another_region_than_the_registrys_is_told() {
    let configuration = configuration(GRANTS, "region: us-east-1");
    Project::new(&configuration, "").run(&["plan", "--offline", "--version", "v1"]).failed_telling(&format!(
        "plugin `ecr` has no answer for `pre-login`: the setting `region` is us-east-1, but {SERVER} is in eu-west-1"
    ));
}

fn configuration(grants: &str, with: &str) -> String {
    format!(
        "service: shop\nimage: acme/shop\nservers: [10.0.0.1]\n\
         registry: {{ server: {SERVER}, username: AWS, password: [AWS_SECRET_ACCESS_KEY] }}\n\
         builder: {{ arch: amd64, context: ., driver: docker }}\n\
         x-plugins:\n  ecr:\n    source: plugins/ecr.wasm\n    match: {{ registry: '*.dkr.ecr.*.amazonaws.com' }}\n    \
         grants: {{ {grants} }}\n    with: {{ {with} }}\n"
    )
}

/// moto's server, which forgets everything when it ends.
struct Moto {
    process: Child,
    address: String,
}

impl Moto {
    /// Starts it; nothing, after telling why, where it is not installed. With a number, signatures of all but so many actions count.
    fn start(unchecked: Option<u32>) -> Option<Self> {
        let program = environment().join("moto_server");
        if !program.exists() {
            skip(&format!("{} is missing; `cargo xtask test` installs it", program.display()));
            return None;
        }
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(count) = unchecked {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", count.to_string());
        }
        let mut process = command.spawn().expect("moto can be started");
        let mut lines = BufReader::new(process.stderr.take().expect("it has an output")).lines().map_while(Result::ok);
        let said = lines.by_ref().find_map(|line| line.split_once("http://").map(|(_, rest)| rest.to_string()));
        let address = said.expect("moto tells where it listens").trim().to_string();
        // Somebody has to read what it says, or it stops saying.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, address })
    }

    /// A project whose registry is in this ECR. Secrets: id, key, session token.
    fn project(&self, grants: &str, with: &str, secrets: &[&str]) -> Project {
        let with = format!("endpoint: 'http://{}', {with}", self.address);
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let secrets: String = names.iter().zip(secrets).map(|(name, value)| format!("{name}='{value}'\n")).collect();
        Project::new(&configuration(grants, &with), &secrets)
    }

    /// What a script in Python prints that asks AWS's own library.
    fn ask(&self, script: &str) -> String {
        let client = format!(
            "import boto3\ndef client(service):\n    return boto3.client(service, endpoint_url='http://{}', \
             region_name='eu-west-1', aws_access_key_id='AKIATEST', aws_secret_access_key='test')\n",
            self.address
        );
        let mut python = Command::new(environment().join("python"));
        let output = python.args(["-c", &format!("{client}{script}")]).output().expect("python can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it prints UTF-8").trim().to_string()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `cargo xtask test` installs moto.
fn environment() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pypi/bin")
}

/// Says why a test does not run, or fails where nothing may be skipped.
#[allow(clippy::print_stdout)] // the test's own talk
fn skip(reason: &str) {
    let must = std::env::var_os("SEXTANT_NO_SKIP").is_some_and(|value| value == "1");
    assert!(!must, "nothing may be skipped, and {reason}");
    println!("skipped: {reason}");
}
