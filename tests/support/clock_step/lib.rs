//! Another wall clock for a program, by `LD_PRELOAD`: stepped while it runs, and the machine's own
//! clock is left alone.
//!
//! The file that `HEADEND_TEST_CLOCK` names holds seconds to add to the wall clock, now and from now
//! on; without it nothing is added. Clocks that count since boot are as they are: so it is on a
//! machine whose clock is set.

#![allow(unsafe_code, reason = "this stands in for a function of the C library")]

use nix::libc::{
    CLOCK_REALTIME, CLOCK_REALTIME_COARSE, SYS_clock_gettime, c_int, clockid_t, syscall, timespec,
};

/// The variable that names the file.
const VARIABLE: &str = "HEADEND_TEST_CLOCK";

/// What programs ask for the time.
///
/// # Safety
/// As with the function it stands for: `time` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the kernel checks the pointer itself.
    let answer = unsafe { syscall(SYS_clock_gettime, clock, time) };
    if answer == 0 && matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE) {
        // SAFETY: the kernel has just written there.
        if let Some(time) = unsafe { time.as_mut() } {
            time.tv_sec = time.tv_sec.saturating_add(step());
        }
    }
    if answer == 0 { 0 } else { -1 }
}

fn step() -> i64 {
    let path = std::env::var_os(VARIABLE);
    let text = path.and_then(|path| std::fs::read_to_string(path).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
