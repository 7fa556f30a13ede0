//! Runs in a store: which are kept, and how one is named.

use configuration::{Filter, Selection, Source, Sources};
use journal::{Account, Beginning, Entry, Fate, JournalError, SavedPlan, Store};
use plan::{Basis, Facts, Intent, Plan, Run};

const PROJECT: &str = "\
service: app
image: acme/app
servers: [10.0.0.1]
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

fn run() -> Run {
    let base = Source { path: "config/deploy.yml".to_string(), text: PROJECT.to_string() };
    let configuration = configuration::load(&Sources { base, overlay: None, destination: None }).expect("a project");
    let selection = Selection::new(&configuration, &Filter::default()).expect("a selection");
    Run::sample(Intent::Deploy { skip_push: true }, configuration, selection)
}

fn begin(store: &Store, name: &str) {
    let journal = store.begin(name, "0.0.0").expect("a journal");
    journal.note(Entry::Began(Box::new(Beginning::of(&run(), name, "0.1.0")))).expect("a line");
}

#[test]
fn the_last_runs_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path(), "app", Some("staging"));
    let other = Store::new(folder.path(), "app", None);
    ["20260131T100000Z-a", "20260131T110000Z-b", "20260131T120000Z-c"].iter().for_each(|name| begin(&store, name));
    begin(&other, "20250131T100000Z-d");
    store.keep_last(2);
    assert_eq!(store.runs(), ["20260131T110000Z-b", "20260131T120000Z-c"]);
    store.keep_last(100);
    assert_eq!((store.runs().len(), other.runs().len()), (2, 1));
}

#[test]
fn a_run_is_named_by_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path(), "app", None);
    ["20260131T100000Z-ab", "20260131T110000Z-cb"].iter().for_each(|name| begin(&store, name));
    assert_eq!(store.named("ab").ok().as_deref(), Some("20260131T100000Z-ab"));
    for nobody in ["b", "zz"] {
        assert!(matches!(store.named(nobody), Err(JournalError::UnknownRun { known, .. }) if known.len() == 2));
    }
    assert_eq!(store.account("cb").map(|account| account.fate).ok(), Some(Fate::Unknown));
}

#[test]
fn a_plan_that_was_changed_is_no_plan_any_more() {
    let path = std::path::Path::new("plan.json");
    let basis = Basis { run: run(), facts: Facts::default() };
    let plan = Plan { service: "app".to_string(), version: "v1".to_string(), ..Plan::default() };
    let text = SavedPlan::new("0.1.0", plan, basis).text();
    assert_eq!(SavedPlan::parse(path, &text).map(|saved| saved.text()).ok().as_deref(), Some(text.as_str()));
    let changed = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        SavedPlan::parse(path, &changed)
    };
    assert!(matches!(changed("\"version\": \"v1\"", "\"version\": \"v2\""), Err(JournalError::Tampered { .. })));
    assert!(matches!(changed("10.0.0.1", "10.0.0.2"), Err(JournalError::Tampered { .. })));
    assert!(matches!(changed("\"format\": 1", "\"format\": 2"), Err(JournalError::Malformed { .. })));
}

#[test]
fn a_journal_that_was_cut_off_is_read_up_to_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path(), "app", None);
    begin(&store, "20260131T100000Z-a");
    let path = store.folder("20260131T100000Z-a").join("journal.jsonl");
    let text = std::fs::read_to_string(&path).expect("a journal");
    assert_eq!(Account::read(&format!("{text}{{\"at\":1,\"ev")).map(|account| account.lines.len()), Some(1));
    assert!(Account::read("{\"at\":1,\"event\":\"finished\"}\n").is_none());
}
