//! Text into words: the one way in which both phrases and replies are cut.
//!
//! Letters and digits make words and everything else separates. Addresses, host names, URLs, IPs and numbers are
//! *literals*: one placeholder in the prose, their own words only for markers.

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
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a word that is already folded to lower case.
#[must_use]
pub fn hash(word: &[u8]) -> u64 {
    let mut state = word.len() as u64;
    for part in word[..word.len().min(LONGEST)].chunks(8) {
        let mut eight = [0; 8];
        eight[..part.len()].copy_from_slice(part);
        state = mix(state, u64::from_le_bytes(eight));
    }
    finish(state)
}

/// The hash of an ASCII word of letters and digits at `start..end`, in lower case.
fn hash_at(bytes: &[u8], start: usize, end: usize) -> u64 {
    let mut state = (end - start) as u64;
    let end = end.min(start + LONGEST);
    let mut at = start;
    while at < end {
        let keep = u64::MAX >> (64 - 8 * (end - at).min(8));
        state = mix(state, (eight_at(bytes, at) | SMALL) & keep);
        at += 8;
    }
    finish(state)
}

/// The eight bytes at a place, 0 for those behind the end. One load, but for the last word of a text.
fn eight_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => rest
            .iter()
            .rev()
            .fold(0, |eight, byte| eight << 8 | u64::from(*byte)),
    }
}

/// The bit that makes a letter small, eight times; digits have it already.
const SMALL: u64 = 0x2020_2020_2020_2020;

const fn mix(state: u64, eight: u64) -> u64 {
    let mixed = (state ^ eight).wrapping_mul(SPREAD);
    mixed ^ (mixed >> 32)
}

/// Never 0, which marks an empty slot.
const fn finish(state: u64) -> u64 {
    state.wrapping_mul(SPREAD) | 1
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
        let mut state = self.length as u64;
        for part in self.bytes[..self.length.min(LONGEST)].chunks(8) {
            let mut eight = [0; 8];
            eight[..part.len()].copy_from_slice(part);
            state = mix(state, u64::from_le_bytes(eight));
        }
        finish(state)
    }
}

/// What a byte is to the tokeniser.
const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const OTHER: u8 = 4; // part of a character beyond ASCII
const JOIN: u8 = 8; // - _ + % / ~ & # stands inside literals
const DOT: u8 = 16;
const AT: u8 = 32;
const COLON: u8 = 64;
const WORD: u8 = DIGIT | LETTER;
/// What makes a chunk worth a closer look.
const CUE: u8 = DOT | AT | COLON;
/// What stands inside a chunk without being a word.
const INSIDE: u8 = JOIN | CUE;

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
            b'-' | b'_' | b'+' | b'%' | b'/' | b'~' | b'&' | b'#' => JOIN,
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
pub fn cut(text: &str, mut take: impl FnMut(Token, usize, usize)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let (end, seen) = run(bytes, at, WORD);
        let next = class(bytes, end);
        if end > at && next == 0 && bytes.get(end) != Some(&b'\'') {
            // The plain word between blanks, by far the most frequent.
            ascii_word(bytes, at, end, seen, false, &mut take);
            at = end + 1;
            continue;
        }
        if end == at && next & OTHER == 0 {
            at += 1;
            continue;
        }
        // Punctuation behind a word is no part of it, unless more of a literal follows.
        if end > at
            && next & (DOT | COLON) != 0
            && class(bytes, end + 1) & (WORD | OTHER | INSIDE) == 0
        {
            ascii_word(bytes, at, end, seen, false, &mut take);
            at = end + 1;
            continue;
        }
        // A chunk runs to the next byte that stands in no word and no literal.
        let start = at;
        let mut seen = 0;
        loop {
            let (end, more) = run(bytes, at, WORD | OTHER | INSIDE);
            seen |= more;
            at = end;
            if at >= bytes.len() || !apostrophe_at(bytes, at) {
                break;
            }
            at += 1;
        }
        if seen & (CUE | DIGIT) == 0 {
            words(text, start, at, false, &mut take);
        } else {
            at = chunk(text, start, at, &mut take);
        }
    }
}

/// Gives the ASCII word at `start..end`, of letters and digits as `seen` says.
fn ascii_word(
    bytes: &[u8],
    start: usize,
    end: usize,
    seen: u8,
    inner: bool,
    take: &mut impl FnMut(Token, usize, usize),
) {
    let whole = hash_at(bytes, start, end);
    let token = match seen & WORD {
        LETTER => {
            if inner {
                Token::Inner(whole)
            } else {
                Token::Word(whole)
            }
        }
        DIGIT => {
            if !inner {
                take(Token::Literal(Literal::Number), start, end);
            }
            Token::Inner(whole)
        }
        _ => match (shape_of(&bytes[start..end]), inner) {
            (Some(shape), true) => Token::InnerNumbered(whole, shape),
            (Some(shape), false) => Token::Numbered(whole, shape),
            (None, true) => Token::Inner(whole),
            (None, false) => Token::Word(whole),
        },
    };
    take(token, start, end);
}

/// The hash of letters with `#` for the digits behind them.
fn shape_of(word: &[u8]) -> Option<u64> {
    let letters = word
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (letters, digits) = word.split_at(letters);
    if letters.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut shape = Folded::new();
    letters
        .iter()
        .for_each(|byte| shape.push(byte.to_ascii_lowercase()));
    shape.push(b'#');
    Some(shape.hash())
}

/// An apostrophe with a letter on both sides stands inside a word.
fn apostrophe_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b'\'')
        && at > 0
        && class(bytes, at - 1) & (WORD | OTHER) != 0
        && class(bytes, at + 1) & WORD != 0
}

/// Cuts a chunk that may hold literals; gives the place where reading goes on.
fn chunk(
    text: &str,
    start: usize,
    end: usize,
    take: &mut impl FnMut(Token, usize, usize),
) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < end {
        if class(bytes, at) & (WORD | OTHER) == 0 {
            at += 1;
            continue;
        }
        if let Some(stop) = url_end(bytes, at) {
            take(Token::Literal(Literal::Url), at, stop);
            words(text, at, stop, true, take);
            if stop >= end {
                return stop;
            }
            at = stop;
            continue;
        }
        // A piece ends where two dots meet, where a URL begins, and before trailing punctuation.
        let mut stop = at;
        let mut seen = 0;
        let mut tail = at;
        let mut before = 0;
        while stop < end {
            let byte = bytes[stop];
            let class_here = CLASS[usize::from(byte)];
            if class_here & (WORD | OTHER) != 0 {
                if byte == b'h' && before & WORD == 0 && stop > at && url_end(bytes, stop).is_some()
                {
                    break;
                }
                tail = stop + 1;
            } else if matches!(byte, b'#' | b'&')
                || class_here & DOT != 0 && class(bytes, stop + 1) & (WORD | OTHER) == 0
            {
                break;
            }
            seen |= class_here;
            before = class_here;
            stop += 1;
        }
        piece(text, at, tail, seen, take);
        at = stop;
    }
    end
}

/// Cuts a piece of a chunk, made of what `seen` says: an address, an IP, a host name, a number, or words after all.
fn piece(
    text: &str,
    start: usize,
    end: usize,
    seen: u8,
    take: &mut impl FnMut(Token, usize, usize),
) {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    let literal = if seen & AT != 0 && bytes.contains(&b'@') {
        Literal::Address
    } else if seen & CUE != 0 && is_ip(bytes) {
        Literal::Ip
    } else if seen & (LETTER | OTHER) == 0 {
        // `521-192.0.2.1`: an IP right behind the code of a reply that goes on.
        if let [_, _, _, b'-', rest @ ..] = bytes
            && seen & CUE != 0
            && is_ip(rest)
        {
            take(Token::Literal(Literal::Number), start, start + 3);
            return piece(text, start + 4, end, seen, take);
        }
        Literal::Number
    } else if seen & COLON != 0
        && let Some(colon) = bytes.iter().position(|byte| *byte == b':')
    {
        let (before, behind) = (start + colon, start + colon + 1);
        piece(text, start, before, classes(text, start, before), take);
        let next = (behind..end).find(|at| class(text.as_bytes(), *at) & (WORD | OTHER) != 0);
        if let Some(next) = next {
            piece(text, next, end, classes(text, next, end), take);
        }
        return;
    } else if seen & DOT != 0 && is_host(bytes) {
        Literal::Host
    } else {
        return words(text, start, end, false, take);
    };
    take(Token::Literal(literal), start, end);
    if matches!(literal, Literal::Ip | Literal::Number) {
        // Its parts tell nothing apart: `127.255.255.254` is one word for markers.
        return take(
            Token::Inner(hash_at(text.as_bytes(), start, end)),
            start,
            end,
        );
    }
    words(text, start, end, true, take);
}

fn classes(text: &str, start: usize, end: usize) -> u8 {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    bytes
        .iter()
        .fold(0, |seen, byte| seen | CLASS[usize::from(*byte)])
}

/// Where the URL that begins here ends, if one does.
fn url_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if !matches!(rest.first(), Some(b'h' | b'H' | b'w' | b'W')) {
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
    let bare = bytes.split(|byte| *byte == b'/').next().unwrap_or(bytes);
    let first = bare.split(|byte| *byte == b':').next().unwrap_or(bare);
    let dots = first.iter().filter(|byte| **byte == b'.').count();
    if dots == 3 {
        return first.split(|byte| *byte == b'.').all(|part| {
            !part.is_empty()
                && part.len() <= 3
                && (part.iter().all(u8::is_ascii_digit) || part.iter().all(|b| *b == b'x'))
        });
    }
    let colons = bare.iter().filter(|byte| **byte == b':').count();
    colons >= 2
        && bare
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        && bare
            .split(|byte| *byte == b':')
            .all(|part| part.len() <= 4 || part.contains(&b'.'))
        && (colons >= 4 || bare.windows(2).any(|pair| pair == b"::"))
}

/// A name of labels and dots whose last label is letters, all in one case: `RESOLVER.ADR.RecipNotFound` and
/// `rejected.Please` are none.
#[must_use]
pub fn is_host(bytes: &[u8]) -> bool {
    let mut labels = bytes.rsplit(|byte| *byte == b'.');
    let Some(last) = labels.next() else {
        return false;
    };
    let one_case = last.iter().all(u8::is_ascii_lowercase)
        || bytes.iter().all(|byte| !byte.is_ascii_lowercase());
    let mut more = false;
    for label in labels {
        more = true;
        if label.is_empty()
            || !label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return false;
        }
    }
    more && one_case && (2..=24).contains(&last.len()) && last.iter().all(u8::is_ascii_alphabetic)
}

/// Cuts `start..end` into plain words; `inner` when they stand inside a literal.
fn words(
    text: &str,
    start: usize,
    end: usize,
    inner: bool,
    take: &mut impl FnMut(Token, usize, usize),
) {
    let bytes = text.as_bytes().get(..end).unwrap_or_default();
    let mut at = start;
    while at < end {
        let (stop, seen) = run(bytes, at, WORD);
        let wide = class(bytes, stop) & OTHER != 0 || stop > at && apostrophe_at(bytes, stop);
        if wide {
            at = wide_word(text, at, end, inner, take);
            continue;
        }
        if stop > at {
            ascii_word(bytes, at, stop, seen, inner, take);
        }
        at = stop + 1;
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
