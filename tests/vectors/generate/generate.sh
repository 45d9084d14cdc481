#!/usr/bin/env bash
# Writes the vectors again: tests/vectors/generate/generate.sh [EMPTY_DIRECTORY]
#
# The libraries are installed in the directory that is given (a temporary one otherwise), in the
# versions pinned here; nothing of them stays in the repository. The result is the same every time.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=${1:-$(mktemp -d)}

cp "$here"/package.json "$here"/package-lock.json "$here"/approval.json "$here"/*.mjs "$here"/*.py "$here"/requirements.txt "$scratch"
cd "$scratch"
npm ci --ignore-scripts --no-fund --no-audit
python3 -m venv python
python/bin/pip install --quiet --requirement requirements.txt

for kind in approval evm message solana; do
  mkdir -p "$here/../$kind"
  find "$here/../$kind" -name '*.json' -delete
  VECTORS="$here/.." node "$kind.mjs"
done
VECTORS="$here/.." python/bin/python solana.py
VECTORS="$here/.." python/bin/python check.py
