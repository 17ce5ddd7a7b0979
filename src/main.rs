//! The program: `superladder run study.toml`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(superladder::program::main(std::env::args_os()))
}
