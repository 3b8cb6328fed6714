//! A program with all processes that it starts, watched from outside.

use super::program::PROGRAM;
use crate::launch::{World, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The variable by which the processes of one job are found.
const JOB: &str = "PMI_FAULT_JOB";
/// A job that has not begun, or said what it shall say, after this long hangs.
const TIMEOUT: Duration = Duration::from_secs(120);

/// This binary, to be started as `program`.
pub(crate) fn own(world: World, program: &str) -> Result<Command, String> {
    let suite = std::env::current_exe().map_err(|cause| cause.to_string())?;
    let mut command = world.command(&suite);
    command.env(PROGRAM, program);
    Ok(command)
}

/// A job that runs.
pub(crate) struct Job {
    child: Child,
    id: String,
    lines: Receiver<String>,
    stderr: thread::JoinHandle<String>,
}

/// A job that has ended, and left no process.
pub(crate) struct Ended {
    /// None where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Job {
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let command = command.env(JOB, &id).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|cause| format!("{:?}: {cause}", command.get_program()))?;
        let (line, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        let mut stderr = child.stderr.take().expect("it is piped");
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            // What could be read is told.
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Ok(Self { child, id, lines, stderr })
    }

    /// The job's own process.
    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the rest of the line that starts with this word.
    pub(crate) fn says(&self, word: &str) -> Result<String, String> {
        loop {
            let line = self.lines.recv_timeout(TIMEOUT).map_err(|_| format!("the program does not say {word:?}"))?;
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_string());
            }
        }
    }

    /// The processes of the tasks, when all have begun.
    pub(crate) fn ready(&self) -> Result<Vec<Pid>, String> {
        let process = |text: &str| text.parse().ok().and_then(Pid::from_raw);
        let line = self.says("ready")?;
        line.split(' ').map(process).collect::<Option<_>>().ok_or_else(|| format!("no processes: {line}"))
    }

    /// Waits until the job has ended and no process is left of it, which must be soon.
    pub(crate) fn ends(mut self, within: Duration) -> Result<Ended, String> {
        let (start, mut status) = (Instant::now(), None);
        while status.is_none() || !processes(&self.id).is_empty() {
            if start.elapsed() > within {
                let left = processes(&self.id).len();
                let what = if status.is_some() { "the launcher has ended" } else { "it goes on" };
                return Err(format!("after {within:?} {what}, and {left} processes are left"));
            }
            status = self.child.try_wait().map_err(|cause| cause.to_string())?;
            thread::sleep(Duration::from_millis(5));
        }
        let stderr = std::mem::replace(&mut self.stderr, thread::spawn(String::new));
        let stdout: Vec<_> = self.lines.iter().collect();
        let stderr = stderr.join().unwrap_or_default();
        Ok(Ended { code: status.and_then(|status| status.code()), stdout: stdout.join("\n"), stderr })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        for process in processes(&self.id) {
            // It may have ended by now.
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Ended {
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    pub(crate) fn exits_with(self, code: i32) -> Result<Self, String> {
        ensure(self.code == Some(code), || format!("exit code {:?}, not {code}: {}", self.code, self.all()))?;
        Ok(self)
    }

    /// It ended by itself or by a signal, but not well.
    pub(crate) fn fails(self) -> Result<Self, String> {
        ensure(self.code != Some(0), || format!("it exits with 0: {}", self.all()))?;
        Ok(self)
    }

    /// One of these is in what it printed.
    pub(crate) fn mentions(self, words: &[&str]) -> Result<Self, String> {
        let text = self.all().to_lowercase();
        ensure(words.iter().any(|word| text.contains(word)), || format!("nothing of {words:?}: {}", self.all()))?;
        Ok(self)
    }
}

/// The processes that have this job's number in their environment.
fn processes(id: &str) -> Vec<Pid> {
    let wanted = format!("{JOB}={id}");
    let in_job = |path: &Path| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    let number = |name: &OsStr| name.to_str()?.parse().ok().and_then(Pid::from_raw);
    let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| number(&entry.file_name()).filter(|_| in_job(&entry.path()))).collect()
}
