//! Steps of a hostile plugin: what is refused, and that the lines of what is not run nothing but what they name, in real shells.

mod planned;
mod proposals;
mod shells;

use plan::Action;

use planned::{lines, run};
use proposals::{HOSTILE, from_bytes, harmless, proposal, texts, with_text};
use shells::Shells;

/// Steps from bytes that are tried; `SEXTANT_HOSTILE` asks for more.
const RANDOM: u64 = 1000;

#[test]
fn what_is_harmless_is_planned() {
    let run = run();
    for action in harmless() {
        lines(&run, proposal(action.clone())).unwrap_or_else(|error| panic!("{action:?}: {error}"));
    }
}

#[test]
fn no_text_of_any_action_makes_a_shell_run_anything_else() {
    let (run, mut shells) = (run(), Shells::new());
    let (mut planned, mut refused) = (0, 0);
    for action in harmless() {
        for pointer in texts(&action) {
            for hostile in HOSTILE {
                for put in [
                    |_: &str, hostile: &str| hostile.to_string(),
                    |before: &str, hostile: &str| format!("{before}{hostile}"),
                ] {
                    let step = with_text(&action, &pointer, |before| put(before, hostile));
                    match lines(&run, proposal(step.clone())) {
                        Ok(lines) => lines.into_iter().for_each(|line| shells.add(&format!("{step:?}"), line)),
                        Err(_) => refused += 1,
                    }
                    planned += 1;
                }
            }
        }
    }
    shells.assert_nothing_else_runs();
    assert!(refused > 1000 && planned - refused > 1000, "{refused} of {planned} steps were refused");
}

#[test]
fn steps_of_every_shape_run_nothing_else() {
    let (run, mut shells) = (run(), Shells::new());
    let count = std::env::var("SEXTANT_HOSTILE").ok().and_then(|count| count.parse().ok()).unwrap_or(RANDOM);
    let mut state = 0x5e87a47;
    for _ in 0..count {
        let bytes: Vec<u8> = (0..48).map(|_| random(&mut state)).collect();
        let proposal = from_bytes(&bytes);
        let shown = format!("{proposal:?}");
        if let Ok(lines) = lines(&run, proposal) {
            lines.into_iter().for_each(|line| shells.add(&shown, line));
        }
    }
    shells.assert_nothing_else_runs();
}

#[test]
fn the_shells_tell_when_something_else_runs() {
    for line in ["true; pwn", "echo \"`pwn`\"", "echo \"$(pwn)\"", "echo a > pwned", "echo 'open", "} ; pwn; {"] {
        let mut shells = Shells::new();
        shells.add("a test", line.to_string());
        let told = std::panic::catch_unwind(move || shells.assert_nothing_else_runs());
        assert!(told.is_err(), "{line} was not noticed");
    }
    let mut shells = Shells::new();
    shells.add("a test", "docker run 'a; pwn' > /dev/null".to_string());
    shells.assert_nothing_else_runs();
}

/// SplitMix64: the same numbers on every machine.
fn random(state: &mut u64) -> u8 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as u8
}

#[test]
fn what_leads_elsewhere_is_refused_in_words() {
    let run = run();
    let publishes = |place: &str, text: &str, expected: &str| {
        let (kind, pointer) = place.split_once('/').expect("KIND/POINTER");
        let is = |action: &Action| serde_json::to_value(action).is_ok_and(|value| value["kind"] == kind);
        let action = harmless().into_iter().find(is).unwrap_or_else(|| panic!("there is no {kind}"));
        let step = with_text(&action, &format!("/{pointer}"), |_| text.to_string());
        let error = lines(&run, proposal(step)).expect_err(place).to_string();
        let expected = format!("the plan breaks a rule: {expected} (step ");
        assert!(error.starts_with(&expected), "{place}: {error}");
    };
    let check = |place: &str, text: &str, expected: &str| publishes(place, text, &format!("plugin `guest` {expected}"));
    check("pull/image", "a\nb", r"has a character that is not seen in `a\nb`");
    check("pull/image", "a\0b", r"has a character that is not seen in `a\0b`");
    check("pull/image", "--all-tags", "names the image `--all-tags`, which is none");
    check("stop-container/name", ".*", "names the container `.*`, which docker does not take");
    check("rename-container/to", "a b", "names the container `a b`, which docker does not take");
    check("make-directory/path", "/etc", "names the path `/etc`, which leads out of .kamal");
    check("make-directory/path", ".kamal/../.ssh", "names the path `.kamal/../.ssh`, which leads out of .kamal");
    check("write-environment-file/path", ".bashrc", "names the path `.bashrc`, which leads out of .kamal");
    check("write-environment-file/secrets/0/0", "A=b;", "names the variable `A=b;`, which is none");
    check("write-environment-file/secrets/0/1", "../x", "names the secret `../x`, which is none");
    check("checkout/directory", "/home/me", "clones into `/home/me`, which is no place for clones of this project");
    check("checkout/directory", "/clones/..", "clones into `/clones/..`, which is no place for clones of this project");
    check("checkout/root", "/etc", "clones `/etc`, which is not the project");
    check(
        "ensure-builder/remote",
        "ssh://evil",
        "builds on `ssh://evil`, a machine that the configuration does not name",
    );
    check("build/context", "/root", "names the context `/root`, which leads out of the project");
    check("build/dockerfile", "../Dockerfile", "names the Dockerfile `../Dockerfile`, which leads out of the project");
    check("build/output", "local,dest=/root", "sends the image to `local,dest=/root`, which nobody asked for");
    check("build/ssh", "id=/root/.ssh/id", "lends the build `id=/root/.ssh/id`, keys that the configuration does not");
    check(
        "build/cache_to",
        "type=local,dest=/root",
        "keeps layers in `type=local,dest=/root`, a place that the configuration does not name",
    );
    check("build/secrets/0", "x,src=/etc/shadow", "names the secret `x,src=/etc/shadow`, which is none");
    check("clean-assets/directory", ".kamal", "looks for assets in `.kamal`, where the app has none");
    check("clean-assets/role", "*", "names the assets `*`, which is no file name");
    check("sync-assets/previous", "../..", "names the assets `../..`, which is no file name");
    check("start-container/volumes/0", "$(pwn):/x", "names the volume `$(pwn):/x`, which is no single word");
    check("start-container/publish/0", "80 --privileged", "names the port `80 --privileged`, which is no single word");
    check("start-container/flags/0/0", "a b", "names the option `a b`");
    check(
        "start-container/command",
        "sleep 1; pwn",
        "gives a container the command `sleep 1; pwn`, of which the host's shell would run a part",
    );
    check("start-container/environment/0/1", "${x@P}", "has more than a variable for the shell in `${x@P}`");
    check("tag/name", "a\u{202e}b", r"has a character that is not seen in `a\u{202e}b`");
    check("run/words/1", "\u{1b}[2J", r"has a character that is not seen in `\u{1b}[2J`");
    publishes("publish/image/files/0/source", "../../x", "`../../x` leads out of the project");
    publishes("publish-files/path", "/etc", "`/etc` leads out of the project");
    check("run/words/0", "PATH=/x", "runs `PATH=/x`, which is no program");
}

#[test]
fn what_the_project_itself_wrote_is_let_through_word_for_word() {
    let container = harmless().into_iter().find(|action| matches!(action, Action::StartContainer(_)));
    let step =
        with_text(&container.expect("one starts a container"), "/volumes/0", |_| "$(pwd)/data:/data".to_string());
    let lines = lines(&run(), proposal(step)).expect("the configuration has this volume");
    assert!(lines.iter().any(|line| line.contains("--volume $(pwd)/data:/data ")), "{lines:?}");
}
