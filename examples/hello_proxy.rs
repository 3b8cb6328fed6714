//! A parallel class behind a serial one: greetings from every task.
//!
//! ```text
//! PMI_TASKS=4 cargo run --example hello_proxy -- Olaf
//! mpirun -n 4 cargo run --features mpi --example hello_proxy
//! ```

use pmi::Task;

/// The class that has an instance on every task.
pub struct HelloParallel {
    name: String,
    rank: usize,
}

/// Greets someone from every task.
#[pmi::proxy(pub Hello)]
impl HelloParallel {
    /// Whom to greet.
    #[pmi(create)]
    pub fn new(task: &Task, name: &str) -> Self {
        Self { name: name.to_string(), rank: task.rank() }
    }

    /// Prints the greeting of every task.
    #[pmi(call)]
    pub fn printmsg(&self) {
        println!("Hello {}, I'm task {}!", self.name, self.rank);
    }
}

fn main() -> pmi::Result<()> {
    let _pmi = pmi::setup()?;
    let name = std::env::args().nth(1).unwrap_or_else(|| "Olaf".to_string());
    let hello = Hello::new(&name)?;
    hello.printmsg()
}
