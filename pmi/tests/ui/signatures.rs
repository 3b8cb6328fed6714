//! Methods that cannot be those of a front.

use pmi::Task;

pub struct HelloParallel {
    name: String,
}

#[pmi::proxy(pub Hello)]
impl HelloParallel {
    #[pmi(create)]
    fn no_result(_task: &Task) {}

    #[pmi(create)]
    fn another_result() -> String {
        String::new()
    }

    #[pmi(create)]
    fn with_self(&self) -> Self {
        Self { name: self.name.clone() }
    }

    #[pmi(call)]
    fn without_self(_task: &Task) {}

    #[pmi(call)]
    fn by_value(self) {}

    #[pmi(call)]
    fn boxed(self: Box<Self>) {}

    #[pmi(call)]
    async fn later(&self) {}

    #[pmi(call)]
    unsafe fn dangerous(&self) {}

    #[pmi(call)]
    fn lifetime<'a>(&'a self, word: &'a str) -> &'a str {
        word
    }

    #[pmi(call)]
    fn changes(&self, numbers: &mut Vec<f64>) {
        numbers.clear();
    }

    #[pmi(call)]
    fn nested(&self, words: Vec<&str>, word: Option<&'static str>) -> usize {
        words.len() + word.map_or(0, str::len)
    }

    #[pmi(call)]
    fn opaque(&self, word: impl ToString) -> String {
        word.to_string()
    }

    #[pmi(invoke)]
    fn borrowed(&self) -> Option<&str> {
        Some(&self.name)
    }

    #[pmi(invoke)]
    fn alias(&self) -> std::fmt::Result {
        Ok(())
    }

    #[pmi(property)]
    fn getter_without_result(&self) {}

    #[pmi(property)]
    fn set_nothing(&mut self) {}

    #[pmi(property)]
    fn set_two(&mut self, _a: u8, _b: u8) {}
}

fn main() {}
