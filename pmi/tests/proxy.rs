//! What the compiler says of wrong uses of `#[pmi::proxy]`.
//!
//! Each program of `ui` must not compile, with the errors of the `.stderr` beside it. `TRYBUILD=overwrite` writes these
//! anew.

#[test]
fn mistakes_are_compile_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
