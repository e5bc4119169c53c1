//! Text into words: the one way in which both phrases and replies are cut.
//!
//! Letters and digits make words and everything else separates. Addresses, host names, URLs, IPs and numbers are
//! *literals*: one placeholder in the prose, their own words only for markers.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word of prose, by its hash.
    Word(u64),
    /// A word inside a literal, by its hash.
    Inner(u64),
    /// Letters and then digits (`ofr006`): the hash of the whole, and of the letters with `#` for the digits.
    Numbered(u64, u64),
    /// The same inside a literal.
    InnerNumbered(u64, u64),
    /// A literal as a whole, before its inner words.
    Literal(Literal),
}

/// The kinds of literal that prose skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Literal {
    Address = 1,
    Host,
    Ip,
    Url,
    Number,
}

impl Literal {
    /// How many word ids the literals take, the first being 1.
    pub const COUNT: u32 = 5;

    /// The placeholder's name as phrases write it, `<ip>`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "address" => Self::Address,
            "host" => Self::Host,
            "ip" => Self::Ip,
            "url" => Self::Url,
            "number" => Self::Number,
            _ => return None,
        })
    }
}

/// Words so small that prose leaves them out.
pub const SMALL_WORDS: [&str; 13] = [
    "a", "an", "the", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had",
];

/// Words are hashed eight bytes at a time; what is longer than this many bytes counts by its beginning and length.
const LONGEST: usize = 64;
/// An odd number of bits in no order, to multiply with: the golden ratio.
pub const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a word that is already folded to lower case.
#[must_use]
pub fn hash(word: &[u8]) -> u64 {
    let mut state = 0;
    for at in (0..word.len().min(LONGEST)).step_by(8) {
        state = mix(state, eight_at(word, at));
    }
    finish(state, word.len())
}

const fn mix(state: u64, eight: u64) -> u64 {
    let mixed = (state ^ eight).wrapping_mul(SPREAD);
    mixed ^ (mixed >> 32)
}

/// Never 0, which marks an empty slot.
const fn finish(state: u64, length: usize) -> u64 {
    (state ^ length as u64).wrapping_mul(SPREAD) | 1
}

/// The bytes at a place as one number, the first one lowest; 0 for those behind the end.
fn eight_at(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => last_bytes(bytes, at),
    }
}

/// The same where fewer than eight are left: the last eight of the text without those before the place.
#[cold]
fn last_bytes(bytes: &[u8], at: usize) -> u64 {
    let Some(last) = bytes.last_chunk() else {
        let rest = bytes.get(at..).unwrap_or_default().iter();
        return rest
            .rev()
            .fold(0, |eight, byte| eight << 8 | u64::from(*byte));
    };
    let before = at + last.len() - bytes.len();
    u64::from_le_bytes(*last)
        .checked_shr(8 * before as u32)
        .unwrap_or(0)
}

/// The same byte eight times.
const fn eight_of(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The top bit of each of eight bytes.
const TOP: u64 = eight_of(0x80);
/// The bit that makes a letter small; digits have it already.
const SMALL: u64 = eight_of(0x20);

/// The top bit of each byte from `low` to `high`; none of those beyond ASCII.
const fn within(eight: u64, low: u8, high: u8) -> u64 {
    let seven = eight & !TOP;
    let from_low = seven + eight_of(0x80 - low);
    let behind_high = seven + eight_of(0x7f - high);
    (from_low ^ behind_high) & !eight & TOP
}

/// How many ASCII letters and digits a text begins with.
#[must_use]
pub fn alphanumerics(text: &[u8]) -> usize {
    let mut length = 0;
    loop {
        let eight = eight_at(text, length);
        let more = first(within(eight, b'0', b'9') | within(eight | SMALL, b'a', b'z'));
        length += more;
        if more < 8 {
            return length;
        }
    }
}

/// Which byte the lowest bit belongs to; 8 for none.
const fn place(tops: u64) -> usize {
    tops.trailing_zeros() as usize / 8
}

/// The bytes before the first one that has its top bit.
const fn before(tops: u64) -> u64 {
    (tops.wrapping_sub(1) & !tops) >> 7
}

/// How many of the first bytes have their top bit.
const fn first(tops: u64) -> usize {
    place(!tops & TOP)
}

/// The first bytes, by their number up to eight.
const fn keep(count: usize) -> u64 {
    match count {
        8.. => u64::MAX,
        _ => (1 << (8 * count)) - 1,
    }
}

/// A word of ASCII letters and digits.
#[derive(Clone, Copy, Default)]
struct Plain {
    start: usize,
    end: usize,
    /// The hash of the word in lower case.
    hash: u64,
    /// [`LETTER`], [`DIGIT`] or both; 0 for no word.
    seen: u8,
    /// The hash of the letters with `#` for the digits behind them; 0 when it is not of that kind.
    shape: u64,
}

impl Plain {
    /// Reads the letters and digits that begin at a place, eight at a time.
    fn at(bytes: &[u8], start: usize) -> Self {
        let eight = eight_at(bytes, start);
        let digits = within(eight, b'0', b'9');
        let small = eight | SMALL;
        // A byte beyond ASCII stays one with the bit set.
        let letters = within(small, b'a', b'z');
        let others = !(letters | digits) & TOP;
        if others == 0 {
            return Self::long(bytes, start, mix(0, small), seen_in(letters, digits));
        }
        let (length, kept) = (place(others), before(others));
        let hash = finish(mix(0, small & kept), length);
        let (letters, digits) = (letters & kept, digits & kept);
        let seen = seen_in(letters, digits);
        let mut shape = 0;
        if seen == WORD {
            let behind = !letters & TOP;
            let lead = before(behind);
            if lead != 0 && letters & !lead == 0 {
                let shaped = (small & lead) | ((lead + 1) * u64::from(b'#'));
                shape = finish(mix(0, shaped), place(behind) + 1);
            }
        }
        Self {
            start,
            end: start + length,
            hash,
            seen,
            shape,
        }
    }

    /// The same of a word of eight bytes and more, the first eight being read.
    #[inline(never)]
    fn long(bytes: &[u8], start: usize, mut state: u64, mut seen: u8) -> Self {
        let mut end = start + 8;
        loop {
            let eight = eight_at(bytes, end);
            let digits = within(eight, b'0', b'9');
            let letters = within(eight | SMALL, b'a', b'z');
            let length = first(letters | digits);
            let kept = keep(length);
            seen |= seen_in(letters & kept, digits & kept);
            if length > 0 && end - start < LONGEST {
                state = mix(state, (eight | SMALL) & kept);
            }
            end += length;
            if length < 8 {
                break;
            }
        }
        let shape = match seen {
            WORD => shape_of(bytes.get(start..end).unwrap_or_default()),
            _ => 0,
        };
        Self {
            start,
            end,
            hash: finish(state, end - start),
            seen,
            shape,
        }
    }

    /// Gives the word as a token of prose or, `inner`, of a literal.
    fn give(self, inner: bool, take: &mut impl FnMut(Token, usize, usize)) {
        let token = match (inner, self.shape) {
            (true, 0) => Token::Inner(self.hash),
            (true, shape) => Token::InnerNumbered(self.hash, shape),
            (false, 0) if self.seen == DIGIT => {
                take(Token::Literal(Literal::Number), self.start, self.end);
                Token::Inner(self.hash)
            }
            (false, 0) => Token::Word(self.hash),
            (false, shape) => Token::Numbered(self.hash, shape),
        };
        take(token, self.start, self.end);
    }
}

/// What a word is made of, by the top bits of its letters and its digits.
const fn seen_in(letters: u64, digits: u64) -> u8 {
    ((digits != 0) as u8 * DIGIT) | ((letters != 0) as u8 * LETTER)
}

/// The hash of letters with `#` for the digits behind them; 0 for a word of another kind.
fn shape_of(word: &[u8]) -> u64 {
    let letters = word
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (letters, digits) = word.split_at(letters);
    if letters.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let mut shape = Folded::new();
    letters
        .iter()
        .for_each(|byte| shape.push(byte.to_ascii_lowercase()));
    shape.push(b'#');
    shape.hash()
}

/// The hashes of the ends of a host's name, in lower case, label by label: `com`, `example.com`, `mx.example.com`.
pub fn ends_of(name: &[u8]) -> impl Iterator<Item = u64> {
    let (mut end, mut hash) = (Some(name.len()), 0);
    std::iter::from_fn(move || {
        let stop = end?;
        end = name.get(..stop)?.iter().rposition(|byte| *byte == b'.');
        let start = end.map_or(0, |dot| dot + 1);
        hash = mix(hash, hash_at(name, start, stop)) | 1;
        Some(hash)
    })
}

/// The hash of a literal as a whole, in lower case.
fn hash_at(bytes: &[u8], start: usize, end: usize) -> u64 {
    let mut state = 0;
    let mut at = start;
    while at < end.min(start + LONGEST) {
        state = mix(state, (eight_at(bytes, at) | SMALL) & keep(end - at));
        at += 8;
    }
    finish(state, end - start)
}

/// A word as it is folded, letter by letter.
struct Folded {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Folded {
    const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
    }

    fn push_letter(&mut self, letter: char) {
        let mut buffer = [0; 4];
        letter
            .encode_utf8(&mut buffer)
            .bytes()
            .for_each(|byte| self.push(byte));
    }

    fn hash(&self) -> u64 {
        let mut state = 0;
        for part in self.bytes[..self.length.min(LONGEST)].chunks(8) {
            let mut eight = [0; 8];
            eight[..part.len()].copy_from_slice(part);
            state = mix(state, u64::from_le_bytes(eight));
        }
        finish(state, self.length)
    }
}

/// What a byte is to the tokeniser.
const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const OTHER: u8 = 4; // part of a character beyond ASCII
const JOIN: u8 = 8; // + % / ~ & # stands inside literals
const DOT: u8 = 16;
const AT: u8 = 32;
const COLON: u8 = 64;
const HYPHEN: u8 = 128; // - _ stands inside the names of hosts, too
const WORD: u8 = DIGIT | LETTER;
/// What makes a chunk worth a closer look.
const CUE: u8 = DOT | AT | COLON;
/// What stands inside a chunk without being a word.
const INSIDE: u8 = JOIN | HYPHEN | CUE;

const CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            0x80..=0xff => OTHER,
            b'.' => DOT,
            b'@' => AT,
            b':' => COLON,
            b'-' | b'_' => HYPHEN,
            b'+' | b'%' | b'/' | b'~' | b'&' | b'#' => JOIN,
            _ => 0,
        };
        byte += 1;
    }
    table
};

fn class(text: &[u8], at: usize) -> u8 {
    text.get(at).map_or(0, |byte| CLASS[usize::from(*byte)])
}

/// Where the run of bytes of `classes` that begins at `start` ends, and which of them it has.
fn run(bytes: &[u8], start: usize, classes: u8) -> (usize, u8) {
    let mut seen = 0;
    let mut end = start;
    for byte in bytes.get(start..).unwrap_or_default() {
        let class = CLASS[usize::from(*byte)];
        if class & classes == 0 {
            break;
        }
        seen |= class;
        end += 1;
    }
    (end, seen)
}

/// Cuts `text` into tokens; `take` gets each with its place in the text.
pub fn cut(text: &str, take: impl FnMut(Token, usize, usize)) {
    cut_part(text, 0..text.len(), take);
}

/// The same of a part that begins with a chunk and ends at a blank.
pub fn cut_part(text: &str, part: Range<usize>, mut take: impl FnMut(Token, usize, usize)) {
    let bytes = text.as_bytes();
    let mut at = part.start;
    while at < part.end
        && let Some(byte) = bytes.get(at)
    {
        if CLASS[usize::from(*byte)] & (WORD | OTHER) == 0 {
            at += 1;
            continue;
        }
        let word = Plain::at(bytes, at);
        let next = class(bytes, word.end);
        let alone = match next {
            0 => bytes.get(word.end) != Some(&b'\''),
            // Punctuation behind a word is no part of it, unless more of a literal follows.
            DOT | COLON => class(bytes, word.end + 1) & (WORD | OTHER | INSIDE) == 0,
            _ => false,
        };
        at = if alone {
            word.give(false, &mut take);
            word.end + 1
        } else {
            longer(text, word, &mut take)
        };
    }
}

/// The next chunk between blanks that holds a digit or an `@` and is not just a reply's codes, from a place where a chunk
/// begins or a blank stands; an empty one at the end of the text if there is none. What [`cut`] makes of the chunk is what
/// it makes of it in the text.
#[must_use]
pub fn literal_behind(text: &str, from: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let mut from = from;
    while let Some((at, eight, marks)) = marks_behind(bytes, from) {
        let (inside, all) = (before(marks), blanks(eight));
        // Most chunks begin among the eight bytes of their mark or shortly before, and end there or shortly behind.
        let (mut first, mut blank) = (at, all & inside);
        while blank == 0 && first > from {
            first -= 8;
            blank = blanks(eight_at(bytes, first));
        }
        let start = first + 8 - blank.leading_zeros() as usize / 8;
        let end = match all & !inside {
            0 => blank_behind(bytes, at + 8),
            behind => at + place(behind),
        };
        if !is_codes(bytes.get(start..end).unwrap_or_default()) {
            return start..end;
        }
        from = end;
    }
    bytes.len()..bytes.len()
}

/// Where the next digit or `@` stands.
#[must_use]
pub fn mark_behind(bytes: &[u8], from: usize) -> Option<usize> {
    marks_behind(bytes, from).map(|(at, _, marks)| at + place(marks))
}

/// The next eight bytes with a digit or an `@` among them: where they begin, they themselves, and the top bits of those.
fn marks_behind(bytes: &[u8], from: usize) -> Option<(usize, u64, u64)> {
    // Without a way out among them, the machine looks at many bytes at once.
    let any_mark = |bytes: &[u8; 16]| {
        bytes.iter().fold(false, |any, byte| {
            any | byte.is_ascii_digit() | (*byte == b'@')
        })
    };
    let mut at = from;
    while at < bytes.len() {
        let eight = eight_at(bytes, at);
        let marks = within(eight, b'0', b'9') | within(eight, b'@', b'@');
        if marks != 0 {
            return Some((at, eight, marks));
        }
        at += 8;
        while let Some(chunk) = bytes.get(at..)?.first_chunk()
            && !any_mark(chunk)
        {
            at += chunk.len();
        }
    }
    None
}

/// The top bit of each blank.
const fn blanks(eight: u64) -> u64 {
    within(eight, b' ', b' ')
}

/// Where the next blank stands, or the end.
fn blank_behind(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() {
        match blanks(eight_at(bytes, at)) {
            0 => at += 8,
            blanks => return at + place(blanks),
        }
    }
    bytes.len()
}

/// Whether a chunk is a reply code, an enhanced code or both (`550-5.1.1`), as each reply of its kind has it.
fn is_codes(chunk: &[u8]) -> bool {
    match chunk {
        [_, _, _] => chunk.iter().all(u8::is_ascii_digit),
        [_, b'.', _, b'.', ..] | [_, _, _, b'-', _, b'.', _, b'.', ..] => {
            let (_, detail) = chunk.split_at(chunk.len().min(if chunk[1] == b'.' { 4 } else { 8 }));
            detail.len() <= 3 && detail.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// An apostrophe with a letter on both sides stands inside a word.
fn apostrophe_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b'\'')
        && at > 0
        && class(bytes, at - 1) & (WORD | OTHER) != 0
        && class(bytes, at + 1) & WORD != 0
}

/// Cuts what is more than the plain word that it begins with, a literal or words with something between them; gives the
/// place where reading goes on.
fn longer(text: &str, word: Plain, take: &mut impl FnMut(Token, usize, usize)) -> usize {
    let bytes = text.as_bytes();
    let start = word.start;
    if let Some(stop) = url_end(bytes, start) {
        take(Token::Literal(Literal::Url), start, stop);
        words(text, start, stop, true, take);
        return stop.max(start + 1);
    }
    // It ends before trailing punctuation, where two dots meet and where a URL begins.
    let mut made = Made::default();
    let mut known = Known {
        words: [Plain::default(); 8],
        count: 0,
        wide: false,
    };
    let (mut word, mut stop, mut tail) = (word, start, start);
    loop {
        if word.end > stop {
            made.of |= word.seen;
            known.add(word);
            (stop, tail) = (word.end, word.end);
        }
        match class(bytes, stop) {
            0 if apostrophe_at(bytes, stop) => {
                known.wide = true;
                made.add(JOIN);
                stop += 1;
            }
            0 => break,
            OTHER => {
                known.wide = true;
                (stop, _) = run(bytes, stop, OTHER);
                (made.of, tail) = (made.of | OTHER, stop);
            }
            DOT if class(bytes, stop + 1) & (WORD | OTHER) == 0 => break,
            JOIN if matches!(bytes.get(stop), Some(b'#' | b'&')) => break,
            mark => {
                made.add(mark);
                stop += 1;
            }
        }
        if bytes.get(stop) == Some(&b'h') && url_end(bytes, stop).is_some() {
            break;
        }
        word = Plain::at(bytes, stop);
    }
    piece(text, start, tail, made, known.all(), take);
    stop
}

/// The words of a piece of text, read on the way to its end.
struct Known {
    words: [Plain; 8],
    count: usize,
    /// One of them is more than a plain word.
    wide: bool,
}

impl Known {
    fn add(&mut self, word: Plain) {
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
        }
        self.count += 1;
    }

    /// All the words; none when they have to be read again.
    fn all(&self) -> &[Plain] {
        let all = self.words.get(..self.count).filter(|_| !self.wide);
        all.unwrap_or_default()
    }
}

/// What a piece of text is made of.
#[derive(Clone, Copy, Default)]
struct Made {
    /// The classes of its bytes.
    of: u8,
    dots: usize,
    colons: usize,
}

impl Made {
    fn read(bytes: &[u8]) -> Self {
        let mut made = Self::default();
        bytes
            .iter()
            .for_each(|byte| match CLASS[usize::from(*byte)] {
                0 => made.add(JOIN), // an apostrophe
                class => made.add(class),
            });
        made
    }

    fn add(&mut self, class: u8) {
        self.of |= class;
        self.dots += usize::from(class == DOT);
        self.colons += usize::from(class == COLON);
    }

    /// Whether it may be an IP address, by its dots or colons.
    const fn like_ip(self) -> bool {
        self.dots >= 3 || self.colons >= 2
    }
}

/// Cuts an address, an IP, a host name, a number, or words after all: the `known` ones, if any are.
fn piece(
    text: &str,
    start: usize,
    end: usize,
    made: Made,
    known: &[Plain],
    take: &mut impl FnMut(Token, usize, usize),
) {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    let literal = if made.of & AT != 0 && bytes.contains(&b'@') {
        Literal::Address
    } else if made.like_ip() && is_ip(bytes) {
        Literal::Ip
    } else if made.of & (LETTER | OTHER) == 0 {
        // `521-192.0.2.1`: an IP right behind the code of a reply that goes on.
        if let [_, _, _, b'-', rest @ ..] = bytes
            && made.like_ip()
            && is_ip(rest)
        {
            take(Token::Literal(Literal::Number), start, start + 3);
            return piece(text, start + 4, end, made, &[], take);
        }
        Literal::Number
    } else if made.colons > 0
        && let Some(colon) = bytes.iter().position(|byte| *byte == b':')
    {
        let (before, behind) = (start + colon, start + colon + 1);
        piece_of(text, start, before, take);
        let next = (behind..end).find(|at| class(text.as_bytes(), *at) & (WORD | OTHER) != 0);
        if let Some(next) = next {
            piece_of(text, next, end, take);
        }
        return;
    } else if made.dots > 0
        && ends_as_host(bytes)
        // Without these it is made of labels.
        && (made.of & (OTHER | JOIN) == 0 || are_labels(bytes))
    {
        Literal::Host
    } else {
        return give(text, start, end, known, false, take);
    };
    take(Token::Literal(literal), start, end);
    if matches!(literal, Literal::Ip | Literal::Number) {
        // Its parts tell nothing apart: `127.255.255.254` is one word for markers.
        let whole = hash_at(text.as_bytes(), start, end);
        return take(Token::Inner(whole), start, end);
    }
    give(text, start, end, known, true, take);
}

/// Gives the words of `start..end`, reading them if they are not `known`.
fn give(
    text: &str,
    start: usize,
    end: usize,
    known: &[Plain],
    inner: bool,
    take: &mut impl FnMut(Token, usize, usize),
) {
    if known.is_empty() {
        return words(text, start, end, inner, take);
    }
    known.iter().for_each(|word| word.give(inner, take));
}

fn piece_of(text: &str, start: usize, end: usize, take: &mut impl FnMut(Token, usize, usize)) {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    piece(text, start, end, Made::read(bytes), &[], take);
}

/// Where the URL that begins here ends, if one does.
fn url_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    if !matches!(rest.first()?, b'h' | b'H' | b'w' | b'W') {
        return None;
    }
    let begins = |prefix: &[u8]| {
        rest.len() > prefix.len() && rest[..prefix.len()].eq_ignore_ascii_case(prefix)
    };
    if !(begins(b"http://") || begins(b"https://") || begins(b"www.") || begins(b"http:/")) {
        return None;
    }
    let mut stop = rest
        .iter()
        .position(|byte| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'<' | b'>' | b'"' | b'\'' | b')' | b']' | b'|')
        })
        .unwrap_or(rest.len());
    while stop > 0
        && matches!(
            rest[stop - 1],
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'-' | b'/' | b'=' | b'&'
        )
    {
        stop -= 1;
    }
    Some(at + stop)
}

/// An IPv4 or IPv6 address, a prefix length or port with it or not.
#[must_use]
pub fn is_ip(bytes: &[u8]) -> bool {
    // Names are far more frequent, and most show it with their first letter.
    if !matches!(
        bytes.first(),
        Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b':' | b'.')
    ) {
        return false;
    }
    if is_dotted(bytes) {
        return true;
    }
    // A name goes on with a letter of its own soon.
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        .count();
    let (bare, rest) = bytes.split_at(length);
    if !matches!(rest.first(), None | Some(b'/')) {
        return false;
    }
    let colons = bare.iter().filter(|byte| **byte == b':').count();
    let dots_first = || {
        let first = bare.split(|byte| *byte == b':').next().unwrap_or(bare);
        first.iter().filter(|byte| **byte == b'.').count()
    };
    colons >= 2
        && dots_first() != 3
        && bare
            .split(|byte| *byte == b':')
            .all(|part| part.len() <= 4 || part.contains(&b'.'))
        && (colons >= 4 || bare.windows(2).any(|pair| pair == b"::"))
}

/// Four parts between dots, each of up to three digits or `x`, up to a prefix length or port.
fn is_dotted(bytes: &[u8]) -> bool {
    let (mut dots, mut digits, mut masks) = (0, 0, 0);
    let is_part = |digits, masks| matches!((digits, masks), (1..=3, 0) | (0, 1..=3));
    for byte in bytes {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'x' => masks += 1,
            b'.' if is_part(digits, masks) => {
                dots += 1;
                (digits, masks) = (0, 0);
            }
            b'/' | b':' => break,
            _ => return false,
        }
    }
    dots == 3 && is_part(digits, masks)
}

/// A name of labels and dots whose last label is letters, all in one case: `RESOLVER.ADR.RecipNotFound` and
/// `rejected.Please` are none.
#[must_use]
pub fn is_host(bytes: &[u8]) -> bool {
    ends_as_host(bytes) && are_labels(bytes)
}

/// Whether the last label behind a dot is one that the name of a host has.
fn ends_as_host(bytes: &[u8]) -> bool {
    let Some(dot) = bytes.iter().rposition(|byte| *byte == b'.') else {
        return false;
    };
    let last = bytes.get(dot + 1..).unwrap_or_default();
    (2..=24).contains(&last.len())
        && last.iter().all(u8::is_ascii_alphabetic)
        && (last.iter().all(u8::is_ascii_lowercase)
            || bytes.iter().all(|byte| !byte.is_ascii_lowercase()))
}

/// Whether there are labels before, between and behind the dots.
fn are_labels(bytes: &[u8]) -> bool {
    bytes
        .split(|byte| *byte == b'.')
        .all(|label| !label.is_empty() && run(label, 0, WORD | HYPHEN).0 == label.len())
}

/// Cuts `start..end` into plain words; `inner` when they stand inside a literal.
fn words(
    text: &str,
    start: usize,
    end: usize,
    inner: bool,
    take: &mut impl FnMut(Token, usize, usize),
) {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < end {
        let word = Plain::at(bytes, at);
        let wide =
            class(bytes, word.end) & OTHER != 0 || word.end > at && apostrophe_at(bytes, word.end);
        if wide && word.end < end {
            at = wide_word(text, at, end, inner, take);
            continue;
        }
        if word.end > at {
            word.give(inner, take);
        }
        at = word.end + 1;
    }
}

/// Cuts one word that holds an apostrophe or characters beyond ASCII: accents are folded, mojibake undone, and a Chinese or Japanese
/// character is a word by itself. Gives where reading goes on.
fn wide_word(
    text: &str,
    start: usize,
    end: usize,
    inner: bool,
    take: &mut impl FnMut(Token, usize, usize),
) -> usize {
    let give = |hash: u64| {
        if inner {
            Token::Inner(hash)
        } else {
            Token::Word(hash)
        }
    };
    let mut folded = Folded::new();
    let mut any = false;
    let mut broken = false;
    let mut at = start;
    while at < end {
        let Some(first) = text.get(at..end).and_then(|rest| rest.chars().next()) else {
            return end;
        };
        let (letter, length) = unmangled(&text[at..end], first);
        if letter.is_ascii() {
            if letter == '\'' && apostrophe_at(text.as_bytes(), at) {
                at += length;
                continue;
            }
            if !letter.is_ascii_alphanumeric() {
                break;
            }
            folded.push(letter.to_ascii_lowercase() as u8);
            any = true;
            broken = false;
        } else if is_ideograph(letter) {
            if any {
                break;
            }
            let mut buffer = [0; 4];
            take(
                give(hash(letter.encode_utf8(&mut buffer).as_bytes())),
                at,
                at + length,
            );
            return at + length;
        } else if letter == '\u{fffd}' {
            if !broken {
                folded.push_letter('\u{fffd}');
            }
            broken = true;
            any = true;
        } else if matches!(
            letter,
            '\u{2019}' | '\u{301}' | '\u{300}' | '\u{308}' | '\u{303}' | '\u{327}' | '\u{ad}'
        ) {
            // A typographic apostrophe or a combining accent vanishes inside a word.
        } else if letter.is_alphanumeric() {
            fold(letter, &mut folded);
            any = true;
            broken = false;
        } else if any {
            break;
        }
        at += length;
    }
    if any {
        take(give(folded.hash()), start, at);
    }
    at.max(start + 1)
}

/// Adds a letter in its folded form: without accent where it is Latin, in lower case where it is not.
fn fold(letter: char, folded: &mut Folded) {
    match without_accent(letter) {
        Some(plain) => plain.bytes().for_each(|byte| folded.push(byte)),
        None => letter
            .to_lowercase()
            .for_each(|letter| folded.push_letter(letter)),
    }
}

/// The ASCII letters for a Latin letter with an accent.
#[must_use]
pub fn without_accent(letter: char) -> Option<&'static str> {
    Some(match letter {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ' | 'ķ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'ß' => "ss",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => return None,
    })
}

/// A character, or the one that two or three characters of mojibake (UTF-8 read as Latin-1) stand for; and its length.
fn unmangled(rest: &str, first: char) -> (char, usize) {
    let expect = match first {
        '\u{c2}'..='\u{df}' => 2,
        '\u{e0}'..='\u{ef}' => 3,
        _ => return (first, first.len_utf8()),
    };
    let mut raw = [0u8; 3];
    let mut length = 0;
    let mut count = 0;
    for letter in rest.chars().take(expect) {
        let Ok(byte) = u8::try_from(u32::from(letter)) else {
            break;
        };
        raw[count] = byte;
        count += 1;
        length += letter.len_utf8();
    }
    match std::str::from_utf8(&raw[..expect])
        .ok()
        .and_then(|text| text.chars().next())
    {
        Some(letter) if count == expect => (letter, length),
        _ => (first, first.len_utf8()),
    }
}

/// Scripts that put no space between words.
fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_words_with_dots_between_them() {
        for (text, expected) in [
            ("mx.example.com", true),
            ("mx-1.a_b.example.com", true),
            ("MX.EXAMPLE.COM%", true),
            ("to:mx.example.com", true),
            ("o'neil.example.com", false),
            ("to:o'neil.example.com", false),
            ("a%b.example.com", false),
            ("caf\u{e9}.example.com", false),
            ("RESOLVER.ADR.RecipNotFound", false),
            ("rejected.Please", false),
        ] {
            let mut hosts = 0;
            cut(text, |token, _, _| {
                hosts += usize::from(token == Token::Literal(Literal::Host));
            });
            assert_eq!(hosts > 0, expected, "{text}");
        }
    }
}
