//! Whose the address or domain is that a reply blames (`--own`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use whybounce::classifier::Classifier;
use whybounce::own::Own;
use whybounce::record::Record;
use whybounce::vocabulary::{Owner, Whose};

fn own(texts: &[&str]) -> Own {
    let mut own = Own::default();
    texts.iter().for_each(|text| own.add(text).unwrap());
    own
}

const LISTED: &str =
    "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org";
const SPF: &str = "550-5.7.26 The MAIL FROM domain [example.com] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [198.51.100.1]. - gsmtp";
const UNKNOWN: &str = "550 5.1.1 <bob@example.com>: User unknown in virtual mailbox table";

#[test]
fn what_is_blamed_is_ones_own_or_somebody_elses_or_nobody_knows() {
    use Whose::{Other, Own as Mine};
    for (given, reply, whose) in [
        (&["192.0.2.0/24"][..], LISTED, Some(Mine)),
        (&["198.51.100.0/24"], LISTED, Some(Other)),
        (&["example.org"], LISTED, None),
        (&["example.com"], SPF, Some(Mine)),
        (&["example.org"], SPF, Some(Other)),
        (&["198.51.100.1"], SPF, Some(Mine)),
        (&["example.com"], UNKNOWN, Some(Mine)),
        (&["example.org"], UNKNOWN, Some(Other)),
        (&["192.0.2.1"], "550", None),
        (&["192.0.2.1"], "535 5.7.8 authentication failed", None),
        (&[], LISTED, None),
    ] {
        let own = own(given);
        let record = Record {
            reply: reply.into(),
            ..Record::default()
        };
        let verdict = Classifier::default().with_own(&own).classify(&record);
        let told = verdict.blamed.as_ref().map(|(_, whose)| *whose);
        assert_eq!(told, whose, "{given:?}: {reply}");
    }
}

#[test]
fn a_listed_relay_is_for_its_operator_to_mend_and_our_own_address_for_us() {
    for (given, owner, said) in [
        ("192.0.2.10", Owner::Sender, "192.0.2.10 is your own."),
        (
            "203.0.113.0/24",
            Owner::Platform,
            "192.0.2.10 is not yours: a relay",
        ),
    ] {
        let own = own(&[given]);
        let record = Record {
            reply: LISTED.into(),
            ..Record::default()
        };
        let verdict = Classifier::default().with_own(&own).classify(&record);
        assert_eq!(verdict.owner, owner);
        assert!(
            verdict.whose().unwrap().starts_with(said),
            "{:?}",
            verdict.whose()
        );
    }
}

#[test]
fn the_receivers_own_name_is_not_blamed() {
    let own = own(&["example.org", "198.51.100.0/24"]);
    let record = Record {
        reply: "550 5.7.1 mx.example.com [192.0.2.1] refused the message by policy".into(),
        remote_host: Some("mx.example.com".into()),
        remote_ip: Some("192.0.2.1".into()),
        ..Record::default()
    };
    assert_eq!(
        Classifier::default()
            .with_own(&own)
            .classify(&record)
            .blamed,
        None
    );
}

#[test]
fn a_client_that_our_own_server_refused_is_a_stranger() {
    let own = own(&["203.0.113.0/24"]);
    let record = Record {
        reply: "554 5.7.1 <bob@example.com>: Relay access denied".into(),
        remote_ip: Some("192.0.2.1".into()),
        own_server: true,
        ..Record::default()
    };
    let verdict = Classifier::default().with_own(&own).classify(&record);
    let said = verdict.whose().unwrap();
    assert_eq!(
        said,
        "192.0.2.1 is not yours: your server refused somebody else."
    );
}
