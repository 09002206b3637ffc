#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the simulated driver: build.sh OUT NATIVES, where NATIVES is the jar of JCuda's native libraries.
#
# Where a tool is missing, OUT/skipped says which, and the tests on the driver are skipped with that line;
# with GRADUS_REQUIRE_CUDASIM=1 the build fails instead.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
out=$1
natives=$2
kernels=../../main/cuda
resources=../../main/resources/org/gradus/cuda
library=$out/libcuda.so.1
mkdir -p "$out"
rm -f "$out/skipped"

for tool in g++ nm unzip; do
  if ! command -v "$tool" > /dev/null; then
    echo "no simulated driver: $tool is missing" | tee "$out/skipped"
    rm -f "$library"
    [ "${GRADUS_REQUIRE_CUDASIM:-0}" = 0 ] || exit 1
    exit 0
  fi
done
if [ -e "$library" ] && [ -z "$(find . "$kernels" "$resources" -newer "$library" -type f)" ]; then
  exit 0
fi
rm -f "$library" "$out"/*.o

compile="g++ -std=gnu++20 -O2 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -Wall -Wno-unknown-pragmas -Wno-unused -I. -I$kernels"
# every kernel that the PTX names must be there, and none else
{
  echo '#define CUDASIM_KERNELS'
  echo '#include "cudasim_kernel.h"'
  for file in "$kernels"/*.cu; do echo "#include \"$(basename "$file")\""; done
  sed -n 's/^\.visible \.entry \([a-z0-9_]*\).*/CUDASIM_KERNEL(\1)/p' "$resources"/*.ptx
} > "$out/kernels.cpp"
$compile -c -o "$out/kernels.o" "$out/kernels.cpp"
for source in cudasim_*.cpp; do
  $compile -c -o "$out/${source%.cpp}.o" "$source"
done
# every other function that JCuda binds says its name and returns CUDA_ERROR_NOT_SUPPORTED
unzip -o -q "$natives" 'lib/libJCudaDriver-*' -d "$out"
nm -D --undefined-only "$out"/lib/libJCudaDriver-*.so | awk '$2 ~ /^cu[A-Z]/ {print $2}' | sort > "$out/needed"
nm --defined-only "$out/cudasim_driver.o" | awk '{print $3}' | sort > "$out/simulated"
{
  echo '#include <cstdio>'
  comm -23 "$out/needed" "$out/simulated" |
    sed 's/.*/extern "C" int &() { fprintf(stderr, "cudasim: & is not simulated\\n"); return 801; }/'
  # the names of those that are simulated, for whoever has one of them fail
  echo 'extern "C" const char* const cudasim_functions[] = {'
  {
    grep '^cu[A-Z][A-Za-z0-9_]*$' "$out/simulated"
    sed -n 's/^API int \(cublas[A-Za-z0-9_]*\)(.*/\1/p' cublas/cublas.cpp
  } | sed 's/.*/  "&",/'
  echo '  nullptr};'
} > "$out/stubs.cpp"
$compile -fvisibility=default -c -o "$out/stubs.o" "$out/stubs.cpp"
# under their names only when they are whole
g++ -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.part" "$out/kernels.o" "$out"/cudasim_*.o "$out/stubs.o" -lpthread
# a cuBLAS over it, in a folder of its own: on the library path or not
mkdir -p "$out/cublas"
$compile -shared -Wl,-soname,libcublas.so.12 -o "$out/cublas/libcublas.so.12" cublas/cublas.cpp "$out/libcuda.part"
mv "$out/libcuda.part" "$library"
