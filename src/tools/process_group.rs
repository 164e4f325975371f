//! A program and all that it starts: a process group that is ended as a whole. A process that leaves the group on
//! purpose (`setsid`) is not followed.

use tokio::process::Child;

/// The process group of a program. Dropping it ends it, at once.
pub struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    pub fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Asks all of it to end.
    pub fn ask(&self) {
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::TERM);
        }
    }

    /// To be called at once when the leader has been waited for: later its number may be another's.
    pub fn end(&mut self) {
        if let Some(leader) = self.leader.take() {
            // An error says that nothing of it is left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    pub fn of(_: &Child) -> Self {
        Self {}
    }

    pub fn ask(&self) {}

    pub fn end(&mut self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
