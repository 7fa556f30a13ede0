//! Secrets files: what runs for them, and when.

use crate::scene::Scene;

/// What `secrets print` prints of a file.
fn printed(scene: &Scene, file: &str) -> String {
    scene.file(".kamal/secrets", file);
    let said = scene.run(&["secrets", "print"]);
    assert_eq!((said.exit, said.stderr.as_str()), (0, ""), "{file}");
    said.stdout
}

/// What `secrets print` fails with.
fn refused(scene: &Scene, file: &str) -> String {
    scene.file(".kamal/secrets", file);
    let said = scene.run(&["secrets", "print"]);
    assert_eq!((said.exit, said.stdout.as_str()), (1, ""), "{file}");
    said.stderr
}

#[test]
fn lookups_run_inside_the_program() {
    // Neither `kamal` nor a shell is on the path: nothing but the store's program can be started.
    let answer =
        r#"{"SecretValues":[{"Name":"app","SecretString":"{\"A\":\"pa ss'w\\\"o`r$d(1)\",\"B\":\"2\"}"}],"Errors":[]}"#;
    let call = "aws|secretsmanager|batch-get-secret-value|--secret-id-list|app/A|app/B|--output|json";
    let scene = Scene::new().with_program("aws", &[(call, 0, answer)]);
    let file = "S=$(kamal secrets fetch --adapter aws_secrets_manager --from app A B)\n\
        A=$(kamal secrets extract A $S)\nB=\"$(sextant secrets extract app/B ${S})\"\n";
    let shown = printed(&scene, file);
    let lines: Vec<&str> = shown.lines().collect();
    // A `$` of a value is taken for the beginning of a variable, as in Kamal.
    assert_eq!(lines[1..], ["A=pa ss'w\"o`r(1)", "B=2"]);
    assert_eq!(scene.calls(), [call]);
}

#[test]
fn the_test_adapter_in_a_file() {
    let file = "S=$(kamal secrets fetch -a test --account x --from p foo bar)\nFOO=$(kamal secrets extract foo $S)\n";
    assert_eq!(
        printed(&Scene::new(), file),
        "S=\\{\\\"p/foo\\\":\\\"oof/p\\\",\\\"p/bar\\\":\\\"rab/p\\\"\\}\nFOO=oof/p\n"
    );
}

#[test]
fn a_lookup_that_fails_names_its_line_and_no_value() {
    let check = |file: &str, expected: &str| assert_eq!(refused(&Scene::new(), file), expected, "{file}");
    check(
        "A=hunter2\nS=$(kamal secrets fetch -a bitwarden --account me A)\n",
        "  ERROR (RuntimeError): Bitwarden CLI is not installed\nhint: .kamal/secrets line 2 asked for it\n",
    );
    check(
        "A=hunter2\nB=$(kamal secrets extract B '{\"A\":\"$A\"}')\n",
        "  ERROR (RuntimeError): Could not find secret B\nhint: .kamal/secrets line 2 asked for it\n",
    );
    check(
        "S=$(kamal secrets fetch -a test x)\n",
        "  ERROR (RuntimeError): No value provided for required options '--account'\nhint: .kamal/secrets line 1 asked for it\n",
    );
    let way = "hint: write `$(kamal secrets fetch …)` or `$(kamal secrets extract NAME $SECRETS)` (.kamal/secrets line 1 asked for it)\n";
    let unclear = "  ERROR (RuntimeError): a `secrets` command in a secrets file cannot be read: ";
    check(
        "S=$(kamal secrets fetch x)\n",
        &format!("{unclear}No value provided for required options '--adapter'\n{way}"),
    );
    check("S=$(kamal secrets extract 'A)\n", &format!("{unclear}a quote is not closed\n{way}"));
    let own = "only `fetch` and `extract` can stand here, with their own options";
    check("S=$(kamal secrets print)\n", &format!("{unclear}{own}\n{way}"));
    check("S=$(kamal secrets extract A B hunter2)\n", &format!("{unclear}{own}\n{way}"));
}

#[test]
fn a_command_that_fails_leaves_nothing_and_is_told() {
    let scene = Scene::new();
    scene.file(".kamal/secrets", "A=x$(echo why >&2; exit 3)y\nB=$(cat config/deploy.yml | head -1)\n");
    let said = scene.run(&["secrets", "print"]);
    assert_eq!((said.exit, said.stdout.as_str()), (0, "A=xy\nB=service: shop\n"));
    assert_eq!(said.stderr, "why\nwarning: a command in the secrets files failed with exit code 3\n");
}

#[test]
fn a_plan_runs_no_command() {
    let scene = Scene::new();
    scene.file(".kamal/secrets", "KAMAL_REGISTRY_PASSWORD=$(touch asked; echo x)\n");
    let said = scene.run(&["plan", "--offline", "--version", "v1", "--skip-push"]);
    assert_eq!((said.exit, said.stderr.as_str()), (0, ""));
    assert!(!scene.path("asked").exists());
    assert_eq!(scene.run(&["secrets", "print"]).stdout, "KAMAL_REGISTRY_PASSWORD=x\n");
    assert!(scene.path("asked").exists());
}

#[test]
fn an_export_of_nothing() {
    assert_eq!(
        refused(&Scene::new(), "A=1\nexport B\n"),
        "  ERROR (Dotenv::FormatError): Line \"export B\" has an unset variable\n\
         hint: .kamal/secrets line 2: give it a value here, as in export B=value\n"
    );
}
