//! The keys of a verdict and their values, shared by JSON, CSV and TSV. Names and order are for ever.

use std::borrow::Cow;

use whybounce::verdict::Verdict;

/// The version of the keys. A key may be added; a key is never changed.
const SCHEMA: u64 = 1;

/// A verdict and the place it came from.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub verdict: &'a Verdict<'a>,
    /// The name of the input, when files were named.
    pub file: Option<&'a str>,
}

/// Declares the keys, in their order.
macro_rules! keys {
    ($($key:ident = $name:literal,)+) => {
        /// A key of a verdict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key { $($key,)+ }

        impl Key {
            /// Every key, in order.
            pub const ALL: &'static [Self] = &[$(Self::$key,)+];

            /// The name of the key.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$key => $name,)+ }
            }
        }
    };
}

keys! {
    Schema = "schema",
    Line = "line",
    File = "file",
    Format = "format",
    Reply = "reply",
    Code = "code",
    Enhanced = "enhanced",
    Family = "family",
    Types = "types",
    Cause = "cause",
    Priority = "priority",
    Summary = "summary",
    Fix = "fix",
    Owner = "owner",
    Retry = "retry",
    Suppress = "suppress",
    Provider = "provider",
    Blocklist = "blocklist",
    Recipient = "recipient",
    Sender = "sender",
    QueueId = "queue_id",
    RemoteHost = "remote_host",
    RemoteIp = "remote_ip",
    Time = "time",
    Phase = "phase",
    Confidence = "confidence",
    Evidence = "evidence",
    Claim = "claim",
    Conflicts = "conflicts",
    References = "references",
    Own = "own",
}

impl Key {
    /// The key that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// The value in this answer; `None` where the key is left out: no line for an argument, no file when none was named.
    #[must_use]
    pub fn value<'a>(self, answer: Answer<'a>) -> Option<Value<'a>> {
        let Answer { verdict, file } = answer;
        let record = &verdict.record;
        Some(match self {
            Self::Schema => Value::Number(SCHEMA),
            Self::Line if record.line == 0 => return None,
            Self::Line => Value::Number(record.line),
            Self::File => Value::Text(file?.into()),
            Self::Format => Value::text(record.format),
            Self::Reply => Value::text(&record.reply),
            Self::Code => verdict
                .code
                .map_or(Value::Null, |code| Value::Number(code.into())),
            Self::Enhanced => verdict
                .enhanced
                .map_or(Value::Null, |status| Value::Text(status.to_string().into())),
            Self::Family => Value::text(verdict.family.id()),
            Self::Types => Value::texts(verdict.types.iter().map(|kind| kind.id())),
            Self::Cause => Value::text(verdict.cause.id()),
            Self::Priority => Value::text(verdict.priority.id()),
            Self::Summary => Value::Text(verdict.summary()),
            Self::Fix => Value::texts(verdict.fix()),
            Self::Owner => Value::text(verdict.owner.id()),
            Self::Retry => {
                let mut retry = vec![("advice", Value::text(verdict.retry.id()))];
                retry.extend(
                    verdict
                        .after_seconds()
                        .map(|seconds| ("after_seconds", Value::Number(seconds))),
                );
                Value::Object(retry)
            }
            Self::Suppress => Value::Flag(verdict.suppress),
            Self::Provider => verdict.provider().map_or(Value::Null, |provider| {
                Value::Object(vec![
                    ("id", Value::text(provider.id)),
                    ("name", Value::text(provider.name)),
                ])
            }),
            Self::Blocklist => verdict.blocklist().map_or(Value::Null, |list| {
                Value::Object(vec![
                    ("id", Value::text(list.id)),
                    ("name", Value::text(list.name)),
                    ("listed", list.listed.map_or(Value::Null, Value::Text)),
                    (
                        "lookup",
                        list.lookup
                            .map_or(Value::Null, |page| Value::Text(page.into())),
                    ),
                    ("operating", Value::text(list.operating.id())),
                ])
            }),
            Self::Recipient => Value::known(record.recipient.as_deref()),
            Self::Sender => Value::known(record.sender.as_deref()),
            Self::QueueId => Value::known(record.queue_id.as_deref()),
            Self::RemoteHost => Value::known(record.remote_host.as_deref()),
            Self::RemoteIp => Value::known(record.remote_ip.as_deref()),
            Self::Time => Value::known(record.time.as_deref()),
            Self::Phase => Value::known(record.phase.map(|phase| phase.id())),
            Self::Confidence => Value::text(verdict.confidence.id()),
            Self::Evidence => Value::List(
                verdict
                    .evidence()
                    .into_iter()
                    .map(|piece| {
                        Value::Object(vec![
                            ("kind", Value::text(piece.kind.id())),
                            ("text", Value::Text(piece.text)),
                            ("rule", Value::Text(piece.rule)),
                        ])
                    })
                    .collect(),
            ),
            Self::Claim => Value::text(verdict.claim.id()),
            Self::Conflicts => Value::texts(verdict.conflicts()),
            Self::References => Value::texts(verdict.references()),
            Self::Own => Value::known(verdict.blamed.as_ref().map(|(_, whose)| whose.id())),
        })
    }
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Flag(bool),
    Number(u64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Vec<(&'static str, Value<'a>)>),
}

impl<'a> Value<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn known(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    fn texts<T: Into<Cow<'a, str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(
            texts
                .into_iter()
                .map(|text| Self::Text(text.into()))
                .collect(),
        )
    }

    /// The value as one cell of a table: a list joined with `; `, of an object what tells most, nothing for null.
    #[must_use]
    pub fn into_cell(self) -> Cow<'a, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Self::Number(number) => number.to_string().into(),
            Self::Text(text) => text,
            Self::List(values) => {
                let cells: Vec<_> = values.into_iter().map(Self::into_cell).collect();
                cells.join("; ").into()
            }
            // Evidence is told by its rule, everything else by its id or advice, which comes first.
            Self::Object(mut pairs) => {
                let place = pairs
                    .iter()
                    .position(|(name, _)| *name == "rule")
                    .unwrap_or(0);
                if place < pairs.len() {
                    pairs.swap_remove(place).1.into_cell()
                } else {
                    Cow::Borrowed("")
                }
            }
        }
    }

    /// The part of an object that has this name.
    fn part(self, wanted: &str) -> Self {
        match self {
            Self::Object(pairs) => pairs
                .into_iter()
                .find(|(name, _)| *name == wanted)
                .map_or(Self::Null, |(_, value)| value),
            _ => Self::Null,
        }
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

    /// The value in this answer, if there is one.
    #[must_use]
    pub fn value<'a>(&self, answer: Answer<'a>) -> Option<Value<'a>> {
        let value = self.key.value(answer)?;
        Some(match self.part {
            Some(part) => value.part(part),
            None => value,
        })
    }
}
