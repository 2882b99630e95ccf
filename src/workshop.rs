//! Work on texts that others wrote and that a parser might not survive: done by another process, this
//! program started once more, which may run out of its stack, its memory or its time without anybody
//! else. Knows nothing of the work.
//!
//! One process does one job after another for as long as it is asked to. A job and its answer are each
//! a length (u64, little-endian) and so many bytes, on its standard input and output. What it says on
//! its standard error when it dies tells why.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::room::Room;

/// Does a job.
pub type Work = fn(&[u8]) -> Vec<u8>;

/// The argument that makes this program a worker; no verb is called so.
const ARGUMENT: &str = "--workshop";

/// Processor time for one job. More is never meant: the largest style sheets take one or two seconds.
const SECONDS: u64 = 5;

/// The same by the clock, for machines with much else to do, and systems that do not count the other.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much longer a process is waited for that should have ended itself.
const GRACE: Duration = Duration::from_secs(5);

/// The stack of a job at most: parsers go down as deep as what they read.
const STACK: u64 = 64 << 20;

/// Memory of a job where there is no bound.
const MEMORY: u64 = 1 << 30;

/// An answer longer than this is none.
const LONGEST_ANSWER: u64 = 256 << 20;

/// How a worker that ran out of time ends.
const OUT_OF_TIME: i32 = 74;

/// What this program does as a worker, once it is known to be the program that can be one.
static PROGRAM: OnceLock<Work> = OnceLock::new();

/// To be called first by the program: where it was started as a worker it is one until it is no longer
/// needed, and then ends with what is returned. Otherwise it is remembered that it can be one.
pub fn enter(work: Work) -> Option<ExitCode> {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(ARGUMENT)) {
        // A program enters once.
        let _ = PROGRAM.set(work);
        return None;
    }
    let memory = std::env::args().nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(MEMORY);
    limits::memory(memory);
    crate::room::spare_addresses();
    Some(match serve(work, stack(memory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

/// The stack of a job that may take so much memory, which is part of that.
fn stack(memory: u64) -> usize {
    (memory / 2).min(STACK) as usize
}

fn serve(work: Work, stack: usize) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(job) = receive(&mut input)? {
        limits::time(SECONDS);
        let (done, waiting) = channel::<()>();
        let watch = move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                std::process::exit(OUT_OF_TIME);
            }
        };
        std::thread::Builder::new().stack_size(64 << 10).spawn(watch)?;
        let worker = std::thread::Builder::new().stack_size(stack).spawn(move || work(&job))?;
        // What panicked has said so.
        let answer = worker.join().map_err(|_| io::Error::other("the job panicked"))?;
        drop(done);
        send(&mut output, &answer)?;
    }
    Ok(())
}

/// The next message; `None` where there will be none.
fn receive(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u64::from_le_bytes(length);
    if length > LONGEST_ANSWER {
        return Err(io::Error::other("a message is too long"));
    }
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then_some(bytes))
}

fn send(to: &mut impl Write, message: &[u8]) -> io::Result<()> {
    to.write_all(&(message.len() as u64).to_le_bytes())?;
    to.write_all(message)?;
    to.flush()
}

/// Why a job came to nothing, for whoever wrote what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Died {
    /// It did not come to an end.
    Time,
    /// It took more memory than it may.
    Memory,
    /// It is nested too deeply.
    Stack,
    /// In the worker's own last words.
    Otherwise(String),
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time => write!(f, "takes more than {SECONDS} seconds: it goes on for ever, or is far too large"),
            Self::Memory => {
                f.write_str("takes more memory than there is for it: it grows for ever, or is far too large")
            }
            Self::Stack => f.write_str("is nested too deeply, or calls itself for ever"),
            Self::Otherwise(words) => write!(f, "cannot be worked on: {words}"),
        }
    }
}

/// Processes that do jobs: started when there is one, and gone with this.
pub struct Workshop {
    work: Work,
    /// The program that is started; none where nobody knows of one.
    program: Option<PathBuf>,
    memory: u64,
    /// Held during a job where memory is bounded: then there is one at a time.
    turn: Option<Mutex<()>>,
    idle: Mutex<Vec<Hand>>,
}

/// One process.
struct Hand {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Workshop {
    /// A workshop for `work`, which is what the program entered with. Other programs, such as tests, have
    /// no other process to do it: they do it themselves.
    pub fn new(work: Work, room: Room) -> Self {
        Self::by(PROGRAM.get().and_then(|_| own()), work, room)
    }

    /// A workshop whose work `program` does, which enters with the same.
    pub fn by(program: Option<PathBuf>, work: Work, room: Room) -> Self {
        let memory = room.workshop(MEMORY);
        Self { work, program, memory, turn: room.is_bounded().then(Mutex::default), idle: Mutex::default() }
    }

    /// Has a job done. The outer error is about processes, the inner one about the job.
    pub fn ask(&self, job: &[u8]) -> io::Result<Result<Vec<u8>, Died>> {
        let _turn = self.turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(program) = &self.program else { return Ok(self.do_here(job)) };
        let kept = self.idle().pop();
        let mut hand = match kept {
            Some(hand) => hand,
            None => Hand::hire(program, self.memory)?,
        };
        // Where it dies on reading the job there is no answer either.
        let (done, waiting) = channel::<()>();
        let id = hand.child.id();
        let asked = std::thread::scope(|scope| {
            // A process that somebody has stopped cannot watch the clock by itself.
            scope.spawn(move || {
                let late = waiting.recv_timeout(PATIENCE + GRACE) == Err(RecvTimeoutError::Timeout);
                if late {
                    limits::end(id);
                }
            });
            let asked = send(&mut hand.input, job).and_then(|()| receive(&mut hand.output));
            drop(done);
            asked
        });
        match asked {
            Ok(Some(answer)) => {
                self.idle().push(hand);
                Ok(Ok(answer))
            }
            _ => hand.bury().map(Err),
        }
    }

    fn do_here(&self, job: &[u8]) -> Result<Vec<u8>, Died> {
        std::thread::scope(|scope| {
            let hired =
                std::thread::Builder::new().stack_size(stack(self.memory)).spawn_scoped(scope, || (self.work)(job));
            let done = hired
                .map_err(|error| error.to_string())
                .and_then(|thread| thread.join().map_err(|_| "the job panicked".to_owned()));
            done.map_err(Died::Otherwise)
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Hand>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This program. The file that it was started from may have been replaced since.
fn own() -> Option<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Some(own.to_owned()) } else { std::env::current_exe().ok() }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        for hand in self.idle().drain(..) {
            let Hand { mut child, input, output } = hand;
            // It ends once nothing more can come.
            drop((input, output));
            let _ = child.wait();
        }
    }
}

impl Hand {
    fn hire(program: &Path, memory: u64) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args([ARGUMENT, &memory.to_string()])
            // The allocator would take a gigabyte of addresses at once, which are bounded here.
            .env("MIMALLOC_ARENA_RESERVE", "32MiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a process was started without its pipes");
        let (input, output) = (child.stdin.take().ok_or_else(missing)?, child.stdout.take().ok_or_else(missing)?);
        Ok(Self { child, input, output })
    }

    /// Sees to the end of a process that gave no answer, and says what it died of.
    fn bury(self) -> io::Result<Died> {
        let Self { mut child, input, output } = self;
        drop((input, output));
        // It may have given no answer and yet go on.
        let _ = child.kill();
        let mut said = Vec::new();
        if let Some(mut words) = child.stderr.take() {
            (&mut words).take(16 << 10).read_to_end(&mut said)?;
        }
        let status = child.wait()?;
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok(cause(status, &said))
    }
}

/// Why a process ended, by its status and its last words.
fn cause(status: ExitStatus, said: &str) -> Died {
    if said.contains("overflowed its stack") {
        return Died::Stack;
    }
    if said.contains("memory allocation of") || said.contains("out of memory") || said.contains("capacity overflow") {
        return Died::Memory;
    }
    if status.code() == Some(OUT_OF_TIME) || limits::ran_out_of_time(status) {
        return Died::Time;
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("note: "));
    Died::Otherwise(last.map_or_else(|| status.to_string(), |line| line.trim().chars().take(200).collect()))
}

#[cfg(unix)]
mod limits {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Addresses beside memory and those that are taken already: of small stacks.
    const BESIDE: u64 = 16 << 20;

    /// Addresses that this process has taken; where the system does not tell, as many as it hardly has.
    fn taken() -> u64 {
        let told = std::fs::read_to_string("/proc/self/statm").ok();
        let pages = told.and_then(|told| told.split(' ').next()?.parse::<u64>().ok());
        pages.map_or(2 << 30, |pages| pages * rustix::param::page_size() as u64)
    }

    /// At most so many bytes from now on, and no core files. Where the system does not let us, the clock
    /// is still there.
    pub fn memory(bytes: u64) {
        let lower = |resource, most: u64| {
            let known = getrlimit(resource);
            let most = known.maximum.map_or(most, |maximum| maximum.min(most));
            let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: known.maximum });
        };
        lower(Resource::As, bytes.saturating_add(BESIDE).saturating_add(taken()));
        lower(Resource::Core, 0);
    }

    /// At most so many seconds of processor time beyond what was taken already.
    pub fn time(seconds: u64) {
        let taken = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
        let known = getrlimit(Resource::Cpu);
        // Counted in whole seconds.
        let most = known.maximum.map_or(u64::MAX, |maximum| maximum).min(taken + 1 + seconds);
        let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(most), maximum: known.maximum });
    }

    /// Whether a process was ended that had had its time: by the system, or by us.
    pub fn ran_out_of_time(status: ExitStatus) -> bool {
        [Signal::XCPU, Signal::KILL].iter().any(|signal| status.signal() == Some(signal.as_raw()))
    }

    /// Ends a process of ours that has not been waited for yet.
    pub fn end(id: u32) {
        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        // One that has ended by itself meanwhile is still to be waited for, and nobody else.
        let _ = id.map(|id| kill_process(id, Signal::KILL));
    }
}

#[cfg(not(unix))]
mod limits {
    pub fn memory(_: u64) {}

    pub fn time(_: u64) {}

    pub fn ran_out_of_time(_: std::process::ExitStatus) -> bool {
        false
    }

    pub fn end(_: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_or_none() {
        let mut wire = Vec::new();
        send(&mut wire, b"job").expect("memory");
        assert_eq!(receive(&mut &wire[..]).expect("a message"), Some(b"job".to_vec()));
        assert_eq!(receive(&mut &wire[..wire.len() - 1]).expect("half a message"), None);
        assert_eq!(receive(&mut &[][..]).expect("nothing"), None);
        assert!(receive(&mut &u64::MAX.to_le_bytes()[..]).is_err(), "nobody has so much to say");
    }

    #[test]
    fn what_is_no_program_does_the_job_itself() {
        let workshop = Workshop::new(|job| [job, b"!"].concat(), Room::default());
        assert_eq!(workshop.ask(b"job").expect("a thread"), Ok(b"job!".to_vec()));
    }
}
