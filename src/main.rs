//! The thin binary: everything is in the library.

use std::process::ExitCode;

use headend::supervisor::runtime::shim;

fn main() -> ExitCode {
    // Before anything else: this start is only the step between headend and FFmpeg.
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|verb| verb == shim::VERB) {
        return ExitCode::from(u8::try_from(shim::run(args)).unwrap_or(1));
    }
    headend::cli::main()
}
