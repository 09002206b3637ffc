#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Translates the kernels to PTX, beside a hash of what they were made of: build.sh [OUT]. Needs nvcc 13.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
out=${1:-../resources/org/gradus/cuda}
mkdir -p "$out"
for file in *.cu; do
  family=${file%.cu}
  nvcc -ptx -arch=compute_75 -o "$out/$family.ptx" "$file"
  # the instructions are the same in 7.8, which drivers since CUDA 11.8 read
  sed -i -e 's/^\.version .*/.version 7.8/' -e '/^\/\//d' -e '/^$/d' "$out/$family.ptx"
done
cat ./*.cu ./*.cuh | sha256sum | cut -d' ' -f1 > "$out/sources.sha256"
