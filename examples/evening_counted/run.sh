#!/bin/sh
# One evening of one child on two devices, counted in a store; told twice, it counts once.
set -eu
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
store="sqlite:///$folder/evening.db"
for time in first second; do
    echo "minorguard replay $here/evening.ndjson --law cn.game --store sqlite:///evening.db   ($time time, the last answer)"
    minorguard replay "$here/evening.ndjson" --law cn.game --store "$store" | tail -n 1
done
echo
minorguard holds --store "$store" --law cn.game
