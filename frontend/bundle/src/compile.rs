//! Compiling the interface to WASM, by whichever toolchain of this machine can.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::Profile;

/// The compilation target.
const TARGET: &str = "wasm32-unknown-unknown";
/// The package whose binary is the interface.
pub(crate) const PACKAGE: &str = "crowsnest-frontend";
/// Leptos boxes each component's view instead of making one type of the whole page: a sixth less code, for an allocation
/// where a component is built. The linker leaves in what the module is cut by (`split`). For `cargo --config`, so that it joins
/// whatever else configures the build.
const FLAGS: &str =
    r#"target.wasm32-unknown-unknown.rustflags=["--cfg", "erase_components", "-Clink-args=--emit-relocs"]"#;
/// Forces a route: `rustup` or `debian`.
const ROUTE_VARIABLE: &str = "CROWSNEST_WASM_ROUTE";
/// Debian's compiler, which lies outside whatever PATH says.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// What the Debian route needs, as it is installed.
const DEBIAN_PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22";

/// Where the WASM standard library comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// The active toolchain has the target installed, usually by `rustup target add`.
    Installed { rustc: String },
    /// Debian's compiler, which builds the standard library from Debian's source package: for machines that
    /// reach a Debian mirror but not rustup's.
    Debian { rustc: String },
}

impl Route {
    /// Takes the installed target where there is one, Debian's compiler otherwise.
    pub(crate) fn choose() -> Result<Self> {
        let forced = env::var(ROUTE_VARIABLE).unwrap_or_default();
        match forced.as_str() {
            "rustup" => Self::installed().with_context(|| {
                format!("{ROUTE_VARIABLE}=rustup, but the target is missing: run `rustup target add {TARGET}`")
            }),
            "debian" => Self::debian().with_context(|| {
                format!("{ROUTE_VARIABLE}=debian, but its compiler is missing: run `apt-get install {DEBIAN_PACKAGES}`")
            }),
            "" => Self::installed().or_else(Self::debian).with_context(|| {
                format!(
                    "no toolchain here compiles to {TARGET}: run `rustup target add {TARGET}`, \
                     or on Debian `apt-get install {DEBIAN_PACKAGES}`"
                )
            }),
            other => bail!("{ROUTE_VARIABLE}={other} is neither `rustup` nor `debian`"),
        }
    }

    fn installed() -> Option<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let library = stdout_of(Command::new(&rustc).args(["--print", "target-libdir", "--target", TARGET]))?;
        if !Path::new(&library).is_dir() {
            return None;
        }
        Some(Self::Installed { rustc: stdout_of(Command::new(&rustc).arg("--version"))? })
    }

    fn debian() -> Option<Self> {
        let sysroot =
            stdout_of(without_rustup(&mut Command::new(DEBIAN_RUSTC)).args(["--print", "sysroot"]))?;
        let std_source = Path::new(&sysroot).join("lib/rustlib/src/rust/library/std");
        if !std_source.is_dir() || !Path::new(DEBIAN_CARGO).is_file() {
            return None;
        }
        Some(Self::Debian {
            rustc: stdout_of(without_rustup(&mut Command::new(DEBIAN_RUSTC)).arg("--version"))?,
        })
    }

    /// The `cargo build` of this route and the target folder that it fills.
    fn cargo(&self, target_folder: PathBuf) -> (Command, PathBuf) {
        match self {
            Self::Installed { .. } => {
                let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                let mut command = Command::new(cargo);
                command.arg("build");
                (command, target_folder)
            }
            Self::Debian { .. } => {
                let mut command = Command::new(DEBIAN_CARGO);
                without_rustup(&mut command)
                    .env("RUSTC", DEBIAN_RUSTC)
                    // `-Zbuild-std` is a nightly flag of a compiler that ships no WASM standard library.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .args(["build", "-Zbuild-std=std,panic_abort"]);
                // Another compiler in the same folder would make both rebuild everything at every turn.
                (command, target_folder.join("wasm-debian"))
            }
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed { rustc } => write!(f, "installed target, {rustc}"),
            Self::Debian { rustc } => write!(f, "Debian's compiler and standard library source, {rustc}"),
        }
    }
}

/// Compiles the interface and returns the path of the WASM module, not yet bound.
pub(crate) fn compile(workspace: &Path, profile: Profile, route: &Route) -> Result<PathBuf> {
    let folder = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace.join(folder),
        None => workspace.join("target"),
    };
    let (mut cargo, folder) = route.cargo(folder);
    let status = cargo
        .current_dir(workspace)
        .args(["--locked", "--package", PACKAGE, "--target", TARGET])
        .args(["--profile", profile.cargo_profile()])
        .args(["--config", FLAGS])
        .arg("--target-dir")
        .arg(&folder)
        .status()
        .with_context(|| format!("cannot run {}", Path::new(cargo.get_program()).display()))?;
    ensure!(status.success(), "compiling {PACKAGE} for {TARGET} failed ({status})");

    let module = folder.join(TARGET).join(profile.cargo_profile()).join(format!("{PACKAGE}.wasm"));
    ensure!(module.is_file(), "cargo succeeded but left no {}", module.display());
    Ok(module)
}

/// Hides the surrounding rustup and cargo from a child that must use Debian's toolchain alone.
fn without_rustup(command: &mut Command) -> &mut Command {
    for variable in ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "CARGO", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command
}

/// What a command prints, trimmed; nothing when it is missing or fails.
fn stdout_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
