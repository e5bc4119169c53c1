//! Blocks of lines judged side by side, and answered in the order they came.
//!
//! A line seldom depends on the ones before it, so a block is judged before the ones before it are done, as if its input
//! began there. When its turn comes, the state that they left shows whether that was right; where it was not (a reply of
//! several lines, a CSV header, deliveries of qmail), the block is judged again with that state, and until the state is
//! empty again nothing is judged ahead. So the answers are those of one thread, byte for byte.
//!
//! Each thread reads the block that it judges, so that nobody waits for a reader; nor does anybody wait for a turn: what is
//! judged is laid down, and whoever lays down what comes next answers all that follows without a gap.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use memchr::memchr_iter;
use whybounce::record::State;
use whybounce::report::notes::Notes;

use super::{Judge, Out, Place, Tally};
use crate::input::Blocks;
use crate::progress::Progress;
use crate::signals::Signals;

/// Pieces a thread that may be judged and wait to be answered: what waits for a slow reader takes memory.
const WAITING: usize = 2;

/// Whole lines, and what was made of them.
#[derive(Default)]
struct Piece {
    place: u64,
    /// How many lines came before them.
    before: u64,
    /// The lines, and memory behind them.
    lines: Vec<u8>,
    /// Bytes of the lines.
    length: usize,
    /// The state to begin with when judging ahead: that of an earlier piece's end.
    hint: State,
    judged_ahead: bool,
    /// The state behind its last line.
    state: State,
    tally: Tally,
    notes: Option<Notes>,
    answers: Vec<u8>,
}

impl Piece {
    /// Judges the lines, with `state` before them.
    fn judge(&mut self, worker: &mut Judge<'_, Vec<u8>>, state: State, file: Option<&str>) {
        self.state = state;
        worker.tally = Tally::default();
        mem::swap(&mut worker.out, &mut self.answers);
        mem::swap(&mut worker.notes, &mut self.notes);
        let lines = self.lines.get(..self.length).unwrap_or_default();
        worker.block(lines, self.before, &mut self.state, file);
        mem::swap(&mut worker.notes, &mut self.notes);
        mem::swap(&mut worker.out, &mut self.answers);
        self.tally = worker.tally;
    }

    /// Forgets what was made of the lines.
    fn forget(&mut self) {
        self.answers.clear();
        if let Some(notes) = &mut self.notes {
            notes.discard();
        }
    }
}

/// Which pieces were judged, and which of them comes next.
#[derive(Default)]
struct Turn {
    next: u64,
    /// How many pieces were handed out.
    sent: u64,
    judged: BTreeMap<u64, Piece>,
    /// Somebody is at it.
    answering: bool,
}

/// What the answers so far have left.
struct Last<'t, 'j> {
    state: State,
    judge: &'t mut Judge<'j, Out>,
}

/// Where the pieces come from.
struct Input<'b, R> {
    blocks: &'b mut Blocks<R>,
    progress: Option<Progress>,
    /// How many lines were handed out.
    number: u64,
    /// How the input ended, if it did.
    end: Option<io::Result<()>>,
}

struct Shared<'t, 'j, 's, 'b, R> {
    input: Mutex<Input<'b, R>>,
    turn: Mutex<Turn>,
    turned: Condvar,
    /// Held by the one who is answering.
    last: Mutex<Last<'t, 'j>>,
    signals: Option<&'s Signals>,
    /// A report is wanted.
    with_notes: bool,
    /// How many pieces may wait.
    most: usize,
    /// The state is empty, so that judging ahead is worth it.
    ahead: AtomicBool,
    /// What an empty state was last: the kind of line seen last is all it holds.
    hint: Mutex<State>,
    /// Output failed; nothing more is needed.
    over: AtomicBool,
    /// Pieces that were answered, for their memory.
    spare: Mutex<Vec<Piece>>,
}

/// Lets a pipe behind standard output take the answers of a piece at a time, so that the one who reads them and the threads
/// wait less for each other. What is no pipe stays as it is.
fn widen_pipe() {
    #[cfg(target_os = "linux")]
    rustix::pipe::fcntl_setpipe_size(io::stdout(), 1 << 20).unwrap_or_default();
}

/// Judges the block handed out last and all that follow.
pub(super) fn judge<'j, R: Read + Send>(
    judge: &mut Judge<'j, Out>,
    blocks: &mut Blocks<R>,
    from: Place,
    threads: usize,
    file: Option<&str>,
) -> io::Result<Place> {
    widen_pipe();
    let judging = judge.judging;
    let mut workers: Vec<_> = (0..threads)
        .map(|_| Judge {
            judging,
            width: judge.width,
            alone: judge.alone,
            classifier: judge.classifier.afresh(),
            renderer: judge.renderer.clone(),
            out: Vec::new(),
            tally: Tally::default(),
            failed: None,
            report: None,
            notes: None,
            progress: None,
            signals: None,
        })
        .collect();
    let signals = judge.signals.take();
    // What came before counts before.
    judge.count();
    let hint = from.state.afresh();
    let shared = Shared {
        input: Mutex::new(Input {
            blocks,
            // The one who reads shows it.
            progress: judge.progress.take(),
            number: from.number,
            end: None,
        }),
        with_notes: judge.notes.is_some(),
        ahead: AtomicBool::new(from.state.goes_on_like(&hint)),
        hint: Mutex::new(hint),
        turn: Mutex::default(),
        turned: Condvar::new(),
        last: Mutex::new(Last {
            state: from.state,
            judge,
        }),
        signals: signals.as_ref(),
        most: threads * WAITING,
        over: AtomicBool::new(false),
        spare: Mutex::default(),
    };
    thread::scope(|scope| {
        let own = workers.pop();
        for worker in workers {
            scope.spawn(|| work(worker, &shared, file));
        }
        if let Some(worker) = own {
            work(worker, &shared, file);
        }
    });
    let input = unlocked(shared.input);
    let last = unlocked(shared.last);
    last.judge.progress = input.progress;
    last.judge.signals = signals;
    input.end.unwrap_or(Ok(()))?;
    Ok(Place {
        state: last.state,
        number: input.number,
    })
}

/// Judges pieces until there are no more.
fn work<R: Read>(
    mut worker: Judge<'_, Vec<u8>>,
    shared: &Shared<'_, '_, '_, '_, R>,
    file: Option<&str>,
) {
    while let Some(mut piece) = next_piece(shared) {
        piece.judged_ahead = shared.ahead.load(Ordering::Relaxed);
        if piece.judged_ahead {
            let state = piece.hint.afresh();
            piece.judge(&mut worker, state, file);
        }
        lay_down(piece, &mut worker, shared, file);
    }
}

/// Reads the next piece; the first is the block that was handed out last.
fn next_piece<R: Read>(shared: &Shared<'_, '_, '_, '_, R>) -> Option<Piece> {
    let mut input = locked(&shared.input);
    let place = locked(&shared.turn).sent;
    if place > 0 {
        input.read_on(shared);
    }
    if input.end.is_some() {
        return None;
    }
    let spare = locked(&shared.spare).pop();
    let mut piece = spare.unwrap_or_else(|| Piece {
        notes: shared.with_notes.then(Notes::default),
        ..Piece::default()
    });
    (piece.lines, piece.length) = input.blocks.trade(piece.lines);
    piece.place = place;
    piece.before = input.number;
    piece.hint = locked(&shared.hint).afresh();
    let lines = piece.lines.get(..piece.length).unwrap_or_default();
    input.number +=
        memchr_iter(b'\n', lines).count() as u64 + u64::from(lines.last() != Some(&b'\n'));
    locked(&shared.turn).sent = place + 1;
    if let Some(signals) = shared.signals {
        signals.work();
    }
    Some(piece)
}

impl<R: Read> Input<'_, R> {
    /// Reads a block, unless the input has ended or nothing more is needed.
    fn read_on(&mut self, shared: &Shared<'_, '_, '_, '_, R>) {
        if self.end.is_some() {
            return;
        }
        if shared.over.load(Ordering::Relaxed) || shared.signals.is_some_and(Signals::came) {
            self.end = Some(Ok(()));
            return;
        }
        if let Some(progress) = &self.progress {
            progress.go_on();
        }
        self.end = match self.blocks.next_block() {
            Ok(Some(_)) => None,
            Ok(None) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        };
    }
}

/// Lays a piece down, and answers what comes next as far as it lies there, unless somebody else is at it.
fn lay_down<R>(
    piece: Piece,
    worker: &mut Judge<'_, Vec<u8>>,
    shared: &Shared<'_, '_, '_, '_, R>,
    file: Option<&str>,
) {
    let mut turn = locked(&shared.turn);
    while turn.judged.len() >= shared.most && turn.next != piece.place {
        turn = shared
            .turned
            .wait(turn)
            .unwrap_or_else(PoisonError::into_inner);
    }
    turn.judged.insert(piece.place, piece);
    if turn.answering {
        return;
    }
    turn.answering = true;
    loop {
        let next = turn.next;
        let Some(mut piece) = turn.judged.remove(&next) else {
            break;
        };
        drop(turn);
        answer(&mut piece, worker, shared, file);
        locked(&shared.spare).push(piece);
        turn = locked(&shared.turn);
        turn.next += 1;
        shared.turned.notify_all();
        // Whoever reads may wait for input for hours; a signal that came meanwhile has waited long enough.
        if turn.next == turn.sent
            && !shared.with_notes
            && let Some(signals) = shared.signals
            && signals.rest()
        {
            signals.obey();
        }
    }
    turn.answering = false;
}

/// Answers the piece that comes next.
fn answer<R>(
    piece: &mut Piece,
    worker: &mut Judge<'_, Vec<u8>>,
    shared: &Shared<'_, '_, '_, '_, R>,
    file: Option<&str>,
) {
    let mut last = locked(&shared.last);
    let Last { state, judge } = &mut *last;
    if !(piece.judged_ahead && state.goes_on_like(&piece.hint)) {
        piece.forget();
        piece.judge(worker, mem::take(state), file);
    }
    *state = mem::take(&mut piece.state);
    let hint = state.afresh();
    shared
        .ahead
        .store(state.goes_on_like(&hint), Ordering::Relaxed);
    if !hint.goes_on_like(&piece.hint) {
        *locked(&shared.hint) = hint;
    }
    judge.tally += piece.tally;
    if let (Some(report), Some(notes)) = (&mut judge.report, &mut piece.notes) {
        report.count(notes);
    }
    if judge.failed.is_none()
        && let Err(error) = judge
            .out
            .write_all(&piece.answers)
            .and_then(|()| judge.out.flush())
    {
        judge.failed = Some(error);
        shared.over.store(true, Ordering::Relaxed);
    }
    piece.answers.clear();
}

/// A lock that outlives a thread's panic, for the others still have whole lines to write.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a lock held.
fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
