//! Replies and what they must come out as: data in replies.toml, one case a block.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use serde::Deserialize;
use whybounce::classifier::Classifier;
use whybounce::record::Record;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

/// What is not given is not asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    /// What the case is there for.
    claim: String,
    reply: String,
    host: Option<String>,
    recipient: Option<String>,
    cause: Option<String>,
    cause_not: Option<String>,
    priority: Option<String>,
    family: Option<String>,
    retry: Option<String>,
    suppress: Option<bool>,
    confidence: Option<String>,
    owner: Option<String>,
    types: Option<Vec<String>>,
    provider: Option<String>,
    blocklist: Option<String>,
    listed: Option<String>,
    after_seconds: Option<u64>,
    likely: Option<bool>,
    conflict: Option<bool>,
    summary_has: Option<String>,
    code: Option<u16>,
    enhanced: Option<String>,
}

#[test]
fn a_reply_cut_at_any_letter_gets_a_verdict() {
    let file: File = toml::from_str(include_str!("replies.toml")).unwrap();
    let mut classifier = Classifier::default();
    for case in &file.case {
        for (end, _) in case.reply.char_indices() {
            let cut = case.reply.get(..end).unwrap();
            let verdict = classifier.classify(cut);
            assert!(!verdict.summary().is_empty(), "{cut:?}");
        }
    }
}

#[test]
fn every_reply_comes_out_as_the_table_says() {
    let file: File = toml::from_str(include_str!("replies.toml")).unwrap();
    let mut classifier = Classifier::default();
    let mut failures = String::new();
    for case in &file.case {
        let record = Record {
            reply: case.reply.as_str().into(),
            remote_host: case.host.as_deref().map(Into::into),
            recipient: case.recipient.as_deref().map(Into::into),
            ..Record::default()
        };
        let verdict = classifier.classify(&record);
        let mut check = |what: &str, got: String, want: Option<String>| {
            if let Some(want) = want
                && got != want
            {
                let _ = writeln!(
                    failures,
                    "{}: {what} is {got}, not {want} (rule {:?}): {}",
                    case.claim,
                    verdict.rule(),
                    case.reply
                );
            }
        };
        let text = |id: &str| id.to_owned();
        check("cause", text(verdict.cause.id()), case.cause.clone());
        check(
            "priority",
            text(verdict.priority.id()),
            case.priority.clone(),
        );
        check("family", text(verdict.family.id()), case.family.clone());
        check("retry", text(verdict.retry.id()), case.retry.clone());
        check(
            "suppress",
            verdict.suppress.to_string(),
            case.suppress.map(|it| it.to_string()),
        );
        check(
            "confidence",
            text(verdict.confidence.id()),
            case.confidence.clone(),
        );
        check("owner", text(verdict.owner.id()), case.owner.clone());
        let types: Vec<&str> = verdict.types.iter().map(|kind| kind.id()).collect();
        let wanted = case.types.clone().map(|mut types| {
            types.sort();
            types.join(" ")
        });
        let mut sorted = types.clone();
        sorted.sort_unstable();
        check("types", sorted.join(" "), wanted);
        check(
            "provider",
            verdict.provider().map_or("none", |it| it.id).to_owned(),
            case.provider.clone(),
        );
        let listing = verdict.blocklist();
        check(
            "blocklist",
            listing.as_ref().map_or("none", |it| it.id).to_owned(),
            case.blocklist.clone(),
        );
        let listed = listing
            .as_ref()
            .and_then(|it| it.listed.as_deref())
            .unwrap_or("nothing");
        check("listed", listed.to_owned(), case.listed.clone());
        check(
            "after-seconds",
            verdict.after_seconds().unwrap_or_default().to_string(),
            case.after_seconds.map(|it| it.to_string()),
        );
        check(
            "likely",
            (verdict.likely().len() > 1).to_string(),
            case.likely.map(|it| it.to_string()),
        );
        check(
            "conflict",
            (!verdict.conflicts().is_empty()).to_string(),
            case.conflict.map(|it| it.to_string()),
        );
        check(
            "code",
            verdict.code.unwrap_or_default().to_string(),
            case.code.map(|it| it.to_string()),
        );
        check(
            "enhanced",
            verdict
                .enhanced
                .map(|it| it.to_string())
                .unwrap_or_default(),
            case.enhanced.clone(),
        );
        if let Some(not) = &case.cause_not {
            check(
                "cause is another",
                (verdict.cause.id() != not).to_string(),
                Some("true".to_owned()),
            );
        }
        if let Some(has) = &case.summary_has {
            let summary = verdict.summary();
            check(
                "summary",
                if summary.contains(has) {
                    has.clone()
                } else {
                    summary.into_owned()
                },
                Some(has.clone()),
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn a_verdict_does_not_depend_on_what_was_read_before() {
    let file: File = toml::from_str(include_str!("replies.toml")).unwrap();
    let mut used = Classifier::default();
    for case in file.case.iter().chain(&file.case) {
        let record = Record {
            reply: case.reply.as_str().into(),
            ..Record::default()
        };
        let again = used.classify(&record);
        let mut fresh = Classifier::default();
        let fresh = fresh.classify(&record);
        assert_eq!(again.cause, fresh.cause, "{}", case.reply);
        assert_eq!(again.summary(), fresh.summary(), "{}", case.reply);
    }
}

#[test]
fn capitals_and_line_ends_change_nothing() {
    let file: File = toml::from_str(include_str!("replies.toml")).unwrap();
    let mut classifier = Classifier::default();
    for case in &file.case {
        let plain = Record {
            reply: case.reply.as_str().into(),
            ..Record::default()
        };
        let cause = classifier.classify(&plain).cause;
        let ended = Record {
            reply: format!("{}\r", case.reply).into(),
            ..Record::default()
        };
        assert_eq!(
            classifier.classify(&ended).cause,
            cause,
            "with CR: {}",
            case.reply
        );
        let lower = Record {
            reply: case.reply.to_lowercase().into(),
            ..Record::default()
        };
        assert_eq!(
            classifier.classify(&lower).cause,
            cause,
            "in lower case: {}",
            case.reply
        );
    }
}
