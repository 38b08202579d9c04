//! Whatever comes over the socket, at either end.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headend::link::wire::incoming::any_input(bytes));
