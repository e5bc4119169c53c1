//! The words that knowledge, verdict and command line share: each a small closed set with an id for ever.
//!
//! The build script compiles this file, too, so it depends on nothing.

/// Declares an enum whose variants each have an id, the word users and programs see.
macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $id:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        #[allow(dead_code)]
        impl $name {
            /// Every member, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it in JSON, TOML and on the command line.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// The member that has this id.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)+ _ => None }
            }

            /// The member that stands at this place of [`Self::ALL`].
            #[must_use]
            pub fn from_index(index: u8) -> Option<Self> {
                Self::ALL.get(usize::from(index)).copied()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.id())
            }
        }
    };
}

vocabulary! {
    /// What will really happen to the mail, wording included.
    Family {
        /// The server took it.
        Success = "success",
        /// The dialogue goes on; nothing is decided.
        Intermediate = "intermediate",
        /// A later try can pass.
        Temporary = "temporary",
        /// The same mail to the same address will be refused again.
        Permanent = "permanent",
        /// The reply does not show it.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// The kinds a cause belongs to; one cause may be of several.
    Kind {
        Success = "success",
        Temporary = "temporary",
        Permanent = "permanent",
        Recipient = "recipient",
        Authentication = "authentication",
        ReputationPolicy = "reputation-policy",
        NetworkServer = "network-server",
    }
}

vocabulary! {
    /// How soon somebody should look.
    Priority {
        Info = "info",
        Monitor = "monitor",
        FixSoon = "fix-soon",
        Critical = "critical",
    }
}

vocabulary! {
    /// Who has to act.
    Owner {
        Sender = "sender",
        Recipient = "recipient",
        Receiver = "receiver",
        Platform = "platform",
        Nobody = "nobody",
        Unknown = "unknown",
    }
}

vocabulary! {
    /// Whether sending again helps.
    Retry {
        /// Nothing is to be sent again.
        None = "none",
        Later = "later",
        AfterFix = "after-fix",
        Never = "never",
    }
}

vocabulary! {
    /// What a verdict rests on, in one word.
    Confidence {
        /// A reply code or its class alone.
        Low = "low",
        /// An enhanced status code, or vague words.
        Medium = "medium",
        /// Precise wording or a provider's marker.
        High = "high",
    }
}

vocabulary! {
    /// Whose the address or domain is that a reply blames.
    Whose {
        /// The sender's own.
        Own = "own",
        /// A relay's, a stranger's, the recipient's.
        Other = "other",
    }
}

vocabulary! {
    /// The step of the SMTP dialogue (RFC 5321) that was refused.
    Phase {
        Connect = "CONNECT",
        Helo = "HELO",
        Mail = "MAIL",
        Rcpt = "RCPT",
        Data = "DATA",
        /// The final dot: the message itself was judged.
        EndOfMessage = "EOM",
        Auth = "AUTH",
        StartTls = "STARTTLS",
    }
}

vocabulary! {
    /// A kind of evidence, strongest first.
    EvidenceKind {
        Marker = "marker",
        Wording = "wording",
        Enhanced = "enhanced",
        Phase = "phase",
        Code = "code",
        Class = "class",
    }
}

vocabulary! {
    /// How much a rule's words prove.
    Strength {
        Weak = "weak",
        Plain = "plain",
        Strong = "strong",
    }
}

vocabulary! {
    /// What a blocklist lists.
    Lists {
        Ip = "ip",
        Domain = "domain",
        Hash = "hash",
        IpOrDomain = "ip-or-domain",
        /// An allow list: being on it is no accusation.
        Allow = "allow",
    }
}

vocabulary! {
    /// What a sentence of the knowledge may ask for: `{ip}`.
    Value {
        Recipient = "recipient",
        /// The first one that the reply names.
        Address = "address",
        Domain = "domain",
        Ip = "ip",
        Host = "host",
        Sender = "sender",
        Provider = "provider",
        List = "list",
        /// The page that the reply names.
        Url = "url",
        /// The limit of a message.
        Size = "size",
        /// The limit of a mailbox.
        Quota = "quota",
        Wait = "wait",
        /// The new address of somebody who moved.
        Forward = "forward",
    }
}

#[allow(dead_code)]
impl Value {
    /// What stands for it in a sentence that needs it where it is not known.
    #[must_use]
    pub const fn unknown(self) -> &'static str {
        match self {
            Self::Recipient | Self::Address => "the address",
            Self::Domain => "the domain",
            Self::Ip => "the sending IP",
            Self::Host => "the server",
            Self::Sender => "the sender",
            Self::Provider => "the receiving server",
            Self::List => "a blocklist",
            Self::Url => "the page named in the reply",
            Self::Size | Self::Quota => "the limit",
            Self::Wait => "a while",
            Self::Forward => "the new address",
        }
    }
}

vocabulary! {
    /// Whether something still runs.
    Operating {
        Yes = "yes",
        No = "no",
        Unknown = "unknown",
    }
}

vocabulary! {
    /// The exit status of `--exit-status`, in the words of sysexits(3).
    Exit {
        Accepted = "accepted",
        Temporary = "temporary",
        NoUser = "nouser",
        NoHost = "nohost",
        NoPermission = "noperm",
        Protocol = "protocol",
        DataError = "dataerr",
        Unavailable = "unavailable",
        Unrecognised = "unrecognised",
    }
}
