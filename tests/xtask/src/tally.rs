//! What tests came to, read from the report that nextest leaves. Pure.

use std::fmt;

/// The tests of which each, but for those in modules, plays one recorded run of Kamal.
const RECORDINGS: &str = "tests::recordings";

/// Tests that ran, and those that looked for what they need and did not find it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    /// `binary name: reason` for each test that said that it was skipped. Nextest counts it as passed; we do not.
    pub skipped: Vec<String>,
    /// `binary name` of each test that passed at the second try only: something for us to mend, nothing to stop a release for.
    pub flaky: Vec<String>,
    /// Recorded runs of Kamal that were played.
    pub recordings: usize,
    /// Those that agree with ours.
    pub agreeing: usize,
}

impl Tally {
    /// Reads a JUnit report.
    pub fn read(report: &str) -> Self {
        let mut tally = Self::default();
        for case in report.split("<testcase ").skip(1) {
            let case = case.split("</testcase>").next().unwrap_or(case);
            let head = case.split('>').next().unwrap_or_default();
            let is_recording = attribute(head, "classname") == RECORDINGS && !attribute(head, "name").contains("::");
            tally.recordings += usize::from(is_recording);
            let name = format!("{} {}", attribute(head, "classname"), attribute(head, "name"));
            let reason = case.lines().find_map(|line| Some(line.split_once("skipped: ")?.1));
            if case.contains("<failure") || case.contains("<error") {
                tally.failed += 1;
            } else if let Some(reason) = reason {
                let reason = unescaped(reason.split("</system-out>").next().unwrap_or(reason));
                tally.skipped.push(format!("{name}: {reason}"));
            } else {
                tally.passed += 1;
                tally.agreeing += usize::from(is_recording);
                if case.contains("<flakyFailure") {
                    tally.flaky.push(name);
                }
            }
        }
        tally
    }

    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
        self.flaky.extend(other.flaky);
        self.recordings += other.recordings;
        self.agreeing += other.agreeing;
    }

    /// How many there were in all.
    pub fn count(&self) -> usize {
        self.passed + self.failed + self.skipped.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())?;
        match self.recordings {
            0 => Ok(()),
            recordings => write!(f, "; {} of {recordings} recordings agree", self.agreeing),
        }
    }
}

fn attribute(head: &str, name: &str) -> String {
    let start = format!("{name}=\"");
    let value = head.split(' ').find_map(|word| word.strip_prefix(&start)).unwrap_or_default();
    unescaped(value.split('"').next().unwrap_or_default())
}

fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, character)| text.replace(mark, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_failed_and_skipped_tests_are_told_apart() {
        let report = r#"<testsuites name="nextest-run" tests="3" failures="1" errors="0">
    <testsuite name="tests::fleet" tests="3">
        <testcase name="locks::a_lock" classname="tests::fleet" timestamp="2026-11-22" time="1.0">
            <system-out>test locks::a_lock ... ok</system-out>
        </testcase>
        <testcase name="rollback::works" classname="tests::fleet" time="1.0">
            <failure message="no" type="test failure">skipped: not this</failure>
        </testcase>
        <testcase name="takeover::both" classname="tests::fleet" time="1.0">
            <system-out>
running 1 test
skipped: the test fleet needs root &amp; more
            </system-out>
        </testcase>
        <testcase name="plain" classname="plan" time="0.0"/>
        <testcase name="deviations::explained" classname="tests::recordings" time="0.0"/>
        <testcase name="deploy_simple" classname="tests::recordings" time="0.0"/>
        <testcase name="app_stop" classname="tests::recordings" time="0.0">
            <failure message="no" type="test failure">it differs</failure>
        </testcase>
        <testcase name="races" classname="transport" time="0.0">
            <flakyFailure message="no" type="test failure">once</flakyFailure>
        </testcase>
    </testsuite>
</testsuites>"#;
        let skipped = vec!["tests::fleet takeover::both: the test fleet needs root & more".to_owned()];
        let tally = Tally::read(report);
        let flaky = vec!["transport races".to_owned()];
        assert_eq!(tally, Tally { passed: 5, failed: 2, skipped, flaky, recordings: 2, agreeing: 1 });
        assert_eq!(tally.count(), 8);
        assert_eq!(tally.to_string(), "5 passed, 2 failed, 1 skipped; 1 of 2 recordings agree");
    }
}
