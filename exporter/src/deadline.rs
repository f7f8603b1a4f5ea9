//! Running what may hang: a helper thread that is left behind when a job overruns its limit.
//!
//! A thread that is stuck in the kernel (a read from a dead NFS server, say) cannot be stopped. So the job runs on a
//! helper; past the limit the caller goes on with a new helper, and the old one ends by itself when its job returns.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// Runs one job at a time on a thread of its own, which is started when first needed.
pub(crate) struct Helper {
    name: &'static str,
    jobs: Option<Sender<Job>>,
}

/// How a job ended.
pub(crate) enum Outcome<T> {
    /// In time, with this result.
    Done(T),
    /// Not yet; the result will come from the receiver.
    Overdue(Receiver<T>),
    /// By a panic.
    Panicked,
}

impl Helper {
    /// A helper whose thread will be called `name` (at most 15 bytes).
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, jobs: None }
    }

    /// Runs `job` and waits for it, at most for `limit`. Fails only if no thread can be started.
    pub(crate) fn run<T: Send + 'static>(
        &mut self,
        limit: Duration,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Outcome<T>> {
        let take = self.start_job(job)?;
        Ok(match take.recv_timeout(limit) {
            Ok(result) => Outcome::Done(result),
            Err(RecvTimeoutError::Timeout) => {
                self.abandon();
                Outcome::Overdue(take)
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.abandon();
                Outcome::Panicked
            }
        })
    }

    /// Starts `job`; its result comes from the receiver, which is disconnected when the job panics.
    pub(crate) fn start_job<T: Send + 'static>(
        &mut self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Receiver<T>> {
        let (give, take) = sync_channel(1);
        self.submit(Box::new(move || {
            // Nobody waits any longer when the caller has lost interest in an overdue job.
            let _ = give.send(job());
        }))?;
        Ok(take)
    }

    /// Leaves the thread to itself: it ends when its job does, and the next job gets another.
    pub(crate) fn abandon(&mut self) {
        self.jobs = None;
    }

    fn submit(&mut self, job: Job) -> io::Result<()> {
        let jobs = match self.jobs.take() {
            Some(jobs) => jobs,
            None => self.start()?,
        };
        let sent = jobs.send(job).map_err(|_| io::Error::other("the helper thread has ended"));
        self.jobs = Some(jobs);
        sent
    }

    fn start(&self) -> io::Result<Sender<Job>> {
        let (jobs, queue) = channel::<Job>();
        thread::Builder::new().name(self.name.to_owned()).stack_size(256 << 10).spawn(move || {
            for job in queue {
                job();
            }
        })?;
        Ok(jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_job_in_time_gives_its_result() {
        let mut helper = Helper::new("test");
        for n in 0..3 {
            assert!(matches!(helper.run(LONG, move || n), Ok(Outcome::Done(result)) if result == n));
        }
    }

    #[test]
    fn a_job_that_hangs_delays_no_other_and_may_still_answer_later() {
        let mut helper = Helper::new("test");
        let (release, held) = mpsc::channel::<()>();
        let hang = move || held.recv().is_ok();
        let Ok(Outcome::Overdue(late)) = helper.run(Duration::from_millis(1), hang) else {
            panic!("it should hang")
        };
        assert!(matches!(helper.run(LONG, || 1), Ok(Outcome::Done(1))));
        release.send(()).unwrap();
        assert!(late.recv_timeout(LONG).unwrap());
    }

    #[test]
    fn a_job_that_panics_is_reported_and_the_next_one_runs() {
        let mut helper = Helper::new("test");
        assert!(matches!(helper.run(LONG, || panic!("on purpose")), Ok(Outcome::<()>::Panicked)));
        assert!(matches!(helper.run(LONG, || 1), Ok(Outcome::Done(1))));
    }
}
