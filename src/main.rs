//! `whybounce`: flags become settings, settings a run, the run an exit status.
#![forbid(unsafe_code)]

mod cli;
mod exit;
mod explain;
mod filter;
mod input;
mod names;
mod progress;
mod redact;
mod render;
mod run;
mod settings;
mod signals;
mod unpack;
mod user_rules;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use whybounce::classifier::Classifier;
use whybounce::knowledge::user::UserRules;

use cli::Cli;
use exit::{CANNOT_WRITE, Status};
use settings::{Settings, Task};

fn main() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(help) => usage(&help),
    };
    let status = match done {
        Ok(status) => status,
        Err(error) if is_closed_pipe(&error) => Status::Answered,
        Err(error) => {
            // When standard error is gone, too, the status still tells.
            drop(writeln!(
                io::stderr(),
                "whybounce: {}",
                render::escape::visible(&format!("{error:#}"))
            ));
            Status::Trouble
        }
    };
    status.into()
}

fn run(cli: Cli) -> anyhow::Result<Status> {
    let settings = Settings::resolve(cli)?;
    colored::control::set_override(settings.colour);
    let rules = settings.rules.as_ref().map(UserRules::tables);
    let out = || io::stdout().lock();
    match settings.task {
        Task::Judge(judging) => {
            let classifier = Classifier::new(rules.as_ref()).with_own(&settings.own);
            run::judge(&judging, classifier, settings.width)
        }
        Task::Explain(what) => explain::explain(&what, rules, settings.width, &mut out()),
        Task::List(topic) => explain::list(topic, rules, &mut out()),
        Task::CheckRules(path) => user_rules::check(&path, &mut out()),
    }
}

/// Help and version are answers, everything else that clap says is trouble.
fn usage(help: &clap::Error) -> anyhow::Result<Status> {
    if help.use_stderr() {
        // A reply that begins with a dash is taken for a flag, and clap would hand it to the terminal as it is.
        for line in help.render().to_string().lines() {
            drop(writeln!(io::stderr(), "{}", render::escape::visible(line)));
        }
        return Ok(Status::Trouble);
    }
    let shown = help.print().and_then(|()| io::stdout().flush());
    shown.context(CANNOT_WRITE)?;
    Ok(Status::Answered)
}

/// Whether the reader of our output had enough (`| head`), wherever in the chain that stands.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
