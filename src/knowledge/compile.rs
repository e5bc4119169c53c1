//! Rules as written become rules as matched: phrases into one tree of words, conditions into flat rows.
//!
//! The build script and `--rules` both go through here, so a user's rule is checked as strictly as ours.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;

use super::rules::{Lines, ProviderEntry, RuleEntry, RulesFile, WhenEntry, WordSets};
use super::tables::{
    Edge, EnhancedRange, NOBODY, NONE, Node, Piece, Provider, Rule, Sentence, Slot, Span, Str,
    Tables, UNSET, Use,
};
use super::words::{self, Literal, SMALL_WORDS, Token};
use crate::vocabulary::{Family, Kind, Owner, Phase, Priority, Retry, Strength, Value};

/// The most ways one phrase may be written out, and all phrases together.
const MOST_WAYS: usize = 100_000;
const MOST_WAYS_OF_ALL: usize = 1_000_000;

/// The most phrases that end with the same words, or go on differently behind the same words.
const MOST_ALIKE: usize = u16::MAX as usize;

/// The names that rules may use.
pub trait Names {
    fn cause(&self, id: &str) -> Option<u8>;
    fn provider(&self, id: &str) -> Option<u16>;
    fn blocklist(&self, id: &str) -> Option<u16>;
}

/// The tables while they grow.
#[derive(Debug, Default)]
pub struct Compiled {
    text: String,
    texts: HashMap<String, Str>,
    words: HashMap<u64, u32>,
    starts: Vec<(u32, u32)>,
    nodes: Vec<Grown>,
    /// The node to which a word leads from a node.
    next: HashMap<(u32, u32), u32>,
    strs: Vec<Str>,
    sentences: Vec<Sentence>,
    pieces: Vec<Piece>,
    codes: Vec<(u16, u16)>,
    enhanced: Vec<EnhancedRange>,
    bytes: Vec<u8>,
    rules: Vec<Rule>,
    providers: Vec<Provider>,
    first_provider: u16,
    by_host: HashMap<u64, u32>,
    by_domain: HashMap<u64, u32>,
    hosts: Vec<(u32, u32)>,
    domains: Vec<(u32, u32)>,
    wordless: Vec<(u16, u8, u32)>,
    phrases: u32,
    ways: usize,
    slots: Vec<(u32, u32)>,
    glances: Vec<u64>,
    flat_nodes: Vec<Node>,
    edges: Vec<Edge>,
    uses: Vec<Use>,
}

/// What a node leads to: where two agree, they are one.
type Ends = (Vec<(u32, u32)>, Vec<Use>);

#[derive(Debug, Default)]
struct Grown {
    edges: Vec<(u32, u32)>,
    uses: Vec<Use>,
}

/// One word of a phrase: its id and all hashes under which it may be met.
struct Word {
    hash: u64,
    broken: Option<u64>,
    literal: Option<Literal>,
}

/// The first word id after the literals and the small words.
const FIRST_WORD: u32 = Literal::COUNT + 1 + SMALL_WORDS.len() as u32;

/// Whether a word id is that of a small word.
pub const fn is_small(word: u32) -> bool {
    word > Literal::COUNT && word < FIRST_WORD
}

impl Compiled {
    /// Empty tables that know the literals and the small words; their providers are counted from this number on.
    pub fn new(first_provider: u16) -> Self {
        let mut new = Self {
            first_provider,
            ..Self::default()
        };
        new.nodes.push(Grown::default());
        for (id, word) in (Literal::COUNT + 1..).zip(SMALL_WORDS) {
            new.words.insert(words::hash(word.as_bytes()), id);
        }
        new.starts = vec![(0, 0); FIRST_WORD as usize];
        new
    }

    /// Keeps a text, once.
    pub fn text(&mut self, text: &str) -> Str {
        if text.is_empty() {
            return Str::default();
        }
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let piece = Str {
            at: self.text.len() as u32,
            len: text.len() as u32,
        };
        self.text.push_str(text);
        self.texts.insert(text.to_owned(), piece);
        piece
    }

    /// Keeps a list of texts.
    pub fn list<T: AsRef<str>>(&mut self, texts: &[T]) -> Span {
        let pieces: Vec<Str> = texts.iter().map(|text| self.text(text.as_ref())).collect();
        let span = Span {
            at: self.strs.len() as u32,
            len: pieces.len() as u32,
        };
        self.strs.extend(pieces);
        span
    }

    /// Keeps a sentence of `summary` or `fix`.
    pub fn sentence(&mut self, text: &str) -> Result<Sentence, String> {
        let pieces = pieces(text)?;
        let span = Span {
            at: self.pieces.len() as u32,
            len: pieces.len() as u32,
        };
        self.pieces.extend(pieces);
        Ok(Sentence {
            text: self.text(text),
            pieces: span,
        })
    }

    /// Keeps the steps of a fix.
    pub fn steps(&mut self, texts: &[String]) -> Result<Span, String> {
        let at = self.sentences.len() as u32;
        for text in texts {
            let step = self.sentence(text)?;
            self.sentences.push(step);
        }
        Ok(Span {
            at,
            len: texts.len() as u32,
        })
    }

    /// Keeps a list of small numbers.
    pub fn bytes(&mut self, bytes: &[u8]) -> Span {
        let span = Span {
            at: self.bytes.len() as u32,
            len: bytes.len() as u32,
        };
        self.bytes.extend_from_slice(bytes);
        span
    }

    /// Adds a provider: its marks, and the hosts and domains that are its own and nobody else's.
    pub fn provider(&mut self, entry: &ProviderEntry) -> Result<(), String> {
        let number = u32::from(self.first_provider) + self.providers.len() as u32;
        for mark in &entry.marks {
            self.mark(mark, number, Slot::PROVIDER)?;
        }
        for (names, index) in [
            (&entry.hosts, &mut self.by_host),
            (&entry.domains, &mut self.by_domain),
        ] {
            for name in names {
                let mut ends: Vec<u64> = words::ends_of(name.as_bytes()).collect();
                let owner = index.entry(ends.pop().unwrap_or(0)).or_insert(NOBODY);
                if ![number, NOBODY].contains(owner) {
                    return Err(format!("{name:?} belongs to another provider already"));
                }
                *owner = number;
                for end in ends {
                    index.entry(end).or_insert(NOBODY);
                }
            }
        }
        let row = Provider {
            id: self.text(&entry.id),
            name: self.text(&entry.name),
            page: self.text(&entry.page),
            hosts: self.list(&entry.hosts),
            domains: self.list(&entry.domains),
            marks: self.list(&entry.marks),
        };
        self.providers.push(row);
        Ok(())
    }

    /// Adds one rule; `provider` and `general` are those of its file.
    fn rule(
        &mut self,
        entry: &RuleEntry,
        provider: Option<&ProviderEntry>,
        general: bool,
        names: &dyn Names,
        sets: &WordSets,
    ) -> Result<(), String> {
        let target = self.rules.len() as u32;
        let when = &entry.when;
        let mut needs = 0;
        for (list, slot, marker) in [
            (&when.says, Slot::SAYS, false),
            (&when.also, Slot::ALSO, false),
            (&when.marker, Slot::MARKER, true),
        ] {
            for phrase in list.as_slice() {
                needs |= slot;
                self.phrase(phrase, target, slot, marker, sets)?;
            }
        }
        for phrase in when.unless.as_slice() {
            self.phrase(phrase, target, Slot::UNLESS, false, sets)?;
        }
        let codes = self.code_ranges(when.code.as_slice())?;
        let enhanced = self.enhanced_ranges(when.enhanced.as_slice())?;
        let mut phases = 0;
        for phase in when.phase.as_slice() {
            phases |= 1 << place("phase", phase, Phase::ALL, Phase::id)?;
        }
        let when_provider = match &when.provider {
            Some(id) => names.provider(id).ok_or_else(|| unknown("provider", id))?,
            None => NONE,
        };
        if needs == 0 && codes.len == 0 && enhanced.len == 0 {
            return Err(
                "`when` asks for neither words nor codes, so this rule would win everywhere"
                    .to_owned(),
            );
        }
        if let Some(regex) = &when.regex
            && needs == 0
        {
            return Err(format!(
                "`regex` {regex:?} needs a phrase beside it, so that it runs only where it may hold"
            ));
        }
        if entry
            .example
            .as_slice()
            .iter()
            .all(|example| example.trim().is_empty())
        {
            return Err("a rule needs an example that it wins".to_owned());
        }
        let summary = match entry.summary.as_str() {
            "" => Sentence::default(),
            own => self.sentence(own)?,
        };
        let fix = self.steps(entry.fix.as_slice())?;
        let spoke = match (&entry.provider, provider) {
            (Some(id), _) => names.provider(id).ok_or_else(|| unknown("provider", id))?,
            (None, Some(own)) => names.provider(&own.id).unwrap_or(NONE),
            (None, None) => when_provider,
        };
        let blocklist = match &entry.blocklist {
            Some(id) => names
                .blocklist(id)
                .ok_or_else(|| unknown("blocklist", id))?,
            None => NONE,
        };
        let mut likely = Vec::new();
        for id in &entry.likely {
            likely.push(names.cause(id).ok_or_else(|| unknown("cause", id))?);
        }
        let rule = Rule {
            id: self.text(&entry.id),
            cause: names
                .cause(&entry.cause)
                .ok_or_else(|| unknown("cause", &entry.cause))?,
            strength: member("strength", &entry.strength, Strength::ALL, Strength::id)?
                .unwrap_or(Strength::Plain as u8),
            general: u8::from(general),
            needs,
            phases,
            when_provider,
            codes,
            enhanced,
            regex: self.text(when.regex.as_deref().unwrap_or_default()),
            provider: spoke,
            blocklist,
            family: member("family", &entry.family, Family::ALL, Family::id)?.unwrap_or(UNSET),
            types: kinds(&entry.types)?,
            priority: member("priority", &entry.priority, Priority::ALL, Priority::id)?
                .unwrap_or(UNSET),
            owner: member("owner", &entry.owner, Owner::ALL, Owner::id)?.unwrap_or(UNSET),
            retry: member("retry", &entry.retry, Retry::ALL, Retry::id)?.unwrap_or(UNSET),
            suppress: entry.suppress.map_or(UNSET, u8::from),
            likely: self.bytes(&likely),
            summary,
            fix,
            source: self.text(&entry.source),
            examples: self.list(entry.example.as_slice()),
            nots: self.list(entry.not.as_slice()),
            example_host: self.text(&entry.example_host),
            when: self.list(&written(when)),
        };
        if needs == 0 {
            let range = enhanced.of(&self.enhanced).to_vec();
            let mut subjects: Vec<u8> = range
                .iter()
                .map(|range| range.subject.min(254) as u8)
                .collect();
            if subjects.is_empty() {
                subjects.push(u8::MAX);
            }
            subjects.sort_unstable();
            subjects.dedup();
            for subject in subjects {
                self.wordless.push((when_provider, subject, target));
            }
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Adds the mark of a provider or blocklist.
    pub fn mark(&mut self, mark: &str, target: u32, slot: u8) -> Result<(), String> {
        self.phrase(mark, target, slot, true, &WordSets::new())
    }

    /// Adds a phrase in all the ways it may be written. Ways that end alike share their nodes in the end.
    fn phrase(
        &mut self,
        phrase: &str,
        target: u32,
        slot: u8,
        marker: bool,
        sets: &WordSets,
    ) -> Result<(), String> {
        if phrase.chars().any(char::is_uppercase) {
            return Err(format!(
                "the phrase {phrase:?} has capitals; write phrases in lower case"
            ));
        }
        let parts = parts_of(phrase);
        let count = u8::try_from(parts.len())
            .map_err(|_| format!("the phrase {phrase:?} has too many gaps"))?;
        let gapped = if count > 1 {
            self.phrases += 1;
            self.phrases
        } else {
            0
        };
        for (part, text) in (0..).zip(parts) {
            let mut ways = Vec::new();
            written_out(text, marker, sets, 0, &mut ways)?;
            self.ways += ways.len();
            if self.ways > MOST_WAYS_OF_ALL {
                return Err(format!(
                    "the phrases as far as {phrase:?} can be written in more than {MOST_WAYS_OF_ALL} ways"
                ));
            }
            let new = Use {
                target,
                phrase: gapped,
                slot,
                part,
                parts: count,
            };
            for way in ways {
                self.one_way(&way, new, marker)
                    .map_err(|problem| format!("the phrase {phrase:?} {problem}"))?;
            }
        }
        Ok(())
    }

    fn one_way(&mut self, way: &str, new: Use, marker: bool) -> Result<(), String> {
        let words = phrase_words(way, marker)?;
        let mut node = None;
        for word in &words {
            let id = self.word(word);
            node = Some(match node {
                None => self.start(id, marker),
                Some(from) => self.grow(from, id)?,
            });
        }
        let Some(node) = node else {
            return Err(if new.parts > 1 {
                "has a gap with no word beside it"
            } else {
                "can be written without any word"
            }
            .to_owned());
        };
        let uses = &mut self.nodes[node as usize].uses;
        // The ways of one rule come one behind the other.
        let mut own = uses.iter().rev().take_while(|it| it.target == new.target);
        if !own.any(|it| *it == new) {
            if uses.len() == MOST_ALIKE {
                return Err(format!("is one of more than {MOST_ALIKE} that are alike"));
            }
            uses.push(new);
        }
        Ok(())
    }

    fn word(&mut self, word: &Word) -> u32 {
        if let Some(literal) = word.literal {
            return literal as u32;
        }
        let id = match self.words.get(&word.hash) {
            Some(id) => *id,
            None => {
                let id = self.starts.len() as u32;
                self.starts.push((0, 0));
                self.words.insert(word.hash, id);
                id
            }
        };
        if let Some(broken) = word.broken {
            self.words.entry(broken).or_insert(id);
        }
        id
    }

    fn start(&mut self, word: u32, marker: bool) -> u32 {
        let entry = &mut self.starts[word as usize];
        let root = if marker { &mut entry.1 } else { &mut entry.0 };
        if *root == 0 {
            self.nodes.push(Grown::default());
            *root = self.nodes.len() as u32 - 1;
        }
        *root
    }

    fn grow(&mut self, from: u32, word: u32) -> Result<u32, String> {
        if let Some(node) = self.next.get(&(from, word)) {
            return Ok(*node);
        }
        if self.nodes[from as usize].edges.len() == MOST_ALIKE {
            return Err(format!("is one of more than {MOST_ALIKE} that begin alike"));
        }
        self.nodes.push(Grown::default());
        let node = self.nodes.len() as u32 - 1;
        self.nodes[from as usize].edges.push((word, node));
        self.next.insert((from, word), node);
        Ok(node)
    }

    fn code_ranges(&mut self, codes: &[String]) -> Result<Span, String> {
        let at = self.codes.len() as u32;
        for code in codes {
            let range = match code
                .strip_suffix("xx")
                .and_then(|digit| digit.parse::<u16>().ok())
            {
                Some(digit @ 2..=5) => (digit * 100, digit * 100 + 99),
                _ => match code.parse::<u16>() {
                    Ok(code @ 200..=699) => (code, code),
                    _ => {
                        return Err(format!(
                            "{code:?} is no reply code; write \"550\" or \"4xx\""
                        ));
                    }
                },
            };
            self.codes.push(range);
        }
        Ok(Span {
            at,
            len: codes.len() as u32,
        })
    }

    fn enhanced_ranges(&mut self, codes: &[String]) -> Result<Span, String> {
        let at = self.enhanced.len() as u32;
        for code in codes {
            let range = enhanced_range(code).ok_or_else(|| {
                format!(
                    "{code:?} is no enhanced code; write \"5.7.1\", \"x.7.1\" or \"5.7.606-649\""
                )
            })?;
            self.enhanced.push(range);
        }
        Ok(Span {
            at,
            len: codes.len() as u32,
        })
    }

    /// Lays the tree out flat, nodes that lead to the same ends made one. After this nothing can be added.
    pub fn finish(&mut self) {
        let mut same: HashMap<Ends, u32> = HashMap::new();
        let mut becomes = vec![0; self.nodes.len()];
        self.flat_nodes.push(Node::default());
        // A node is made after the one before it, so going back meets the ends first. Node 0 stands for none.
        for at in (1..self.nodes.len()).rev() {
            let mut grown = std::mem::take(&mut self.nodes[at]);
            for (_, node) in &mut grown.edges {
                *node = becomes[*node as usize];
            }
            grown.edges.sort_unstable();
            grown.uses.sort_unstable();
            let key = (grown.edges, grown.uses);
            if let Some(known) = same.get(&key) {
                becomes[at] = *known;
                continue;
            }
            let id = self.flat_nodes.len() as u32;
            becomes[at] = id;
            self.flat_nodes.push(Node {
                edges: self.edges.len() as u32,
                uses: self.uses.len() as u32,
                edge_count: key.0.len() as u16,
                use_count: key.1.len() as u16,
            });
            self.edges.extend(key.0.iter().map(|(word, node)| Edge {
                word: *word,
                node: *node,
            }));
            self.uses.extend(&key.1);
            same.insert(key, id);
        }
        for (prose, marker) in &mut self.starts {
            *prose = becomes[*prose as usize];
            *marker = becomes[*marker as usize];
        }
        let words: Vec<_> = self.words.iter().map(|(hash, id)| (*hash, *id)).collect();
        self.glances = vec![0; super::tables::GLANCE / 64];
        for (hash, _) in &words {
            let (number, bit) = super::tables::glance(*hash);
            self.glances[number] |= bit;
        }
        self.slots = slots(words);
        self.wordless.sort_unstable();
        self.hosts = slots(self.by_host.drain().collect());
        self.domains = slots(self.by_domain.drain().collect());
    }

    /// The finished tables.
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            text: &self.text,
            glances: &self.glances,
            slots: &self.slots,
            starts: &self.starts,
            nodes: &self.flat_nodes,
            edges: &self.edges,
            uses: &self.uses,
            strs: &self.strs,
            sentences: &self.sentences,
            pieces: &self.pieces,
            codes: &self.codes,
            enhanced: &self.enhanced,
            bytes: &self.bytes,
            rules: &self.rules,
            providers: &self.providers,
            first_provider: self.first_provider,
            hosts: &self.hosts,
            domains: &self.domains,
            wordless: &self.wordless,
        }
    }
}

/// Hashes and what they stand for, laid out to be found by [`super::tables::probe`].
pub fn slots(mut entries: Vec<(u64, u32)>) -> Vec<(u32, u32)> {
    entries.sort_unstable();
    let mut size = (entries.len() * 2).next_power_of_two().max(2);
    loop {
        let mut slots = vec![(0, 0); size];
        for (hash, number) in &entries {
            let mut at = super::tables::home(*hash) & (size - 1);
            while slots[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = (super::tables::tag(*hash), *number);
        }
        // Two neighbours of one tag would hide each other.
        let all_found = entries
            .iter()
            .all(|(hash, number)| super::tables::probe(&slots, *hash) == Some(*number));
        if all_found {
            return slots;
        }
        size *= 2;
    }
}

/// Compiles the rules of a file; every problem names file and line. `seen` holds the ids of all rules and where they stand.
pub fn compile_file(
    into: &mut Compiled,
    name: &str,
    text: &str,
    file: &RulesFile,
    names: &dyn Names,
    sets: &WordSets,
    seen: &mut HashMap<String, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = Lines::of(text);
    let provider = file.provider.as_ref().map(Spanned::get_ref);
    for spanned in &file.rule {
        let entry = spanned.get_ref();
        let place = format!("{name}:{}", lines.number(spanned.span().start));
        let id = &entry.id;
        if let Some(first) = seen.get(id) {
            problems.push(format!("{place}: rule {id:?}: the id is taken by {first}"));
            continue;
        }
        if let Err(problem) = into.rule(entry, provider, file.general, names, sets) {
            problems.push(format!("{place}: rule {id:?}: {problem}"));
        }
        seen.insert(id.clone(), format!("the rule at {place}"));
    }
    problems
}

/// What a sentence is made of, nothing if it asks for nothing. Some of it is left where its values are not known.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let (mut at, mut optional) = (0, false);
    loop {
        let close = if optional { ']' } else { '[' };
        let end = text[at..].find(close).map(|length| at + length);
        add_part(&mut pieces, text, at..end.unwrap_or(text.len()), optional)?;
        match end {
            Some(end) => at = end + 1,
            None if optional => return Err(unclosed(text, '[')),
            None => break,
        }
        optional = !optional;
    }
    if pieces.iter().any(|it| it.words(text).contains(['[', ']'])) {
        return Err(format!(
            "the sentence {text:?} has brackets within brackets, or a ']' that nothing opens"
        ));
    }
    let stays = |piece: &Piece| piece.value != UNSET || !piece.words(text).trim().is_empty();
    if !pieces.iter().any(|it| !it.optional && stays(it)) {
        return Err(format!(
            "the sentence {text:?} is empty where its values are not known"
        ));
    }
    pieces.pop_if(|last| last.words(text) == text);
    Ok(pieces)
}

/// Adds the pieces of a part of a sentence that is optional as a whole, or not at all.
fn add_part(
    pieces: &mut Vec<Piece>,
    text: &str,
    part: Range<usize>,
    optional: bool,
) -> Result<(), String> {
    let mut at = part.start;
    let mut add = |start, end, value| {
        pieces.push(Piece {
            start: start as u32,
            end: end as u32,
            value,
            optional,
        });
    };
    while let Some((words, behind)) = text[at..part.end].split_once('{') {
        let (name, _) = behind.split_once('}').ok_or_else(|| unclosed(text, '{'))?;
        let value = Value::from_id(name).ok_or_else(|| {
            let known: Vec<_> = Value::ALL.iter().map(|value| value.id()).collect();
            let known = known.join("} {");
            format!("the sentence {text:?} asks for {{{name}}}; there are {{{known}}}")
        })?;
        let open = at + words.len();
        add(at, open, value as u8);
        at = open + name.len() + 2;
    }
    // One without words parts the optional ones around it.
    if at < part.end || !optional {
        add(at, part.end, UNSET);
    }
    Ok(())
}

fn unclosed(text: &str, sign: char) -> String {
    format!("the sentence {text:?} has a '{sign}' that nothing closes")
}

/// Conditions as written, key and value in turn.
fn written(when: &WhenEntry) -> Vec<&str> {
    let lists = [
        ("says", when.says.as_slice()),
        ("also", when.also.as_slice()),
        ("unless", when.unless.as_slice()),
        ("marker", when.marker.as_slice()),
        ("provider", when.provider.as_slice()),
        ("code", when.code.as_slice()),
        ("enhanced", when.enhanced.as_slice()),
        ("phase", when.phase.as_slice()),
        ("regex", when.regex.as_slice()),
    ];
    lists
        .into_iter()
        .flat_map(|(key, values)| values.iter().flat_map(move |value| [key, value]))
        .collect()
}

fn unknown(what: &str, id: &str) -> String {
    format!("there is no {what} {id:?}; whybounce --list {what}s names them all")
}

/// The place of the member of a vocabulary that has this id.
fn place<T: Copy>(
    what: &str,
    id: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<u8, String> {
    match all.iter().position(|it| name(*it) == id) {
        Some(at) => Ok(at as u8),
        None => {
            let known: Vec<_> = all.iter().map(|it| name(*it)).collect();
            let known = known.join(", ");
            Err(format!("there is no {what} {id:?}; known are {known}"))
        }
    }
}

/// The member of a vocabulary that an optional field names.
pub fn member<T: Copy>(
    what: &str,
    id: &Option<String>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<u8>, String> {
    id.as_deref()
        .map(|id| place(what, id, all, name))
        .transpose()
}

/// A set of kinds as bits.
pub fn kinds(ids: &[String]) -> Result<u8, String> {
    ids.iter().try_fold(0, |bits, id| {
        Ok(bits | 1 << place("type", id, Kind::ALL, Kind::id)?)
    })
}

/// Reads `5.7.1`, `x.7.1`, `5.1.x`, `5.7.606-649`.
fn enhanced_range(code: &str) -> Option<EnhancedRange> {
    let mut parts = code.split('.');
    let classes = match parts.next()? {
        "x" => 0b11_0100,
        "2" => 0b100,
        "4" => 0b1_0000,
        "5" => 0b10_0000,
        _ => return None,
    };
    let subject = parts.next()?.parse().ok()?;
    let detail = parts.next()?;
    let (low, high) = match detail.split_once('-') {
        _ if detail == "x" => (0, 999),
        Some((low, high)) => (low.parse().ok()?, high.parse().ok()?),
        None => (detail.parse().ok()?, detail.parse().ok()?),
    };
    parts.next().is_none().then_some(EnhancedRange {
        classes,
        subject,
        low,
        high,
    })
}

/// The parts of a phrase between its gaps; `...` inside braces is no gap.
fn parts_of(phrase: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut level, mut start) = (0, 0);
    for (at, letter) in phrase.char_indices() {
        match letter {
            '{' => level += 1,
            '}' => level -= 1,
            '.' if level == 0 && at >= start && phrase[at..].starts_with("...") => {
                parts.push(&phrase[start..at]);
                start = at + 3;
            }
            _ => {}
        }
    }
    parts.push(&phrase[start..]);
    parts
}

/// Writes out `{a,b}` and `{set}`.
fn written_out(
    phrase: &str,
    marker: bool,
    sets: &WordSets,
    depth: usize,
    ways: &mut Vec<String>,
) -> Result<(), String> {
    if depth > 24 {
        return Err(format!("the phrase {phrase:?} nests too deep"));
    }
    let Some(open) = phrase.find('{') else {
        ways.push(phrase.to_owned());
        return if ways.len() > MOST_WAYS {
            Err(format!(
                "the phrase {phrase:?} can be written in more than {MOST_WAYS} ways"
            ))
        } else {
            Ok(())
        };
    };
    let mut level = 0;
    let mut cuts = vec![open];
    let mut close = None;
    for (at, letter) in phrase.char_indices().skip_while(|(at, _)| *at < open) {
        match letter {
            '{' => level += 1,
            '}' => {
                level -= 1;
                if level == 0 {
                    close = Some(at);
                    break;
                }
            }
            ',' if level == 1 => cuts.push(at),
            _ => {}
        }
    }
    let Some(close) = close else {
        return Err(format!(
            "the phrase {phrase:?} has a '{{' that nothing closes"
        ));
    };
    cuts.push(close);
    let (before, after) = (&phrase[..open], &phrase[close + 1..]);
    let inside: Vec<&str> = cuts
        .windows(2)
        .map(|pair| phrase[pair[0] + 1..pair[1]].trim())
        .collect();
    let entries: Vec<String> = match inside.as_slice() {
        [name] if !name.contains('{') => sets.get(*name).cloned().ok_or_else(|| {
            format!("the phrase {phrase:?} uses the set {{{name}}}, which words.toml does not have")
        })?,
        entries => entries.iter().map(|entry| (*entry).to_owned()).collect(),
    };
    let is_left_out = |entry: &&String| entry.split(' ').all(|word| SMALL_WORDS.contains(&word));
    if !marker
        && let Some(entry) = entries.iter().find(is_left_out)
        && !entries.iter().any(String::is_empty)
    {
        return Err(format!(
            "the phrase {phrase:?} offers {entry:?}, which is left out: write {{...,}} if nothing need stand there"
        ));
    }
    for entry in entries {
        let way = format!("{before} {entry} {after}");
        written_out(&way, marker, sets, depth + 1, ways)?;
    }
    Ok(())
}

/// The words of a phrase, as a reply's words are cut.
fn phrase_words(text: &str, marker: bool) -> Result<Vec<Word>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        cut_words(&rest[..open], marker, &mut found)?;
        let close = rest[open..]
            .find('>')
            .ok_or("has a '<' that nothing closes")?
            + open;
        let name = &rest[open + 1..close];
        let literal = Literal::from_name(name).ok_or_else(|| {
            format!("names <{name}>; there are <address> <host> <ip> <url> <number>")
        })?;
        if marker {
            return Err("names a literal, which only prose may".to_owned());
        }
        found.push(Word {
            hash: 0,
            broken: None,
            literal: Some(literal),
        });
        rest = &rest[close + 1..];
    }
    cut_words(rest, marker, &mut found)?;
    Ok(found)
}

fn cut_words(text: &str, marker: bool, found: &mut Vec<Word>) -> Result<(), String> {
    let small: Vec<u64> = SMALL_WORDS
        .iter()
        .map(|word| words::hash(word.as_bytes()))
        .collect();
    let mut problem = None;
    words::cut(text, |token, start, end| {
        let hash = match token {
            Token::Word(hash) | Token::Numbered(hash, _) => hash,
            Token::Inner(hash) | Token::InnerNumbered(hash, _) if marker => hash,
            Token::Literal(_) if marker => return,
            Token::Literal(_) | Token::Inner(_) | Token::InnerNumbered(..) => {
                problem = Some(format!(
                    "holds {:?}, which prose skips; put it in `marker`",
                    &text[start..end]
                ));
                return;
            }
        };
        if !marker && small.contains(&hash) {
            return;
        }
        let word = &text[start..end];
        // `ofr#`: the word goes on with digits.
        if marker
            && text[end..].starts_with('#')
            && !text[end + 1..].starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            found.push(Word {
                hash: words::hash(format!("{word}#").as_bytes()),
                broken: None,
                literal: None,
            });
            return;
        }
        let broken = (!word.is_ascii()).then(|| broken_hash(word)).flatten();
        found.push(Word {
            hash,
            broken,
            literal: None,
        });
    });
    problem.map_or(Ok(()), Err)
}

/// The hash of a word whose accented letters were lost on the way (U+FFFD).
fn broken_hash(word: &str) -> Option<u64> {
    if word
        .chars()
        .any(|letter| !letter.is_ascii() && words::without_accent(letter).is_none())
    {
        return None;
    }
    let broken: String = word
        .chars()
        .map(|letter| {
            if letter.is_ascii() {
                letter
            } else {
                '\u{fffd}'
            }
        })
        .collect();
    let mut hash = None;
    words::cut(&broken, |token, _, _| {
        if let Token::Word(found) = token {
            hash = Some(found);
        }
    });
    hash
}
