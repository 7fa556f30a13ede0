//! What tests came to, read from the report that nextest leaves. Pure.

use std::fmt;

/// Tests that ran, and those that looked for what they need and did not find it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    /// `binary name: reason` for each test that said that it was skipped. Nextest counts it as passed; we do not.
    pub skipped: Vec<String>,
    /// `binary name` of each test that passed at the second try only: something for us to mend, nothing to stop a release for.
    pub flaky: Vec<String>,
}

impl Tally {
    /// Reads a JUnit report.
    pub fn read(report: &str) -> Self {
        let mut tally = Self::default();
        for case in report.split("<testcase ").skip(1) {
            let case = case.split("</testcase>").next().unwrap_or(case);
            let head = case.split('>').next().unwrap_or_default();
            let name = format!("{} {}", attribute(head, "classname"), attribute(head, "name"));
            let reason = case.lines().find_map(|line| Some(line.split_once("skipped: ")?.1));
            if case.contains("<failure") || case.contains("<error") {
                tally.failed += 1;
            } else if let Some(reason) = reason {
                let reason = unescaped(reason.split("</system-out>").next().unwrap_or(reason));
                tally.skipped.push(format!("{name}: {reason}"));
            } else {
                tally.passed += 1;
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
    }

    /// How many there were in all.
    pub fn count(&self) -> usize {
        self.passed + self.failed + self.skipped.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())
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
        <testcase name="races" classname="transport" time="0.0">
            <flakyFailure message="no" type="test failure">once</flakyFailure>
        </testcase>
    </testsuite>
</testsuites>"#;
        let skipped = vec!["tests::fleet takeover::both: the test fleet needs root & more".to_owned()];
        let tally = Tally::read(report);
        assert_eq!(tally, Tally { passed: 3, failed: 1, skipped, flaky: vec!["transport races".to_owned()] });
        assert_eq!((tally.count(), tally.to_string().as_str()), (5, "3 passed, 1 failed, 1 skipped"));
    }
}
