#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The cuda device on a GPU, on an x86-64 Linux with an NVIDIA driver and no Java: its tests, the sanitizer, times.
#
#   mvn -B -Pgpu -DskipTests package        makes target/gradus-gpu.tar.gz: a Java of its own, the classes, the tests
#   sh run.sh gradus-gpu.tar.gz [OUT]       on the GPU machine; OUT (gpu-report) gets report.md and a log of each step
#   sh run.sh --dry-run BUNDLE [OUT]        every step, with small sizes, on the simulated driver in cuda/target/cudasim
#
# Used where they are installed: compute-sanitizer, cuBLAS, python3 with torch. What is missing is said in the report. Ends with 1
# when a step failed.
set -eu

dry=no
if [ "${1:-}" = --dry-run ]; then
  dry=yes
  shift
fi
if [ $# -lt 1 ]; then
  sed -n '3,10s/^# *//p' "$0"
  exit 2
fi
bundle=$1
out=${2:-gpu-report}
simulated=$(cd "$(dirname "$0")" && pwd)/../../target/cudasim
mkdir -p "$out"
out=$(cd "$out" && pwd)
report=$out/report.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$bundle" -C "$work"
home=$work/gradus-gpu

# Libraries: the driver where containers have it, and the cuBLAS that PyTorch brought, behind what the system finds by itself.
libraries=${LD_LIBRARY_PATH:-}
if [ "$dry" = yes ]; then
  libraries=$simulated:$simulated/cublas
else
  for folder in /usr/local/nvidia/lib64 /usr/lib/wsl/lib /usr/local/cuda/lib64; do
    if [ -d "$folder" ]; then libraries=$libraries:$folder; fi
  done
  brought=$(python3 -c '
import glob, sys
found = [f for p in sys.path for f in glob.glob(p + "/nvidia/*/lib/libcublas.so.1[123]")]
print(found[0].rsplit("/", 1)[0] if found else "")' 2> /dev/null || true)
  if [ -n "$brought" ]; then libraries=$libraries:$brought; fi
fi
export LD_LIBRARY_PATH="${libraries#:}"

gradus() { (cd "$home" && exec $before java/bin/java @jvm.flags -Dgradus.root="$home" -Dgradus.device=cuda -Dgradus.device.threads=2 @classpath "$@"); }
before=

failed=0
say() { echo "$*" | tee -a "$report"; }

# step NAME COMMAND...: runs it, with its output in OUT/NAME.log. A failure is remembered, and the next step comes.
step() {
  name=$1
  shift
  begun=$(date +%s)
  if "$@" > "$out/$name.log" 2> "$out/$name.err"; then
    result=passed
  else
    result="FAILED with $?"
    failed=1
    tail -n 30 "$out/$name.log" "$out/$name.err" >&2
  fi
  say "- $name: $result after $(($(date +%s) - begun)) s"
}

: > "$report"
say "# The cuda device, $(date -u +%Y-%m-%d)"
say
if [ "$dry" = yes ]; then
  say "**Dry run on the simulated driver: no GPU, and its times mean nothing.**"
  say
fi
if command -v nvidia-smi > /dev/null; then
  step nvidia-smi nvidia-smi
fi
step doctor gradus org.gradus.trainer.Main doctor
if [ "$failed" != 0 ]; then exit 1; fi
if grep -q "simulated driver" "$out/doctor.log"; then found=yes; else found=no; fi
if [ "$dry" != "$found" ]; then
  echo "run.sh: simulated driver: $found; dry run: $dry. Expected a GPU without --dry-run, the simulated driver with it." >&2
  exit 2
fi
cublas=no
if grep -q " cuBLAS [0-9]" "$out/doctor.log"; then cublas=yes; fi
if [ "$dry" = yes ]; then
  all='.*(Random|Softmax)ContractTest'
  contracts=$all
  products='.*MatMulContractTest'
  graphs=$all
  times=--dry-run
else
  all='.*Test'
  contracts='.*ContractTest'
  products='.*(MatMulContract|RecurrentContract|ModelParity)Test'
  graphs='.*(Contract|ModelParity)Test'
  times=
fi

step tests gradus org.gradus.tests.gpu.Suites "$all"
if [ "$cublas" = yes ]; then
  step tests-cublas gradus -Dgradus.device.settings=cuda.gemm=cublas org.gradus.tests.gpu.Suites "$products"
else
  say "- tests-cublas: left out, cuBLAS was not found"
fi

step tests-graphs gradus -Dgradus.device.settings=cuda.graphs=true org.gradus.tests.gpu.Suites "$graphs"

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2> /dev/null || true)
for tool in memcheck racecheck synccheck; do
  if [ -n "$sanitizer" ]; then
    before="timeout 1800 $sanitizer --tool $tool --error-exitcode 9"
    step "$tool" gradus org.gradus.tests.gpu.Suites "$contracts"
    before=
  else
    say "- $tool: left out, compute-sanitizer was not found"
  fi
done

step kernels gradus org.gradus.cuda.KernelTimes $times
step steps-own gradus org.gradus.tests.gpu.StepTimes $times
step steps-own-graphs gradus -Dgradus.device.settings=cuda.graphs=true org.gradus.tests.gpu.StepTimes $times
if [ "$cublas" = yes ]; then
  step steps-cublas gradus -Dgradus.device.settings=cuda.gemm=cublas org.gradus.tests.gpu.StepTimes $times
  step steps-cublas-graphs gradus -Dgradus.device.settings=cuda.gemm=cublas,cuda.graphs=true org.gradus.tests.gpu.StepTimes $times
fi
if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2> /dev/null; then
  step steps-torch python3 "$home/steps.py"
else
  say "- steps-torch: left out, python3 has no torch that sees a GPU"
fi

say
grep -h "^device \(cuda\|auto\)\|^  *\(cuda:\|cuBLAS\|no cuBLAS\)" "$out/doctor.log" | sed 's/^ */    /' | tee -a "$report"
say
cat "$out/kernels.log" | tee -a "$report"
say
say "| Step | batch | by | ms | examples a second | time of PyTorch / ours |"
say "| --- | ---: | --- | ---: | ---: | ---: |"
cat "$out"/steps-*.log 2> /dev/null | awk -F '\t' '
  NF == 4 { row[++n] = $0; if ($3 ~ /^PyTorch/) torch[$1, $2] = $4 }
  END {
    for (i = 1; i <= n; i++) {
      split(row[i], f, "\t")
      ours = f[3] !~ /^PyTorch/ && (f[1], f[2]) in torch
      printf "| %s | %d | %s | %.3f | %.0f | %s |\n", f[1], f[2], f[3], f[4], 1000 * f[2] / f[4], ours ? sprintf("%.2f", torch[f[1], f[2]] / f[4]) : ""
    }
  }' | tee -a "$report"
echo
echo "report: $report"
exit $failed
