//! Time and tasks, which this crate does not bring along: whoever connects has a runtime already.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A future whose type is not named.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The clockwork that a document engine waits and beats with.
pub trait Runtime: Send + Sync {
    /// Ends after this time.
    fn sleep(&self, duration: Duration) -> Boxed<()>;

    /// Runs a task beside the caller, until it ends or is aborted.
    fn spawn(&self, task: Boxed<()>) -> Task;
}

/// A task that is aborted when this value goes.
pub struct Task {
    abort: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Task {
    /// A task that `abort` ends.
    #[must_use]
    pub fn new(abort: impl FnOnce() + Send + Sync + 'static) -> Self {
        Task { abort: Some(Box::new(abort)) }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(abort) = self.abort.take() {
            abort();
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Task")
    }
}

/// Ends with the work, or with nothing once it has lasted this long.
pub(crate) async fn within<T>(
    runtime: &Arc<dyn Runtime>,
    limit: Duration,
    work: impl Future<Output = T> + Send,
) -> Option<T> {
    let work = std::pin::pin!(work);
    match futures_util::future::select(work, runtime.sleep(limit)).await {
        futures_util::future::Either::Left((done, _)) => Some(done),
        futures_util::future::Either::Right(((), _)) => None,
    }
}
