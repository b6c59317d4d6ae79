# shellcheck shell=bash
# What every tool in this folder shares: where the checkout is, how messages look, how a step is
# given a time limit, how packages get in. Sourced, never run.

set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 TERM="${TERM:-dumb}"
export HOME="${HOME:-/root}" PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PYTHON=/usr/bin/python3 # Debian's: the test packages are installed for it, whatever else PATH holds
export ROOT PYTHON

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The comment block at the top of a tool is its --help.
usage() { sed -n '2,/^$/{s/^# \{0,1\}//;p}' "$0"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root or sudo: $*"
  fi
}

packages_of() { # GROUP… -> names
  local groups=" $* " group package
  while read -r group package; do
    case $groups in *" $group "*) printf '%s\n' "$package" ;; esac
  done < <(grep -v '^#' "$ROOT/tools/packages.txt")
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# Installs what is missing and nothing else: a machine that has everything is left alone and needs no network.
install_packages() { # NAME…
  local missing=() name
  for name in "$@"; do
    installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  note "installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  # A list that can't be renewed is no reason to stop: the install itself tells whether the old one is good enough.
  as_root "${apt[@]}" update >/dev/null </dev/null || note "apt-get update failed; going on with the lists there are"
  as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" >"${TMPDIR:-/tmp}/toolbox-apt.$$" 2>&1 </dev/null || {
    tail -n 30 "${TMPDIR:-/tmp}/toolbox-apt.$$" >&2
    die "apt-get could not install: ${missing[*]}"
  }
  rm -f "${TMPDIR:-/tmp}/toolbox-apt.$$"
}

# A Node.js from elsewhere is as good as Debian's, and Debian's npm can't stand beside it.
install_node() {
  command -v node >/dev/null || install_packages nodejs
  command -v npm >/dev/null || install_packages npm
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 18 ] || die "Node.js 18 or newer is needed, this is $(node --version)"
}

# Configures BUILDDIR if it isn't (or no longer builds), then builds it. The log is shown only when it fails.
build_in() { # BUILDDIR MESON_OPTION… [-- TARGET…]
  local dir=$1 log options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# = 0 ] || shift
  log=$ROOT/$dir.log
  cd "$ROOT"
  if [ ! -e "$dir/build.ninja" ]; then
    rm -rf "$dir"
    meson setup "$dir" "${options[@]}" >"$log" 2>&1 </dev/null || {
      tail -n 30 "$log" >&2
      return 1
    }
  fi
  ninja -C "$dir" "$@" >"$log" 2>&1 </dev/null || {
    grep -A12 -E 'FAILED|error:|ERROR' "$log" | head -n 80 >&2 || tail -n 40 "$log" >&2
    return 1
  }
  rm -f "$log"
}

# -O2 with debug information, meson.build's default: what is tested is what is served.
build_release() { build_in build; }

# What editors know of the API's requests (lua/web/luals.lua); a set-up goes on without it.
write_types() {
  local types=$ROOT/lua/types
  mkdir -p "$types"
  if (cd "$ROOT" && build/toolboxd routes --config config/development.lua --types api) >"$types/api.lua.new" 2>/dev/null; then
    mv "$types/api.lua.new" "$types/api.lua"
  else
    rm -f "$types/api.lua.new" && note "no types for editors: build/toolboxd routes --types api says why"
  fi
}

# The web packages change only with the lock file.
install_web() {
  local web=$ROOT/tools/web stamp
  stamp=$web/node_modules/.installed
  if [ ! -e "$stamp" ] || [ "$web/package-lock.json" -nt "$stamp" ]; then
    (cd "$web" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error </dev/null)
    touch "$stamp"
  fi
}

random_secret() { openssl rand -hex 32; }

# A port nobody listens on now. The daemon probes again when it binds.
free_port() {
  "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

stop_pid() { # PID [SECONDS]: asks, waits, then insists
  local pid=$1 left=$((${2:-15} * 10))
  kill -TERM "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null && [ $left -gt 0 ]; do
    sleep 0.1
    left=$((left - 1))
  done
  kill -KILL "$pid" 2>/dev/null || true
}
