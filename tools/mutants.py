#!/usr/bin/env python3
"""Mutation testing of src/NormKit: a random sample of Stryker's mutants of kernels, statistics and layers, against the tests of NormKit.Tests.

    tools/mutants.py [--sample 0.05] [--minutes 60] [--seed 11] [FOLDER...]      Kernels, Statistics and Layers unless told

Stryker compiles all mutants into one assembly, and a variable switches one on. Its own runner first runs each test alone to learn which mutants it
reaches; where near every test reaches every kernel, and kernels full of switches are slow, that and what follows take days. Here each mutant meets the
quick tests first, then slower ones, in processes that end with the first failure. A run that was ended goes on where it was.

Needs the tool: dotnet tool install --global dotnet-stryker. Results: artifacts/mutation/results.jsonl, a line a mutant.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "artifacts" / "mutation"
FOLDERS = ["Kernels", "Statistics", "Layers"]
NAMESPACE = "NormKit.Tests."

# By how long they take in an assembly full of switches; those that no list names are the quick ones.
SECOND = ["FunctionalIdentityTests", "FunctionalSameBitsTests", "BadInput.RefusalTests", "ActivationTests", "Kernels.StridedLayoutTests", "LocalResponseNormTests",
          "FamilyMaskTests", "FunctionalLengthTests"]
THIRD = ["FamilyTests", "Kernels.MemoryPathTests", "Kernels.NormGeometryTests", "Kernels.ElementaryTests", "VisionIdentityTests", "FamilyRangeTests",
         "FamilySixteenBitTests", "FunctionalAccuracyTests"]
# They know what the layers are not made of, measure what switches change (memory, time), or start programs.
NOT_RUN = ["BFloat16Tests", "TorchRandomTests", "Reference.Formulas.FormulaTests", "Reference.Formulas.FormulaValuesTests", "BatchNormFoldingTests",
           "FoldingErrorTests", "PairwiseDistanceTests", "Threading.ScheduleTests", "Kernels.TierProbeTests", "Memory.GuardPageTests",
           "Memory.PeakMemoryTests", "FunctionalAllocationTests", "CancellationTests", "FamilyThreadTests", "LargeTensorTests"]
# The switches are public members of the assembly.
NOT_RUN_METHOD = ["--filter-not-method", NAMESPACE + "BadInput.RefusalTests.EntryPoints*"]


def each(option, classes):
    return [argument for name in classes for argument in (option, NAMESPACE + name)]


# Of each stage: its tests, and the seconds after which a mutant counts as killed for never ending.
STAGES = [(each("--filter-not-class", SECOND + THIRD + NOT_RUN), 120),
          (each("--filter-class", SECOND) + NOT_RUN_METHOD, 400),
          (each("--filter-class", THIRD), 1200)]


def prepare():
    """Stryker's report of all mutants, and the tests beside the assembly that holds them."""
    source, program = WORK / "source", WORK / "program"
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", ROOT, source], check=True)
    tests = source / "tests" / "NormKit.Tests"
    for file in tests.rglob("*.cs"):
        file.unlink()
    # One test, which keeps the assembly: Stryker puts the old one back in the end.
    (tests / "Keep.cs").write_text('public sealed class Keep { [Fact] public void Assembly_OfAllMutants_IsKept() => '
                                   f'File.Copy(typeof(NormKit.Moments).Assembly.Location, "{WORK / "NormKit.dll"}", overwrite: true); }}\n')
    patterns = [argument for folder in FOLDERS for file in sorted((source / "src" / "NormKit" / folder).rglob("*.cs"))
                for argument in ("--mutate", f"**/{file.relative_to(source / 'src' / 'NormKit')}{{0..1}}")]
    with open(WORK / "stryker.log", "w") as log:
        # Ends with 1 where no mutant lies in the patterns; the report has them all.
        subprocess.run(["dotnet", "stryker", "--project", "NormKit.csproj", "--test-runner", "mtp", *patterns, "--configuration", "Release", "--reporter", "json",
                        "--output", WORK / "stryker"], cwd=tests, stdout=log, stderr=log, check=False)
    subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", ROOT / "tests" / "NormKit.Tests"], check=True)
    shutil.copytree(ROOT / "artifacts" / "bin" / "NormKit.Tests" / "release", program)
    shutil.copy(WORK / "NormKit.dll", program)
    for arguments, _ in STAGES:
        status, output = run(arguments, None, 3600)
        if status != 0:
            sys.exit(f"mutants.py: the tests fail without a mutant:\n{output[-2000:]}")


def run(arguments, mutant, seconds):
    environment = dict(os.environ, STRYKER_MUTANT_ID_CONTROL_VAR="NORMKIT_MUTANT", DOTNET_TieredPGO="0")
    if mutant is not None:
        environment["NORMKIT_MUTANT"] = mutant
    try:
        done = subprocess.run([WORK / "program" / "NormKit.Tests", "--stop-on-fail", "on", "--no-progress", "--no-ansi", "--max-threads", "1", *arguments],
                              env=environment, cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return None, ""


def attempt(mutant):
    for arguments, seconds in STAGES:
        status, output = run(arguments, mutant["id"], seconds)
        if status is None:
            return "Timeout", ""
        if status != 0:
            failed = [line.strip() for line in output.splitlines() if line.startswith("failed ")]
            return "Killed", failed[0] if failed else f"ended with {status}"
    return "Survived", ""


def mutants():
    report = json.loads(next(WORK.glob("stryker/**/mutation-report.json")).read_text())
    for path, file in sorted(report["files"].items()):
        name = path.split("/src/NormKit/")[-1]
        if name.split("/")[0] not in FOLDERS:
            continue
        lines = file["source"].split("\n")
        for found in file["mutants"]:
            if found["status"] != "CompileError" and "block already" not in (found.get("statusReason") or ""):
                line = found["location"]["start"]["line"]
                yield {"id": found["id"], "folder": name.split("/")[0], "file": name, "line": line, "was": lines[line - 1].strip(),
                       "mutation": found["mutatorName"], "becomes": found.get("replacement", "")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sample", type=float, default=0.05, help="which part of the mutants (default 0.05)")
    parser.add_argument("--minutes", type=float, default=60, help="no new mutant after these (default 60)")
    parser.add_argument("--seed", type=int, default=11, help="of the sample (default 11)")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="Kernels, Statistics, Layers")
    asked = parser.parse_args()
    if unknown := [folder for folder in asked.folders if folder not in FOLDERS]:
        parser.error(f"{unknown[0]} is none of {', '.join(FOLDERS)}.")
    results = WORK / "results.jsonl"
    if not (WORK / "program").exists():
        print("Stryker makes the mutants, some minutes ...", flush=True)
        prepare()
    rng = random.Random(asked.seed)
    sample = [mutant for mutant in mutants() if rng.random() < asked.sample]
    sample = [mutant for mutant in sample if mutant["folder"] in (asked.folders or FOLDERS)]
    rng.shuffle(sample)
    known = {line["id"]: line for line in map(json.loads, results.read_text().splitlines())} if results.exists() else {}
    end = time.monotonic() + (60 * asked.minutes)

    def work(mutant):
        if mutant["id"] in known or time.monotonic() > end:
            return
        mutant["status"], mutant["by"] = attempt(mutant)
        known[mutant["id"]] = mutant
        with open(results, "a") as file:
            file.write(json.dumps(mutant) + "\n")
        if sys.stderr.isatty():
            print(f"\r{sum(m['id'] in known for m in sample)} of {len(sample)}", end="", file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, sample))
    tried = [known[mutant["id"]] for mutant in sample if mutant["id"] in known]
    print()
    for mutant in tried:
        if mutant["status"] == "Survived":
            print(f"{mutant['file']}:{mutant['line']} {mutant['mutation']}: {mutant['was']} -> {' '.join(mutant['becomes'].split())[:120]}")
    counts = collections.Counter((mutant["folder"], mutant["status"] != "Survived") for mutant in tried)
    for folder in asked.folders or FOLDERS:
        killed, survived = counts[folder, True], counts[folder, False]
        if killed + survived > 0:
            print(f"{folder}: {killed} of {killed + survived} killed, {100 * killed / (killed + survived):.1f} %")
    killed = sum(counts[folder, True] for folder in FOLDERS)
    return 0 if tried and killed >= 0.85 * len(tried) else 1


if __name__ == "__main__":
    sys.exit(main())
