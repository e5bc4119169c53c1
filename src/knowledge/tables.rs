//! The compiled form of the knowledge: flat rows of numbers and one string, no pointer to relocate, nothing to parse.
//!
//! The build script prints these rows as Rust source (their `Debug` form is Rust), the program reads them as statics,
//! and `--rules` fills the same rows at run time.

/// A piece of the text pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Str {
    pub at: u32,
    pub len: u32,
}

/// A range of another pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub at: u32,
    pub len: u32,
}

impl Span {
    /// The rows of the range.
    #[must_use]
    pub fn of<T>(self, pool: &[T]) -> &[T] {
        pool.get(self.at as usize..(self.at + self.len) as usize)
            .unwrap_or_default()
    }
}

/// A sentence of `summary` or `fix`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sentence {
    /// As it is written.
    pub text: Str,
    /// What it is made of, if it asks for values.
    pub pieces: Span,
}

/// Words of a sentence, and the value behind them.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where in the sentence the words stand.
    pub start: u32,
    pub end: u32,
    /// The [`Value`](crate::vocabulary::Value), or [`UNSET`].
    pub value: u8,
    /// It goes away, together with its optional neighbours, when a value of theirs is not known.
    pub optional: bool,
}

/// A sentence and the tables that have it.
#[derive(Clone, Copy, Debug)]
pub struct Template<'k> {
    tables: &'k Tables<'k>,
    sentence: Sentence,
}

impl<'k> Template<'k> {
    /// The sentence as it is written.
    #[must_use]
    pub fn text(self) -> &'k str {
        self.tables.str(self.sentence.text)
    }

    /// What it is made of, if it asks for values.
    #[must_use]
    pub fn pieces(self) -> &'k [Piece] {
        self.sentence.pieces.of(self.tables.pieces)
    }
}

impl Piece {
    /// The words, of the sentence as it is written.
    #[must_use]
    pub fn words<'t>(&self, sentence: &'t str) -> &'t str {
        sentence
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Stands where a rule does not override its cause.
pub const UNSET: u8 = u8::MAX;
/// Stands for no provider, no list, no row.
pub const NONE: u16 = u16::MAX;

/// One rule; see README.md for what the fields mean.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub id: Str,
    pub cause: u8,
    pub strength: u8,
    /// 1 when the file is `general`.
    pub general: u8,
    /// Bits of [`Slot`] that a reply must hold.
    pub needs: u8,
    pub phases: u8,
    pub when_provider: u16,
    pub codes: Span,
    pub enhanced: Span,
    pub regex: Str,
    pub provider: u16,
    pub blocklist: u16,
    pub family: u8,
    pub types: u8,
    pub priority: u8,
    pub owner: u8,
    pub retry: u8,
    pub suppress: u8,
    pub likely: Span,
    pub summary: Sentence,
    pub fix: Span,
    pub source: Str,
    pub examples: Span,
    pub nots: Span,
    pub example_host: Str,
    /// The conditions as written: key, value, key, value.
    pub when: Span,
}

/// What a phrase found is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot;

impl Slot {
    pub const SAYS: u8 = 1;
    pub const ALSO: u8 = 2;
    pub const MARKER: u8 = 4;
    pub const UNLESS: u8 = 8;
    /// The mark of a provider.
    pub const PROVIDER: u8 = 16;
    /// The mark of a blocklist.
    pub const BLOCKLIST: u8 = 32;
    /// The sign of a blocklist lookup that failed.
    pub const RESOLVER: u8 = 64;
}

/// What the end of a phrase (or of one part of a phrase with gaps) stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use {
    /// The rule, provider or list.
    pub target: u32,
    /// Tells the phrases with gaps apart; 0 for one without.
    pub phrase: u32,
    pub slot: u8,
    /// Which part this is, and of how many.
    pub part: u8,
    pub parts: u8,
}

/// A place in the tree of phrases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    pub edges: u32,
    pub uses: u32,
    pub edge_count: u16,
    pub use_count: u16,
}

/// A step from one node to the next.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub word: u32,
    pub node: u32,
}

/// Enhanced status codes: `x.7.26`, `5.7.606-649`.
#[derive(Clone, Copy, Debug)]
pub struct EnhancedRange {
    /// Bit 2, 4, 5 for the classes.
    pub classes: u8,
    pub subject: u16,
    pub low: u16,
    pub high: u16,
}

/// A mailbox provider or a filter.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    pub id: Str,
    pub name: Str,
    pub page: Str,
    pub hosts: Span,
    pub domains: Span,
    pub marks: Span,
}

/// A DNS blocklist.
#[derive(Clone, Copy, Debug)]
pub struct Blocklist {
    pub id: Str,
    pub name: Str,
    pub operator: Str,
    pub lists: u8,
    pub meaning: Str,
    pub lookup: Str,
    pub removal: Str,
    pub operating: u8,
    pub closed: Str,
    pub private: u8,
    pub fix: Span,
    pub source: Str,
    pub marks: Span,
    pub example: Str,
}

/// The sign that a receiver's blocklist lookup failed.
#[derive(Clone, Copy, Debug)]
pub struct Resolver {
    pub id: Str,
    pub meaning: Str,
    pub fix: Span,
    pub source: Str,
    pub marks: Span,
    pub example: Str,
}

/// A cause, its defaults and its words.
#[derive(Clone, Copy, Debug)]
pub struct CauseRow {
    pub id: Str,
    pub title: Str,
    pub summary: Sentence,
    pub types: u8,
    pub priority: u8,
    pub owner: u8,
    pub retry: u8,
    pub suppress: u8,
    pub passes: u8,
    pub exit: u8,
    pub meaning: Str,
    pub why: Span,
    pub tell_apart: Span,
    pub fix: Span,
    pub references: Span,
}

/// A reply code, a class of them, or an enhanced status code.
#[derive(Clone, Copy, Debug)]
pub struct CodeRow {
    /// 550, or 5 for a class, or `subject << 8 | detail` for an enhanced code.
    pub key: u16,
    pub name: Str,
    pub defined: Str,
    pub meaning: Str,
    pub cautions: Str,
    /// By class 2, 4 and 5.
    pub causes: [u8; 3],
    pub ambiguous: u8,
    pub likely: Span,
    pub types: u8,
    pub priority: u8,
    pub family: u8,
    pub retry: u8,
    pub suppress: u8,
    pub fix: Span,
    pub source: Str,
    /// Cause by phase: `(phase, cause)`.
    pub phases: Span,
}

/// Where a hash begins to look for its slot: the upper bits of a product are the well mixed ones.
#[must_use]
pub const fn home(hash: u64) -> usize {
    (hash >> 32) as usize
}

/// By what a hash is known in its slot; never 0, which marks an empty one.
#[must_use]
pub const fn tag(hash: u64) -> u32 {
    hash as u32 | 1
}

/// What a hash stands for, among slots that are a power of two in number and not all taken: tag and number.
#[must_use]
pub fn probe(slots: &[(u32, u32)], hash: u64) -> Option<u32> {
    let mask = slots.len().wrapping_sub(1);
    let tag = tag(hash);
    let mut at = home(hash) & mask;
    loop {
        match slots.get(at)? {
            (found, number) if *found == tag => return Some(*number),
            (0, _) => return None,
            _ => at = (at + 1) & mask,
        }
    }
}

/// Whose the end of a name is when only longer ones are a provider's: `com`.
pub const NOBODY: u32 = u32::MAX;

/// How many bits tell at a glance that a word is in no phrase, as most words of an address or an id are: few enough to
/// be always at hand, enough for one in ten to be set.
pub const GLANCE: usize = 1 << 16;

/// The bit of a word among [`GLANCE`], by its place among the numbers and its place there.
#[must_use]
pub const fn glance(hash: u64) -> (usize, u64) {
    let bit = (hash >> 48) as usize % GLANCE;
    (bit / 64, 1 << (bit % 64))
}

/// All the tables, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'k> {
    pub text: &'k str,
    /// A bit for each word of a phrase, as [`glance`] says.
    pub glances: &'k [u64],
    /// Word ids by their hashes, to be found by [`probe`].
    pub slots: &'k [(u32, u32)],
    /// By word id: where prose and marker phrases begin.
    pub starts: &'k [(u32, u32)],
    pub nodes: &'k [Node],
    pub edges: &'k [Edge],
    pub uses: &'k [Use],
    pub strs: &'k [Str],
    /// The steps of all fixes.
    pub sentences: &'k [Sentence],
    pub pieces: &'k [Piece],
    pub codes: &'k [(u16, u16)],
    pub enhanced: &'k [EnhancedRange],
    pub bytes: &'k [u8],
    pub rules: &'k [Rule],
    pub providers: &'k [Provider],
    /// The number of the first provider: the user's own ones are counted on from the built-in ones.
    pub first_provider: u16,
    /// Slots as for words: the hash of the end of a host's name, and the number of the provider; [`NOBODY`] where only longer
    /// ends are a provider's.
    pub hosts: &'k [(u32, u32)],
    /// The same of the domains of mailboxes.
    pub domains: &'k [(u32, u32)],
    /// Rules that need no phrase: `(provider, subject or 255, rule)`, sorted.
    pub wordless: &'k [(u16, u8, u32)],
}

impl<'k> Tables<'k> {
    /// The provider of this number.
    #[must_use]
    pub fn provider(&self, number: u16) -> Option<&'k Provider> {
        self.providers
            .get(usize::from(number.checked_sub(self.first_provider)?))
    }

    /// The text of a row's field.
    #[must_use]
    pub fn str(&self, piece: Str) -> &'k str {
        self.text
            .get(piece.at as usize..(piece.at + piece.len) as usize)
            .unwrap_or_default()
    }

    /// The texts of a row's list.
    pub fn list(&self, span: Span) -> impl ExactSizeIterator<Item = &'k str> + use<'k> {
        let tables = *self;
        span.of(self.strs)
            .iter()
            .map(move |piece| tables.str(*piece))
    }

    /// A sentence of a row.
    #[must_use]
    pub fn sentence(&'k self, sentence: Sentence) -> Template<'k> {
        let tables = self;
        Template { tables, sentence }
    }

    /// The steps of a row's fix.
    pub fn steps(&'k self, fix: Span) -> impl ExactSizeIterator<Item = Template<'k>> {
        let steps = fix.of(self.sentences).iter();
        steps.map(|step| self.sentence(*step))
    }

    /// The id of a word; 0 for one that no phrase uses.
    #[must_use]
    pub fn word(&self, hash: u64) -> u32 {
        let (number, bit) = glance(hash);
        match self.glances.get(number) {
            Some(bits) if bits & bit != 0 => probe(self.slots, hash).unwrap_or(0),
            _ => 0,
        }
    }

    /// The node that `word` leads to.
    #[must_use]
    pub fn step(&self, node: u32, word: u32) -> Option<u32> {
        let row = self.nodes.get(node as usize)?;
        let edges = self
            .edges
            .get(row.edges as usize..row.edges as usize + usize::from(row.edge_count))?;
        if edges.len() > 8 {
            return edges
                .binary_search_by_key(&word, |edge| edge.word)
                .ok()
                .map(|at| edges[at].node);
        }
        edges
            .iter()
            .find(|edge| edge.word == word)
            .map(|edge| edge.node)
    }

    /// What ends at `node`.
    #[must_use]
    pub fn uses_at(&self, node: u32) -> &'k [Use] {
        self.nodes
            .get(node as usize)
            .and_then(|row| {
                self.uses
                    .get(row.uses as usize..row.uses as usize + usize::from(row.use_count))
            })
            .unwrap_or_default()
    }
}
