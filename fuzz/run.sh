#!/usr/bin/env bash
# Fuzzes a reader with AFL++ on the instrumented library.
#     fuzz/run.sh FORMAT [SECONDS]       FORMAT: npy, npz, safetensors, gguf, onnx or model; 600 seconds unless told
# Needs afl-fuzz (Debian and Ubuntu: apt-get install afl++) and the tool that instruments: dotnet tool install --global SharpFuzz.CommandLine
# Starts from fuzz/corpus/FORMAT, finds into artifacts/fuzz/FORMAT. Files in .../default/crashes are defects; read one again with
#     dotnet run -c Release --project fuzz/NormKit.Fuzz -- FORMAT FILE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
format=${1:?fuzz/run.sh FORMAT [SECONDS]; FORMAT is npy, npz, safetensors, gguf, onnx or model} seconds=${2:-600}
program=artifacts/fuzz/program found=artifacts/fuzz/$format
dotnet publish fuzz/NormKit.Fuzz -c Release -o "$program" -v q
sharpfuzz "$program/NormKit.IO.dll"
rm -rf "$found"
status=0
AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 \
    afl-fuzz -i "fuzz/corpus/$format" -o "$found" -t 10000 -m none -V "$seconds" dotnet "$program/NormKit.Fuzz.dll" "$format" > "$found.log" 2>&1 || status=$?
[ -f "$found/default/fuzzer_stats" ] || { tail -n 20 "$found.log" >&2; exit 1; }
grep -E '^(run_time|execs_done|corpus_count|saved_crashes|saved_hangs) ' "$found/default/fuzzer_stats"
exit "$status"
