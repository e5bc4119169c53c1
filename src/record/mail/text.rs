//! What all readers of mails ask of a text: its beginning or end, all of it on one line, an address, a host.

/// The first bytes of a text, cut between letters.
pub fn within(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The last bytes of a text, cut between letters.
pub fn within_end(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or(text)
}

/// Makes every run of white space one blank; control characters count as white space.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// `local@domain`, roughly (RFC 5321 section 4.1.2): enough to tell it from a message id or a host.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let proper = |letter: char| letter.is_alphanumeric() || "-._[]:".contains(letter);
    (1..=256).contains(&local.len())
        && (1..=255).contains(&domain.len())
        && domain.starts_with(|letter: char| letter.is_alphanumeric() || letter == '[')
        && domain.chars().all(proper)
        && !local.contains("//")
        && !local.starts_with("mailto:")
}

/// A word that can be a host's name: letters, digits, dots, at least one dot.
pub fn host_name(word: &str) -> Option<String> {
    let word = word.trim_matches(['<', '>', '(', ')', '.', ',', ':', ';', '"', '\'', '#']);
    let proper = word.len() <= 255
        && word.contains('.')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && word.bytes().any(|byte| byte.is_ascii_alphabetic());
    proper.then(|| word.to_owned())
}
