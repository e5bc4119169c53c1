//! The run: from every source to its verdicts, and what the exit status says of them.

use std::io::{self, BufWriter, Read, Stdout, Write};
use std::mem;
use std::ops::AddAssign;
use std::thread;

use anyhow::{Context, Result};
use whybounce::classifier::Classifier;
use whybounce::record::{self, Record, Seen, State, mail, mail::Mail};
use whybounce::report::{Report, notes::Notes};
use whybounce::vocabulary::Exit;

mod side_by_side;

use crate::exit::{CANNOT_WRITE, Status};
use crate::input::{self, Blocks, Mails, Source};
use crate::progress::Progress;
use crate::redact;
use crate::render::escape::visible;
use crate::render::{Answer, Detail, Renderer, summary};
use crate::settings::{Judging, Kind};
use crate::signals::Signals;

/// Bytes of output that are written at once while input flows.
const WRITTEN_AT_ONCE: usize = 1 << 16;

/// Reads every source and gives its verdicts.
///
/// # Errors
/// Output that cannot be written, with the writer's error in the chain. A source that cannot be read is reported, the
/// others are read all the same, and the status is trouble.
pub fn judge<'j>(judging: &'j Judging, classifier: Classifier<'j>, width: usize) -> Result<Status> {
    if judging.sources.iter().any(Source::is_terminal) {
        complain("nothing to read: give a reply, name files with -f, or pipe something in");
        complain("try: whybounce \"550 5.1.1 User unknown\"   (whybounce --help tells more)");
        return Ok(Status::Trouble);
    }
    let asked_in_words = matches!(judging.sources.as_slice(), [Source::Argument(_)]);
    let detail = if judging.details || asked_in_words {
        Detail::Full {
            width,
            teach: asked_in_words,
        }
    } else {
        Detail::Line {
            with_file: judging.sources.len() > 1
                || judging.sources.iter().any(Source::is_directory),
        }
    };
    let mut judge = Judge {
        judging,
        width,
        alone: judging.sources.len() == 1,
        classifier,
        renderer: Renderer::new(judging.form, &judging.fields, detail),
        out: BufWriter::with_capacity(WRITTEN_AT_ONCE, io::stdout()),
        tally: Tally::default(),
        failed: None,
        report: judging.summary.then(Report::default),
        notes: judging.summary.then(Notes::default),
        progress: Progress::of(
            || Source::size_of(&judging.sources),
            !judging.summary && !judging.quiet,
        ),
        // A reply that was typed is answered before anybody can interrupt.
        signals: (!asked_in_words).then(|| Signals::watch(judging.summary)),
    };
    if !judging.quiet && !judging.summary {
        judge.renderer.begin(&mut judge.out).context(CANNOT_WRITE)?;
    }
    for source in &judging.sources {
        match source.mails_within() {
            Ok(None) => judge.source(source)?,
            Ok(Some(mails)) => {
                judge.alone = false;
                mails.iter().try_for_each(|mail| judge.source(mail))?;
            }
            Err(error) => judge.unreadable(&error),
        }
    }
    // The bar goes away before the report comes.
    judge.progress = None;
    judge.count();
    if let Some(report) = judge.report.as_mut().filter(|_| !judging.quiet) {
        report.close();
        if let Some(signals) = &judge.signals {
            signals.rest();
        }
        summary::write(report, judging.form, width, &mut judge.out).context(CANNOT_WRITE)?;
    }
    judge.out.flush().context(CANNOT_WRITE)?;
    // The program is about to end: nobody needs the memory of thousands of addresses back.
    mem::forget(judge.report.take());
    if let Some(signals) = &judge.signals {
        signals.obey();
    }
    let tally = judge.tally;
    if tally.records == 0 && !tally.trouble && !judging.quiet {
        complain(&match (tally.mails, tally.lines) {
            (0, 0) => {
                "the input is empty; give a reply, name a file with -f, or pipe a log in".to_owned()
            },
            (0, _) if asked_in_words => {
                "no server's reply was found in this; give it as the server wrote it, or name a file with -f"
                    .to_owned()
            }
            (0, lines) => format!(
                "no server's reply was found in {lines} line{}; --list formats names what is read",
                if lines == 1 { "" } else { "s" }
            ),
            (1, 0) => match tally.mail {
                None | Some(Mail::Bounce) => "no server's reply was found in this mail".to_owned(),
                Some(Mail::NotABounce) => "this mail is no bounce".to_owned(),
                Some(mail) => format!("this mail is no bounce: {}", mail.id()),
            },
            (mails, _) => format!("none of {mails} mails is a bounce"),
        });
    }
    Ok(tally.status(judging.exit_status))
}

/// Bytes of a block that show that input flows rather than trickles.
const FLOWING: usize = 32 << 10;

/// More threads than this wait for each other's turn.
const MOST_THREADS: usize = 8;

/// Where the verdicts go.
type Out = BufWriter<Stdout>;

/// How far an input was read: what its lines told so far, and how many they were.
struct Place {
    state: State,
    number: u64,
}

/// Says something on standard error. Nobody is left to tell when that fails, and the exit status tells all the same.
fn complain(what: &str) {
    drop(writeln!(io::stderr(), "whybounce: {}", visible(what)));
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    lines: u64,
    mails: u64,
    /// What the last of them turned out to be.
    mail: Option<Mail>,
    records: u64,
    /// Verdicts that passed the filter.
    passed: u64,
    /// Those of them that recognised something.
    recognised: u64,
    last: Option<Exit>,
    trouble: bool,
}

impl AddAssign for Tally {
    /// Counts what came behind.
    fn add_assign(&mut self, behind: Self) {
        self.lines += behind.lines;
        self.mails += behind.mails;
        self.records += behind.records;
        self.passed += behind.passed;
        self.recognised += behind.recognised;
        self.mail = behind.mail.or(self.mail);
        self.last = behind.last.or(self.last);
        self.trouble |= behind.trouble;
    }
}

impl Tally {
    fn status(&self, exit_status: bool) -> Status {
        match self.last {
            _ if self.trouble => Status::Trouble,
            Some(exit) if exit_status && self.records == 1 => Status::Verdict(exit),
            _ if self.recognised > 0 => Status::Answered,
            _ => Status::Nothing,
        }
    }
}

/// Judges records one after the other, and keeps count.
struct Judge<'j, W> {
    judging: &'j Judging,
    /// Columns of a page.
    width: usize,
    /// Whether there is a single input.
    alone: bool,
    classifier: Classifier<'j>,
    renderer: Renderer,
    out: W,
    tally: Tally,
    failed: Option<io::Error>,
    /// What is counted when one report is wanted.
    report: Option<Report>,
    /// What is to be counted.
    notes: Option<Notes>,
    progress: Option<Progress>,
    signals: Option<Signals>,
}

impl Judge<'_, Out> {
    /// Reads one source. What cannot be read is reported; only output that cannot be written ends the run.
    fn source(&mut self, source: &Source) -> Result<()> {
        match source {
            _ if self.rests() => {}
            Source::Argument(reply) => self.argument(reply),
            _ => {
                if let Err(error) = self.stream(source) {
                    self.unreadable(&error);
                }
            }
        }
        self.failed.take().map_or(Ok(()), Err).context(CANNOT_WRITE)
    }

    /// Says something on standard error, with the bar out of the way.
    fn complain(&self, what: &str) {
        match &self.progress {
            Some(progress) => progress.pause(|| complain(what)),
            None => complain(what),
        }
    }

    fn unreadable(&mut self, error: &anyhow::Error) {
        self.flush();
        self.complain(&self.shown(&format!("{error:#}")));
        self.tally.trouble = true;
    }

    /// What was typed is always a question: what no format claims is taken as a reply in its own words.
    fn argument(&mut self, reply: &str) {
        let mut state = State::default();
        let before = self.tally.records;
        let mut noise = false;
        for line in reply.lines() {
            self.tally.lines += 1;
            noise |= self.line(line, &mut state, None) == Seen::Noise && !line.trim().is_empty();
        }
        record::finish(&mut state, &mut |record| {
            self.record(Record { line: 0, ..record }, None)
        });
        if self.tally.records > before || reply.trim().is_empty() {
            return;
        }
        let words: Vec<_> = reply
            .lines()
            .map(if noise { record::message } else { str::trim })
            .flat_map(str::split_whitespace)
            .collect();
        let words = words.join(" ");
        // A log's line without a result is answered only if its words are known.
        if noise && self.classifier.classify(&*words).exit() == Exit::Unrecognised {
            return;
        }
        let asked = Record {
            format: "reply",
            reply: words.into(),
            ..Record::default()
        };
        self.record(asked, None);
    }

    /// Reads a stream; its first bytes tell whether it is a mail or lines.
    fn stream(&mut self, source: &Source) -> Result<()> {
        let name = source.name().map(|name| self.shown(&name));
        let name = name.as_deref();
        // What is answered line by line owes nothing while it waits.
        let signals = self.signals.as_ref().filter(|_| self.report.is_some());
        let mut blocks = Blocks::new(source.open(self.progress.as_ref(), signals)?);
        let is_mail = match self.judging.from {
            Some(kind) => Ok(matches!(kind, Kind::Mail)),
            None => blocks.told(mail::begins).map(|told| told == Some(true)),
        };
        let read = is_mail.and_then(|is_mail| {
            if is_mail {
                self.mails(blocks, name)
            } else {
                self.lines(blocks, name)
            }
        });
        read.with_context(|| format!("cannot read {}", name.unwrap_or("standard input")))
    }

    /// Reads lines block by block; each block is answered before more is read. Once input flows, blocks are judged
    /// side by side and answered in order.
    fn lines<R: Read + Send>(
        &mut self,
        mut blocks: Blocks<R>,
        file: Option<&str>,
    ) -> io::Result<()> {
        let mut state = State::default();
        let mut number = 0;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        while !self.rests()
            && let Some(block) = blocks.next_block()?
        {
            self.works();
            // The first block shows what kind of lines these are.
            let flows = number > 0 && block.len() >= FLOWING;
            if flows && threads > 1 && self.renderer.forgets() {
                let from = Place { state, number };
                Place { state, number } =
                    side_by_side::judge(self, &mut blocks, from, threads.min(MOST_THREADS), file)?;
                break;
            }
            number = self.block(block, number, &mut state, file);
            self.flush();
            if self.failed.is_some() {
                return Ok(());
            }
        }
        record::finish(&mut state, &mut |record| self.record(record, file));
        self.tally.lines += number;
        if blocks.cut_lines > 0 {
            let (cut, long) = (blocks.cut_lines, input::BLOCK >> 20);
            let name = file.unwrap_or("standard input");
            self.complain(&format!(
                "{name}: {cut} of {number} lines are longer than {long} MiB; the rest of each was left out"
            ));
        }
        Ok(())
    }

    /// Reads a mail, or an mbox mail by mail.
    fn mails<R: Read>(&mut self, blocks: Blocks<R>, file: Option<&str>) -> io::Result<()> {
        let mut mails = Mails::new(blocks)?;
        let alone = self.alone && !mails.is_mbox();
        let mut number = 0;
        let mut records = Vec::new();
        while !self.rests()
            && let Some(mail) = mails.next_mail()?
        {
            self.works();
            number += 1;
            let kind = mail::read(mail, &mut |record| {
                records.push(Record {
                    line: number,
                    ..record
                })
            });
            self.tally.mail = Some(kind);
            if self.judging.details && !alone && kind != Mail::Bounce {
                let name = file.unwrap_or("standard input");
                self.complain(&format!(
                    "{name}: mail {number} is no bounce: {}",
                    kind.id()
                ));
            }
            // One mail about one recipient is one question, as a reply on the command line is.
            if alone && records.len() == 1 {
                self.renderer = Renderer::new(
                    self.judging.form,
                    &self.judging.fields,
                    Detail::Full {
                        width: self.width,
                        teach: true,
                    },
                );
            }
            for record in records.drain(..) {
                self.record(record, file);
            }
            self.flush();
            if self.failed.is_some() {
                break;
            }
        }
        self.tally.mails += number;
        Ok(())
    }

    /// Everything read so far was answered; says whether that was to be the last. A report is owed to the very end.
    fn rests(&self) -> bool {
        let owed = self.report.is_some();
        self.signals
            .as_ref()
            .is_some_and(|signals| if owed { signals.came() } else { signals.rest() })
    }

    /// Something was read that is to be answered before the program may end.
    fn works(&self) {
        if let Some(signals) = &self.signals {
            signals.work();
        }
    }

    /// The name of an input, or an error about it, as it may be shown.
    fn shown(&self, name: &str) -> String {
        if self.judging.redact {
            redact::text(name)
        } else {
            name.to_owned()
        }
    }

    /// Hands on what was written, so that whoever reads it live has all of it.
    fn flush(&mut self) {
        if let Some(progress) = &self.progress {
            progress.go_on();
        }
        if let Err(error) = self.out.flush() {
            self.failed.get_or_insert(error);
        }
    }
}

impl<W: Write> Judge<'_, W> {
    /// Counts what was noted, where the report is at hand.
    fn count(&mut self) {
        if let (Some(report), Some(notes)) = (&mut self.report, &mut self.notes) {
            report.count(notes);
        }
    }

    /// Judges the lines of a block that begins behind line `number`; gives the number of its last line.
    fn block(
        &mut self,
        block: &[u8],
        mut number: u64,
        state: &mut State,
        file: Option<&str>,
    ) -> u64 {
        for line in input::lines(block) {
            number += 1;
            state.line = number;
            self.line(&line, state, file);
            if self.failed.is_some() {
                break;
            }
        }
        number
    }

    fn line<'a>(&mut self, line: &'a str, state: &mut State, file: Option<&str>) -> Seen {
        let (number, from) = (state.line, self.judging.from);
        let give: record::Give<'_, 'a> = &mut |mut record| {
            if record.line == 0 {
                record.line = number;
            }
            self.record(record, file);
        };
        match from {
            Some(Kind::Line(format)) => record::read_line_as(format, line, state, give),
            _ => record::read_line(line, state, give),
        }
    }

    /// Judges a record, and gives the verdict if it passes.
    fn record(&mut self, record: Record<'_>, file: Option<&str>) {
        if self.failed.is_some() {
            return;
        }
        self.tally.records += 1;
        let verdict = self.classifier.classify(record);
        if !self
            .judging
            .only
            .iter()
            .all(|filter| filter.passes(&verdict))
        {
            return;
        }
        let exit = verdict.exit();
        self.tally.passed += 1;
        self.tally.recognised += u64::from(exit != Exit::Unrecognised);
        self.tally.last = Some(exit);
        // Filters, counts and the exit status go by what was read, everything shown by what is left of it.
        let hidden;
        let shown = if self.judging.redact {
            hidden = redact::record(&verdict.record);
            &self.classifier.classify(&hidden)
        } else {
            &verdict
        };
        if let Some(notes) = &mut self.notes {
            notes.add_as(&verdict, shown, file);
            if notes.are_many() {
                self.count();
            }
        } else if !self.judging.quiet {
            let verdict = shown;
            self.failed = self
                .renderer
                .write(&mut self.out, Answer { verdict, file })
                .err();
        }
    }
}
