//! A report as one JSON object. All counts may be added to those of another report.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use whybounce::knowledge::BUILT_IN;
use whybounce::report::times::Count;
use whybounce::report::{Block, List, Report};
use whybounce::vocabulary::{Family, Owner, Priority};

use crate::render::json::Safe;

/// The version of the keys. A key may be added; a key is never changed.
const SCHEMA: u64 = 1;

/// Writes the report on one line.
///
/// # Errors
/// The writer's.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, Safe);
    Summary::of(report)
        .serialize(&mut json)
        .map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Summary<'r> {
    schema: u64,
    records: u64,
    accepted: u64,
    refused: u64,
    own_server: u64,
    passed_later: u64,
    families: BTreeMap<&'static str, u64>,
    priorities: BTreeMap<&'static str, u64>,
    owners: BTreeMap<&'static str, u64>,
    causes: Vec<Cause<'r>>,
    blocklists: Vec<Blocklist<'r>>,
    hours: Vec<Hour>,
    without_time: Amount,
    suppress: Vec<&'r str>,
    delayed: Vec<&'r str>,
    addresses_not_kept: u64,
}

#[derive(Serialize)]
struct Cause<'r> {
    cause: &'static str,
    title: &'static str,
    priority: &'static str,
    count: u64,
    passed_later: u64,
    scope: &'static str,
    recipients: u64,
    more_recipients: bool,
    owner: &'static str,
    fix: &'r [String],
    families: BTreeMap<&'static str, u64>,
    priorities: BTreeMap<&'static str, u64>,
    owners: BTreeMap<&'static str, u64>,
    providers: Vec<Named<'r>>,
    providers_other: u64,
    domains: Vec<Named<'r>>,
    domains_other: u64,
    example: Example<'r>,
}

#[derive(Serialize)]
struct Named<'r> {
    name: &'r str,
    count: u64,
}

#[derive(Serialize)]
struct Example<'r> {
    reply: &'r str,
    summary: &'r str,
    recipient: Option<&'r str>,
    time: Option<&'r str>,
    file: Option<&'r str>,
    line: Option<u64>,
}

#[derive(Serialize)]
struct Blocklist<'r> {
    id: &'static str,
    name: &'static str,
    operating: &'static str,
    count: u64,
    lookup: Option<String>,
    listed: Vec<Listed<'r>>,
    listed_other: u64,
}

#[derive(Serialize)]
struct Listed<'r> {
    listed: &'r str,
    count: u64,
    lookup: Option<String>,
}

#[derive(Serialize)]
struct Hour {
    hour: String,
    #[serde(flatten)]
    amount: Amount,
}

#[derive(Serialize)]
struct Amount {
    records: u64,
    refused: u64,
}

impl From<Count> for Amount {
    fn from(Count { records, refused }: Count) -> Self {
        Self { records, refused }
    }
}

impl<'r> Summary<'r> {
    fn of(report: &'r Report) -> Self {
        let blocks = report.blocks();
        let sums = |counts: &dyn Fn(&Block) -> BTreeMap<&'static str, u64>| {
            let mut sums = BTreeMap::new();
            for (id, count) in blocks.iter().flat_map(|block| counts(block)) {
                *sums.entry(id).or_default() += count;
            }
            sums
        };
        Self {
            schema: SCHEMA,
            records: report.records,
            accepted: report.accepted,
            refused: report.refused,
            own_server: report.own_server,
            passed_later: report.settled(),
            families: sums(&families),
            priorities: sums(&priorities),
            owners: sums(&owners),
            causes: blocks.iter().map(|block| Cause::of(block)).collect(),
            blocklists: report.lists().into_iter().map(Blocklist::of).collect(),
            hours: report
                .times
                .timeline()
                .hours()
                .map(|(hour, count)| Hour {
                    hour,
                    amount: count.into(),
                })
                .collect(),
            without_time: report.times.unplaced.into(),
            suppress: report.to_suppress(usize::MAX).shown,
            delayed: report.delayed(usize::MAX).shown,
            addresses_not_kept: report.addresses_not_kept(),
        }
    }
}

impl<'r> Cause<'r> {
    fn of(block: &'r Block) -> Self {
        let named = |(name, count)| Named { name, count };
        let providers: Vec<_> = block.hits.providers().into_iter().map(named).collect();
        let domains: Vec<_> = block.domains().into_iter().map(named).collect();
        let other = |names: &[Named<'_>]| {
            let sum: u64 = names.iter().map(|named| named.count).sum();
            block.hits.count - sum
        };
        let example = &block.example;
        Self {
            cause: block.cause.id(),
            title: block.cause.title(),
            priority: block.hits.priority().id(),
            count: block.hits.count,
            passed_later: block.settled,
            scope: block.hits.scope().id(),
            recipients: block.recipients,
            more_recipients: block.more_recipients,
            owner: block.hits.owner().id(),
            fix: block.fix(),
            families: families(block),
            priorities: priorities(block),
            owners: owners(block),
            providers_other: other(&providers),
            providers,
            domains_other: other(&domains),
            domains,
            example: Example {
                reply: &example.reply,
                summary: &example.summary,
                recipient: example.recipient.as_deref(),
                time: example.time.as_deref(),
                file: example.file.as_deref(),
                line: (example.line > 0).then_some(example.line),
            },
        }
    }
}

impl<'r> Blocklist<'r> {
    fn of(hits: &'r List) -> Self {
        let listed = hits.listed();
        let sum: u64 = listed.iter().map(|(_, count)| count).sum();
        let with_page = |(listed, count)| Listed {
            listed,
            count,
            lookup: hits.list.page(Some(listed)),
        };
        Self {
            id: BUILT_IN.str(hits.list.id),
            name: BUILT_IN.str(hits.list.name),
            operating: hits.list.operating().id(),
            count: hits.count,
            lookup: hits.list.page(None),
            listed: listed.into_iter().map(with_page).collect(),
            listed_other: hits.count - sum,
        }
    }
}

/// The counts that are not zero, by the ids that stand at their places.
fn by_id(counts: &[u64], ids: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, u64> {
    ids.zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(id, count)| (id, *count))
        .collect()
}

fn families(block: &Block) -> BTreeMap<&'static str, u64> {
    by_id(
        &block.hits.families,
        Family::ALL.iter().map(|family| family.id()),
    )
}

fn priorities(block: &Block) -> BTreeMap<&'static str, u64> {
    by_id(
        &block.hits.priorities,
        Priority::ALL.iter().map(|priority| priority.id()),
    )
}

fn owners(block: &Block) -> BTreeMap<&'static str, u64> {
    by_id(
        &block.hits.owners,
        Owner::ALL.iter().map(|owner| owner.id()),
    )
}
