//! Blocks of lines judged side by side, and answered in the order they came.
//!
//! A line seldom depends on the ones before it, so a block is judged before the ones before it are done, as if its input
//! began there. When its turn comes, the state that they left shows whether that was right; where it was not (a reply of
//! several lines, a CSV header, deliveries of qmail), the block is judged again with that state, and until the state is
//! empty again nothing is judged ahead. So the answers are those of one thread, byte for byte.

use std::io::{self, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use memchr::{memchr_iter, memrchr};
use whybounce::record::State;
use whybounce::report::notes::Notes;

use super::{Judge, Out, Place, Tally};
use crate::input::Blocks;
use crate::signals::Signals;

/// Bytes of lines that one thread judges at a time: large enough to make taking turns cheap, small enough to keep memory
/// low, for the answers are several times larger.
const PIECE: usize = 128 << 10;

/// Whole lines, and how many came before them.
struct Piece {
    place: u64,
    before: u64,
    lines: Vec<u8>,
    /// The state to begin with when judging ahead: that of an earlier piece's end.
    hint: State,
}

/// Whose turn it is to answer, and what the answers before have left.
struct Turn<'t, 'j> {
    next: u64,
    /// How many pieces were handed out.
    sent: u64,
    state: State,
    judge: &'t mut Judge<'j, Out>,
}

struct Shared<'t, 'j, 's> {
    turn: Mutex<Turn<'t, 'j>>,
    signals: Option<&'s Signals>,
    turned: Condvar,
    /// The state is empty, so that judging ahead is worth it.
    ahead: AtomicBool,
    /// What an empty state was last: the kind of line seen last is all it holds.
    hint: Mutex<State>,
    /// Output failed; nothing more is needed.
    over: AtomicBool,
    /// The memory of pieces that were answered.
    spare: Mutex<Vec<Vec<u8>>>,
}

/// Lets a pipe behind standard output take the answers of a piece at a time, so that the one who reads them and the threads
/// wait less for each other. What is no pipe stays as it is.
fn widen_pipe() {
    #[cfg(target_os = "linux")]
    rustix::pipe::fcntl_setpipe_size(io::stdout(), 1 << 20).unwrap_or_default();
}

/// Judges the block handed out last and all that follow.
pub(super) fn judge<'j, R: Read>(
    judge: &mut Judge<'j, Out>,
    blocks: &mut Blocks<R>,
    from: Place,
    threads: usize,
    file: Option<&str>,
) -> io::Result<Place> {
    widen_pipe();
    let judging = judge.judging;
    let workers: Vec<_> = (0..threads)
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
            notes: judge.notes.as_ref().map(|_| Notes::default()),
            progress: None,
            signals: None,
        })
        .collect();
    // The one who reads shows it.
    let progress = judge.progress.take();
    let signals = judge.signals.take();
    // What came before counts before.
    judge.count();
    let hint = from.state.afresh();
    let shared = Shared {
        ahead: AtomicBool::new(from.state.goes_on_like(&hint)),
        hint: Mutex::new(hint),
        turn: Mutex::new(Turn {
            next: 0,
            sent: 0,
            state: from.state,
            judge,
        }),
        signals: signals.as_ref(),
        turned: Condvar::new(),
        over: AtomicBool::new(false),
        spare: Mutex::default(),
    };
    let (send, receive) = sync_channel::<Piece>(threads);
    let receive = Mutex::new(receive);
    let mut number = from.number;
    let read = thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| work(worker, &receive, &shared, file));
        }
        let mut place = 0;
        let mut send_block = |block: &[u8]| {
            let mut rest = block;
            while !rest.is_empty() {
                let end = match rest.get(..PIECE) {
                    Some(piece) => memrchr(b'\n', piece).map_or(rest.len(), |end| end + 1),
                    None => rest.len(),
                };
                let (lines, behind) = rest.split_at(end);
                let mut memory = locked(&shared.spare).pop().unwrap_or_default();
                memory.clear();
                memory.extend_from_slice(lines);
                let piece = Piece {
                    place,
                    before: number,
                    lines: memory,
                    hint: locked(&shared.hint).afresh(),
                };
                number += memchr_iter(b'\n', lines).count() as u64
                    + u64::from(lines.last() != Some(&b'\n'));
                place += 1;
                locked(&shared.turn).sent = place;
                if let Some(signals) = shared.signals {
                    signals.work();
                }
                // The workers are gone only when all is over.
                if send.send(piece).is_err() {
                    return;
                }
                rest = behind;
            }
        };
        send_block(blocks.block());
        let read = loop {
            if shared.over.load(Ordering::Relaxed) || shared.signals.is_some_and(Signals::came) {
                break Ok(());
            }
            if let Some(progress) = &progress {
                progress.go_on();
            }
            match blocks.next_block() {
                Ok(Some(block)) => send_block(block),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(send);
        read
    });
    let turn = shared
        .turn
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    turn.judge.progress = progress;
    turn.judge.signals = signals;
    read.map(|()| Place {
        state: turn.state,
        number,
    })
}

/// Judges pieces until there are no more.
fn work(
    mut worker: Judge<'_, Vec<u8>>,
    pieces: &Mutex<Receiver<Piece>>,
    shared: &Shared<'_, '_, '_>,
    file: Option<&str>,
) {
    loop {
        // Bound to a name first: within `while let` the lock would be held while the piece is judged.
        let piece = locked(pieces).recv();
        let Ok(piece) = piece else { return };
        let mut state = piece.hint.afresh();
        let ahead = shared.ahead.load(Ordering::Relaxed);
        if ahead {
            worker.block(&piece.lines, piece.before, &mut state, file);
        }
        let mut turn = locked(&shared.turn);
        while turn.next != piece.place {
            turn = shared
                .turned
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !(ahead && turn.state.goes_on_like(&piece.hint)) {
            worker.out.clear();
            worker.tally = Tally::default();
            if let Some(notes) = &mut worker.notes {
                notes.discard();
            }
            state = mem::take(&mut turn.state);
            worker.block(&piece.lines, piece.before, &mut state, file);
        }
        let hint = state.afresh();
        shared
            .ahead
            .store(state.goes_on_like(&hint), Ordering::Relaxed);
        if !hint.goes_on_like(&piece.hint) {
            *locked(&shared.hint) = hint;
        }
        turn.state = state;
        turn.judge.tally += mem::take(&mut worker.tally);
        if let (Some(report), Some(notes)) = (&mut turn.judge.report, &mut worker.notes) {
            report.count(notes);
        }
        if turn.judge.failed.is_none()
            && let Err(error) = turn
                .judge
                .out
                .write_all(&worker.out)
                .and_then(|()| turn.judge.out.flush())
        {
            turn.judge.failed = Some(error);
            shared.over.store(true, Ordering::Relaxed);
        }
        worker.out.clear();
        turn.next += 1;
        // Whoever reads may wait for input for hours; a signal that came meanwhile has waited long enough.
        if turn.next == turn.sent
            && turn.judge.report.is_none()
            && let Some(signals) = shared.signals
            && signals.rest()
        {
            signals.obey();
        }
        drop(turn);
        shared.turned.notify_all();
        locked(&shared.spare).push(piece.lines);
    }
}

/// A lock that outlives a thread's panic, for the others still have whole lines to write.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
