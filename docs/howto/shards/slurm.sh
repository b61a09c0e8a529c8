#!/bin/sh
# A command in shards as a Slurm array, and the merge after all have ended well: slurm.sh N pvalue --model m.pt ...
# Run it in a folder that every node sees. What the merge prints is in merge-JOB.log there.
set -eu
count=$1
shift
mkdir -p shards
array=$(sbatch --parsable --array="1-$count" --cpus-per-task=1 --output=shards/%A-%a.log <<JOB
#!/bin/sh
exec marginnet $* --threads 1 --shard "\$SLURM_ARRAY_TASK_ID/$count" --shard-out "shards/\$SLURM_ARRAY_JOB_ID-\$SLURM_ARRAY_TASK_ID.shard"
JOB
)
sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output=merge-%j.log <<JOB
#!/bin/sh
exec marginnet merge shards/$array-*.shard
JOB
