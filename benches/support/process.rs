//! Running other programs: within a time limit, and without leaving processes behind.

use super::{Figures, Missing, Outcome};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A run or a build that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// How long a process group may take to die of a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Runs `command` and reads the figures it prints.
pub(super) fn figures(command: &mut Command) -> Outcome {
    Figures::parse(&output(command)?)
}

/// Runs `command` to its end and returns its standard output. If it fails, what is missing is the line of its standard
/// error that tells most.
pub(super) fn output(command: &mut Command) -> Result<String, Missing> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = limited(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Missing::because(format!("{program} is not installed")),
        _ => Missing::because(format!("{program}: {error}")),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    // A panic says where in one line and why in the next.
    let panic = lines().skip_while(|line| !line.contains("panicked at")).nth(1);
    let error = || lines().find(|line| line.contains("error") || line.contains("cannot find"));
    let reason = panic.or_else(error).or_else(|| lines().next());
    Err(Missing::because(reason.map_or_else(|| format!("{program}: {}", output.status), Into::into)))
}

/// Runs `command` in a process group of its own, and ends the group if it takes longer than [`LIMIT`].
fn limited(command: &mut Command) -> io::Result<Output> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
    let group = Pid::from_child(&child);
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));

    if let Ok(output) = ended.recv_timeout(LIMIT) {
        return output;
    }
    // A launcher puts its ranks in process groups of their own, and ends them itself when it is asked to end.
    for signal in [Signal::TERM, Signal::KILL] {
        // An error says that the group is gone, which is what we want.
        let _ = kill_process_group(group, signal);
        if ended.recv_timeout(GRACE).is_ok() {
            break;
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("not done after {} s", LIMIT.as_secs())))
}
