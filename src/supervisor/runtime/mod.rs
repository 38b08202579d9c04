//! Carries effects out: processes, pipes, signals, timers.
