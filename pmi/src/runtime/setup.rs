//! Setting a world up and taking it down.

use super::config::{Setup, launcher};
use super::engine::Engine;
use super::handshake;
use super::world::{self, Controller, Inside};
use crate::comm::Transport;
#[cfg(feature = "mpi")]
use crate::comm::mpi::{Library, MpiTransport};
use crate::comm::thread::{Doorbells, ThreadTransport};
use crate::cores;
use crate::error::{Error, Result};
use crate::panics::Notes;
use crate::pool;
use crate::task::Task;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Once};
use std::thread::JoinHandle;

/// A world of tasks, controlled by the thread that set it up.
///
/// It lasts until the value is dropped: keep it to the end of `main`.
#[must_use = "the world ends when this is dropped: bind it to a variable, as in `let _pmi = pmi::setup()?`"]
pub struct World {
    backend: Backend,
    /// Verbs find the world through the thread: the guard must not leave it.
    _on_thread: PhantomData<*const ()>,
}

enum Backend {
    Embedded(Vec<JoinHandle<()>>),
    #[cfg(feature = "mpi")]
    Mpi(Rc<Library>),
}

/// Sets up the world with the default [`Setup`].
///
/// Launched by an MPI launcher (`mpirun`, `srun`) and built with the feature `mpi`: the MPI world. There this returns
/// on rank 0 only, the controller; the other ranks serve it from here on, and exit when its [`World`] is dropped.
/// Otherwise: the embedded world, whose tasks are threads of this process, `PMI_TASKS` of them or 1.
///
/// # Errors
/// Where the program was launched by an MPI launcher but built without `mpi`, `PMI_TASKS` is not a number, or tasks
/// run different executables.
pub fn setup() -> Result<World> {
    Setup::new().start()
}

/// Runs `f` as the controller of an embedded world of `tasks` tasks: [`Setup::run`] for tests and examples.
///
/// # Panics
/// Where the world cannot be set up (no tasks, or no more threads to be had), and where `f` panics.
#[track_caller]
pub fn with_tasks<R: Send>(tasks: usize, f: impl FnOnce() -> R + Send) -> R {
    match Setup::new().tasks(tasks).run(f) {
        Ok(result) => result,
        Err(error) => panic!("{error}"),
    }
}

impl Setup {
    /// Sets up the world; see [`setup`].
    ///
    /// # Errors
    /// As [`setup`]; also where this thread already controls a world, or the options ask for zero tasks or threads.
    pub fn start(self) -> Result<World> {
        world::vacant()?;
        match launcher() {
            #[cfg(feature = "mpi")]
            Some(_) => self.start_mpi(),
            #[cfg(not(feature = "mpi"))]
            Some(sign) => Err(Error::setup(format!(
                "the program was started by an MPI launcher ({sign} is set) but built without MPI, so that every \
                 process would run all of it alone: build it with `--features mpi`, or start it without the launcher"
            ))),
            None => {
                let world = self.start_embedded()?;
                let (tasks, threads, cores) = (world.size(), world.threads(), cores::count(&cores::allowed()));
                if tasks * threads > cores {
                    warn(&format!("{tasks} tasks of {threads} threads share {cores} cores: they take turns"));
                }
                Ok(world)
            }
        }
    }

    /// Runs `f` as the controller of an embedded world, on a thread of its own, and takes the world down.
    ///
    /// Worlds made like this can run side by side.
    ///
    /// # Errors
    /// Where the options ask for zero tasks or threads, or threads cannot be started.
    ///
    /// # Panics
    /// Where `f` panics.
    pub fn run<R: Send>(self, f: impl FnOnce() -> R + Send) -> Result<R> {
        let controller = move || {
            let _world = self.start_embedded()?;
            Ok(f())
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("pmi-0".into());
            let thread = thread.spawn_scoped(scope, controller).map_err(cannot_start)?;
            thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })
    }

    fn start_embedded(&self) -> Result<World> {
        let tasks = self.embedded_tasks()?;
        let cores = cores::count(&cores::allowed()) / tasks;
        self.threads_on(cores)?;
        let doorbells = Arc::new(Doorbells::new(tasks));
        let transport = ThreadTransport::world(&doorbells, tasks);
        let mut started = Vec::new();
        for rank in 1..tasks {
            let (transport, doorbells, setup) = (transport.clone(), doorbells.clone(), self.clone());
            // A task starts when all threads are there, or ends where one could not be had.
            let (open, gate) = channel();
            let task = move || {
                if gate.recv().is_ok() {
                    doorbells.answer(rank);
                    serve(&setup, cores, Rc::new(transport(rank)));
                }
            };
            let thread = std::thread::Builder::new().name(format!("pmi-{rank}"));
            started.push((open, thread.spawn(task).map_err(cannot_start)?));
        }
        doorbells.answer(0);
        let open = |(open, thread): (Sender<()>, JoinHandle<()>)| open.send(()).map(|()| thread).ok();
        let threads_of_tasks = started.into_iter().filter_map(open).collect();
        control(self, cores, Rc::new(transport(0)))?;
        let world = World { backend: Backend::Embedded(threads_of_tasks), _on_thread: PhantomData };
        self.start_ledger()?;
        Ok(world)
    }

    /// Has the world that was just set up record, where it shall.
    fn start_ledger(&self) -> Result<()> {
        let Some(closing) = self.closing() else { return Ok(()) };
        let controller = world::current("setup")?;
        controller.record(true)?;
        controller.at_end(closing);
        Ok(())
    }

    #[cfg(feature = "mpi")]
    fn start_mpi(&self) -> Result<World> {
        let again =
            || Error::setup("MPI was already started, or has ended, in this process: it can be started only once");
        let alone = self.has_one_thread();
        let library = Library::start(alone).ok_or_else(again)?;
        // What MPI was told holds, also where the masks turn out to have more room.
        let cores = if alone { 1 } else { library.cores as usize };
        let transport = Rc::new(MpiTransport::world(library.clone()));
        library.plan_exit(Engine::farewell(&*transport), world::is_inside);
        if transport.rank() > 0 {
            serve(self, cores, transport);
            library.finish();
            // Also where no world came to be: a launcher that sees a task fail ends the others, and the controller is
            // about to say why.
            std::process::exit(0);
        }
        let (used, given) = library.host_cores;
        let threads = self.threads_on(cores).unwrap_or(1);
        if threads as f64 > library.cores + 0.01 {
            let share = library.cores;
            warn(&format!("tasks of {threads} threads have {share:.2} cores each on this host: they take turns"));
        } else if used < given && self.threads.is_none() {
            warn(&format!(
                "the launcher lets this host's tasks use {used} of its {given} cores; to use all, start them with \
                 `mpirun --bind-to none` (Open MPI, MPICH) or `srun --cpus-per-task`"
            ));
        }
        match control(self, cores, transport) {
            Ok(()) => {
                let world = World { backend: Backend::Mpi(library), _on_thread: PhantomData };
                self.start_ledger()?;
                Ok(world)
            }
            Err(error) => {
                library.finish();
                Err(error)
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        Controller::stop();
        match &mut self.backend {
            Backend::Embedded(threads) => {
                for thread in threads.drain(..) {
                    if thread.join().is_err() {
                        eprintln!("pmi: a task ended before its world");
                    }
                }
            }
            #[cfg(feature = "mpi")]
            Backend::Mpi(library) => library.finish(),
        }
    }
}

/// Tells whoever looks at the terminal, once, what makes the world slower than it could be.
fn warn(text: &str) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| eprintln!("pmi: {text}"));
}

fn cannot_start(cause: std::io::Error) -> Error {
    Error::setup(format!("a thread for a task cannot be started: {cause}"))
}

/// Starts the controller's part of a world whose other tasks [`serve`].
fn control(setup: &Setup, cores: usize, transport: Rc<dyn Transport>) -> Result<()> {
    static WORLDS: AtomicU64 = AtomicU64::new(1);
    let notes = Notes::default();
    let pool = setup.threads_on(cores).and_then(|threads| pool::for_this_thread(threads, &notes));
    let others = handshake::ask(&*transport);
    let world = WORLDS.fetch_add(1, Ordering::Relaxed);
    let ready = pool.as_ref().is_ok() && others.is_ok();
    handshake::tell(&*transport, ready.then_some(world));
    others?;
    let pool = pool?;
    let of_task = notes.clone();
    let task = |comm| Task::new(comm, world, pool, of_task);
    Controller::start(world, Engine::new(task, transport, notes));
    Ok(())
}

/// A task's life but for the controller's; at once over where the world does not come to be.
fn serve(setup: &Setup, cores: usize, transport: Rc<dyn Transport>) {
    let _inside = Inside::enter(transport.rank());
    let notes = Notes::default();
    let pool = setup.threads_on(cores).and_then(|threads| pool::for_this_thread(threads, &notes));
    let world = handshake::answer(&*transport, pool.as_ref().err().map(ToString::to_string));
    let (Some(world), Ok(pool)) = (world, pool) else { return };
    let of_task = notes.clone();
    let task = |comm| Task::new(comm, world, pool, of_task);
    Engine::new(task, transport, notes).serve();
}
