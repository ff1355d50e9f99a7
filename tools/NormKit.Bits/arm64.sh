#!/usr/bin/env bash
# The bits of Arm64 on an x64 Linux machine: publishes the program for linux-arm64 and runs it under qemu's user-mode emulation.
#     tools/NormKit.Bits/arm64.sh prepare     once: needs Debian or Ubuntu, and root for the packages
#     dotnet run -c Release --project tools/NormKit.Bits -- --also Arm64 tools/NormKit.Bits/arm64.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=artifacts/bits/arm64
case ${1:-probe} in
    prepare)
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross
        mkdir -p "$out/libraries"
        # OpenSSL, for SHA-256, comes as a package of that architecture alone; its files are unpacked, not installed.
        dpkg --add-architecture arm64 && apt-get update -qq
        (cd "$out/libraries" && apt-get download -qq libssl3:arm64 && dpkg -x libssl3*.deb . && rm libssl3*.deb)
        dpkg --remove-architecture arm64
        dotnet publish tools/NormKit.Bits -c Release -r linux-arm64 --self-contained -o "$out/program" -p:ArtifactsPath="$PWD/$out/build" \
            -p:NuGetLockFilePath="$PWD/$out/packages.lock.json" -v q
        ;;
    probe)
        # The emulator does not see writes to memory that is mapped twice, which is how the JIT else writes code.
        DOTNET_EnableWriteXorExecute=0 exec qemu-aarch64-static -L /usr/aarch64-linux-gnu \
            -E LD_LIBRARY_PATH="$PWD/$out/libraries/usr/lib/aarch64-linux-gnu" "$out/program/NormKit.Bits" probe
        ;;
    *) echo "arm64.sh: use 'prepare' or 'probe'." >&2; exit 2 ;;
esac
