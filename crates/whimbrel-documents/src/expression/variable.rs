//! Variables: a chain of bindings, the innermost first.

use super::Value;

/// One variable, and those outside it.
#[derive(Debug)]
pub(crate) struct Frame<'f> {
    name: &'f str,
    value: Value,
    outer: Option<&'f Frame<'f>>,
}

impl<'f> Frame<'f> {
    /// Binds a variable inside others.
    pub(crate) fn new(name: &'f str, value: Value, outer: Option<&'f Frame<'f>>) -> Self {
        Frame { name, value, outer }
    }

    /// The value of a variable; `None` where it is not bound at all.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        let mut frame = self;
        loop {
            if frame.name == name {
                return Some(&frame.value);
            }
            frame = frame.outer?;
        }
    }
}
