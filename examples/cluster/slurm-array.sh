#!/usr/bin/env bash
#SBATCH --job-name=idinv
#SBATCH --array=1-200
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=idinv-%A_%a.log
# Inverts a folder or list of images as a Slurm array; each task takes one shard. All nodes see the same paths.
#
#   job=$(sbatch --parsable slurm-array.sh faces/ results/)
#   sbatch --dependency=afterok:"$job" --wrap 'idinv-lite merge results/part-* -o results/all --skip-bad'
#
# A task that is killed and requeued goes on where it was. Tasks that failed are submitted again by their numbers; then the
# number of shards has to be told:
#
#   SHARDS=200 sbatch --array=7,12 slurm-array.sh faces/ results/
#
# IDINV_MODEL names the model. Options after the two folders go to 'idinv-lite invert'.
set -euo pipefail
images=$1 results=$2
exec idinv-lite invert "$images" -o "$results/part-$SLURM_ARRAY_TASK_ID" --shard "auto${SHARDS:+/$SHARDS}" \
  --skip-bad --resume --threads "${SLURM_CPUS_PER_TASK:-1}" --quiet "${@:3}"
