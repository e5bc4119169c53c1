//! Packed input read as it is: gzip (RFC 1952) and zstd (RFC 8878), as rotated logs are kept.
//!
//! The first bytes decide, never the name. What is unpacked streams on in small pieces, so a file that swells to a
//! terabyte takes time and no memory.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How gzip begins: its magic number, and deflate, the only method there is (RFC 1952 section 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b\x08";
/// How a zstd frame begins (RFC 8878 section 3.1.1).
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Bytes that are read to see what an input is: enough to tell a mail from lines, too.
const HEAD: usize = 1 << 16;

/// Bytes of packed input that are read at once.
const READ_AT_ONCE: usize = 1 << 16;

/// The largest zstd window, in bytes: what zstd(1) unpacks without being asked to, so that what `--long` and `--ultra -22`
/// packed is read. It is the most memory that a packed file can take, and only one that swells that far takes it; every
/// decoder has to take 8 MiB (RFC 8878 section 3.1.1.1.2), and few files need more.
const WINDOW: u64 = 1 << 27;
/// The largest zstd window that zstd(1) unpacks at all (`--long=31`).
const WINDOW_OF_ZSTD: u64 = 1 << 31;

/// The input unpacked, or as it is when it is not packed. A live input is not held up: what a first read brings is
/// handed on, unless it is the beginning of a mark.
///
/// # Errors
/// The input's.
pub fn unpacked<'r>(mut from: impl Read + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
    let mut head = vec![0; HEAD];
    let mut filled = 0;
    while let Some(free) = head.get_mut(filled..).filter(|free| !free.is_empty()) {
        match from.read(free) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let start = head.get(..filled).unwrap_or_default();
        if ![GZIP, ZSTD]
            .iter()
            .any(|mark| mark.len() > filled && mark.starts_with(start))
        {
            break;
        }
    }
    head.truncate(filled);
    let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
    let whole = Cursor::new(head).chain(from);
    if gzip {
        let packed = BufReader::with_capacity(READ_AT_ONCE, whole);
        return Ok(Box::new(MultiGzDecoder::new(packed)));
    }
    if zstd {
        let packed = BufReader::with_capacity(READ_AT_ONCE, whole);
        return Ok(Box::new(Frames::new(packed)));
    }
    Ok(Box::new(whole))
}

/// The frames of a zstd stream, one behind the other: appending and packing side by side write more than one.
struct Frames<R> {
    from: R,
    frame: FrameDecoder,
}

impl<R: BufRead> Frames<R> {
    fn new(from: R) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW);
        Self { from, frame }
    }

    /// Begins the next frame; those meant for others are skipped (RFC 8878 section 3.1.2). Says whether there was one.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.frame.init(&mut self.from) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = length.into();
                    if io::copy(&mut self.from.by_ref().take(length), &mut io::sink())? < length {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(broken(too_large(requested)));
                }
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(false)
    }

    /// Holds the frame that has ended against its checksum, when it carries one.
    fn check(&self) -> io::Result<()> {
        match self.frame.get_checksum_from_data() {
            Some(wanted) if self.frame.get_calculated_checksum() != Some(wanted) => {
                Err(broken("the checksum does not fit"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.frame.can_collect() == 0 {
            if !self.frame.is_finished() {
                self.frame
                    .decode_blocks(&mut self.from, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(broken)?;
                continue;
            }
            self.check()?;
            if !self.begin()? {
                return Ok(0);
            }
        }
        self.frame.read(into)
    }
}

/// What to do about a frame that asks for a window of so many bytes.
fn too_large(window: u64) -> String {
    let (asked, most) = (window.div_ceil(1 << 20), WINDOW >> 20);
    if window > WINDOW_OF_ZSTD {
        return format!("it asks for a zstd window of {asked} MiB, more than any zstd takes");
    }
    format!(
        "it asks for a zstd window of {asked} MiB, and {most} are the most; unpack it with: \
         zstd -dc --long=31 FILE | whybounce"
    )
}

fn broken(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    fn read(packed: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        unpacked(packed)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_is_not_packed_stays_as_it_is() {
        for text in ["", "\x1f", "(", "(550 5.1.1 no)", "550 5.1.1 no\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), text);
        }
    }

    #[test]
    fn packed_parts_behind_each_other_are_one_text() {
        let (one, two) = ("550 no\n".repeat(70_000), "450 later\n");
        for pack in [gzip, zstd] {
            let packed = [pack(&one), pack(""), pack(two)].concat();
            assert_eq!(read(&packed).unwrap(), format!("{one}{two}"));
        }
        let skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc";
        let packed = [zstd(&one), skipped.to_vec(), zstd(two)].concat();
        assert_eq!(read(&packed).unwrap(), format!("{one}{two}"));
    }

    #[test]
    fn a_mark_that_trickles_in_is_seen() {
        struct Trickle<'a>(&'a [u8]);
        impl Read for Trickle<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let short = into.len().min(1);
                self.0.read(&mut into[..short])
            }
        }
        for pack in [gzip, zstd] {
            let mut text = String::new();
            let packed = pack("550 no\n");
            unpacked(Trickle(&packed))
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "550 no\n");
        }
    }

    /// The header of a zstd frame with a window of `1 << log` bytes (RFC 8878 section 3.1.1.1.2).
    fn frame_of_window(log: u8) -> Vec<u8> {
        [ZSTD, &[0, (log - 10) << 3]].concat()
    }

    /// A zstd block of 128 KiB of zeros (RFC 8878 section 3.1.1.2).
    fn zeros(is_last: bool) -> [u8; 4] {
        [2 | u8::from(is_last), 0, 0x10, 0]
    }

    #[test]
    fn a_window_that_is_too_large_is_refused_before_it_is_made() {
        for (packed, said) in [
            (
                frame_of_window(28),
                "256 MiB, and 128 are the most; unpack it with: zstd -dc --long=31 FILE | whybounce",
            ),
            (frame_of_window(31), "2048 MiB, and 128"),
            (frame_of_window(41), "2097152 MiB, more than any zstd takes"),
            // One segment of 10 GiB is a window of 10 GiB.
            (
                [ZSTD, &[0xe0], &(10_u64 << 30).to_le_bytes()].concat(),
                "10240 MiB, more than",
            ),
        ] {
            let error = read(&[packed, zeros(true).to_vec()].concat()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let allowed = [frame_of_window(27), zeros(true).to_vec()].concat();
        assert_eq!(read(&allowed).unwrap().len(), 1 << 17);
    }

    #[test]
    fn a_claimed_length_is_not_believed() {
        let claims = [ZSTD, &[0xc0, 0], &(10_u64 << 30).to_le_bytes()].concat();
        let text = [claims, zeros(true).to_vec()].concat();
        assert!(
            read(&text).is_err(),
            "a block is larger than the window of 1 KiB"
        );
        let skipped = [b"\x50\x2a\x4d\x18\xff\xff\xff\xff".as_slice(), b"abc"].concat();
        assert!(read(&[zstd("550 no\n"), skipped].concat()).is_err());
    }

    #[test]
    fn what_is_cut_or_spoilt_is_an_error() {
        for pack in [gzip, zstd] {
            let packed = pack(&"550 5.1.1 no such user\n".repeat(1000));
            for end in GZIP.len().max(ZSTD.len())..packed.len() {
                assert!(read(&packed[..end]).is_err(), "cut at {end}");
            }
            let mut spoilt = packed.clone();
            *spoilt.last_mut().unwrap() ^= 1;
            assert!(read(&spoilt).is_err());
        }
    }
}
