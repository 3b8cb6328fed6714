//! How far reads and writes have come.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pmi::Progress;
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// What takes no longer shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `calls`, in which tasks read or write so many bytes of a file and [report](Progress::report) how far they have
/// come. Where the program listens ([`pmi::with_progress`]) it hears of it; otherwise, where standard error is a terminal,
/// it shows a bar there if this takes more than a second.
pub(crate) fn shown<R>(path: &Path, bytes: u64, calls: impl FnOnce() -> R) -> R {
    if Progress::current().is_heard() || !std::io::stderr().is_terminal() {
        return calls();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden())
        .with_style(style.expect("the template is one"))
        .with_message(name);
    let (start, hidden) = (Instant::now(), bar.clone());
    let report = move |done: f64| {
        if hidden.is_hidden() && start.elapsed() > PATIENCE {
            hidden.set_draw_target(ProgressDrawTarget::stderr());
        }
        hidden.set_position((done * bytes as f64) as u64);
    };
    let result = pmi::with_progress(report, calls);
    bar.finish_and_clear();
    result
}

/// Runs `calls`, which report on `bytes` of `total`, behind those `before`: who listens hears of the whole.
pub(crate) fn stage<R>(before: u64, bytes: u64, total: u64, calls: impl FnOnce() -> R) -> R {
    let whole = Progress::current();
    if !whole.is_heard() || total == 0 {
        return calls();
    }
    let report = move |done: f64| whole.report((before as f64 + done * bytes as f64) / total as f64);
    pmi::with_progress(report, calls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pmi::Task;
    use std::sync::{Arc, Mutex};

    #[test]
    fn parts_are_parts_of_the_whole() {
        pmi::with_tasks(2, || {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let heard = seen.clone();
            let half =
                || pmi::exec(|task: &Task, ()| [0.5, 1.0].iter().for_each(|done| task.progress().report(*done)), ());
            let calls = || {
                shown(Path::new("p"), 100, || {
                    stage(0, 20, 100, half).unwrap();
                    stage(20, 80, 100, half).unwrap();
                    stage(0, 0, 0, || ());
                });
            };
            pmi::with_progress(move |done| heard.lock().unwrap().push(done), calls);
            assert_eq!(*seen.lock().unwrap(), [0.1, 0.2, 0.6, 1.0]);
        });
    }
}
