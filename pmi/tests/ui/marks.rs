//! Wrong marks on methods.

use pmi::Task;

pub struct HelloParallel(usize);

#[pmi::proxy(pub Hello)]
impl HelloParallel {
    #[pmi(cal)]
    fn unknown(&self) {}

    #[pmi]
    fn no_verb(&self) {}

    #[pmi()]
    fn empty(&self) {}

    #[pmi(reduce)]
    fn no_operator(&self) -> usize {
        self.0
    }

    #[pmi(call = pmi::op::SUM)]
    fn operator_where_none_goes(&self) {}

    #[pmi(call, invoke)]
    fn two_verbs(&self) {}

    #[pmi(call)]
    #[pmi(invoke)]
    fn two_marks(&self) {}

    #[pmi(call)]
    const NOT_A_METHOD: usize = 1;

    #[pmi(create)]
    fn fine(task: &Task) -> Self {
        Self(task.rank())
    }
}

fn main() {}
