//! The outside of a mail: header fields, MIME parts and their text (RFC 5322, 2045, 2046).
//!
//! Bounces are written by programs with bugs, so this reads what is there instead of what should be: a boundary that
//! never closes, a blank before `--`, a declared multipart without parts, fields with a blank before the colon.
//! Decoding (base64, quoted-printable, charsets, HTML) is mail-parser's; splitting is done here, because it must take
//! time in proportion and bounded memory whatever a stranger sends.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use memchr::{memchr, memchr_iter, memmem};

use super::text::is_address;

/// Multiparts deeper than this are not opened.
const DEEPEST: usize = 8;
/// More parts than this are not looked at: a report has two or three.
const MOST_PARTS: usize = 256;
/// A human-readable part is read up to this many bytes; the reason always stands near its beginning.
const LONGEST_TEXT: usize = 1 << 20;
/// A delivery-status part is read up to this many bytes: about 10,000 recipients.
const LONGEST_STATUS: usize = 8 << 20;
/// A header is read up to this many bytes.
const LONGEST_HEADER: usize = 256 << 10;

/// Header fields, unfolded, in their order.
#[derive(Debug, Default)]
pub struct Fields<'m>(Vec<(&'m str, Cow<'m, str>)>);

impl Fields<'_> {
    /// The first field of this name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every field of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// Is there a field whose name begins so, in any case?
    pub fn has_beginning(&self, start: &str) -> bool {
        self.0.iter().any(|(field, _)| {
            field
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        })
    }
}

/// Reads header fields from text, up to its end; `None` stands for an empty line.
///
/// A line that is neither a field nor indented belongs to the field before it: some writers forget to indent.
pub fn fields(text: &str) -> impl Iterator<Item = Option<(&str, Cow<'_, str>)>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            if line.trim().is_empty() {
                return Some(None);
            }
            let Some((name, first)) = field(line) else {
                continue;
            };
            let mut value = Cow::Borrowed(first.trim());
            while let Some(more) =
                lines.next_if(|line| !line.trim().is_empty() && field(line).is_none())
            {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(Some((name, value)));
        }
    })
}

/// Cuts `Name: value`; a blank before the colon is forgiven.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let proper = (1..=60).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    proper.then_some((name, value))
}

/// Does this line look like a header field?
pub fn is_field(line: &[u8]) -> bool {
    let name = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .count();
    name > 0 && line.get(name) == Some(&b':')
}

/// What a part is to a bounce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For humans.
    Text,
    /// For humans, as HTML.
    Html,
    /// `message/delivery-status` (RFC 3464) or `message/global-delivery-status` (RFC 6533).
    Status,
    /// `message/feedback-report` (RFC 5965).
    Feedback,
    /// `message/disposition-notification` (RFC 8098).
    Disposition,
    /// A whole mail, usually the returned one.
    Message,
    /// The returned mail's header alone.
    Headers,
    /// Anything else.
    Other,
}

/// One leaf of the MIME tree.
#[derive(Debug)]
pub struct Part<'m> {
    /// What it is to a bounce.
    pub kind: Kind,
    charset: String,
    encoding: String,
    body: &'m [u8],
}

impl<'m> Part<'m> {
    /// A part that is all of a body, for mails that declare nothing (or lie).
    pub fn plain(body: &'m [u8]) -> Self {
        Self {
            kind: Kind::Text,
            charset: String::new(),
            encoding: String::new(),
            body,
        }
    }

    /// The part's bytes, transfer encoding undone.
    pub fn bytes(&self) -> Cow<'m, [u8]> {
        let longest = match self.kind {
            Kind::Status | Kind::Message => LONGEST_STATUS,
            Kind::Headers => LONGEST_HEADER,
            _ => LONGEST_TEXT,
        };
        let body = self.body.get(..longest).unwrap_or(self.body);
        let decoded = if self.encoding.eq_ignore_ascii_case("base64") {
            base64_decode(body)
        } else if self.encoding.eq_ignore_ascii_case("quoted-printable") {
            quoted_printable_decode(body)
        } else {
            None
        };
        match decoded {
            Some(decoded) if !decoded.is_empty() => normal(&decoded).into_owned().into(),
            _ => body.into(),
        }
    }

    /// The part's text: transfer encoding, charset and HTML undone.
    pub fn text(&self) -> Cow<'m, str> {
        let text = match self.bytes() {
            Cow::Borrowed(bytes) => decoded(bytes, &self.charset),
            Cow::Owned(bytes) => decoded(&bytes, &self.charset).into_owned().into(),
        };
        match self.kind {
            Kind::Html => html_text(&text).into(),
            _ => text,
        }
    }

    /// The address of the first `mailto:` link of an HTML part.
    pub fn mailto(&self) -> Option<String> {
        let bytes = self.bytes();
        let html = decoded(&bytes, &self.charset);
        let (_, linked) = html.split_once("mailto:")?;
        let end = linked.find(['"', '\'', '>', '?', ' '])?;
        let address = linked.get(..end)?;
        is_address(address).then(|| address.to_owned())
    }
}

/// A mail, opened.
#[derive(Debug)]
pub struct Opened<'m> {
    /// Its header.
    pub header: Fields<'m>,
    /// `report-type` of its content type, or nothing.
    pub report_type: String,
    /// Its parts, flat, in order.
    pub parts: Vec<Part<'m>>,
    /// Everything behind the header, as it came.
    pub body: &'m [u8],
}

/// Makes every line end with LF alone: CRLF, the CR of old Macs and the CR CR LF of gateways that convert twice are all
/// found in mail archives.
pub fn normal(mail: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\r', mail).is_none() {
        return mail.into();
    }
    let mut out = Vec::with_capacity(mail.len());
    let mut rest = mail;
    while let Some(at) = memchr(b'\r', rest) {
        let (line, tail) = rest.split_at(at);
        out.extend_from_slice(line);
        out.push(b'\n');
        let returns = tail
            .iter()
            .take(4)
            .take_while(|&&byte| byte == b'\r')
            .count();
        rest = match tail.get(returns) {
            Some(b'\n') => tail.get(returns + 1..),
            _ => tail.get(1..),
        }
        .unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Cuts a mail (line ends already [`normal`]) into header fields and parts.
pub fn open(mail: &[u8]) -> Opened<'_> {
    let (header, body) = split(mail);
    let header = header_fields(header);
    let content_type = header.get("content-type").unwrap_or_default();
    let report_type = parameter(content_type, "report-type").to_ascii_lowercase();
    let mut parts = Vec::new();
    collect(&header, body, DEEPEST, &mut parts);
    Opened {
        header,
        report_type,
        parts,
        body,
    }
}

/// Cuts at the first empty line; what does not begin with a field has no header.
fn split(mail: &[u8]) -> (&[u8], &[u8]) {
    let mut mail = mail.trim_ascii_start();
    // An mbox line is not part of the mail; `>From ` is how some stores keep an inner one.
    while mail.starts_with(b"From ") || mail.starts_with(b">From ") {
        let end = memchr(b'\n', mail).map_or(mail.len(), |at| at + 1);
        mail = mail.get(end..).unwrap_or_default();
    }
    if !mail
        .split(|&byte| byte == b'\n')
        .next()
        .is_some_and(is_field)
    {
        return (b"", mail);
    }
    cut_at_empty_line(mail)
}

/// The bytes before and behind the first empty line.
fn cut_at_empty_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes) {
        let line = bytes.get(start..end).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            return (
                bytes.get(..start).unwrap_or_default(),
                bytes.get(end + 1..).unwrap_or_default(),
            );
        }
        start = end + 1;
    }
    (bytes, b"")
}

fn header_fields(header: &[u8]) -> Fields<'_> {
    let header = header.get(..LONGEST_HEADER).unwrap_or(header);
    match std::str::from_utf8(header) {
        Ok(text) => Fields(fields(text).flatten().collect()),
        // A header in a raw 8-bit charset: keep the fields that are text, drop the broken lines.
        Err(_) => Fields(
            header
                .split(|&byte| byte == b'\n')
                .filter_map(|line| std::str::from_utf8(line).ok())
                .filter_map(field)
                .map(|(name, value)| (name, value.trim().into()))
                .collect(),
        ),
    }
}

/// Reads the fields of a header given as bytes of a mail.
pub fn header(mail: &[u8]) -> Fields<'_> {
    header_fields(split(mail).0)
}

/// Walks the MIME tree; every level reads its bytes once, so the time is at most `depth` times the length.
fn collect<'m>(header: &Fields<'m>, body: &'m [u8], depth: usize, parts: &mut Vec<Part<'m>>) {
    if parts.len() >= MOST_PARTS {
        return;
    }
    let content_type = header.get("content-type").unwrap_or("text/plain");
    let media = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let boundary = parameter(content_type, "boundary");
    if media.starts_with("multipart/") && !boundary.is_empty() && depth > 0 {
        let before = parts.len();
        for part in between(body, &boundary) {
            // A part may begin with an empty line: then it has no header. Its first line decides.
            let (head, inner) = if part.first() == Some(&b'\n') {
                (&part[..0], part)
            } else {
                cut_at_empty_line(part)
            };
            collect(&header_fields(head), inner, depth - 1, parts);
        }
        if parts.len() > before {
            return;
        }
    }
    let kind = match &*media {
        "message/delivery-status" | "message/global-delivery-status" => Kind::Status,
        "message/feedback-report" => Kind::Feedback,
        "message/disposition-notification" | "message/global-disposition-notification" => {
            Kind::Disposition
        }
        "message/rfc822" | "message/global" | "message/partial" => Kind::Message,
        "text/rfc822-headers" | "message/global-headers" | "message/rfc822-headers" => {
            Kind::Headers
        }
        "text/html" => Kind::Html,
        // A report as a file: `application/octet-stream; name="details.txt"`.
        _ if body.trim_ascii_start().starts_with(b"Reporting-MTA:") && depth < DEEPEST => {
            Kind::Status
        }
        _ if media.starts_with("text") || media.starts_with("multipart/") || media.is_empty() => {
            Kind::Text
        }
        _ => Kind::Other,
    };
    parts.push(Part {
        kind,
        charset: parameter(content_type, "charset"),
        encoding: header
            .get("content-transfer-encoding")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        body,
    });
}

/// The bodies between the boundary lines (RFC 2046 section 5.1.1).
fn between<'m>(body: &'m [u8], boundary: &str) -> Vec<&'m [u8]> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut open = None;
    for at in memmem::find_iter(body, &delimiter) {
        // Only a few blanks may stand before; looking no further back keeps the time linear on endless lines.
        let near = body.get(at.saturating_sub(5)..at).unwrap_or_default();
        let indent = match memchr::memrchr(b'\n', near) {
            Some(newline) => near.get(newline + 1..).unwrap_or_default(),
            None if at < 5 => near,
            None => continue,
        };
        if !indent.trim_ascii().is_empty() {
            continue;
        }
        let line = at - indent.len();
        let behind = body.get(at + delimiter.len()..).unwrap_or_default();
        let end = memchr(b'\n', behind).unwrap_or(behind.len());
        let tail = behind.get(..end).unwrap_or_default().trim_ascii();
        if !tail.is_empty() && tail != b"--" {
            continue;
        }
        if let Some(start) = open.take() {
            found.push(body.get(start..line).unwrap_or_default());
        }
        if tail == b"--" || found.len() >= MOST_PARTS {
            return found;
        }
        open = Some((at + delimiter.len() + end + 1).min(body.len()));
    }
    if let Some(start) = open {
        found.push(body.get(start..).unwrap_or_default());
    }
    found
}

/// A parameter of a content type, unquoted: `parameter("text/plain; charset=utf-8", "charset")`.
fn parameter(content_type: &str, name: &str) -> String {
    let mut rest = content_type;
    while let Some(at) = memchr(b';', rest.as_bytes()) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some((key, value)) = rest.split_once('=') else {
            return String::new();
        };
        if key.trim().eq_ignore_ascii_case(name) {
            let value = value.trim_start();
            return match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
                None => value
                    .split([';', ' ', '\t'])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
        }
    }
    String::new()
}

/// Takes the tags out of HTML; a heading or a row of a table becomes a line, a cell a word.
fn html_text(html: &str) -> String {
    let mut spaced = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once("</") {
        spaced.push_str(before);
        let name: String = tag.chars().take(2).collect();
        spaced.push_str(match &*name.to_ascii_lowercase() {
            "td" | "th" => " ",
            "tr" | "h1" | "h2" | "h3" | "h4" | "dt" | "li" => "<br>",
            _ => "",
        });
        spaced.push_str("</");
        rest = tag;
    }
    spaced.push_str(rest);
    html_to_text(&spaced)
}

/// Undoes a charset. UTF-8 is tried first whatever is declared: ISO-8859-1 is declared for it far too often.
fn decoded<'m>(bytes: &'m [u8], charset: &str) -> Cow<'m, str> {
    let stateful = charset
        .get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("iso"))
        && memchr(0x1b, bytes).is_some();
    let shifted = charset.to_ascii_lowercase().contains("utf-7") || charset.contains("16");
    match std::str::from_utf8(bytes) {
        Ok(text) if !stateful && !shifted => text.into(),
        _ => match charset_decoder(charset.as_bytes()) {
            Some(decode) if !charset.is_empty() => decode(bytes).into(),
            _ => String::from_utf8_lossy(bytes),
        },
    }
}

/// Undoes the encoded words of a header value (RFC 2047).
pub fn words(value: &str) -> Cow<'_, str> {
    if !value.contains("=?") {
        return value.into();
    }
    // The parser wants to see where the field ends.
    let field = format!("{value}\n");
    MessageStream::new(field.as_bytes())
        .parse_unstructured()
        .as_text()
        .map_or_else(|| value.to_owned().into(), |text| text.to_owned().into())
}
