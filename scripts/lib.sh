# Shared by the scripts beside it; sourced, never run. Goes to the project's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

script=$(basename "$0")

say() { printf '%s: %s\n' "$script" "$*" >&2; }

# fail MESSAGE [LINE…]: says why, and what to do on lines of their own, then ends the script.
fail() {
  say "$1"
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }
