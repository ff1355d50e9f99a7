#!/usr/bin/env bash
# Publishes a small benchmark ahead of time, with .NET's default instruction set and with x86-64-v3 and v4, runs each in turn beside the
# JIT, and prints a table of the times as multiples of the JIT's. Needs what NativeAOT needs: gcc or clang, and zlib.
#
#   bench/aot.sh [--no-publish] [TURNS]      --no-publish runs what an earlier call has published; each is run TURNS times, 3 if not given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
publish=yes
if [ "${1:-}" = --no-publish ]; then publish=no; shift; fi
turns=${1:-3}
project=bench/NormKit.Bench.Aot out=artifacts/aot
kinds=(jit default x86-64-v3 x86-64-v4)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

for kind in "${kinds[@]}"; do
    [ "$publish" = yes ] || break
    options=(-c Release -o "$out/$kind" -v quiet)
    case $kind in
        jit) ;;
        default) options+=(-p:PublishAot=true --use-current-runtime) ;;
        *) options+=(-p:PublishAot=true --use-current-runtime -p:IlcInstructionSet="$kind") ;;
    esac
    rm -rf "artifacts/obj/NormKit.Bench.Aot" "${out:?}/$kind"    # else the code of the other instruction set would be taken for this one's
    dotnet publish "$project" "${options[@]}" >&2
done

for ((turn = 0; turn < turns; turn++)); do
    for kind in "${kinds[@]}"; do
        # Ends at once where the processor lacks an instruction.
        bash -c '"$0"; exit $?' "$out/$kind/NormKit.Bench.Aot" > "$results/$kind.$turn" 2> "$results/error" \
            || { cat "$results/error" "$results/$kind.$turn" | grep -m 1 . > "$results/$kind.not" || true; rm "$results/$kind.$turn"; }
    done
done

# The least of the turns: what disturbs a run makes it slower, never faster.
awk -F '\t' -v kinds="${kinds[*]}" '
    { n = split(FILENAME, part, "/"); kind = part[n]; sub(/\.[0-9]+$/, "", kind)
      if (!($1 in order)) { order[$1] = ++rows; name[rows] = $1 }
      if (!((kind, $1) in least) || $2 < least[kind, $1]) least[kind, $1] = $2 }
    END { count = split(kinds, list, " ")
      printf "| 1 thread | JIT, ms |"; for (k = 2; k <= count; k++) printf " %s |", list[k]; print ""
      printf "|---|---|"; for (k = 2; k <= count; k++) printf "---|"; print ""
      for (r = 1; r <= rows; r++) {
          printf "| %s | %.4f |", name[r], least["jit", name[r]]
          for (k = 2; k <= count; k++) if ((list[k], name[r]) in least) printf " %.2f |", least[list[k], name[r]] / least["jit", name[r]]; else printf " - |"
          print "" } }' "$results"/*.[0-9]*
for kind in "${kinds[@]}"; do
    [ ! -f "$results/$kind.not" ] || echo "$kind does not run here: $(cat "$results/$kind.not")"
done
