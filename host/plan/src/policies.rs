//! What policies' opinions come to: which of them end the run, which are only told, and which somebody set aside or approved of.
//!
//! Policies themselves are asked through [`Hooks::review`](crate::Hooks::review).

use std::cell::LazyCell;
use std::collections::BTreeSet;

use commands::Machine;
use configuration::PolicyMode;
use serde::{Deserialize, Serialize};

use crate::hooks::{Opinion, Verdict};
use crate::plan::{Plan, Stage};
use crate::planner::{Planner, on_hosts};

/// A policy whose objections are set aside, and why: `--override`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The policy's name.
    pub policy: String,
    /// Why, in one line.
    pub reason: String,
}

/// Somebody who approved of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// Who it is.
    pub person: String,
    /// In which roles.
    pub roles: Vec<String>,
}

/// What the opinions on a plan come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What the operator is told; the run goes on.
    pub remarks: Vec<Remark>,
    /// Policies whose objections were set aside.
    pub overridden: Vec<Override>,
    /// What ends the run.
    pub objections: Vec<Objection>,
}

/// Something that a policy has to say, and that ends nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The policy's name.
    pub policy: String,
    /// Whether it is only noted.
    pub is_note: bool,
    /// What it says.
    pub reason: String,
    /// Numbers of the steps that it is about.
    pub steps: Vec<u32>,
}

/// Something that a policy has against a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The policy's name.
    pub policy: String,
    /// Whether it may be set aside.
    pub may_override: bool,
    /// What it is.
    pub kind: ObjectionKind,
}

/// What a policy has against a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ObjectionKind {
    /// The plan must not be carried out. `about` names the steps.
    Denied { reason: String, steps: Vec<u32>, about: String },
    /// People have to approve of it first; so many have.
    Unapproved { reason: String, roles: Vec<String>, count: u32, given: u32 },
}

impl std::fmt::Display for Objection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let policy = &self.policy;
        match &self.kind {
            ObjectionKind::Denied { reason, about, .. } => {
                write!(formatter, "policy `{policy}` denies this plan: {reason}{about}")
            }
            ObjectionKind::Unapproved { reason, roles, count, given } => {
                write!(formatter, "policy `{policy}` wants {}: {reason}", wanted(roles, *count, *given))
            }
        }
    }
}

/// What the opinions on a plan come to, with what was set aside and who approved.
pub fn judge(plan: &Plan, opinions: &[Opinion], overrides: &[Override], approvers: &[Approver]) -> Judgement {
    let mut judgement = Judgement::default();
    for opinion in opinions {
        let policy = opinion.policy.clone();
        let mut objections = Vec::new();
        for verdict in &opinion.verdicts {
            match verdict {
                Verdict::Warn { reason, steps } => judgement.remarks.push(Remark {
                    policy: policy.clone(),
                    is_note: opinion.mode == PolicyMode::Monitor,
                    reason: reason.clone(),
                    steps: steps.clone(),
                }),
                Verdict::Deny { reason, steps } => {
                    let about = about(plan, steps);
                    objections.push(ObjectionKind::Denied { reason: reason.clone(), steps: steps.clone(), about });
                }
                Verdict::RequireApproval { reason, roles, count } => {
                    let given = given(approvers, roles);
                    if given < *count {
                        let (reason, roles, count) = (reason.clone(), roles.clone(), *count);
                        objections.push(ObjectionKind::Unapproved { reason, roles, count, given });
                    }
                }
            }
        }
        let set_aside = overrides.iter().find(|own| own.policy == policy && opinion.may_override);
        match (opinion.mode, set_aside) {
            _ if objections.is_empty() => {}
            (PolicyMode::Enforce, Some(set_aside)) => judgement.overridden.push(set_aside.clone()),
            (PolicyMode::Enforce, None) => {
                let objection = |kind| Objection { policy: policy.clone(), may_override: opinion.may_override, kind };
                judgement.objections.extend(objections.into_iter().map(objection));
            }
            (mode, _) => {
                let remark = |kind| remark(&policy, mode == PolicyMode::Monitor, kind);
                judgement.remarks.extend(objections.into_iter().map(remark));
            }
        }
    }
    judgement
}

/// An objection of a policy that does not enforce.
fn remark(policy: &str, is_note: bool, kind: ObjectionKind) -> Remark {
    let (reason, steps) = match kind {
        ObjectionKind::Denied { reason, steps, .. } => (format!("it would deny this plan: {reason}"), steps),
        ObjectionKind::Unapproved { reason, roles, count, given } => {
            (format!("it would want {}: {reason}", wanted(&roles, count, given)), Vec::new())
        }
    };
    Remark { policy: policy.to_string(), is_note, reason, steps }
}

/// How many people with one of the roles approved; a person counts once, and where no role is named anybody does.
fn given(approvers: &[Approver], roles: &[String]) -> u32 {
    let counts = |approver: &&Approver| roles.is_empty() || approver.roles.iter().any(|role| roles.contains(role));
    let people: BTreeSet<&str> = approvers.iter().filter(counts).map(|approver| approver.person.as_str()).collect();
    u32::try_from(people.len()).unwrap_or(u32::MAX)
}

fn wanted(roles: &[String], count: u32, given: u32) -> String {
    let whom = match roles {
        [] => "anybody".to_string(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    };
    let so_far = if given == 0 { String::new() } else { format!(", {given} so far") };
    format!("the approval of {count} of {whom}{so_far}")
}

/// What makes no sense in an answer; it counts as none then.
pub fn nonsense(verdicts: &[Verdict], plan: &Plan) -> Option<String> {
    // Most verdicts name no step, so that most plans are not gone through.
    let known: LazyCell<BTreeSet<u32>, _> = LazyCell::new(|| plan.steps().map(|(_, step)| step.id).collect());
    verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Warn { steps, .. } | Verdict::Deny { steps, .. } => {
            let unknown = steps.iter().find(|step| !known.contains(step))?;
            Some(format!("it names step {unknown}, which the plan does not have"))
        }
        Verdict::RequireApproval { count: 0, .. } => Some("it wants the approval of nobody".to_string()),
        Verdict::RequireApproval { .. } => None,
    })
}

/// How many steps are named one by one.
const NAMED: usize = 8;

/// The steps that a verdict is about, as their plan numbers them.
pub fn about(plan: &Plan, steps: &[u32]) -> String {
    match steps {
        [] => String::new(),
        [one] => match plan.steps().find(|(_, step)| step.id == *one) {
            Some((Machine::Local, step)) => format!(" (step {one}: {})", step.title),
            Some((machine, step)) => format!(" (step {one}: {} on {machine})", step.title),
            None => format!(" (step {one})"),
        },
        many => format!(" (steps {})", numbers(many)),
    }
}

/// Numbers of steps, shortened where they are many: `1, 2, 3`.
pub fn numbers(steps: &[u32]) -> String {
    let mut named: Vec<String> = steps.iter().take(NAMED).map(u32::to_string).collect();
    if steps.len() > NAMED {
        named.push(format!("… {} in all", steps.len()));
    }
    named.join(", ")
}

/// The stage that notes on every host of a plan which policies were set aside.
pub(crate) fn noted(planner: &Planner<'_>, plan: &Plan) -> Option<Stage> {
    let hosts: Vec<String> = plan.hosts().into_iter().map(str::to_string).collect();
    let overrides = &planner.run.overrides;
    let note = |set_aside: &Override| {
        planner.audit(None, &format!("Set aside policy {}: {}", set_aside.policy, set_aside.reason))
    };
    Stage::of_steps("Note what was set aside", on_hosts(&hosts, |_| overrides.iter().map(note).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Step, Track};

    fn plan() -> Plan {
        let step = |id: u32, title: &str| Step { id, ..Step::new(title, Action::RequireBuildx) };
        let track = |machine: Machine, id: u32| Track {
            machine,
            blocks: vec![crate::Block { start: vec![step(id, "start it")], ..crate::Block::default() }],
        };
        let tracks = vec![track(Machine::Host("a".into()), 1), track(Machine::Local, 2)];
        let stage = Stage { title: "Boot".into(), registry: None, begins_boot: false, tracks };
        Plan { apply: vec![stage], ..Plan::default() }
    }

    fn opinion(mode: PolicyMode, verdicts: &[Verdict]) -> Opinion {
        Opinion { policy: "p".into(), mode, may_override: false, verdicts: verdicts.to_vec() }
    }

    fn deny(steps: &[u32]) -> Verdict {
        Verdict::Deny { reason: "no".into(), steps: steps.to_vec() }
    }

    fn approval(roles: &[&str], count: u32) -> Verdict {
        let roles = roles.iter().map(ToString::to_string).collect();
        Verdict::RequireApproval { reason: "it is big".into(), roles, count }
    }

    fn texts(judgement: &Judgement) -> Vec<String> {
        let remarks = judgement.remarks.iter().map(|remark| {
            let word = if remark.is_note { "note" } else { "warning" };
            format!("{word}: {} {:?}", remark.reason, remark.steps)
        });
        let overridden = judgement.overridden.iter().map(|own| format!("set aside: {}", own.reason));
        remarks.chain(overridden).chain(judgement.objections.iter().map(ToString::to_string)).collect()
    }

    #[test]
    fn what_a_mode_makes_of_objections() {
        let check = |mode, verdict: Verdict, expected: &[&str]| {
            assert_eq!(texts(&judge(&plan(), &[opinion(mode, &[verdict])], &[], &[])), expected);
        };
        let warn = || Verdict::Warn { reason: "hm".into(), steps: vec![1] };
        check(PolicyMode::Enforce, deny(&[1]), &["policy `p` denies this plan: no (step 1: start it on a)"]);
        check(PolicyMode::Enforce, deny(&[2]), &["policy `p` denies this plan: no (step 2: start it)"]);
        check(PolicyMode::Enforce, deny(&[1, 2]), &["policy `p` denies this plan: no (steps 1, 2)"]);
        check(PolicyMode::Enforce, approval(&[], 1), &["policy `p` wants the approval of 1 of anybody: it is big"]);
        check(PolicyMode::Enforce, warn(), &["warning: hm [1]"]);
        check(PolicyMode::Warn, deny(&[1]), &["warning: it would deny this plan: no [1]"]);
        check(
            PolicyMode::Warn,
            approval(&["lead", "ops"], 2),
            &["warning: it would want the approval of 2 of lead or ops: it is big []"],
        );
        check(PolicyMode::Warn, warn(), &["warning: hm [1]"]);
        check(PolicyMode::Monitor, deny(&[1]), &["note: it would deny this plan: no [1]"]);
        check(PolicyMode::Monitor, warn(), &["note: hm [1]"]);
    }

    #[test]
    fn an_override_sets_aside_what_may_be_and_nothing_else() {
        let check = |policy: &str, may_override: bool, expected: &[&str]| {
            let overrides = [Override { policy: policy.into(), reason: "hotfix".into() }];
            let opinion = Opinion { may_override, ..opinion(PolicyMode::Enforce, &[deny(&[]), approval(&[], 1)]) };
            assert_eq!(texts(&judge(&plan(), &[opinion], &overrides, &[])), expected);
        };
        let denied = ["policy `p` denies this plan: no", "policy `p` wants the approval of 1 of anybody: it is big"];
        check("p", true, &["set aside: hotfix"]);
        check("p", false, &denied);
        check("q", true, &denied);
        let overrides = [Override { policy: "p".into(), reason: "hotfix".into() }];
        let content = Opinion { may_override: true, ..opinion(PolicyMode::Enforce, &[]) };
        assert_eq!(judge(&plan(), &[content], &overrides, &[]), Judgement::default());
    }

    #[test]
    fn people_with_a_role_count_and_each_of_them_once() {
        let approver = |person: &str, roles: &[&str]| Approver {
            person: person.into(),
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        let check = |roles: &[&str], count: u32, approvers: &[Approver], expected: &[&str]| {
            let opinion = opinion(PolicyMode::Enforce, &[approval(roles, count)]);
            assert_eq!(texts(&judge(&plan(), &[opinion], &[], approvers)), expected);
        };
        let (ann, bob) = (approver("ann", &["lead"]), approver("bob", &["ops"]));
        check(&["lead"], 1, std::slice::from_ref(&ann), &[]);
        check(&["lead", "ops"], 2, &[ann.clone(), bob.clone()], &[]);
        check(&[], 2, &[ann.clone(), bob.clone()], &[]);
        let lacks = ["policy `p` wants the approval of 2 of lead, 1 so far: it is big"];
        check(&["lead"], 2, &[ann.clone(), bob.clone()], &lacks);
        check(&["lead"], 2, &[ann.clone(), ann.clone()], &lacks);
        check(&["boss"], 1, &[ann, bob], &["policy `p` wants the approval of 1 of boss: it is big"]);
    }

    #[test]
    fn every_policy_is_heard_and_every_reason_told() {
        let other = Opinion { policy: "q".into(), ..opinion(PolicyMode::Enforce, &[deny(&[]), deny(&[2])]) };
        let judgement = judge(&plan(), &[opinion(PolicyMode::Enforce, &[deny(&[])]), other], &[], &[]);
        assert_eq!(
            texts(&judgement),
            [
                "policy `p` denies this plan: no",
                "policy `q` denies this plan: no",
                "policy `q` denies this plan: no (step 2: start it)"
            ]
        );
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_none() {
        let check = |verdict: Verdict, expected: Option<&str>| {
            assert_eq!(nonsense(&[deny(&[1]), verdict], &plan()).as_deref(), expected);
        };
        check(deny(&[1, 2]), None);
        check(deny(&[]), None);
        check(deny(&[1, 3]), Some("it names step 3, which the plan does not have"));
        check(
            Verdict::Warn { reason: "hm".into(), steps: vec![0] },
            Some("it names step 0, which the plan does not have"),
        );
        check(approval(&[], 1), None);
        check(approval(&[], 0), Some("it wants the approval of nobody"));
    }

    #[test]
    fn many_steps_are_not_all_named() {
        assert_eq!(numbers(&[1, 2]), "1, 2");
        assert_eq!(numbers(&(1..=20).collect::<Vec<_>>()), "1, 2, 3, 4, 5, 6, 7, 8, … 20 in all");
    }
}
