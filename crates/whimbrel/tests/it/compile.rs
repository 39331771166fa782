//! Schemas that must not compile, with the compiler's words, and one that must.

#[test]
fn mistakes_are_compile_errors_at_their_place() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile/pass.rs");
    cases.compile_fail("tests/compile/fail_*.rs");
}
