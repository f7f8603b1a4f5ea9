//! The `crowsnest` program; see the library.

fn main() -> std::process::ExitCode {
    crowsnest::main()
}
