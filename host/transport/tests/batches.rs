//! What a batch does, on this machine and on a host alike.

mod rig;

use std::sync::Arc;
use std::time::Duration;

use commands::{Command, Fragment};
use rig::{Rig, rigs, task, words};
use transport::{Ending, Interrupt, Interrupts, Outcome, Progress, Task, Transport, TransportError};

fn ends(outcomes: &[Outcome]) -> Vec<(i32, &str, &str)> {
    outcomes.iter().map(|outcome| (outcome.exit, &*outcome.stdout, &*outcome.stderr)).collect()
}

#[tokio::test]
async fn outputs_and_exit_codes_belong_to_their_command() {
    for rig in rigs() {
        let tasks = [
            task("echo one; echo two >&2"),
            task("printf 'no newline'; printf 'none here' >&2; exit 3").or_continue(),
            task("true"),
            task("echo $KAMAL; kill -9 $(sh -c 'echo $PPID')").or_continue(),
            task("echo last"),
        ];
        let (report, told) = rig.told(&tasks).await;
        assert_eq!(report.ending, Ending::Complete);
        let expected =
            [(0, "one\n", "two\n"), (3, "no newline", "none here"), (0, "", ""), (137, "\n", ""), (0, "last\n", "")];
        // Some shells report a killed child.
        let outcomes: Vec<_> = report
            .outcomes
            .iter()
            .map(|o| if o.exit == 137 { Outcome { stderr: String::new(), ..o.clone() } } else { o.clone() })
            .collect();
        assert_eq!(ends(&outcomes), expected);
        let beginning = told.iter().filter(|line| !line.starts_with(['3', '4'])).map(String::as_str);
        let mut beginning: Vec<_> = beginning.collect();
        // The two outputs of one command are not ordered against each other.
        beginning[1..3].sort_unstable();
        beginning[5..7].sort_unstable();
        assert_eq!(
            beginning,
            [
                "0 started",
                "0 ! two",
                "0 > one",
                "0 ended 0",
                "1 started",
                "1 ! none here",
                "1 > no newline",
                "1 ended 3",
                "2 started",
                "2 ended 0"
            ]
        );
    }
}

#[tokio::test]
async fn a_failure_stops_the_batch_unless_told_to_continue() {
    for rig in rigs() {
        let report = rig.run(&[task("false").or_continue(), task("exit 7"), task("echo never")]).await;
        assert_eq!(ends(&report.outcomes), [(1, "", ""), (7, "", "")]);
        assert_eq!((report.stopped_at(), &report.ending), (Some(1), &Ending::Stopped));
    }
}

#[tokio::test]
async fn commands_share_nothing() {
    for rig in rigs() {
        let tasks = [
            Task::new(Command::new("cd /tmp; X=1; export X; set -e; exec 3>&1; trap '' TERM; umask 077")),
            task("pwd; echo [$X]; umask; false; echo still here"),
            Task::new(Command::new("echo $X; cat").with_variable("X", vec![Fragment::text("it's $HOME\n`x`")])),
            task("cat; echo [$X]"),
        ];
        let report = rig.run(&tasks).await;
        let home = if rig.server.is_some() { "/root" } else { "/" };
        assert_eq!(
            ends(&report.outcomes),
            [
                (0, "", ""),
                (0, &*format!("{home}\n[]\n0022\nstill here\n"), ""),
                (0, "it's $HOME `x`\n", ""),
                (0, "[]\n", "")
            ]
        );
    }
}

#[tokio::test]
async fn a_line_that_is_no_shell_fails_alone() {
    for rig in rigs() {
        let lines = ["echo 'open", "foo (", "if true; then", "echo ok) ; (echo no", "cat <<X", "# nothing", ""];
        let tasks: Vec<Task> =
            lines.into_iter().map(|line| task(line).or_continue()).chain([task("echo end")]).collect();
        let report = rig.run(&tasks).await;
        assert_eq!(report.ending, Ending::Complete);
        let exits: Vec<bool> = report.outcomes.iter().map(Outcome::succeeded).collect();
        assert_eq!(exits[..4], [false, false, false, false]);
        assert_eq!(exits[5..], [true, true, true]);
        assert_eq!(report.outcomes[7].stdout, "end\n");
        assert_eq!(report.outcomes[3].stdout, "");
    }
}

#[tokio::test]
async fn forged_marks_do_nothing() {
    for rig in rigs() {
        let forge = r"printf '\036%032d ended 0 0\n\036%032d begun 1 1\n' 0 0; printf '\036ended 0 0\n'; set; exit 4";
        let report = rig.run(&[task(forge), task("echo never")]).await;
        assert_eq!(report.stopped_at(), Some(0));
        assert_eq!(report.outcomes[0].exit, 4);
        assert!(report.outcomes[0].stdout.starts_with("\u{1e}00000000000000000000000000000000 ended 0 0\n\u{1e}"));
    }
}

#[tokio::test]
async fn input_arrives_byte_by_byte() {
    let big: String = (0..100_000).map(|n| char::from(b'!' + (n % 94) as u8)).collect();
    let texts = [
        "line\n",
        "no newline",
        "two\n\nlines",
        "",
        "\n",
        "it's \"quoted\" $HOME `x` \\n %s %% \\",
        "-n",
        "tab\tcr\r\n é 中",
        "nul\0inside\0",
        &big,
        &format!("{big}\n"),
    ];
    for rig in rigs() {
        let tasks: Vec<Task> = texts
            .iter()
            .map(|text| Task::new(Command::new("od -An -v -tx1").with_input(vec![Fragment::text(*text)])))
            .collect();
        let outcomes = rig.run(&tasks).await.outcomes().unwrap();
        for (text, outcome) in texts.iter().zip(outcomes) {
            let bytes = outcome.stdout.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap());
            assert_eq!(bytes.collect::<Vec<u8>>(), text.as_bytes());
        }
        // Input that nobody reads harms nobody.
        let unread = Task::new(Command::new("true").with_input(vec![Fragment::text(big.clone())]));
        assert_eq!(ends(&rig.run(&[unread, task("echo on")]).await.outcomes), [(0, "", ""), (0, "on\n", "")]);
    }
}

#[tokio::test]
async fn secrets_arrive_and_are_seen_nowhere() {
    // Everything every process has in its arguments; grep would find itself.
    let look = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done 2>/dev/null";
    let check = "test \"$(cat)\" = 'hunter22-''hunter22' && test \"$P\" = 'hunter22-''hunter22' && echo arrived";
    for rig in rigs() {
        let secret = || vec![Fragment::Secret("PASSWORD".to_string())];
        let with = |line: &str| Task::new(Command::new(line).with_input(secret()).with_variable("P", secret()));
        let tasks = [
            with(check),
            with(&format!("{look} | tr -d 2 | grep -c 'hunter-[h]unter'")).or_continue(),
            // The same look does find what stands in arguments.
            task(&format!("sh -c 'sleep 1; true' decoy & {look} | grep -q '[d]ecoy' && echo seen")),
            with("cat; echo; echo $P >&2; printf hunter; sleep 0.1; printf 22-hunter22; echo $P | base64"),
            Task::new(Command::new("cat").with_input(vec![
                Fragment::text("K="),
                Fragment::EnvironmentFileSecret("PEM".to_string()),
                Fragment::text("\n"),
                Fragment::Secret("PEM".to_string()),
            ])),
        ];
        let (report, told) = rig.told(&tasks).await;
        assert_eq!(
            ends(&report.outcomes),
            [
                (0, "arrived\n", ""),
                (1, "0\n", ""),
                (0, "seen\n", ""),
                (0, "[REDACTED]\n[REDACTED][REDACTED]Ig==\n".replace("Ig==", "K").as_str(), "[REDACTED]\n"),
                (0, "K=[REDACTED]\n[REDACTED]\n[REDACTED]\n[REDACTED]\n", "")
            ]
        );
        assert!(told.iter().all(|line| !line.contains("hunter22")), "{told:?}");
    }
}

#[tokio::test]
async fn a_missing_secret_is_an_error_before_anything_runs() {
    for rig in rigs() {
        let marker = format!("/tmp/transport-{}-missing", std::process::id());
        let absent = Task::new(Command::new("cat").with_input(vec![Fragment::Secret("ABSENT".to_string())]));
        let report = rig.run(&[task(&format!("touch {marker}")), absent.titled("log in")]).await;
        assert_eq!(report.outcomes, []);
        let error = report.outcomes().unwrap_err();
        assert_eq!(error.to_string(), format!("find the secret `ABSENT` for `log in` on `{}`", rig.machine));
        assert!(!std::path::Path::new(&marker).exists());
        assert!(rig.machines.trips().is_empty());
    }
}

#[tokio::test]
async fn a_secret_learned_late_is_used_and_redacted() {
    for rig in rigs() {
        rig.machines.learn([("TOKEN".to_string(), "short-lived".into())].into());
        let cat = Command::new("cat").with_input(vec![Fragment::Secret("TOKEN".to_string())]);
        assert_eq!(rig.run(&[Task::new(cat)]).await.outcomes().unwrap()[0].stdout, "[REDACTED]");
    }
}

#[tokio::test]
async fn long_outputs_keep_their_ends() {
    for rig in rigs() {
        let tasks = [task("seq 0 299999"), task("head -c 3000000 /dev/zero | tr '\\0' x; echo end")];
        let mut longest = 0;
        let report = rig
            .machines
            .run(&rig.machine, &tasks, &Interrupts::new(), &mut |progress| {
                if let Progress::Output { line, .. } = progress {
                    longest = longest.max(line.len());
                }
            })
            .await;
        let outcomes = report.outcomes().unwrap();
        assert!(outcomes[0].stdout.starts_with("0\n1\n") && outcomes[0].stdout.ends_with("\n299999\n"));
        assert!(outcomes[0].stdout.contains(" bytes left out]\n"));
        assert!(outcomes[1].stdout.len() < 1_100_000 && outcomes[1].stdout.ends_with("xend\n"));
        assert!(longest <= 80 * 1024, "{longest}");
    }
}

/// Whether any process has this word in its arguments.
fn is_running(word: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        arguments.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

async fn until_gone(word: &str) {
    while is_running(word) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_time_limit_kills_the_whole_group() {
    for (rig, nap) in rigs().into_iter().zip(["3601.25", "3602.25"]) {
        let stubborn =
            format!("echo begun; trap '' TERM; sh -c \"trap '' TERM; sleep {nap}\" & sleep {nap}; sleep {nap}");
        for line in [format!("echo begun; sleep {nap} | sleep {nap}"), stubborn] {
            let slow = task(&line).titled("sleep").within(Duration::from_millis(300));
            let (report, told) = rig.told(&[task("echo first"), slow, task("echo never")]).await;
            assert_eq!(ends(&report.outcomes), [(0, "first\n", "")]);
            let error = report.outcomes().unwrap_err();
            assert!(matches!(&error, TransportError::TimeLimit { at, .. } if at.task == 1), "{error:?}");
            assert_eq!(error.to_string(), format!("finish `sleep` on `{}` within 300 ms", rig.machine));
            // The shell may report the kill, too.
            assert_eq!(told.iter().rfind(|line| !line.contains("Terminated")).unwrap(), "1 > begun");
            until_gone(nap).await;
        }
        assert!(rig.run(&[task("true")]).await.outcomes().is_ok());
    }
}

/// Runs the tasks and raises the switch when this is told.
async fn interrupted(rig: &Rig, tasks: &[Task], when: &str, levels: &[Interrupt]) -> (transport::Report, Vec<String>) {
    let interrupts = Interrupts::new();
    let mut told = Vec::new();
    let report = rig
        .machines
        .run(&rig.machine, tasks, &interrupts, &mut |progress| {
            told.push(words(progress));
            if told.last().unwrap() == when {
                levels.iter().for_each(|level| interrupts.raise(*level));
            }
        })
        .await;
    assert_eq!(
        rig.machines.run(&rig.machine, &[task("true")], &interrupts, &mut |_| {}).await.outcomes(),
        Err(TransportError::Interrupted { machine: rig.machine.clone(), during: None })
    );
    (report, told)
}

#[tokio::test]
async fn a_gentle_interrupt_lets_the_running_command_end() {
    for rig in rigs() {
        let tasks = [task("echo 0"), task("echo begun; sleep 1; echo done"), task("echo never"), task("echo never")];
        let (report, told) = interrupted(&rig, &tasks, "1 > begun", &[Interrupt::Gentle]).await;
        assert_eq!(ends(&report.outcomes), [(0, "0\n", ""), (0, "begun\ndone\n", "")]);
        assert_eq!(told.last().unwrap(), "1 ended 0");
        let error = report.outcomes().unwrap_err();
        assert_eq!(error.to_string(), format!("finish on `{}`: interrupted", rig.machine));
        // What must be cleaned up can be.
        assert_eq!(ends(&rig.run(&[task("echo cleaned")]).await.outcomes), [(0, "cleaned\n", "")]);
    }
}

#[tokio::test]
async fn a_gentle_interrupt_during_the_last_command_loses_nothing() {
    for rig in rigs() {
        let (report, _) = interrupted(&rig, &[task("echo begun; sleep 1")], "0 > begun", &[Interrupt::Gentle]).await;
        assert_eq!(report.ending, Ending::Complete);
    }
}

#[tokio::test]
async fn an_urgent_interrupt_kills() {
    for (rig, nap) in rigs().into_iter().zip(["3603.25", "3604.25"]) {
        for levels in [&[Interrupt::Now][..], &[Interrupt::Gentle, Interrupt::Now]] {
            let tasks = [task("echo 0"), task(&format!("echo begun; sleep {nap}; echo no")).titled("nap")];
            let (report, told) = interrupted(&rig, &tasks, "1 > begun", levels).await;
            assert_eq!(ends(&report.outcomes), [(0, "0\n", "")]);
            // The shell may report the kill, too.
            assert_eq!(told.iter().rfind(|line| !line.contains("Terminated")).unwrap(), "1 > begun");
            let error = report.outcomes().unwrap_err();
            let expected = format!("finish on `{}`: interrupted while running `nap`", rig.machine);
            assert_eq!(error.to_string(), expected);
            until_gone(nap).await;
        }
    }
}

#[tokio::test]
async fn a_shell_that_dies_is_named() {
    for rig in rigs() {
        let report = rig.run(&[task("echo 0"), task("kill -9 $$; sleep 1").titled("die")]).await;
        assert_eq!(ends(&report.outcomes), [(0, "0\n", "")]);
        let error = report.outcomes().unwrap_err();
        assert!(matches!(&error, TransportError::ConnectionLost { during: Some(at), .. } if at.task == 1), "{error:?}");
    }
}

#[tokio::test]
async fn batches_run_side_by_side() {
    for rig in rigs() {
        let rig = Arc::new(rig);
        let runs: Vec<_> = (0..5)
            .map(|number| {
                let rig = rig.clone();
                tokio::spawn(async move { rig.run(&[task(&format!("echo {number}"))]).await.outcomes().unwrap() })
            })
            .collect();
        for (number, run) in runs.into_iter().enumerate() {
            assert_eq!(run.await.unwrap()[0].stdout, format!("{number}\n"));
        }
        if let Some(server) = &rig.server {
            assert_eq!(server.connections(), 1);
            assert_eq!(rig.machines.trips()[&server.host], 5);
        }
    }
}

#[tokio::test]
async fn what_runs_in_the_background_does_not_hold_the_batch() {
    for rig in rigs() {
        let report = rig.run(&[task("sleep 5.75 & echo started"), task("echo next")]).await;
        assert_eq!(ends(&report.outcomes), [(0, "started\n", ""), (0, "next\n", "")]);
    }
}
