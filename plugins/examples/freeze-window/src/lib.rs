//! A policy for Sextant: nobody deploys on frozen days.

mod calendar;

use serde::Deserialize;
use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

use calendar::{Day, WEEKDAYS};

/// Subcommands that bring another version to the hosts.
const FROZEN: [&str; 5] = ["setup", "deploy", "redeploy", "rollback", "app boot"];

/// What stands below `with:`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    days: Vec<String>,
    dates: Vec<String>,
    utc_offset: Option<String>,
}

struct FreezeWindow;

impl Policy for FreezeWindow {
    fn review(deployment: &Deployment, _: &Facts, _: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let settings = serde_json::from_str(&deployment.settings()).map_err(|error| invalid("with", error))?;
        let frozen = frozen(&settings, deployment.started_at())?;
        if let Some(reason) = frozen.filter(|_| FROZEN.contains(&deployment.subcommand().as_str())) {
            verdict.deny(&reason, &[]);
        }
        Ok(())
    }
}

/// Why nobody deploys at that time, if so. Settings are checked whatever the day: a mistake should not wait for Friday to be found.
fn frozen(settings: &Settings, time: u64) -> Result<Option<String>, Fault> {
    let offset = settings.utc_offset.as_deref().unwrap_or("+00:00");
    let seconds = calendar::offset(offset).ok_or_else(|| invalid("utc_offset", "is no offset such as `+01:00`"))?;
    let today = Day::of(time, seconds);
    for day in &settings.days {
        if !WEEKDAYS.contains(&day.as_str()) {
            return Err(invalid("days", format!("has `{day}`, which is none of {}", WEEKDAYS.join(", "))));
        }
    }
    for date in &settings.dates {
        if !calendar::is_date(date) {
            return Err(invalid("dates", format!("has `{date}`, which is no date such as `2026-12-24`")));
        }
    }
    let (weekday, date) = (today.weekday(), today.date());
    Ok(if settings.dates.contains(&date) {
        Some(format!("nobody deploys on {date}"))
    } else if settings.days.iter().any(|day| day == weekday) {
        Some(format!("nobody deploys on a {weekday}, and it is {date} at UTC{offset}"))
    } else {
        None
    })
}

fn invalid(setting: &str, reason: impl ToString) -> Fault {
    Fault::InvalidSetting((setting.to_string(), reason.to_string()))
}

sextant_sdk::export!(FreezeWindow: policy);

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-30T23:30:00Z, a Friday.
    const FRIDAY_NIGHT: u64 = 1_769_815_800;

    #[test]
    fn days_begin_where_the_team_is() {
        let check = |settings: &str, expected: Option<&str>| {
            let settings = serde_json::from_str(settings).expect("the settings are valid");
            let found = frozen(&settings, FRIDAY_NIGHT).map_err(|fault| format!("{fault:?}"));
            assert_eq!(found, Ok(expected.map(str::to_string)));
        };
        check(r#"{}"#, None);
        check(r#"{ "days": ["fri"] }"#, Some("nobody deploys on a fri, and it is 2026-01-30 at UTC+00:00"));
        check(r#"{ "days": ["fri"], "utc_offset": "+01:00" }"#, None);
        check(
            r#"{ "days": ["sat"], "utc_offset": "+01:00" }"#,
            Some("nobody deploys on a sat, and it is 2026-01-31 at UTC+01:00"),
        );
        check(r#"{ "dates": ["2026-01-30"] }"#, Some("nobody deploys on 2026-01-30"));
        check(r#"{ "dates": ["2026-01-31"], "utc_offset": "-05:30" }"#, None);
    }

    #[test]
    fn mistakes_in_settings_are_told_on_any_day() {
        let check = |settings: &str, expected: (&str, &str)| {
            let settings = serde_json::from_str(settings).expect("the settings are valid");
            let Err(Fault::InvalidSetting((name, reason))) = frozen(&settings, FRIDAY_NIGHT) else {
                panic!("nothing is wrong with it")
            };
            assert_eq!((name.as_str(), reason.as_str()), expected);
        };
        check(
            r#"{ "days": ["friday"] }"#,
            ("days", "has `friday`, which is none of mon, tue, wed, thu, fri, sat, sun"),
        );
        check(r#"{ "dates": ["24.12.2026"] }"#, ("dates", "has `24.12.2026`, which is no date such as `2026-12-24`"));
        check(r#"{ "utc_offset": "CET" }"#, ("utc_offset", "is no offset such as `+01:00`"));
    }
}
