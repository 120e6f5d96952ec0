#!/usr/bin/env bash
# Inverts a folder or list of images with GNU parallel, on this machine or on several that see the same paths.
#
#   gnu-parallel.sh faces/ results/ 100                            # in 100 shards, as many at a time as there are cores
#   gnu-parallel.sh faces/ results/ 100 --sshlogin :,node1,node2   # on three machines
#
# Calling it again does what is missing. IDINV_MODEL names the model, IDINV_OPTIONS holds options of 'idinv-lite invert'.
set -euo pipefail
images=$1 results=$2 shards=$3
mkdir -p "$results"
# shellcheck disable=SC2086
seq "$shards" | parallel -q --will-cite --env IDINV_MODEL --workdir . --retries 3 --resume-failed --joblog "$results/jobs.log" "${@:4}" \
  idinv-lite invert "$images" -o "$results/part-{}" --shard "{}/$shards" --skip-bad --resume --threads 1 --quiet \
  ${IDINV_OPTIONS:-}
idinv-lite merge "$results"/part-* -o "$results/all" --skip-bad
