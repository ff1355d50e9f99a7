#!/usr/bin/env python3
"""Mutation testing of src/NormKit: Stryker's mutants of statistics, all, and a random sample of those of kernels and layers.

    tools/mutants.py [--sample 0.05] [--minutes 60] [--seed 11] [FOLDER...]      Kernels, Statistics and Layers unless told

Stryker compiles all mutants into one assembly, and a variable switches one on. Its own runner first runs each test alone to learn which mutants it
reaches; where near every test reaches every kernel, and kernels full of switches are slow, that and what follows take days. Here each mutant meets the
quick tests of NormKit.Tests first, then slower ones, in processes that end with the first failure. Some classes are left out (NOT_RUN), so what the
whole suite kills is a little more.

Takes what is committed. Results: artifacts/mutation/COMMIT/results.jsonl, a line a mutant; a run that was ended goes on there.
Exit code: 0 where at least 85 % of the whole sample are killed; 1 for less, or a sample not tried to its end; 2 for what cannot start.
Needs git and the tool: dotnet tool install --global dotnet-stryker --version 5.1.0 (the names of its variable and output are that version's).
"""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["Kernels", "Statistics", "Layers"]
NAMESPACE = "NormKit.Tests."

# By how long they take in an assembly full of switches; those that no list names are the quick ones.
SECOND = ["FunctionalIdentityTests", "FunctionalSameBitsTests", "BadInput.RefusalTests", "ActivationTests", "Kernels.StridedLayoutTests", "LocalResponseNormTests",
          "FamilyMaskTests", "FunctionalLengthTests"]
THIRD = ["FamilyTests", "Kernels.MemoryPathTests", "Kernels.NormGeometryTests", "Kernels.ElementaryTests", "VisionIdentityTests", "FamilyRangeTests",
         "FamilySixteenBitTests", "FunctionalAccuracyTests"]
# Tests of code outside these folders; of memory and of threads, which the switches change; and those that start programs or take long.
NOT_RUN = ["BFloat16Tests", "TorchRandomTests", "Reference.Formulas.FormulaTests", "Reference.Formulas.FormulaValuesTests", "BatchNormFoldingTests",
           "FoldingErrorTests", "PairwiseDistanceTests", "Threading.ScheduleTests", "Kernels.TierProbeTests", "Memory.GuardPageTests",
           "Memory.PeakMemoryTests", "FunctionalAllocationTests", "CancellationTests", "FamilyThreadTests", "LargeTensorTests"]
# The switches are public members of the assembly, which its table of entry points lacks.
NOT_RUN_METHOD = ["--filter-not-method", NAMESPACE + "BadInput.RefusalTests.EntryPoints*"]

stopping = threading.Event()


def each(option, classes):
    return [argument for name in classes for argument in (option, NAMESPACE + name)]


STAGES = [each("--filter-not-class", SECOND + THIRD + NOT_RUN), each("--filter-class", SECOND) + NOT_RUN_METHOD, each("--filter-class", THIRD)]


def fail(text):
    print(f"mutants.py: {text}", file=sys.stderr)
    sys.exit(2)


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def prepare(work):
    """Makes Stryker's report of all mutants, the tests beside the assembly that holds them, and the seconds each stage takes without a mutant."""
    source, unfinished = work / "source", work / "program.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", ROOT, source], check=True)
    tests = source / "tests" / "NormKit.Tests"
    for file in tests.rglob("*.cs"):
        file.unlink()
    # One test, which keeps the assembly: Stryker puts the old one back in the end.
    kept = work / "NormKit.dll"
    (tests / "Keep.cs").write_text('namespace NormKit.Tests;\n\npublic sealed class Keep { [Fact] public void Assembly_OfAllMutants_IsKept() => '
                                   f'System.IO.File.Copy(typeof(NormKit.Moments).Assembly.Location, "{kept}", overwrite: true); }}\n')
    sources = source / "src" / "NormKit"
    patterns = [argument for folder in FOLDERS for file in sorted((sources / folder).rglob("*.cs")) for argument in ("--mutate", f"**/{file.relative_to(sources)}{{0..1}}")]
    # Of a file that is named all mutants are in the report, and none of them is tried but this one's, for there must be something to try.
    patterns += ["--mutate", "**/Kernels/Rule.cs"]
    with open(work / "stryker.log", "w") as log:
        subprocess.run(["dotnet", "stryker", "--project", "NormKit.csproj", "--test-runner", "mtp", *patterns, "--configuration", "Release", "--reporter", "json",
                        "--output", work / "stryker"], cwd=tests, stdout=log, stderr=log, check=False)
    if not kept.exists() or not any(work.glob("stryker/**/mutation-report.json")):
        fail(f"Stryker made no mutants; {work / 'stryker.log'} says why.")
    subprocess.run(["git", "checkout", "-q", "-f", "HEAD"], cwd=source, check=True)
    (tests / "Keep.cs").unlink()
    subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", tests], check=True)
    shutil.copytree(source / "artifacts" / "bin" / "NormKit.Tests" / "release", unfinished)
    shutil.copy(kept, unfinished)
    seconds = []
    for arguments in STAGES:
        start = time.monotonic()
        status, output = run(unfinished, arguments, None, 3600)
        if status != 0:
            fail(f"the tests fail without a mutant:\n{output[-2000:]}")
        seconds.append(time.monotonic() - start)
    (unfinished / "seconds.json").write_text(json.dumps(seconds))
    unfinished.rename(work / "program")


def run(program, arguments, mutant, seconds):
    """Exit status and output; None for a status where the time was up."""
    environment = dict(os.environ, STRYKER_MUTANT_ID_CONTROL_VAR="NORMKIT_MUTANT", DOTNET_TieredPGO="0")
    if mutant is not None:
        environment["NORMKIT_MUTANT"] = mutant
    # Out of reach of the terminal: Ctrl+C is for this program, which then ends it; a test that was interrupted would look like one that failed.
    with subprocess.Popen([program / "NormKit.Tests", "--stop-on-fail", "on", "--no-progress", "--no-ansi", "--max-threads", "1", *arguments],
                          env=environment, cwd=program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        end = time.monotonic() + seconds
        while True:
            try:
                output = process.communicate(timeout=1)[0]
                return process.returncode, output.decode(errors="replace")
            except subprocess.TimeoutExpired:
                if stopping.is_set() or time.monotonic() > end:
                    process.kill()
                    process.communicate()
                    return None, ""
            except BaseException:
                process.kill()
                raise


def attempt(program, mutant, limits):
    for arguments, seconds in zip(STAGES, limits):
        status, output = run(program, arguments, mutant["id"], seconds)
        if status is None:
            return "Timeout", ""
        if status != 0:
            failed = [line.strip() for line in output.splitlines() if line.startswith("failed ")]
            return "Killed", failed[0] if failed else f"ended with {status}"
    return "Survived", ""


def mutants(work):
    report = json.loads(next(work.glob("stryker/**/mutation-report.json")).read_text())
    for path, file in sorted(report["files"].items()):
        name = path.split("/src/NormKit/")[-1]
        if name.split("/")[0] not in FOLDERS:
            continue
        lines = file["source"].split("\n")
        for found in file["mutants"]:
            line = found["location"]["start"]["line"]
            # A release build, which is what is tested, leaves assertions out.
            if found["status"] != "CompileError" and not lines[line - 1].lstrip().startswith("Debug.Assert("):
                yield {"id": found["id"], "folder": name.split("/")[0], "file": name, "line": line, "was": lines[line - 1].strip(),
                       "mutation": found["mutatorName"], "becomes": found.get("replacement", "")}


def arguments_of_command():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sample", type=float, default=0.05, help="which part of the mutants of kernels and layers (default 0.05)")
    parser.add_argument("--minutes", type=float, default=60, help="no new mutant after these (default 60)")
    parser.add_argument("--seed", type=int, default=11, help="of the sample (default 11)")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="Kernels, Statistics, Layers")
    asked = parser.parse_args()
    if unknown := [folder for folder in asked.folders if folder not in FOLDERS]:
        parser.error(f"{unknown[0]} is none of {', '.join(FOLDERS)}.")
    if not 0 < asked.sample <= 1:
        parser.error(f"--sample {asked.sample:g} is no part of a whole: above 0, at most 1.")
    asked.folders = asked.folders or FOLDERS
    return asked


def report_of(sample, known, folders):
    tried = [known[mutant["id"]] for mutant in sample if mutant["id"] in known]
    for mutant in tried:
        if mutant["status"] == "Survived":
            print(f"{mutant['file']}:{mutant['line']} {mutant['mutation']}: {mutant['was']} -> {' '.join(mutant['becomes'].split())[:120]}")
    for folder in folders:
        own = [mutant for mutant in tried if mutant["folder"] == folder]
        if own:
            share = sum(mutant["status"] != "Survived" for mutant in own) / len(own)
            error = "" if folder == "Statistics" else f", +- {196 * math.sqrt(share * (1 - share) / len(own)):.1f} by the sample"
            print(f"{folder}: {share * len(own):.0f} of {len(own)} killed, {100 * share:.1f} %{error}")
    ended = sum(mutant["by"].startswith("ended") for mutant in tried)
    never = sum(mutant["status"] == "Timeout" for mutant in tried)
    print(f"{len(tried)} of {len(sample)} mutants tried; of the killed {never} ran five times as long as without, and {ended} ended the process.")
    return 0 if len(tried) == len(sample) > 0 and sum(mutant["status"] != "Survived" for mutant in tried) >= 0.85 * len(tried) else 1


def main():
    asked = arguments_of_command()
    signal.signal(signal.SIGTERM, signal.default_int_handler)    # ends the tests too, as Ctrl+C does
    if output_of("git", "status", "--porcelain", "src/NormKit", "tests/NormKit.Tests"):
        fail("src/NormKit or tests/NormKit.Tests has changes that are not committed; mutants are made of what is.")
    if shutil.which("dotnet-stryker") is None:
        fail("dotnet-stryker is not in PATH: dotnet tool install --global dotnet-stryker --version 5.1.0")
    work = ROOT / "artifacts" / "mutation" / output_of("git", "rev-parse", "--short", "HEAD")
    program, results = work / "program", work / "results.jsonl"
    if not program.exists():
        print("Stryker makes the mutants, and the tests run without one: some 10 minutes ...", flush=True)
        prepare(work)
    # As many run at once as there are processors.
    limits = [60 + (5 * seconds) for seconds in json.loads((program / "seconds.json").read_text())]
    rng = random.Random(asked.seed)
    sample = [mutant for mutant in mutants(work) if rng.random() < asked.sample or mutant["folder"] == "Statistics"]
    sample = [mutant for mutant in sample if mutant["folder"] in asked.folders]
    rng.shuffle(sample)
    # The last line of a run that was ended may be cut.
    lines = results.read_text().split("\n")[:-1] if results.exists() else []
    known = {line["id"]: line for line in map(json.loads, lines)}
    end = time.monotonic() + (60 * asked.minutes)

    def try_one(mutant):
        if mutant["id"] in known or time.monotonic() > end or stopping.is_set():
            return
        mutant["status"], mutant["by"] = attempt(program, mutant, limits)
        if stopping.is_set():
            return
        known[mutant["id"]] = mutant
        with open(results, "a") as file:
            file.write(json.dumps(mutant) + "\n")
        if sys.stderr.isatty():
            print(f"\r{sum(m['id'] in known for m in sample)} of {len(sample)}", end="", file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            list(pool.map(try_one, sample))
        except KeyboardInterrupt:
            stopping.set()
    print()
    return report_of(sample, known, asked.folders)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nmutants.py: ended while it prepared; the next run begins again.", file=sys.stderr)
        sys.exit(130)
