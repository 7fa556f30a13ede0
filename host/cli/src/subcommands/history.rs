//! `sextant history`: the runs of this app that were started on this machine, the newest first.

use journal::{Account, Fate};
use serde_json::{Value, json};

use crate::arguments::Options;
use crate::commits::shortened;
use crate::console::{Output, print, print_raw, say};
use crate::failure::Failure;
use crate::project::Project;
use crate::runs;

pub fn run(options: &Options) -> Result<u8, Failure> {
    let store = runs::store(&Project::read(options)?.configuration)?;
    let mut accounts = Vec::new();
    for name in store.runs().into_iter().rev() {
        match store.account(&name) {
            Ok(account) => accounts.push((name, account)),
            Err(error) => say(&format!("note: {error}")),
        }
    }
    match options.output {
        Output::Json => {
            print(&Value::Array(accounts.iter().map(|(name, account)| object(name, account)).collect()).to_string())
        }
        Output::Text if accounts.is_empty() => say("no run of this app was recorded on this machine"),
        Output::Text => print_raw(&table(&accounts)),
    }
    Ok(0)
}

fn object(name: &str, account: &Account) -> Value {
    let beginning = &account.beginning;
    let error = match &account.fate {
        Fate::Failed { error, .. } => Some(error),
        _ => None,
    };
    json!({
        "run": name,
        "started_at": started_at(account),
        "subcommand": beginning.subcommand.join(" "),
        "version": beginning.version,
        "performer": beginning.performer,
        "destination": beginning.destination,
        "resumes": beginning.resumes,
        "program": beginning.program,
        "ended": ending(&account.fate),
        "error": error,
        "milliseconds": milliseconds(account),
        "plan": account.plan,
    })
}

/// A line per run, in columns.
fn table(accounts: &[(String, Account)]) -> String {
    let heading = ["RUN", "SUBCOMMAND", "VERSION", "WHO", "ENDED", "TOOK"].map(str::to_string);
    let row = |(name, account): &(String, Account)| {
        let beginning = &account.beginning;
        let took = milliseconds(account).map_or("-".to_string(), duration);
        [
            name.clone(),
            beginning.subcommand.join(" "),
            shortened(&beginning.version),
            beginning.performer.clone(),
            ending(&account.fate).to_string(),
            took,
        ]
    };
    let rows: Vec<[String; 6]> = std::iter::once(heading).chain(accounts.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        cells.trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

fn ending(fate: &Fate) -> &'static str {
    match fate {
        Fate::Finished => "finished",
        Fate::Failed { .. } => "failed",
        Fate::Interrupted => "interrupted",
        Fate::Unknown => "unknown",
    }
}

/// When a run began. The clock of its plan may be another one: a plan in a file is older than the run that carries it out.
fn started_at(account: &Account) -> Option<String> {
    let milliseconds = i64::try_from(account.lines.first()?.at).ok()?;
    let time = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// How long a run took: nobody knows of one whose end is not written down.
fn milliseconds(account: &Account) -> Option<u64> {
    let known = account.fate != Fate::Unknown;
    let (first, last) = (account.lines.first()?.at, account.lines.last()?.at);
    known.then(|| last.saturating_sub(first))
}

/// `4.2s`, `3m 7s`.
fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{}s", milliseconds % 1000 / 100),
        _ => format!("{}m {}s", seconds / 60, seconds % 60),
    }
}
