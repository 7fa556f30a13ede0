//! Every builtin adapter: the words its program is called with, and what becomes of the answer. The programs are stand-ins which answer
//! in the shapes of the real ones.

use crate::scene::Scene;

const SECTION: &str = r#"{"id":"cccc","label":"section"}"#;

/// A field as `op` prints it.
fn field(label: &str, value: &str, reference: &str) -> String {
    format!(
        r#"{{"id":"aaaa","section":{SECTION},"type":"CONCEALED","label":"{label}","value":"{value}","reference":"op://{reference}"}}"#
    )
}

#[test]
fn one_password() {
    let one = field("A", "1 \\\"x\\\"\\nü", "vault/item/section/A");
    let two = format!("[{one},{}]", field("password", "2", "vault/item/password"));
    let item = r"op|item|get|item|--vault|vault|--format|json|--account|acme";
    let scene = || {
        Scene::new().with_program(
            "op",
            &[
                ("op|account|get|--account|acme", 0, "URL: acme.1password.com"),
                (&format!("{item}|--fields|label=section.A,label=password"), 0, &two),
                (
                    "op|item|get|my item|--vault|my vault|--format|json|--account|acme|--fields|label=A",
                    0,
                    &field("A", "3", "my vault/my item/A"),
                ),
                (item, 0, &format!(r#"{{"id":"i","title":"item","fields":{two}}}"#)),
            ],
        )
    };
    let status = "op|account|get|--account|acme";
    scene().fetches(
        "-a 1password --account acme --from op://vault/item section/A password",
        r#"{"vault/item/section/A":"1 \"x\"\nü","vault/item":"2"}"#,
        &[status, &format!("{item}|--fields|label=section.A,label=password")],
    );
    scene().fetches(
        "-a OnePassword --account acme vault/item/section/A vault/item",
        r#"{"vault/item/section/A":"1 \"x\"\nü","vault/item":"2"}"#,
        &[status, &format!("{item}|--fields|label=section.A,label=password")],
    );
    scene().fetches(
        "-a 1password --account acme --from vault/item",
        r#"{"vault/item/section/A":"1 \"x\"\nü","vault/item":"2"}"#,
        &[status, item],
    );
    let said = scene().run(&["secrets", "fetch", "-a", "1password", "--account", "acme", "op://my vault/my item/A"]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("{\"my vault/my item/A\":\"3\"}\n", ""));
}

#[test]
fn one_password_signs_in() {
    let signed_out = ("op|account|get|--account|acme", 1, "");
    let sign_in = "op|signin|--account|acme|--force|--raw";
    let words = "-a 1password --account acme vault/item/A";
    let item = "op|item|get|item|--vault|vault|--format|json|--account|acme";
    let answer = field("A", "1", "vault/item/A");
    let with_session = format!("{item}|--session|s3ss10n|--fields|label=A");
    Scene::new().with_program("op", &[signed_out, (sign_in, 0, "s3ss10n"), (&with_session, 0, &answer)]).fetches(
        words,
        r#"{"vault/item/A":"1"}"#,
        &[signed_out.0, sign_in, &with_session],
    );
    let without = format!("{item}|--fields|label=A");
    Scene::new().with_program("op", &[signed_out, (sign_in, 0, ""), (&without, 0, &answer)]).fetches(
        words,
        r#"{"vault/item/A":"1"}"#,
        &[signed_out.0, sign_in, &without],
    );
    Scene::new().with_program("op", &[signed_out, (sign_in, 1, "")]).fails(words, "Failed to login to 1Password");
    Scene::new()
        .with_program("op", &[("op|account|get|--account|acme", 0, ""), (&without, 1, "")])
        .fails(words, "Could not read A from item in the vault 1Password vault");
    Scene::new().fails(words, "1Password CLI is not installed");
}

#[test]
fn last_pass() {
    let items = r#"[{"id":"1","name":"A","fullname":"A","username":"","password":"1","group":"","url":"","note":""},
        {"id":"2","name":"B","fullname":"Folder/B","username":"","password":"2","group":"Folder","url":"","note":""}]"#;
    let status = "lpass|status|--color|never";
    let scene = |more: &[(&str, i32, &str)]| {
        let answers = [&[(status, 0, "Logged in as me@example.com.")], more].concat();
        Scene::new().with_program("lpass", &answers)
    };
    let words = "-a lastpass --account me@example.com";
    scene(&[("lpass|show|A|Folder/B|--json", 0, items)]).fetches(
        &format!("{words} A Folder/B"),
        r#"{"A":"1","Folder/B":"2"}"#,
        &[status, "lpass|show|A|Folder/B|--json"],
    );
    scene(&[("lpass|show|Folder/B|Folder/C|Folder/D|--json", 0, items)])
        .fails(&format!("{words} --from Folder B C D"), "Could not find Folder/C, Folder/D in LastPass");
    scene(&[("lpass|show|A|B|--json", 1, "")])
        .fails(&format!("{words} A B"), r#"Could not read ["A", "B"] from LastPass"#);
    let login = "lpass|login|me@example.com";
    Scene::new()
        .with_program(
            "lpass",
            &[
                (status, 1, "Not logged in."),
                (login, 0, ""),
                ("lpass|show|A|--json", 0, "[{\"fullname\":\"A\",\"password\":\"1\"}]"),
            ],
        )
        .fetches(&format!("{words} A"), r#"{"A":"1"}"#, &[status, login, "lpass|show|A|--json"]);
    Scene::new()
        .with_program("lpass", &[(status, 1, "Not logged in."), (login, 1, "")])
        .fails(&format!("{words} A"), "Failed to login to LastPass");
    Scene::new().fails(&format!("{words} A"), "LastPass CLI is not installed");
}

const UNLOCKED: &str =
    r#"{"serverUrl":null,"lastSync":"2026-01-01T10:11:12.433Z","userEmail":"me@example.com","status":"unlocked"}"#;
const LOCKED: &str =
    r#"{"serverUrl":null,"lastSync":"2026-01-01T10:11:12.433Z","userEmail":"me@example.com","status":"locked"}"#;
const UNAUTHENTICATED: &str = r#"{"serverUrl":null,"lastSync":null,"status":"unauthenticated"}"#;

/// An item as `bw` prints it.
fn bitwarden_item(name: &str, login: &str) -> String {
    let fields = r#"[{"name":"f1","value":"one","type":1,"linkedId":null},{"name":"f2","value":"two","type":1,"linkedId":null}]"#;
    format!(
        r#"{{"object":"item","id":"aaaa","type":1,"name":"{name}","notes":null,"fields":{fields},"login":{login}}}"#
    )
}

#[test]
fn bitwarden() {
    let scene = || {
        Scene::new().with_program(
            "bw",
            &[
                ("bw|status", 0, UNLOCKED),
                ("bw|sync", 0, "Syncing complete."),
                ("bw|get|item|login", 0, &bitwarden_item("login", r#"{"username":null,"password":"pw"}"#)),
                ("bw|get|item|note", 0, &bitwarden_item("note", "null")),
                ("bw|get|item|bare", 0, r#"{"object":"item","type":2,"name":"bare","secureNote":{"type":0}}"#),
                ("bw|get|item|gone", 1, "Not found."),
            ],
        )
    };
    let words = "-a bitwarden --account me@example.com";
    scene().fetches(
        &format!("{words} login note/f1 login/f2 note/f2"),
        r#"{"login/f2":"two","note/f1":"one","note/f2":"two"}"#,
        &["bw|status", "bw|sync", "bw|get|item|login", "bw|get|item|note"],
    );
    scene().fetches(&format!("{words} login"), r#"{"login":"pw"}"#, &["bw|status", "bw|sync", "bw|get|item|login"]);
    scene().fetches(
        &format!("{words} --from note f1"),
        r#"{"note/f1":"one"}"#,
        &["bw|status", "bw|sync", "bw|get|item|note"],
    );
    scene().fetches(
        &format!("{words} note"),
        r#"{"note/f1":"one","note/f2":"two"}"#,
        &["bw|status", "bw|sync", "bw|get|item|note"],
    );
    scene().fails(&format!("{words} note/f3"), "Could not find field f3 in item note in Bitwarden");
    scene().fails(&format!("{words} bare"), "Item bare is not a login type item and no fields were specified");
    scene().fails(&format!("{words} gone"), "Could not read gone from Bitwarden");
    Scene::new().fails(&format!("{words} gone"), "Bitwarden CLI is not installed");
}

#[test]
fn bitwarden_logs_in_and_unlocks() {
    let words = "-a bitwarden --account me@example.com login";
    let item = bitwarden_item("login", r#"{"password":"pw"}"#);
    Scene::new()
        .with_program(
            "bw",
            &[
                ("bw|status", 0, UNAUTHENTICATED),
                ("bw|login|me@example.com", 0, "You are logged in!"),
                ("bw|status", 0, LOCKED),
                ("bw|unlock|--raw", 0, "s3ss10n"),
                ("BW_SESSION=s3ss10n bw|status", 0, UNLOCKED),
                ("BW_SESSION=s3ss10n bw|sync", 0, "Syncing complete."),
                ("BW_SESSION=s3ss10n bw|get|item|login", 0, &item),
            ],
        )
        .fetches(
            words,
            r#"{"login":"pw"}"#,
            &[
                "bw|status",
                "bw|login|me@example.com",
                "bw|status",
                "bw|unlock|--raw",
                "BW_SESSION=s3ss10n bw|status",
                "BW_SESSION=s3ss10n bw|sync",
                "BW_SESSION=s3ss10n bw|get|item|login",
            ],
        );
    Scene::new()
        .with_program("bw", &[("bw|status", 0, LOCKED), ("bw|unlock|--raw", 1, "")])
        .fails(words, "Failed to login to and unlock Bitwarden");
    Scene::new()
        .with_program("bw", &[("bw|status", 0, UNLOCKED), ("bw|sync", 1, "")])
        .fails(words, "Failed to sync Bitwarden");
}

#[test]
fn bitwarden_secrets_manager() {
    let secret = |key: &str| {
        format!(r#"{{"id":"i","organizationId":"o","projectId":"p","key":"{key}","value":"my=\"{key}\"","note":""}}"#)
    };
    let list = format!("[{},{}]", secret("A"), secret("B"));
    let scene = || {
        Scene::new().with_program(
            "bws",
            &[
                ("bws|project|list", 0, "[]"),
                ("bws|secret|list", 0, &list),
                ("bws|secret|list|82ae", 0, &list),
                ("bws|secret|get|1111", 0, &secret("A")),
                ("bws|secret|get|2222", 0, &secret("B")),
                ("bws|secret|get|3333", 1, "Error: 0: Received error message from server"),
                ("bws|secret|list|4444", 1, "Error: 0: Received error message from server"),
            ],
        )
    };
    let both = r#"{"A":"my=\"A\"","B":"my=\"B\""}"#;
    scene().fetches("-a bitwarden-sm all", both, &["bws|project|list", "bws|secret|list"]);
    scene().fetches("-a bitwarden-sm 82ae/all", both, &["bws|project|list", "bws|secret|list|82ae"]);
    scene().fetches("-a bitwarden-sm all --from 82ae", both, &["bws|project|list", "bws|secret|list|82ae"]);
    scene().fetches(
        "-a bitwarden_secrets_manager 1111 2222",
        both,
        &["bws|project|list", "bws|secret|get|1111", "bws|secret|get|2222"],
    );
    scene().fails("-a bitwarden-sm", "You must specify what to retrieve from Bitwarden Secrets Manager");
    scene().fails("-a bitwarden-sm 3333", "Could not read 3333 from Bitwarden Secrets Manager");
    scene().fails("-a bitwarden-sm 4444/all", "Could not read secrets from Bitwarden Secrets Manager");
    Scene::new().with_program("bws", &[("bws|project|list", 1, "")]).fails(
        "-a bitwarden-sm all",
        "Could not authenticate to Bitwarden Secrets Manager. Did you set a valid access token?",
    );
    Scene::new().fails("-a bitwarden-sm all", "Bitwarden Secrets Manager CLI is not installed");
}

#[test]
fn aws_secrets_manager() {
    let values = r#"{"SecretValues":[
        {"ARN":"arn:aws:secretsmanager:us-east-1:1:secret:app","Name":"app","SecretString":"{\"K1\":\"v1\", \"K2\":{\"port\":5432},\"K3\":7}","VersionStages":["AWSCURRENT"]},
        {"ARN":"arn:aws:secretsmanager:us-east-1:1:secret:plain","Name":"plain","SecretString":"just text","VersionStages":["AWSCURRENT"]},
        {"ARN":"arn:aws:secretsmanager:us-east-1:1:secret:pin","Name":"pin","SecretString":"1234","VersionStages":["AWSCURRENT"]}
        ],"Errors":[]}"#;
    let json = r#"{"app/K1":"v1","app/K2":"{\"port\":5432}","app/K3":"7","plain":"just text","pin":"1234"}"#;
    let call = "aws|secretsmanager|batch-get-secret-value|--secret-id-list|app/K1|plain";
    let profiled = format!("{call}|--profile|acme|--output|json");
    let bare = format!("{call}|--output|json");
    let scene = || Scene::new().with_program("aws", &[(&profiled, 0, values), (&bare, 0, values)]);
    scene().fetches("-a aws_secrets_manager --account acme app/K1 plain", json, &[&profiled]);
    scene().fetches("-a aws_secrets_manager app/K1 plain", json, &[&bare]);
    let below = "aws|secretsmanager|batch-get-secret-value|--secret-id-list|app/A|app/B|--output|json";
    let errors = r#"{"SecretValues":[],"Errors":[
        {"SecretId":"app/A","ErrorCode":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."},
        {"SecretId":"app/B","ErrorCode":"AccessDeniedException","Message":"No."}]}"#;
    Scene::new().with_program("aws", &[(below, 0, errors)]).fails(
        "-a aws_secrets_manager --from app A B",
        "app/A: Secrets Manager can't find the specified secret. app/B: No.",
    );
    Scene::new().with_program("aws", &[(below, 255, "")]).fails(
        "-a aws_secrets_manager --from app A B",
        r#"Could not read ["app/A", "app/B"] from AWS Secrets Manager"#,
    );
    Scene::new().fails("-a aws_secrets_manager A", "AWS CLI is not installed");
}

#[test]
fn gcp_secret_manager() {
    let accounts = r#"[{"account":"me@example.com","status":"ACTIVE"}]"#;
    let list = "gcloud|auth|list|--format=json";
    let answer = |data: &str| {
        format!(
            r#"{{"name":"projects/0/secrets/s/versions/1","payload":{{"data":"{data}","dataCrc32c":"2522602764"}}}}"#
        )
    };
    let access = "gcloud|secrets|versions|access";
    let check = |words: &str, call: &str, json: &str| {
        let call = format!("{access}|{call}|--format=json");
        let answers = [(list, 0, accounts), (&call, 0, &*answer("c2VjcmV0MTIz"))];
        Scene::new().with_program("gcloud", &answers).fetches(words, json, &[list, &call]);
    };
    check("-a gcp --account default s", "latest|--secret=s", r#"{"default/s":"secret123"}"#);
    check("-a gcp --account default p/s/7", "7|--secret=s|--project=p", r#"{"p/s":"secret123"}"#);
    check("-a gcp --account default --from p s/7", "7|--secret=s|--project=p", r#"{"p/s":"secret123"}"#);
    check("-a gcp --account me@x.io p/s", "latest|--secret=s|--project=p|--account=me@x.io", r#"{"p/s":"secret123"}"#);
    check(
        "-a gcp_secret_manager --account me@x.io|a@x.io,b@x.io p/s",
        "latest|--secret=s|--project=p|--account=me@x.io|--impersonate-service-account=a@x.io,b@x.io",
        r#"{"p/s":"secret123"}"#,
    );
    check(
        "-a gcp --account default|a@x.io s",
        "latest|--secret=s|--impersonate-service-account=a@x.io",
        r#"{"default/s":"secret123"}"#,
    );
    let call = format!("{access}|latest|--secret=s|--format=json");
    Scene::new()
        .with_program(
            "gcloud",
            &[(list, 0, "[]"), ("gcloud|auth|login", 0, ""), (list, 0, accounts), (&call, 0, &answer("eA=="))],
        )
        .fetches("-a gcp --account default s", r#"{"default/s":"x"}"#, &[list, "gcloud|auth|login", list, &call]);
    Scene::new()
        .with_program("gcloud", &[(list, 0, "[]"), ("gcloud|auth|login", 1, "")])
        .fails("-a gcp --account default s", "could not login to gcloud");
    Scene::new()
        .with_program("gcloud", &[(list, 0, accounts), (&call, 1, "")])
        .fails("-a gcp --account default s", "Could not read default/s from Google Secret Manager");
    Scene::new().fails("-a gcp --account default s", "gcloud CLI is not installed");
}

#[test]
fn doppler() {
    let values = r#"{"A":{"computed":"1","computedVisibility":"unmasked","note":""},"B":{"computed":"2","computedVisibility":"unmasked","note":""}}"#;
    let me = "doppler|me|--json";
    let placed = "doppler|secrets|get|A|B|--json|-p|shop|-c|prd";
    let scene = || {
        Scene::new().with_program(
            "doppler",
            &[
                (me, 0, r#"{"workplace":{"name":"acme"},"type":"cli"}"#),
                (placed, 0, values),
                ("doppler|secrets|get|A|B|--json", 0, values),
                ("doppler|secrets|get|C|--json|-p|shop|-c|prd", 1, ""),
            ],
        )
    };
    let json = r#"{"A":"1","B":"2"}"#;
    scene().fetches("-a doppler --from shop/prd A B", json, &[me, placed]);
    scene().fetches("-a doppler shop/prd/A shop/prd/B", json, &[me, placed]);
    scene().with_variable("DOPPLER_TOKEN", "dp.pt.personal").fetches(
        "-a doppler --from shop/prd A B",
        json,
        &[me, placed],
    );
    scene().with_variable("DOPPLER_TOKEN", "dp.st.prd.xxxx").fetches(
        "-a doppler A B",
        json,
        &[me, "doppler|secrets|get|A|B|--json"],
    );
    scene().fails("-a doppler A B", "Missing project or config from '--from=project/config' option");
    scene().fails("-a doppler --from shop/prd C", r#"Could not read ["shop/prd/C"] from Doppler"#);
    let login = "doppler|login|-y";
    Scene::new().with_program("doppler", &[(me, 1, ""), (login, 0, ""), (placed, 0, values)]).fetches(
        "-a doppler --from shop/prd A B",
        json,
        &[me, login, placed],
    );
    Scene::new()
        .with_program("doppler", &[(me, 1, ""), (login, 1, "")])
        .fails("-a doppler --from shop/prd A", "Failed to login to Doppler");
    Scene::new().fails("-a doppler A", "Doppler CLI is not installed");
}

#[test]
fn enpass() {
    let items = r#"[
        {"category":"computer","label":"A","login":"","password":"1","title":"Shop","type":"password"},
        {"category":"computer","label":"B","login":"","password":"2","title":"Shop","type":"password"},
        {"category":"computer","label":"A","login":"","password":"no","title":"Shopping","type":"password"},
        {"category":"computer","label":"","login":"","password":"3","title":"Shop","type":"password"}]"#;
    let show = "enpass-cli|-json|-vault|/v|show|Shop";
    let scene = || Scene::new().with_program("enpass-cli", &[(show, 0, items)]);
    scene().fetches("-a enpass --from /v Shop", r#"{"Shop/A":"1","Shop/B":"2","Shop":"3"}"#, &[show]);
    scene().fetches("-a enpass --from /v Shop/A Shop/B", r#"{"Shop/A":"1","Shop/B":"2"}"#, &[show]);
    let twice = r#"[{"label":"A","password":"1","title":"Shop"},{"label":"A","password":"2","title":"Shop"}]"#;
    Scene::new()
        .with_program("enpass-cli", &[(show, 0, twice)])
        .fails("-a enpass --from /v Shop", "Shop/A is present more than once");
    Scene::new()
        .with_program("enpass-cli", &[(show, 1, "")])
        .fails("-a enpass --from /v Shop", r#"Could not read ["Shop"] from Enpass"#);
    Scene::new().fails("-a enpass --from /v Shop", "Enpass CLI is not installed");
}

/// A folder as `passbolt` prints it.
fn folder(id: &str, parent: &str, name: &str) -> String {
    format!(
        r#"[{{"id":"{id}","folder_parent_id":"{parent}","name":"{name}","created_timestamp":"2026-01-01T00:00:00Z"}}]"#
    )
}

#[test]
fn passbolt() {
    let verify = ("passbolt|verify", 0, "");
    let resources = |filter: &str, folders: &str| {
        format!("passbolt|list|resources|--filter|{filter}{folders}|--column|name|--column|password|--json")
    };
    let both = r#"[{"name":"A","password":"1"},{"name":"B","password":"2"}]"#;
    let json = r#"{"A":"1","B":"2"}"#;
    let top = resources(r#"Name == "A" || Name == "B""#, "");
    Scene::new().with_program("passbolt", &[verify, (&top, 0, both)]).fetches(
        "-a passbolt A B",
        json,
        &[verify.0, &top],
    );

    let find = r#"passbolt|list|folders|--filter|Name == "shop"|--json"#;
    let below = r#"passbolt|list|folders|--filter|Name == "prod" && FolderParentID == "f1"|--json"#;
    let nested = resources(
        r#"(Name == "A" && FolderParentID == "f2") || (Name == "B" && FolderParentID == "f1")"#,
        "|--folder|f1|--folder|f2",
    );
    let scene = || {
        Scene::new().with_program(
            "passbolt",
            &[
                verify,
                (find, 0, &folder("f1", "", "shop")),
                (below, 0, &folder("f2", "f1", "prod")),
                (&nested, 0, both),
                (r#"passbolt|list|folders|--filter|Name == "shop" && FolderParentID == "f1"|--json"#, 0, "[]"),
            ],
        )
    };
    scene().fetches("-a passbolt shop/prod/A shop/B", json, &[verify.0, find, below, &nested]);
    scene().fetches("-a passbolt --from shop prod/A B", json, &[verify.0, find, below, &nested]);
    scene().fails("-a passbolt shop/shop/A", "Could not find the following folders in Passbolt: shop/shop");
    Scene::new()
        .with_program("passbolt", &[verify, (&top, 0, r#"[{"name":"B","password":"2"}]"#)])
        .fails("-a passbolt A B", "Could not find the following secrets in Passbolt: A");
    Scene::new()
        .with_program("passbolt", &[verify, (&top, 1, "")])
        .fails("-a passbolt A B", r#"Could not read ["A", "B"] from Passbolt"#);
    Scene::new()
        .with_program("passbolt", &[verify, (find, 1, "")])
        .fails("-a passbolt shop/A", "Could not read folders from Passbolt");
    Scene::new().with_program("passbolt", &[verify]).fails("-a passbolt", "No secrets given to fetch");
    Scene::new()
        .with_program("passbolt", &[("passbolt|verify", 1, "")])
        .fails("-a passbolt A", "Failed to login to Passbolt");
    Scene::new().fails("-a passbolt A", "Passbolt CLI is not installed");
}

#[test]
fn the_test_adapter() {
    Scene::new().fetches("-a test --account x foo bar", r#"{"foo":"oof","bar":"rab"}"#, &[]);
    Scene::new().fetches("-a test --account x --from p fooLPARENaRPAREN", r#"{"p/fooLPARENaRPAREN":")a(oof/p"}"#, &[]);
}
