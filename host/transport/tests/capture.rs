//! Single programs on this machine.

use std::path::Path;

use transport::{TransportError, capture, feed};

#[test]
fn a_program_is_run_and_its_output_kept() {
    let variables = [("WHO".to_string(), Some("me".to_string())), ("HOME".to_string(), None)];
    let outcome =
        capture("/bin/sh", &["-c", "pwd; echo $WHO ${HOME-nowhere} >&2; exit 3"], Path::new("/tmp"), &variables)
            .unwrap();
    assert_eq!((outcome.exit, &*outcome.stdout, &*outcome.stderr), (3, "/tmp\n", "me nowhere\n"));
    let killed = capture("/bin/sh", &["-c", "kill -9 $$"], Path::new("/"), &[]).unwrap();
    assert_eq!(killed.exit, 137);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = capture("no-such-program", &[], Path::new("/"), &[]).unwrap_err();
    assert_eq!(error, TransportError::MissingProgram { program: "no-such-program".to_string() });
}

#[test]
fn a_program_is_fed_its_input() {
    let fed = feed("/bin/sh", &["-c", "tr a-z A-Z; echo done >&2"], Path::new("/"), &[], b"digest").unwrap();
    assert_eq!((fed.exit, fed.stdout.as_str(), fed.stderr.as_str()), (0, "DIGEST", "done\n"));
    let deaf = feed("/bin/sh", &["-c", "exit 4"], Path::new("/"), &[], &vec![0; 1 << 20]).unwrap();
    assert_eq!(deaf.exit, 4);
}
