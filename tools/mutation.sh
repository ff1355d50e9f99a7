#!/usr/bin/env bash
# Mutation testing: changes one operator or constant of the library at a time and asks whether a test fails. CI does not run it; it takes hours.
#     tools/mutation.sh [FOLDER...]      Kernels, Statistics, Layers (src/NormKit, by tools/mutants.py) and IO (src/NormKit.IO, every mutant); all four unless told
# Needs the tool: dotnet tool install --global dotnet-stryker --version 5.1.0
# Fails where less than 85 % are killed, of IO or of the others together. Reports and results go to artifacts/mutation and artifacts/mutation-io.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD status=0 folders=()
[ $# -gt 0 ] || set -- Kernels Statistics Layers IO
for name in "$@"; do
    case $name in
        IO) ;;
        Kernels | Statistics | Layers) folders+=("$name") ;;
        *) echo "mutation.sh: $name is none of Kernels, Statistics, Layers, IO." >&2; exit 2 ;;
    esac
done
command -v dotnet-stryker > /dev/null || { echo "mutation.sh: dotnet-stryker is not in PATH: dotnet tool install --global dotnet-stryker --version 5.1.0" >&2; exit 2; }
if [[ " $* " == *" IO "* ]]; then
    (cd tests/NormKit.IO.Tests && dotnet stryker --project NormKit.IO.csproj --test-runner mtp --configuration Release \
        --break-at 85 --threshold-low 85 --threshold-high 95 --reporter html --reporter json --reporter cleartext --output "$root/artifacts/mutation-io") || status=1
fi
[ ${#folders[@]} -eq 0 ] || tools/mutants.py --minutes 600 "${folders[@]}" || status=1
exit "$status"
