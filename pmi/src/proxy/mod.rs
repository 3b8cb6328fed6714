//! Fronts: serial classes that stand for parallel ones.

pub mod support;

use crate::handle::Handle;

/// Makes the serial front class of a parallel class, so that its users see no parallelism.
///
/// On the `impl` of a parallel class, `#[pmi::proxy(pub Hello)]` leaves the `impl` as it is and adds the class
/// `Hello`, with the visibility given. A `Hello` holds the [`Handle`] of an object with an instance on every task. Its
/// methods are those that are marked with one of these verbs, under their names and with their visibility and
/// documentation:
///
/// | mark | on | the front's method |
/// |---|---|---|
/// | `#[pmi(create)]` | a constructor, returning `Self` | runs it on every task: [`create`](crate::create()) |
/// | `#[pmi(exec)]` | a method | runs it on every task, and forgets what it returns |
/// | `#[pmi(call)]` | a method | runs it on every task; returns the controller's result |
/// | `#[pmi(invoke)]` | a method | runs it on every task; returns all results in the order of the ranks |
/// | `#[pmi(reduce = op)]` | a method | runs it on every task; returns the results combined by [`op`](crate::op) or a function of two |
/// | `#[pmi(local)]` | a method | runs it on the controller's instance alone and sends nothing: [`Handle::local`] |
/// | `#[pmi(property)]` | `fn x(&self) -> X` | reads it from the controller's instance, as `local` |
/// | `#[pmi(property)]` | `fn set_x(&mut self, x: X)` | writes it on every task, as `exec` |
///
/// ```
/// use pmi::Task;
///
/// pub struct HelloParallel {
///     name: String,
///     rank: usize,
/// }
///
/// #[pmi::proxy(pub Hello)]
/// impl HelloParallel {
///     /// Someone to greet.
///     #[pmi(create)]
///     pub fn new(task: &Task, name: &str) -> Self {
///         Self { name: name.to_string(), rank: task.rank() }
///     }
///
///     /// What each task has to say.
///     #[pmi(invoke)]
///     pub fn greet(&self, word: &str) -> String {
///         format!("{word} {}, I'm task {}!", self.name, self.rank)
///     }
/// }
///
/// # pmi::with_tasks(2, || {
/// let hello = Hello::new("Olaf")?;
/// assert_eq!(hello.greet("Hello")?, ["Hello Olaf, I'm task 0!", "Hello Olaf, I'm task 1!"]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// A method that is not marked is none of the front's, which the compiler knows before any task does:
///
/// ```compile_fail
/// # pub struct HelloParallel;
/// #[pmi::proxy(pub Hello)]
/// impl HelloParallel {
///     pub fn whisper(&self) {}
/// }
///
/// fn whisper(hello: &Hello) {
///     hello.whisper();
/// }
/// ```
///
/// **Methods.** They take `&self` or `&mut self`, then the task, if the first parameter is a `&Task`, then
/// arguments. On the front they take `&self`, as clones of a front share the object, and no task.
///
/// **Arguments** come by value or by reference. What is behind a reference is sent without being copied first, and the
/// method gets a reference to the task's copy: `&str`, slices, `&Path` and references to all that can be sent itself.
/// Arguments of a `local` method are not sent, and may be anything.
///
/// **Results.** A front's method returns [`pmi::Result`](crate::Result). A parallel method may fail itself, with a type
/// that is named `Result` and an error that is `Display`: an `Err` on any task is the front's, one of those with
/// [`is_task_failure`](crate::Error::is_task_failure), naming the task and the error. It ends the call on the tasks that
/// wait for others, as a panic does. (To get the `Result`s of all tasks as they are, give their type another name.) A
/// result by reference arrives as its copy (`ToOwned`).
///
/// **Generic classes** have generic fronts, with the bounds of the `impl`. Lifetimes are refused.
///
/// **Fronts as arguments.** A front is as good as its handle, alone or inside other arguments. It is `Clone`, `Debug`,
/// serialisable and made `From` a handle, and implements [`Front`]. In a parallel function `task.get(hello.handle())` is
/// the task's own instance. Methods that the macro cannot write are added in an `impl Hello` beside it:
///
/// ```
/// # use pmi::Task;
/// pub struct NumbersParallel<T>(Vec<T>);
///
/// #[pmi::proxy(pub Numbers)]
/// impl<T: Copy + std::ops::AddAssign> NumbersParallel<T> {
///     #[pmi(create)]
///     fn new(numbers: &[T]) -> Result<Self, String>
///     where
///         T: serde::Serialize + serde::de::DeserializeOwned,
///     {
///         if numbers.is_empty() { Err("no numbers".into()) } else { Ok(Self(numbers.to_vec())) }
///     }
///
///     #[pmi(exec)]
///     fn add(&mut self, task: &Task, others: &[Numbers<T>]) {
///         for other in others {
///             let other = task.get(other.handle());
///             self.0.iter_mut().zip(&other.0).for_each(|(x, y)| *x += *y);
///         }
///     }
///
///     #[pmi(property)]
///     fn first(&self) -> T {
///         self.0[0]
///     }
/// }
///
/// impl Numbers<f64> {
///     fn double(&self) -> pmi::Result<()> {
///         self.handle().exec(|_, this, ()| this.0.iter_mut().for_each(|x| *x *= 2.0), ())
///     }
/// }
///
/// # pmi::with_tasks(2, || {
/// let (a, b) = (Numbers::new(&[1.0, 2.0])?, Numbers::new(&[10.0, 20.0])?);
/// a.add(&[b.clone(), b])?;
/// a.double()?;
/// assert_eq!(a.first()?, 42.0);
/// let error = Numbers::<u8>::new(&[]).unwrap_err();
/// assert_eq!(error.to_string(), "create failed on tasks 0, 1: no numbers");
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// **Traits** take the place of class hierarchies. On a trait, `#[pmi::proxy(pub Shape)]` makes a front trait, and every
/// front whose class implements the parallel trait has it. Methods with a default body are what a base class has:
///
/// ```
/// #[pmi::proxy(Shape)]
/// trait ShapeParallel {
///     fn area(&self) -> f64;
///
///     #[pmi(reduce = pmi::op::SUM)]
///     fn total_area(&self) -> f64 {
///         self.area()
///     }
/// }
///
/// struct SquareParallel(f64);
///
/// #[pmi::proxy(Square)]
/// impl SquareParallel {
///     #[pmi(create)]
///     fn new(side: f64) -> Self {
///         Self(side)
///     }
/// }
///
/// impl ShapeParallel for SquareParallel {
///     fn area(&self) -> f64 {
///         self.0 * self.0
///     }
/// }
///
/// # pmi::with_tasks(2, || {
/// let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square::new(2.0)?), Box::new(Square::new(1.0)?)];
/// assert_eq!(shapes[0].total_area()? + shapes[1].total_area()?, 10.0);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// The front's code calls this crate by the name `pmi`, which therefore must be in scope. The class must be as visible as
/// its front:
///
/// ```compile_fail
/// struct HelloParallel;
///
/// #[pmi::proxy(pub Hello)]
/// impl HelloParallel {}
/// ```
///
/// # Errors
/// Those of the verbs: each front method's documentation gets a section on them, unless it has one.
pub use pmi_macros::proxy;

/// The serial face of a parallel class: what [`proxy`](macro@crate::proxy) makes.
///
/// ```
/// # struct CounterParallel(usize);
/// # #[pmi::proxy(Counter)]
/// # impl CounterParallel {
/// #     #[pmi(create)]
/// #     fn new() -> Self { Self(1) }
/// # }
/// /// Forgets what the instances hold.
/// fn reset<F: pmi::Front<Parallel: Default>>(front: &F) -> pmi::Result<()> {
///     front.handle().exec(|_, this, ()| *this = Default::default(), ())
/// }
/// # impl Default for CounterParallel {
/// #     fn default() -> Self { Self(0) }
/// # }
/// # pmi::with_tasks(2, || {
/// let counter = Counter::new()?;
/// reset(&counter)?;
/// assert_eq!(counter.handle().call(|_, this, ()| this.0, ())?, 0);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
pub trait Front {
    /// The parallel class.
    type Parallel: 'static;

    /// The handle of the parallel object.
    fn handle(&self) -> &Handle<Self::Parallel>;
}
