//! The thread that waits for the disk, so that nothing else has to.

use mio::Waker;
use sanderling_persist::{Failure, Sync};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::disk::failure;

/// Something that takes the disk its time.
pub(crate) enum Job {
    /// Make the log durable.
    SyncLog {
        /// What the log wants.
        sync: Sync,
        /// Its file.
        file: File,
    },
    /// Make durable what there is of a file that is still being written, so that the end has less to do.
    SyncSome(File),
    /// Make a file durable, and give it another name if one is told.
    Finish {
        number: JobNumber,
        file: File,
        /// The names that it has and gets.
        rename: Option<(PathBuf, PathBuf)>,
    },
}

/// What became of a job.
pub(crate) enum Done {
    /// Of a [`Job::SyncLog`].
    Log(Sync, Result<(), Failure>),
    /// Of a [`Job::Finish`].
    Finished(JobNumber, Result<(), Failure>),
}

/// Tells jobs apart: one may end when who has given it is gone, and another one waits for a job of its own.
pub(crate) type JobNumber = u64;

/// The thread. It ends with this.
pub(crate) struct Worker {
    jobs: Option<Sender<Job>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
    /// The last number that was given to a job.
    number: Cell<JobNumber>,
}

impl Worker {
    /// Starts the thread, which wakes the loop for each job that has an end.
    pub(crate) fn start(waker: Arc<Waker>) -> io::Result<Worker> {
        let (jobs, received) = channel::<Job>();
        let (tell, done) = channel();
        let work = move || {
            for job in received {
                let Some(ended) = run(job) else { continue };
                // Without a server there is nobody to tell.
                if tell.send(ended).is_err() || waker.wake().is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("disk".to_owned()).spawn(work)?;
        Ok(Worker { jobs: Some(jobs), done, thread: Some(thread), number: Cell::new(0) })
    }

    /// Gives the thread something to do, behind what it has already.
    pub(crate) fn give(&self, job: Job) {
        let jobs = self.jobs.as_ref().expect("jobs are taken until the worker is dropped");
        // The thread ends no sooner than this.
        let _ = jobs.send(job);
    }

    /// Has a file made durable and given another name, from the first to the second, if there are any.
    pub(crate) fn finish(&self, file: File, rename: Option<(PathBuf, PathBuf)>) -> JobNumber {
        let number = self.number.get() + 1;
        self.number.set(number);
        self.give(Job::Finish { number, file, rename });
        number
    }

    /// What has ended since this was last asked.
    pub(crate) fn take_done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }

    /// Waits for the end of something; `None` if there is nothing that could end.
    pub(crate) fn wait(&self) -> Option<Done> {
        self.done.recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in it has been reported.
            let _ = thread.join();
        }
    }
}

fn run(job: Job) -> Option<Done> {
    match job {
        Job::SyncLog { sync, file } => Some(Done::Log(sync, file.sync_data().map_err(failure))),
        Job::SyncSome(file) => {
            // A failure shows again at the end.
            let _ = file.sync_data();
            None
        }
        Job::Finish { number, file, rename } => {
            Some(Done::Finished(number, finish(&file, rename).map_err(failure)))
        }
    }
}

fn finish(file: &File, rename: Option<(PathBuf, PathBuf)>) -> io::Result<()> {
    file.sync_all()?;
    let Some((from, to)) = rename else { return Ok(()) };
    std::fs::rename(from, &to)?;
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty());
    File::open(dir.unwrap_or(std::path::Path::new(".")))?.sync_all()
}
