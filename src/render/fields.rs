//! The keys of a verdict and their values, shared by JSON, CSV and TSV. Names and order are for ever.
//!
//! A value is told to a [`Sink`] and never built: a verdict has thirty of them, and a log millions of verdicts.

use std::borrow::Cow;

use whybounce::verdict::{Short, Verdict, Words};

use Scalar::{Flag, Id, Known, Made, Null, Number, Text};

/// The version of the keys. A key may be added; a key is never changed.
const SCHEMA: u64 = 1;

/// A verdict and the place it came from.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub verdict: &'a Verdict<'a>,
    /// The name of the input, when files were named.
    pub file: Option<&'a str>,
}

/// Declares the keys, in their order: those that `each` record has for itself, and those that are `alike` in all verdicts of
/// one gist, but for what is told as [`Scalar::Text`].
macro_rules! keys {
    ($($how:ident { $($key:ident = $name:literal,)+ })+) => {
        /// A key of a verdict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key { $($($key,)+)+ }

        impl Key {
            /// Every key, in order.
            pub const ALL: &'static [Self] = &[$($(Self::$key,)+)+];

            /// The name of the key.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$key => $name,)+)+ }
            }

            /// Tells the values of all keys, in order.
            pub fn tell_all(answer: Answer<'_>, out: &mut impl Object) {
                $(out.$how(|out| {
                    $(out.key(concat!(",\"", $name, "\":"), |out| Self::$key.tell(answer, out));)+
                });)+
            }
        }
    };
}

/// The parts of an object: names and values.
macro_rules! parts {
    ($($name:literal: $value:expr),+) => {
        &[$(Part { name: $name, key: concat!(",\"", $name, "\":"), value: $value }),+]
    };
}

keys! {
    each {
        Schema = "schema",
        Line = "line",
        File = "file",
        Format = "format",
        Reply = "reply",
    }
    alike {
        Code = "code",
        Enhanced = "enhanced",
        Family = "family",
        Types = "types",
        Cause = "cause",
        Priority = "priority",
    }
    alike {
        Summary = "summary",
    }
    each {
        Fix = "fix",
    }
    alike {
        Owner = "owner",
        Retry = "retry",
        Suppress = "suppress",
        Provider = "provider",
    }
    each {
        Blocklist = "blocklist",
        Recipient = "recipient",
        Sender = "sender",
        QueueId = "queue_id",
        RemoteHost = "remote_host",
        RemoteIp = "remote_ip",
        Time = "time",
    }
    alike {
        Phase = "phase",
        Confidence = "confidence",
    }
    each {
        Evidence = "evidence",
    }
    alike {
        Claim = "claim",
        Conflicts = "conflicts",
        References = "references",
        Own = "own",
    }
}

impl Key {
    /// The key that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// Tells the value in this answer. Says whether there is one: no line for an argument, no file when none was named.
    // Where the key is known, the others go away.
    #[inline(always)]
    pub fn tell(self, answer: Answer<'_>, out: &mut impl Sink) -> bool {
        let Answer { verdict, file } = answer;
        let record = &verdict.record;
        match self {
            Self::Schema => out.scalar(Number(SCHEMA)),
            Self::Line if record.line == 0 => return false,
            Self::Line => out.scalar(Number(record.line)),
            Self::File => match file {
                Some(file) => out.scalar(Text(file)),
                None => return false,
            },
            Self::Format => out.scalar(Id(record.format)),
            Self::Reply => out.scalar(Text(&record.reply)),
            Self::Code => out.scalar(verdict.code.map_or(Null, |code| Number(code.into()))),
            Self::Enhanced => match verdict.enhanced {
                Some(status) => out.scalar(Made(&Short::from(status))),
                None => out.scalar(Null),
            },
            Self::Family => out.scalar(Id(verdict.family.id())),
            Self::Types => out.list(verdict.types.iter(), |out, kind| out.scalar(Id(kind.id()))),
            Self::Cause => out.scalar(Id(verdict.cause.id())),
            Self::Priority => out.scalar(Id(verdict.priority.id())),
            Self::Summary => sentence(out, verdict.summary()),
            Self::Fix => out.list(verdict.steps(), |out, step| {
                out.alike(|out| sentence(out, verdict.filled(step)));
            }),
            Self::Owner => out.scalar(Id(verdict.owner.id())),
            Self::Retry => {
                let advice = Id(verdict.retry.id());
                match verdict.after_seconds() {
                    Some(seconds) => {
                        out.object(parts!("advice": advice, "after_seconds": Number(seconds)))
                    }
                    None => out.object(parts!("advice": advice)),
                }
            }
            Self::Suppress => out.scalar(Flag(verdict.suppress)),
            Self::Provider => match verdict.provider() {
                Some(provider) => {
                    out.object(parts!("id": Known(provider.id), "name": Known(provider.name)))
                }
                None => out.scalar(Null),
            },
            Self::Blocklist => match verdict.blocklist() {
                Some(list) => out.object(parts!(
                    "id": Known(list.id),
                    "name": Known(list.name),
                    "listed": or_null(list.listed.as_deref()),
                    "lookup": or_null(list.lookup.as_deref()),
                    "operating": Id(list.operating.id())
                )),
                None => out.scalar(Null),
            },
            Self::Recipient => out.scalar(or_null(record.recipient.as_deref())),
            Self::Sender => out.scalar(or_null(record.sender.as_deref())),
            Self::QueueId => out.scalar(or_null(record.queue_id.as_deref())),
            Self::RemoteHost => out.scalar(or_null(record.remote_host.as_deref())),
            Self::RemoteIp => out.scalar(or_null(record.remote_ip.as_deref())),
            Self::Time => out.scalar(or_null(record.time.as_deref())),
            Self::Phase => out.scalar(record.phase.map_or(Null, |phase| Id(phase.id()))),
            Self::Confidence => out.scalar(Id(verdict.confidence.id())),
            Self::Evidence => out.list(verdict.reasons(), |out, reason| {
                out.alike(|out| {
                    let piece = verdict.told(reason);
                    out.object(parts!(
                        "kind": Id(piece.kind.id()),
                        "text": said(&piece.text, Text),
                        "rule": said(&piece.rule, Known)
                    ));
                });
            }),
            Self::Claim => out.scalar(Id(verdict.claim.id())),
            Self::Conflicts => out.list(verdict.conflicts(), |out, conflict| {
                out.scalar(Known(&conflict))
            }),
            Self::References => out.list(verdict.references(), |out, page| out.scalar(Known(page))),
            Self::Own => {
                let whose = verdict.blamed.as_ref().map(|(_, whose)| Id(whose.id()));
                out.scalar(whose.unwrap_or(Null));
            }
        }
        true
    }
}

/// Takes the value that stands under a key.
pub trait Sink {
    /// Takes a value without parts.
    fn scalar(&mut self, value: Scalar<'_>);

    /// Takes a list, each item as `tell` tells it.
    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, tell: impl Fn(&mut Self, T));

    /// Takes an object by its parts. The first one tells most, but for a piece of evidence, which its rule tells.
    fn object(&mut self, parts: &[Part<'_>]);

    /// Takes what is the same in all verdicts of one gist, but for what is told as [`Scalar::Text`].
    fn alike(&mut self, tell: impl FnOnce(&mut Self)) {
        tell(self);
    }
}

/// Takes keys together with their values.
pub trait Object: Sink {
    /// Takes a key, as it stands in JSON before its value, and the value, if `tell` finds one to tell.
    fn key(&mut self, key: &'static str, tell: impl FnOnce(&mut Self) -> bool);

    /// Takes what each record has for itself.
    fn each(&mut self, tell: impl FnOnce(&mut Self)) {
        tell(self);
    }
}

/// A value without parts.
#[derive(Clone, Copy, Debug)]
pub enum Scalar<'a> {
    Null,
    Flag(bool),
    Number(u64),
    /// A word of the program's own, which never needs an escape.
    Id(&'static str),
    /// A few letters and digits, which need none either.
    Made(&'a Short),
    /// What the knowledge says.
    Known(&'a str),
    /// What the record says, or what has something of it.
    Text(&'a str),
}

/// A part of an object.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub name: &'static str,
    /// The name as it stands in JSON before the value.
    pub key: &'static str,
    pub value: Scalar<'a>,
}

fn or_null(text: Option<&str>) -> Scalar<'_> {
    text.map_or(Null, Text)
}

/// Tells a sentence: the knowledge's as it is, or with something of the record filled in.
fn sentence(out: &mut impl Sink, sentence: Cow<'_, str>) {
    match sentence {
        Cow::Borrowed(known) => out.scalar(Known(known)),
        Cow::Owned(filled) => out.scalar(Text(&filled)),
    }
}

fn said<'w>(words: &'w Words<'_>, found: fn(&'w str) -> Scalar<'w>) -> Scalar<'w> {
    match words {
        Words::Found(text) => found(text),
        Words::Made(short) => Made(short),
    }
}

/// Takes an object for one part of it.
struct Only<'s, S> {
    part: &'static str,
    out: &'s mut S,
}

impl<S: Sink> Sink for Only<'_, S> {
    fn scalar(&mut self, value: Scalar<'_>) {
        self.out.scalar(value);
    }

    fn list<T>(&mut self, _: impl IntoIterator<Item = T>, _: impl Fn(&mut Self, T)) {
        self.out.scalar(Null);
    }

    fn object(&mut self, parts: &[Part<'_>]) {
        let part = parts.iter().find(|part| part.name == self.part);
        self.out.scalar(part.map_or(Null, |part| part.value));
    }
}

/// The parts of the keys whose values are objects.
const PARTS: &[(Key, &[&str])] = &[
    (Key::Retry, &["advice", "after_seconds"]),
    (Key::Provider, &["id", "name"]),
    (
        Key::Blocklist,
        &["id", "name", "listed", "lookup", "operating"],
    ),
];

/// A key that was asked for, or a part of one: `retry.after_seconds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As it was typed.
    pub name: Cow<'static, str>,
    key: Key,
    part: Option<&'static str>,
}

impl From<Key> for Field {
    fn from(key: Key) -> Self {
        Self {
            name: Cow::Borrowed(key.name()),
            key,
            part: None,
        }
    }
}

impl Field {
    /// The field that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let Some((key, part)) = name.split_once('.') else {
            return Key::from_name(name).map(Self::from);
        };
        let key = Key::from_name(key)?;
        let (_, parts) = PARTS.iter().find(|(with_parts, _)| *with_parts == key)?;
        let part = parts.iter().copied().find(|known| *known == part)?;
        Some(Self {
            name: Cow::Owned(name.to_owned()),
            key,
            part: Some(part),
        })
    }

    /// The names of all fields, those of parts included.
    #[must_use]
    pub fn names() -> Vec<String> {
        let parts = PARTS
            .iter()
            .flat_map(|(key, parts)| parts.iter().map(|part| format!("{}.{part}", key.name())));
        Key::ALL
            .iter()
            .map(|key| key.name().to_owned())
            .chain(parts)
            .collect()
    }

    /// Tells the value in this answer, and whether there is one.
    #[inline]
    pub fn tell(&self, answer: Answer<'_>, out: &mut impl Sink) -> bool {
        match self.part {
            Some(part) => self.key.tell(answer, &mut Only { part, out }),
            None => self.key.tell(answer, out),
        }
    }
}
