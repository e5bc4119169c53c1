//! Bytes from the argument, standard input and files, handed on in blocks of whole lines.
//!
//! A block is what one read brought, up to its last line end: large while input flows, a single line when it trickles.
//! So whatever has come is answered at once, and nothing waits for a full buffer. Memory stays bounded: a line longer
//! than a block is cut, and the rest of it is left out.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::mem;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use memchr::{memchr, memchr_iter, memrchr};

use crate::progress::Progress;
use crate::signals::Signals;
use crate::unpack::unpacked;

/// Bytes of a block; also what is kept of a line at most.
pub const BLOCK: usize = 1 << 20;

/// Bytes that are read at once, and judged at a time when blocks are judged side by side: large enough to make taking turns
/// cheap, small enough to keep memory low, for the answers are several times larger.
const READ: usize = 128 << 10;

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The words of the command line, joined.
    Argument(String),
    /// Standard input; with a name when it stands among files.
    Stdin {
        named: bool,
    },
    File(PathBuf),
}

impl Source {
    /// The sources that the command line means: files, the reply, or else standard input.
    #[must_use]
    pub fn of(reply: Vec<OsString>, files: Vec<PathBuf>) -> Vec<Self> {
        if !files.is_empty() {
            let named = |path: PathBuf| {
                if path.as_os_str() == "-" {
                    Self::Stdin { named: true }
                } else {
                    Self::File(path)
                }
            };
            return files.into_iter().map(named).collect();
        }
        if reply.is_empty() {
            return vec![Self::Stdin { named: false }];
        }
        let words: Vec<_> = reply.iter().map(|word| word.to_string_lossy()).collect();
        vec![Self::Argument(words.join(" "))]
    }

    /// The name that verdicts carry, when files were named.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Argument(_) | Self::Stdin { named: false } => None,
            Self::Stdin { named: true } => Some("-".into()),
            Self::File(path) => Some(path.to_string_lossy()),
        }
    }

    /// Whether it stands for the files in it.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::File(path) if path.is_dir())
    }

    /// The mails of a Maildir, by name, which is roughly by time; `None` for anything but a directory.
    ///
    /// # Errors
    /// The directory cannot be read, or is no Maildir.
    pub fn mails_within(&self) -> Result<Option<Vec<Self>>> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        if !self.is_directory() {
            return Ok(None);
        }
        let boxes: Vec<_> = ["new", "cur"]
            .iter()
            .map(|name| path.join(name))
            .filter(|path| path.is_dir())
            .collect();
        if boxes.is_empty() {
            bail!(
                "cannot read {}: a directory, and no Maildir; name the files in it",
                path.display()
            );
        }
        let mut mails = Vec::new();
        for dir in boxes {
            let cannot_read = || format!("cannot read {}", dir.display());
            for entry in fs::read_dir(&dir).with_context(cannot_read)? {
                mails.push(entry.with_context(cannot_read)?.path());
            }
        }
        mails.sort_by(|left, right| left.file_name().cmp(&right.file_name()));
        Ok(Some(mails.into_iter().map(Self::File).collect()))
    }

    /// Opens it; what is read is counted where the progress is shown, and what is packed is unpacked on the way. It ends
    /// where one of `signals` comes.
    ///
    /// # Errors
    /// The file cannot be opened, or its first bytes cannot be read.
    pub fn open(
        &self,
        progress: Option<&Progress>,
        signals: Option<&Signals>,
    ) -> Result<Box<dyn Read + Send + '_>> {
        fn ending(signals: Option<&Signals>, file: File) -> Box<dyn Read + Send> {
            // Nobody waits for more of a regular file.
            let waits = file.metadata().is_ok_and(|about| !about.is_file());
            match signals.filter(|_| waits) {
                Some(signals) => Box::new(signals.ending(file)),
                None => Box::new(file),
            }
        }
        fn counted<'r>(
            progress: Option<&Progress>,
            from: impl Read + Send + 'r,
        ) -> Box<dyn Read + Send + 'r> {
            match progress {
                Some(progress) => Box::new(progress.count(from)),
                None => Box::new(from),
            }
        }
        Ok(match self {
            Self::Argument(reply) => Box::new(reply.as_bytes()),
            Self::Stdin { .. } => {
                let from = match standard_input().filter(|_| signals.is_some()) {
                    Some(file) => ending(signals, file),
                    None => Box::new(io::stdin()),
                };
                unpacked(counted(progress, from)).context("cannot read standard input")?
            }
            Self::File(path) => File::open(path)
                .and_then(|file| unpacked(counted(progress, ending(signals, file))))
                .with_context(|| format!("cannot read {}", path.display()))?,
        })
    }

    /// Bytes of all sources; `None` as soon as one of them is no regular file.
    #[must_use]
    pub fn size_of(sources: &[Self]) -> Option<u64> {
        let mut sum = 0;
        for source in sources {
            let about = match source {
                Self::Argument(_) => return None,
                Self::Stdin { .. } => standard_input()?.metadata(),
                Self::File(path) => path.metadata(),
            };
            let about = about.ok().filter(fs::Metadata::is_file)?;
            sum += about.len();
        }
        Some(sum)
    }

    /// Whether somebody would have to type the records: a program that sits there silently helps nobody.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        *self == Self::Stdin { named: false } && io::stdin().is_terminal()
    }
}

/// Standard input as a file: what stands behind `< mail.log` has a size.
#[cfg(unix)]
fn standard_input() -> Option<File> {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned().ok()?;
    Some(File::from(input))
}

#[cfg(not(unix))]
fn standard_input() -> Option<File> {
    None
}

/// Cuts a stream into blocks of whole lines.
pub struct Blocks<R> {
    from: R,
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold something.
    filled: usize,
    /// Bytes that were handed out and go away with the next read.
    given: usize,
    /// The rest of a line that was too long is still to come, and to be left out.
    skipping: bool,
    /// Lines that were cut.
    pub cut_lines: u64,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// The blocks of a stream.
    pub fn new(from: R) -> Self {
        Self {
            from,
            buffer: vec![0; BLOCK],
            filled: 0,
            given: 0,
            skipping: false,
            cut_lines: 0,
            ended: false,
        }
    }

    /// What the first read brings, without taking it: enough to tell a mail from lines.
    ///
    /// # Errors
    /// The stream's.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        if self.filled == 0 && !self.ended {
            self.read()?;
            // A byte order mark is no part of the first line (RFC 3629 section 6); it may come in pieces.
            let mark = b"\xef\xbb\xbf";
            while self.filled < mark.len()
                && !self.ended
                && mark.starts_with(&self.buffer[..self.filled])
            {
                self.read()?;
            }
            if self.buffer[..self.filled].starts_with(mark) {
                self.given = mark.len();
            }
        }
        Ok(&self.buffer[self.given..self.filled])
    }

    /// Reads ahead, without taking anything, until `tell` can tell from the beginning of the stream what it is; `None`
    /// when it cannot, however much there is.
    ///
    /// # Errors
    /// The stream's.
    pub fn told<T>(&mut self, tell: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
        loop {
            let told = tell(self.peek()?);
            if told.is_some() || self.ended || self.filled == self.buffer.len() {
                return Ok(told);
            }
            self.read()?;
        }
    }

    /// The next lines, line ends included; only the last line of the stream, or one that was cut, has none.
    ///
    /// # Errors
    /// The stream's.
    pub fn next_block(&mut self) -> io::Result<Option<&[u8]>> {
        self.peek()?;
        let mut searched = 0;
        loop {
            self.take_given();
            if self.skipping {
                self.skip_line();
            }
            let fresh = self.buffer.get(searched..self.filled).unwrap_or_default();
            if let Some(end) = memrchr(b'\n', fresh) {
                self.given = searched + end + 1;
                break;
            }
            searched = self.filled;
            if self.filled == self.buffer.len() {
                self.skipping = true;
                self.cut_lines += 1;
                self.given = self.filled;
                break;
            }
            if self.ended {
                self.given = self.filled;
                break;
            }
            self.read()?;
        }
        Ok((self.given > 0).then(|| &self.buffer[..self.given]))
    }

    /// The block that was handed out last.
    pub fn block(&self) -> &[u8] {
        self.buffer.get(..self.given).unwrap_or_default()
    }

    /// Hands out the memory of the block that was handed out last, in exchange for other memory of this kind or none; gives
    /// the length of the block.
    pub fn trade(&mut self, memory: Vec<u8>) -> (Vec<u8>, usize) {
        let mut memory = if memory.len() == BLOCK {
            memory
        } else {
            vec![0; BLOCK]
        };
        let rest = self.buffer.get(self.given..self.filled).unwrap_or_default();
        if let Some(place) = memory.get_mut(..rest.len()) {
            place.copy_from_slice(rest);
        }
        self.filled = rest.len();
        (
            mem::replace(&mut self.buffer, memory),
            mem::take(&mut self.given),
        )
    }

    /// Moves what was not handed out to the front: at most the start of one line.
    fn take_given(&mut self) {
        if self.given > 0 {
            self.buffer.copy_within(self.given..self.filled, 0);
            self.filled -= self.given;
            self.given = 0;
        }
    }

    /// Drops the rest of a line that was cut, as far as it is there.
    fn skip_line(&mut self) {
        let end = memchr(b'\n', &self.buffer[..self.filled]);
        self.given = end.map_or(self.filled, |end| end + 1);
        self.skipping = end.is_none();
        self.take_given();
    }

    /// Reads once, behind what is there.
    fn read(&mut self) -> io::Result<()> {
        loop {
            let end = (self.filled + READ).min(self.buffer.len());
            match self.from.read(&mut self.buffer[self.filled..end]) {
                Ok(count) => {
                    self.filled += count;
                    self.ended = count == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Bytes that are kept of one mail; servers rarely take more, and what is behind is somebody's attachment.
const MAIL: usize = 64 << 20;

/// Cuts a stream of mails: one mail, or an mbox whose mails each begin with a `From ` line behind a blank one (RFC 4155).
pub struct Mails<R> {
    blocks: Blocks<R>,
    /// Bytes of the block, and how many of them were taken already.
    size: usize,
    taken: usize,
    mail: Vec<u8>,
    is_mbox: bool,
    after_blank: bool,
}

impl<R: Read> Mails<R> {
    /// The mails of a stream that begins with one.
    ///
    /// # Errors
    /// The stream's.
    pub fn new(mut blocks: Blocks<R>) -> io::Result<Self> {
        let is_mbox = blocks
            .told(|bytes| Some(bytes.get(..5)? == b"From "))?
            .unwrap_or(false);
        Ok(Self {
            blocks,
            size: 0,
            taken: 0,
            mail: Vec::new(),
            is_mbox,
            after_blank: false,
        })
    }

    /// Whether there may be more than one mail.
    #[must_use]
    pub fn is_mbox(&self) -> bool {
        self.is_mbox
    }

    /// The next mail.
    ///
    /// # Errors
    /// The stream's.
    pub fn next_mail(&mut self) -> io::Result<Option<&[u8]>> {
        self.mail.clear();
        loop {
            if self.taken == self.size {
                self.taken = 0;
                self.size = self.blocks.next_block()?.map_or(0, <[u8]>::len);
                if self.size == 0 {
                    return Ok((!self.mail.is_empty()).then_some(&*self.mail));
                }
            }
            let block = self.blocks.block();
            while let Some(rest) = block.get(self.taken..).filter(|rest| !rest.is_empty()) {
                let line = memchr(b'\n', rest)
                    .and_then(|end| rest.get(..=end))
                    .unwrap_or(rest);
                if self.is_mbox && self.after_blank && !self.mail.is_empty() && separates(line) {
                    self.after_blank = false;
                    return Ok(Some(&self.mail));
                }
                self.after_blank = matches!(line, b"\n" | b"\r\n");
                if self.mail.len() + line.len() <= MAIL {
                    self.mail.extend_from_slice(line);
                }
                self.taken += line.len();
            }
        }
    }
}

/// Whether a line begins a mail of an mbox: `From address time`. Prose that begins with From has no time of day.
fn separates(line: &[u8]) -> bool {
    let is_time = |part: &[u8]| matches!(part, [hour, b':', minute] if hour.is_ascii_digit() && minute.is_ascii_digit());
    line.starts_with(b"From ") && line.windows(3).any(is_time)
}

/// The lines of a block, without their ends (LF or CRLF).
pub fn lines(block: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    // Bytes that are no UTF-8 are rare: one look at the whole block spares a look at each line.
    let text = str::from_utf8(block).ok();
    let mut start = 0;
    let last = (block.last() != Some(&b'\n')).then_some(block.len());
    memchr_iter(b'\n', block).chain(last).map(move |end| {
        let line = start..end;
        start = end + 1;
        let line = match text.and_then(|text| text.get(line.clone())) {
            Some(line) => Cow::Borrowed(line),
            None => String::from_utf8_lossy(block.get(line).unwrap_or_default()),
        };
        match line {
            Cow::Borrowed(line) => Cow::Borrowed(line.strip_suffix('\r').unwrap_or(line)),
            Cow::Owned(mut line) => {
                if line.ends_with('\r') {
                    line.pop();
                }
                Cow::Owned(line)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_size_is_known_of_files_only() {
        let file = || Source::File(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        let one = Source::size_of(&[file()]).unwrap();
        assert!(one > 0);
        assert_eq!(Source::size_of(&[file(), file()]), Some(2 * one));
        let folder = Source::File(env!("CARGO_MANIFEST_DIR").into());
        assert_eq!(Source::size_of(&[file(), folder]), None);
        assert_eq!(Source::size_of(&[Source::Argument("550".into())]), None);
    }

    /// Brings one piece a read, as a pipe does.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = &mut self.0[0];
            let count = piece.len().min(into.len());
            into[..count].copy_from_slice(&piece[..count]);
            piece.drain(..count);
            if piece.is_empty() {
                self.0.remove(0);
            }
            Ok(count)
        }
    }

    fn pieces(pieces: &[&[u8]]) -> Blocks<Pieces> {
        let full = pieces.iter().filter(|piece| !piece.is_empty());
        Blocks::new(Pieces(full.map(|piece| piece.to_vec()).collect()))
    }

    fn all(mut blocks: Blocks<Pieces>) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(block) = blocks.next_block().unwrap() {
            all.extend(lines(block).map(Cow::into_owned));
        }
        all
    }

    #[test]
    fn lines_are_whole_however_the_reads_fall() {
        assert_eq!(
            all(pieces(&[b"on", b"e\r\ntwo\nthr", b"ee"])),
            ["one", "two", "three"]
        );
        assert_eq!(all(pieces(&[b"\n\n", b"a\n"])), ["", "", "a"]);
        assert!(all(pieces(&[])).is_empty());
    }

    #[test]
    fn what_has_come_is_handed_out_before_more_is_read() {
        let mut blocks = pieces(&[b"one\ntw", b"o\n"]);
        assert_eq!(blocks.next_block().unwrap(), Some(&b"one\n"[..]));
        assert_eq!(blocks.next_block().unwrap(), Some(&b"two\n"[..]));
        assert_eq!(blocks.next_block().unwrap(), None);
        assert_eq!(blocks.next_block().unwrap(), None);
    }

    #[test]
    fn a_line_without_end_is_cut_and_counts_as_one() {
        let long = vec![b'x'; 3 * BLOCK + 17];
        let mut blocks = pieces(&[b"a\n", &long, b"yz\nb\n"]);
        let mut sizes = Vec::new();
        while let Some(block) = blocks.next_block().unwrap() {
            sizes.extend(lines(block).map(|line| line.len()));
        }
        assert_eq!(sizes, [1, BLOCK, 1]);
        assert_eq!(blocks.cut_lines, 1);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(all(pieces(&[b"\xef\xbb\xbf550 no\n"])), ["550 no"]);
    }

    #[test]
    fn a_mail_is_known_however_the_reads_fall() {
        use whybounce::record::mail::begins;
        for (stream, is_mail) in [
            (
                "Subject: Undelivered\r\n mail\r\nFrom: a@example.com\r\n\r\n",
                true,
            ),
            ("From a@example.com Mon Jun  1 10:00:00 2026\nX: y\n", true),
            ("\u{feff}X-Spam: no\nX-Virus: no\n\n", true),
            ("Error: 550 5.1.1 no\nError: 550 5.1.1 no\n550 no\n", false),
            ("From here on\n550 no\n", false),
            ("Jun  1 10:00:00 mail postfix/smtp[1]: x\n", false),
            ("Subject: alone", false),
            ("", false),
        ] {
            for at in 0..=stream.len() {
                let (head, tail) = stream.as_bytes().split_at(at);
                let told = pieces(&[head, tail]).told(begins).unwrap();
                assert_eq!(told.unwrap_or(false), is_mail, "{stream:?} cut at {at}");
            }
        }
    }

    #[test]
    fn bad_utf_8_spoils_its_own_line_only() {
        assert_eq!(
            all(pieces(&[b"gr\xfc\xdf\r\n\0ok\n\xc3\xbc\n"])),
            ["gr\u{fffd}\u{fffd}", "\0ok", "ü"]
        );
    }

    fn mails(stream: &[&[u8]]) -> Vec<String> {
        let mut mails = Mails::new(pieces(stream)).unwrap();
        let mut all = Vec::new();
        while let Some(mail) = mails.next_mail().unwrap() {
            all.push(String::from_utf8_lossy(mail).into_owned());
        }
        all
    }

    #[test]
    fn an_mbox_is_cut_at_from_lines_behind_blank_ones() {
        let first = "From a@example.com Mon Jun  1 10:00:00 2026\nA: 1\n\nFrom here to there\nFrom 10:00 on\n\n";
        let second = "From - Mon Jun  1 10:00:01 2026\r\nB: 2\r\n";
        let (one, two) = first.split_at(60);
        assert_eq!(
            mails(&[one.as_bytes(), two.as_bytes(), second.as_bytes()]),
            [first, second]
        );
    }

    #[test]
    fn a_mail_that_is_no_mbox_stays_whole() {
        let text = "Subject: x\n\nFrom here\n\nFrom there\n";
        assert_eq!(mails(&[text.as_bytes()]), [text]);
    }
}
