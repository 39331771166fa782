//! tokio's time and tasks for the document engine.

use std::time::Duration;

use whimbrel_engine::document::{Boxed, Runtime, Task};

/// The runtime that the caller runs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime;

impl Runtime for TokioRuntime {
    fn sleep(&self, duration: Duration) -> Boxed<()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, task: Boxed<()>) -> Task {
        let handle = tokio::spawn(task);
        Task::new(move || handle.abort())
    }
}
