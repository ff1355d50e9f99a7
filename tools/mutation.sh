#!/usr/bin/env bash
# Mutation testing: changes one operator or constant of the library at a time and asks whether a test fails. CI does not run it; it takes hours.
#     tools/mutation.sh [FOLDER...]      of Kernels, Statistics, Layers (src/NormKit) and IO (src/NormKit.IO); all four unless told
# Needs the tool: dotnet tool install --global dotnet-stryker. Reports go to artifacts/mutation/FOLDER; less than 85 % killed fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
for folder in "${@:-Kernels Statistics Layers IO}"; do
    for name in $folder; do
        case $name in
            IO) project=NormKit.IO mutate='**/*.cs' tests=NormKit.IO.Tests ;;
            Kernels | Statistics | Layers) project=NormKit mutate="**/$name/**/*.cs" tests=NormKit.Tests ;;
            *) echo "mutation.sh: $name is none of Kernels, Statistics, Layers, IO." >&2; exit 2 ;;
        esac
        (cd "tests/$tests" && dotnet stryker --project "$project.csproj" --test-runner mtp --mutate "$mutate" --configuration Release \
            --break-at 85 --threshold-low 85 --threshold-high 95 --reporter html --reporter json --reporter cleartext --output "$root/artifacts/mutation/$name")
    done
done
