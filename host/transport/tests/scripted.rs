//! The double answers as the real one would.

use std::time::Duration;

use commands::{Command, Fragment, Machine};
use expect_test::expect;
use transport::{Answer, Ending, Interrupt, Interrupts, Outcome, Progress, Scripted, Task, Transport, TransportError};

fn host(name: &str) -> Machine {
    Machine::Host(name.to_string())
}

fn task(line: &str) -> Task {
    Task::new(Command::new(line))
}

async fn run(machines: &Scripted, machine: &Machine, tasks: &[Task]) -> transport::Report {
    machines.run(machine, tasks, &Interrupts::new(), &mut |_| {}).await
}

#[tokio::test]
async fn rules_answer_and_everything_is_written_down() {
    let machines = Scripted::new()
        .when(|_, line| line.starts_with("docker ps"), Answer::Ends(Outcome::success("abc\n")))
        .when(|machine, line| *machine == host("b") && line == "fail", Answer::Ends(Outcome::failure(2, "no\n")))
        .with_secrets([("PASSWORD".to_string(), "hunter22".into())].into());
    let login = Command::new("docker login --password-stdin")
        .with_input(vec![Fragment::Secret("PASSWORD".to_string())])
        .with_variable("DOCKER_CONFIG", vec![Fragment::text("/tmp")]);

    let mut told = 0;
    let tasks = [Task::new(login), task("docker ps -q")];
    let report = machines.run(&host("a"), &tasks, &Interrupts::new(), &mut |_: Progress<'_>| told += 1).await;
    assert_eq!(report.outcomes().unwrap()[1].stdout, "abc\n");
    assert_eq!(told, 5);

    let report = run(&machines, &host("b"), &[task("fail").or_continue(), task("fail"), task("never")]).await;
    assert_eq!((report.stopped_at(), report.outcomes.len()), (Some(1), 2));
    run(&machines, &host("a"), &[task("one\ntwo")]).await;

    assert_eq!(machines.lines(&host("b")), ["fail", "fail"]);
    assert_eq!(machines.trips()[&host("a")], 2);
    assert_eq!(machines.calls().last().unwrap().trip, 1);
    expect![[r#"
        a
          DOCKER_CONFIG=/tmp docker login --password-stdin
            < {PASSWORD}
          docker ps -q
          one
          two
        b
          fail
          fail
    "#]]
    .assert_eq(&machines.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_goes_wrong_as_it_would() {
    let machines = Scripted::new()
        .at("a", 1, Answer::Disconnects)
        .at("a", 3, Answer::Hangs)
        .when(|_, line| line == "hang", Answer::Hangs)
        .unreachable("gone");
    let two = [task("one"), task("two"), task("three")];
    let report = run(&machines, &host("a"), &two).await;
    assert_eq!(report.outcomes.len(), 1);
    assert!(matches!(report.ending, Ending::Broken(TransportError::ConnectionLost { during: Some(_), .. })));

    let report = run(&machines, &host("a"), &[task("x"), task("y").within(Duration::from_secs(30))]).await;
    assert_eq!(report.outcomes().unwrap_err().to_string(), "finish `y` on `a` within 30 s");

    let report = run(&machines, &host("gone"), &two).await;
    assert!(matches!(report.outcomes(), Err(TransportError::Unreachable { .. })));

    let interrupts = Interrupts::new();
    let report = machines
        .run(&host("b"), &[task("hang")], &interrupts, &mut |_: Progress<'_>| interrupts.raise(Interrupt::Now))
        .await;
    assert!(matches!(report.ending, Ending::Broken(TransportError::Interrupted { during: Some(_), .. })));
    let report = machines.run(&host("b"), &two, &interrupts, &mut |_| {}).await;
    assert!(matches!(report.ending, Ending::Broken(TransportError::Interrupted { during: None, .. })));
}

#[tokio::test]
async fn a_missing_secret_is_missing_here_too() {
    let machines = Scripted::new().with_secrets([].into());
    let absent = Task::new(Command::new("cat").with_input(vec![Fragment::Secret("ABSENT".to_string())]));
    let report = run(&machines, &Machine::Local, &[task("one"), absent]).await;
    assert!(matches!(report.outcomes(), Err(TransportError::MissingSecret { .. })));
    assert_eq!(machines.transcript(), "");
}
