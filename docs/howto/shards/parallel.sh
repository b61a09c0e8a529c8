#!/bin/sh
# A command in shards with GNU parallel, as many at a time as there are cores: parallel.sh N pvalue --model m.pt ...
set -eu
count=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
seq "$count" | parallel --halt now,fail=1 --quote \
  marginnet "$@" --threads 1 --shard "{}/$count" --shard-out "$folder/{}.shard" > "$folder/log"
marginnet merge "$folder"/*.shard
