//! How the program ends: every number of its exit status stands here, and what is said when output fails.

use std::process::ExitCode;

use whybounce::vocabulary::Exit;

/// What failed when output fails; the reason stands behind it.
pub const CANNOT_WRITE: &str = "cannot write the output";

/// How the program ends; after grep(1), and with `--exit-status` after sysexits(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// At least one verdict was given.
    Answered,
    /// Nothing was recognised, or nothing passed the filter.
    Nothing,
    /// Bad arguments, an unreadable file, output that cannot be written.
    Trouble,
    /// `--exit-status` and a single record: the verdict itself.
    Verdict(Exit),
}

impl Status {
    fn number(self) -> u8 {
        match self {
            Self::Answered | Self::Verdict(Exit::Accepted) => 0,
            Self::Nothing | Self::Verdict(Exit::Unrecognised) => 1,
            Self::Trouble => 2,
            Self::Verdict(Exit::DataError) => 65,
            Self::Verdict(Exit::NoUser) => 67,
            Self::Verdict(Exit::NoHost) => 68,
            Self::Verdict(Exit::Unavailable) => 69,
            Self::Verdict(Exit::Temporary) => 75,
            Self::Verdict(Exit::Protocol) => 76,
            Self::Verdict(Exit::NoPermission) => 77,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.number())
    }
}
