#!/usr/bin/env bash
# Learns the boundaries in models/boundaries from the generator's own samples, scored by judge.idinv beside the model.
# usage: models/boundaries.sh [idinv-lite]
set -euo pipefail
command=${1:-idinv-lite}
case $command in */*) command=$(realpath -- "$command");; esac
cd "$(dirname "$0")"
models=$PWD
# Not into the folder itself: in a fresh clone the program does not know the files there as its own, and leaves them.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A fifth of the samples on each side, without truncation: with few and extreme ones, a plane in 640 dimensions fits chance.
(cd "$work"
  "$command" boundary train --model "$models/default.idinv" --attribute yaw,smile,glasses,age,hair_length \
    --samples 10000 --truncation 1 --ratio 0.2 --seed 1 -o boundaries)
mkdir -p boundaries
cp "$work"/boundaries/*.npy "$work"/boundaries/*.json boundaries/
