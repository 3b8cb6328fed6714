//! A parallel object: a class of which every task has an instance, and a method that runs on all of them.
//!
//! This is the paper's `hello`. The class is plain Rust; `main` reads as serial.
//!
//! ```text
//! cargo run --release --example hello                  # one task
//! PMI_TASKS=4 cargo run --release --example hello      # four, threads of one process
//! cargo build --release --features mpi --example hello
//! mpirun -n 4 target/release/examples/hello            # four, processes of an MPI job
//! ```

use pmi_toolkit::prelude::*;

struct Hello {
    name: String,
    rank: usize,
}

impl Hello {
    fn new(task: &Task, name: String) -> Self {
        // Get the number of the parallel task.
        Self { name, rank: task.rank() }
    }

    fn printmsg(&self) {
        println!("Hello {}, I'm task {}!", self.name, self.rank);
    }
}

fn main() -> pmi::Result<()> {
    let _pmi = pmi::setup()?;
    let hw = pmi::create(Hello::new, "Olaf".to_string())?;
    hw.call(|_, hello: &mut Hello, ()| hello.printmsg(), ())
}
