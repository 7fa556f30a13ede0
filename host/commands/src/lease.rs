//! Lines for a deploy lock with a lease: Kamal's directory and details, and beside them who holds it, by which connection, and until when.
//!
//! A lock that a run takes for itself is kept alive by that run, and never stays longer than its holder by much: a shell on the host
//! watches it and frees it when the lease has run out and the holder's connection is gone. So no run that was killed blocks anybody,
//! Kamal included. What is known of the run goes aside, into `.sextant`, for whoever takes it up. A lock without a holder's name was
//! taken by hand, or by Kamal: nobody but a person frees it.
//!
//! In the directory: `details` (Kamal's three lines), `holder` (the run's name and the lock's generation), `connection` (process and
//! start time of the sshd that serves the holder), `lease` (when it was renewed: the file's own time), `journal` (what the run did).

use crate::quoting::literal;
use crate::{Command, Fragment};

/// Seconds a lease runs from its last renewal on. A holder whose connection is gone has that long to come back.
pub const LEASE: u64 = 10;

/// Seconds after which even a lease whose connection seems to be there has run out: a holder cut off from the network.
pub const CUT_OFF: u64 = 6 * LEASE;

/// Exit code of [`take`] when the holder's connection is gone and the lease still runs: the lock is free soon.
pub const LOCK_DYING: i32 = 76;

/// Exit code of [`renew`] when the lock is no longer the run's.
pub const LOCK_LOST: i32 = 77;

/// Where runs that did not end are remembered.
const INTERRUPTED: &str = ".sextant/interrupted";

/// Takes the lock for a run. Prints the details of a stale lock that it took over. Ends with [`crate::host::LOCK_HELD`] and the details
/// when somebody holds it, with [`LOCK_DYING`] when the holder is gone.
pub fn take(directory: &str, details: &str, run: &str) -> Command {
    let held = crate::host::LOCK_HELD;
    let (watch, put_aside) = (watch(directory, run), put_aside(directory));
    let (state, connection) = (state(directory), connection());
    let count = literal(&format!(".sextant/{}.generation", name(directory)));
    let (directory, run) = (literal(directory), literal(run));
    Command::new(format!(
        "mkdir -p .kamal .sextant && d={directory} && {{ mkdir $d 2> /dev/null || {{ \
         [ -e $d/details ] || sleep 2; \
         if [ -e $d/details ]; then {state}; \
         [ $s != held ] || {{ base64 -d < $d/details; exit {held}; }}; [ $s != dying ] || exit {LOCK_DYING}; \
         base64 -d < $d/details; {put_aside} || exit {LOCK_DYING}; mkdir $d || exit {LOCK_DYING}; \
         else mkdir -p $d; fi; }}; }} && \
         g=$(($(cat {count} 2> /dev/null || echo 0) + 1)) && echo $g > {count} && echo {run} $g > $d/holder && \
         {connection} && touch $d/lease && base64 > $d/details && {watch}"
    ))
    .with_input(vec![Fragment::text(details)])
}

/// Renews the lease and adds lines to the copy of the run's journal; prints the lock's generation. Ends with [`LOCK_LOST`] when the lock
/// is no longer the run's.
pub fn renew(directory: &str, run: &str, lines: &[String]) -> Command {
    let (mine, connection) = (mine(run), connection());
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Command::new(format!(
        "d={}; {mine} || exit {LOCK_LOST}; {connection} && touch $d/lease && cat >> $d/journal && echo $g",
        literal(directory)
    ))
    .with_input(vec![Fragment::text(text)])
}

/// Releases the lock if it is still the run's. A run that went well leaves nothing of the ones that it followed.
pub fn release(directory: &str, run: &str, went_well: bool) -> Command {
    let forget = format!(" && rm -rf {INTERRUPTED}/{}.*", literal(&name(directory)));
    let mine = mine(run);
    Command::new(format!(
        "d={}; {mine} && rm -rf $d{}",
        literal(directory),
        if went_well { forget.as_str() } else { "" }
    ))
}

/// Prints who holds the lock; nothing when nobody does, or when its holder is gone.
pub fn holder(directory: &str) -> Command {
    let state = state(directory);
    Command::new(format!("{state}; [ $s != held ] || cat $d/details 2> /dev/null | base64 -d || true"))
}

/// Prints who holds the lock, and of a run's also its name and how long ago it was renewed; fails when nobody does.
pub fn details(directory: &str) -> Command {
    let state = state(directory);
    Command::new(format!(
        "[ -d {} ] && {{ {state}; base64 -d < $d/details 2> /dev/null || \
         echo 'Nobody knows: whoever took it did not come to leave a name'; \
         if [ -e $d/holder ]; then read run g < $d/holder; echo; echo \"Run: $run, generation $g, renewed $age s ago\"; \
         [ $s = held ] || echo 'Its connection is gone: the lock is free soon'; fi; }}",
        literal(directory)
    ))
}

/// Prints the journals of runs that did not end, each behind a line with its name: the one that holds the lock last.
pub fn interrupted(directory: &str) -> Command {
    Command::new(format!(
        "for d in {INTERRUPTED}/{}.* {}; do [ ! -e $d/journal ] || {{ read run g < $d/holder; echo \"run $run\"; cat $d/journal; }}; done",
        literal(&name(directory)),
        literal(directory)
    ))
}

/// Sets `d`, `age` (seconds since the lease was renewed) and `s`: `held`, `dying` (the holder is gone, the lease runs) or `stale`.
fn state(directory: &str) -> String {
    let start = start_of("$p");
    format!(
        "d={}; s=held; if [ -e $d/holder ]; then \
         age=$(($(date +%s) - $(stat -c %Y $d/lease 2> /dev/null || echo 0))); p=; since=; \
         {{ read p since < $d/connection; }} 2> /dev/null; gone=; [ -z \"$since\" ] || [ \"$({start})\" = \"$since\" ] || gone=1; \
         if [ $age -ge {CUT_OFF} ]; then s=stale; elif [ -n \"$gone\" ]; then s=dying; [ $age -lt {LEASE} ] || s=stale; fi; fi",
        literal(directory)
    )
}

/// True if the lock in `$d` is the run's; sets `g`.
fn mine(run: &str) -> String {
    format!("{{ read run g < $d/holder; }} 2> /dev/null && [ \"$run\" = {} ]", literal(run))
}

/// Leaves in the lock which sshd serves this connection.
fn connection() -> String {
    let (start, parent) = (start_of("$p"), "sed 's/.*) //' /proc/$p/stat 2> /dev/null | cut -d ' ' -f 2");
    format!(
        "p=$PPID; while [ \"${{p:-0}}\" -gt 1 ]; do case $(cat /proc/$p/comm 2> /dev/null) in sshd*) break;; esac; p=$({parent}); done; \
         echo \"${{p:-0}} $({start})\" > $d/connection"
    )
}

/// When a process began, in the kernel's ticks: with its number it is like no other process's.
fn start_of(process: &str) -> String {
    format!("sed 's/.*) //' /proc/{process}/stat 2> /dev/null | cut -d ' ' -f 20")
}

/// Moves the lock in `$d` aside, which only one can do.
fn put_aside(directory: &str) -> String {
    format!(
        "{{ mkdir -p {INTERRUPTED}; mv -T $d {INTERRUPTED}/{}.$(cut -d ' ' -f 1 $d/holder); }}",
        literal(&name(directory))
    )
}

/// Starts what watches the lock for as long as it is the run's. It outlives the connection.
fn watch(directory: &str, run: &str) -> String {
    let (mine, state, put_aside) = (mine(run), state(directory), put_aside(directory));
    format!(
        "{{ ( trap '' HUP PIPE; while command -p sleep 2; do {mine} || exit; {state}; \
         [ $s != stale ] || {{ {put_aside}; exit; }}; done ) < /dev/null > /dev/null 2>&1 & }}"
    )
}

/// The app as the lock names it: `shop-staging`.
fn name(directory: &str) -> String {
    directory.rsplit_once("/lock-").map_or(directory, |(_, name)| name).to_string()
}
