//! The deploy lock on scripted machines: whose holder is gone, that is lost, that several hosts have; and what is written down first.

mod rig;

use std::time::Duration;

use commands::lease::{LOCK_DYING, LOCK_LOST};
use journal::{Account, Fate, Journal};
use lifecycle::LifecycleError;
use transport::{Answer, Outcome, Scripted};

use rig::{PROJECT, ends, on, play, play_noting};

/// Whether a line takes the lock, or renews it.
fn takes(line: &str) -> bool {
    line.contains("mkdir $d")
}

fn renews(line: &str) -> bool {
    line.contains("cat >> $d/journal")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_holder_is_gone_is_waited_for_and_taken_over_and_both_are_told() {
    let mut tries = 0;
    let machines = Scripted::new().answering(move |_, line| {
        if !takes(line) {
            return None;
        }
        tries += 1;
        let left = Outcome::success("Locked by: Somebody at noon\n");
        Some(if tries == 1 { ends(LOCK_DYING, "") } else { Answer::Ends(left) })
    });
    let played = play(machines).await;
    played.result.as_ref().expect("all goes well");
    assert!(played.told.contains(&"lock dying on a".to_string()), "{:?}", played.told);
    assert!(played.told.contains(&"took over on a: Locked by: Somebody at noon".to_string()), "{:?}", played.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_lock_begins_no_further_step_and_undoes_nothing() {
    let mut renewals = 0;
    let machines = Scripted::new()
        .answering(move |_, line| {
            renewals += usize::from(renews(line));
            (renews(line) && renewals > 1).then(|| ends(LOCK_LOST, ""))
        })
        .when(|_, line| line.contains("start web"), Answer::Takes(Duration::from_secs(5), Outcome::failure(1, "no")));
    let played = play(machines).await;
    assert!(matches!(&played.result, Err(LifecycleError::LockLost { host, .. }) if host == "a"), "{:?}", played.result);
    assert_eq!(played.steps("a"), ["start web on a"], "nothing after the running step, not even its undoing");
    assert!(!played.released(), "the lock is another's by now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_serves_retires_the_old_one_although_the_operator_interrupts() {
    // Losing the lock interrupts as Ctrl-C does; by then the new container serves.
    let mut renewals = 0;
    let machines = Scripted::new()
        .answering(move |_, line| {
            renewals += usize::from(renews(line));
            (renews(line) && renewals > 1).then(|| ends(LOCK_LOST, ""))
        })
        .when(|_, line| line.contains("start web"), Answer::Takes(Duration::from_secs(5), Outcome::default()));
    let played = play(machines).await;
    assert!(matches!(played.result, Err(LifecycleError::LockLost { .. })), "{:?}", played.result);
    assert_eq!(played.steps("a"), ["start web on a", "finish web on a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_written_down_before_it_is_sent_and_its_end_after_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let journal = Journal::begin(folder.path(), "a-run", "0.0.0").expect("a journal can be begun");
    let path = folder.path().join(Journal::LINES);
    let machines = Scripted::new().answering(move |_, line| {
        let title = line.strip_prefix("echo ")?.trim_matches('\'').to_string();
        let written = std::fs::read_to_string(&path).expect("the journal is there");
        assert!(written.contains(&format!("\"title\":\"{title}\"")), "{title} was sent unannounced");
        None
    });
    let played = play_noting(machines, PROJECT, &journal).await;
    played.result.as_ref().expect("all goes well");
    let text = std::fs::read_to_string(folder.path().join(Journal::LINES)).expect("the journal is there");
    assert!(!text.contains("planted"), "a secret is in the journal");
    let account = Account::read(&text).expect("it is a journal");
    assert_eq!(account.fate, Fate::Finished);
    assert!(account.steps.iter().all(|trace| trace.exit == Some(0)), "{:?}", account.steps);
    let titles: Vec<&str> = account.steps.iter().map(|trace| trace.step.title.as_str()).collect();
    let planned = played.plan.expect("it was planned");
    let is_run = |title: &&str| titles.contains(title);
    assert!(
        planned.steps().filter(|(_, step)| !step.title.starts_with("abort")).all(|(_, step)| is_run(&&*step.title))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_says_in_its_journal_what_failed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let journal = Journal::begin(folder.path(), "a-run", "0.0.0").expect("a journal can be begun");
    let machines = Scripted::new().when(|machine, line| on(machine, "b") && line.contains("start web"), ends(1, "oh"));
    play_noting(machines, PROJECT, &journal).await;
    let text = std::fs::read_to_string(folder.path().join(Journal::LINES)).expect("the journal is there");
    let account = Account::read(&text).expect("it is a journal");
    assert!(matches!(&account.fate, Fate::Failed { kind, .. } if kind == "steps"), "{:?}", account.fate);
    let [failure] = account.failures.as_slice() else { panic!("{:?}", account.failures) };
    assert_eq!((failure.kind.as_str(), failure.role.as_deref()), ("exit", Some("web")));
    assert!(failure.error.contains("oh"), "{}", failure.error);
}
