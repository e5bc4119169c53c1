//! What we know, as static tables; the data and its form are described in README.md beside this file.

pub mod compile;
pub mod rules;
pub mod tables;
pub mod user;
pub mod words;

use std::fmt;

use crate::reply::Enhanced;
use crate::vocabulary::{Exit, Operating};
pub use tables::Tables;
use tables::{
    Blocklist, CauseRow, CodeRow, Edge, EnhancedRange, Node, Piece, Provider, Resolver, Rule,
    Sentence, Span, Str, Use,
};

include!(concat!(env!("OUT_DIR"), "/knowledge.rs"));

/// The built-in knowledge.
pub static BUILT_IN: Tables<'static> = Tables {
    text: TEXT,
    glances: &GLANCES,
    slots: &SLOTS,
    starts: &STARTS,
    nodes: &NODES,
    edges: &EDGES,
    uses: &USES,
    strs: &STRS,
    sentences: &SENTENCES,
    pieces: &PIECES,
    codes: &CODE_RANGES,
    enhanced: &ENHANCED_RANGES,
    bytes: &BYTES,
    rules: &RULES,
    providers: &PROVIDERS,
    first_provider: 0,
    hosts: &HOSTS,
    domains: &DOMAINS,
    wordless: &WORDLESS,
};

impl Cause {
    /// The row of the cause: its defaults and its words.
    #[must_use]
    pub fn row(self) -> &'static CauseRow {
        &CAUSES[self as usize]
    }

    /// The id of the cause, for ever the same.
    #[must_use]
    pub fn id(self) -> &'static str {
        BUILT_IN.str(self.row().id)
    }

    /// The cause in two to four words.
    #[must_use]
    pub fn title(self) -> &'static str {
        BUILT_IN.str(self.row().title)
    }

    /// The cause that has this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.id() == id)
    }

    /// The cause at this place of [`Self::ALL`]; an unknown place is no known cause.
    #[must_use]
    pub fn from_index(index: u8) -> Self {
        Self::ALL
            .get(usize::from(index))
            .copied()
            .unwrap_or(Self::Unclassified)
    }

    /// What `--exit-status` says of it.
    #[must_use]
    pub fn exit(self) -> Exit {
        Exit::from_index(self.row().exit).unwrap_or(Exit::Unrecognised)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.id())
    }
}

/// The steps of the fix where one's own server refused a mail from outside.
#[must_use]
pub fn own_server() -> Span {
    OWN_SERVER
}

/// Every blocklist.
#[must_use]
pub fn blocklists() -> &'static [Blocklist] {
    &BLOCKLISTS
}

/// Every sign of a blocklist lookup that failed.
#[must_use]
pub fn resolver_errors() -> &'static [Resolver] {
    &RESOLVERS
}

/// Every reply code, in order.
#[must_use]
pub fn codes() -> &'static [CodeRow] {
    &CODES
}

/// Every enhanced status code, in order.
#[must_use]
pub fn enhanced_codes() -> &'static [CodeRow] {
    &ENHANCED
}

/// Where the rows of these keys stand, counted from 1; 0 for no row.
const fn places<const KEYS: usize>(rows: &[CodeRow]) -> [u8; KEYS] {
    let mut places = [0; KEYS];
    let mut at = 0;
    while at < rows.len() {
        places[rows[at].key as usize] = at as u8 + 1;
        at += 1;
    }
    places
}

static CODE_PLACES: [u8; 700] = places(&CODES);
static ENHANCED_PLACES: [u8; 8 << 8] = places(&ENHANCED);

/// The row that stands where `places` says.
fn row(rows: &'static [CodeRow], places: &[u8], key: u16) -> Option<&'static CodeRow> {
    let place = places.get(usize::from(key))?.checked_sub(1)?;
    rows.get(usize::from(place))
}

/// The row of a reply code (RFC 5321 and practice).
#[must_use]
pub fn code_row(code: u16) -> Option<&'static CodeRow> {
    row(&CODES, &CODE_PLACES, code)
}

/// The row of a reply code's first digit (RFC 5321 section 4.2.1).
#[must_use]
pub fn class_row(digit: u16) -> Option<&'static CodeRow> {
    CLASSES.iter().find(|row| row.key == digit)
}

/// The row of an enhanced status code (RFC 3463 and the IANA registry).
#[must_use]
pub fn enhanced_row(code: Enhanced) -> Option<&'static CodeRow> {
    if code.subject > 7 || code.detail > 255 {
        return None;
    }
    row(&ENHANCED, &ENHANCED_PLACES, code.subject << 8 | code.detail)
}

impl Tables<'_> {
    /// The number of the provider whose host this is, by the longest known end of its name.
    #[must_use]
    pub fn provider_of_host(&self, host: &str) -> Option<u16> {
        by_suffix(self.hosts, host)
    }

    /// The number of the provider whose mailboxes are in this domain.
    #[must_use]
    pub fn provider_of_domain(&self, domain: &str) -> Option<u16> {
        by_suffix(self.domains, domain)
    }
}

/// Bytes of the longest name of a host or domain (RFC 1035 section 2.3.4); what is longer is none.
pub const LONGEST_NAME: usize = 255;

fn by_suffix(names: &[(u32, u32)], name: &str) -> Option<u16> {
    let name = name.trim_end_matches('.').as_bytes();
    if name.len() > LONGEST_NAME {
        return None;
    }
    let known = words::ends_of(name).map_while(|end| tables::probe(names, end));
    let owned = known.filter(|owner| *owner != tables::NOBODY);
    owned.last().and_then(|owner| u16::try_from(owner).ok())
}

/// Compiles the regular expression of a rule.
///
/// # Errors
/// It is none, or it needs more than 1 MiB.
pub(crate) fn regex(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
}

impl Blocklist {
    /// The page to look up what is listed, and to ask for removal, if the list has one.
    #[must_use]
    pub fn page(&self, listed: Option<&str>) -> Option<String> {
        let listed = listed.unwrap_or_default();
        let page = BUILT_IN.str(self.lookup);
        let page = match page.split_once('{') {
            Some((before, mark)) => {
                let behind = mark.split_once('}').map_or("", |(_, behind)| behind);
                [before, listed, behind].concat()
            }
            None => page.to_owned(),
        };
        (!page.is_empty()).then_some(page)
    }

    /// Whether the list still answers.
    #[must_use]
    pub fn operating(&self) -> Operating {
        Operating::from_index(self.operating).unwrap_or(Operating::Unknown)
    }
}
