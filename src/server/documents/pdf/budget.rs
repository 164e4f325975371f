//! What reading one PDF may cost. Everything that is kept or decompressed is paid for, and the clock is looked at on the
//! way, so that no file takes more memory or time than was granted, whatever it says of itself.

use std::cell::Cell;
use std::time::Instant;

/// Why reading ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Memory,
    Time,
}

/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 64;

pub struct Budget {
    /// Bytes that may still be kept or decompressed. What was spent does not come back: it bounds the work as well.
    bytes: Cell<usize>,
    steps: Cell<u32>,
    ends: Instant,
}

impl Budget {
    pub fn new(bytes: usize, ends: Instant) -> Self {
        Self {
            bytes: Cell::new(bytes),
            steps: Cell::new(0),
            ends,
        }
    }

    /// What may still be spent, in bytes.
    pub fn left(&self) -> usize {
        self.bytes.get()
    }

    pub fn spend(&self, bytes: usize) -> Result<(), Stop> {
        let left = self.left().checked_sub(bytes).ok_or(Stop::Memory)?;
        self.bytes.set(left);
        Ok(())
    }

    /// One small piece of work, the clock looked at now and then.
    pub fn step(&self) -> Result<(), Stop> {
        self.steps.set((self.steps.get() + 1) % STEPS_PER_LOOK);
        match self.steps.get() {
            0 => self.look(),
            _ => Ok(()),
        }
    }

    /// One piece of work that may be long.
    pub fn look(&self) -> Result<(), Stop> {
        match Instant::now() < self.ends {
            true => Ok(()),
            false => Err(Stop::Time),
        }
    }
}
