#!/bin/sh
# A Friday evening, decided line by line; the same answers for programs; the month's play calendar.
set -eu
here=$(dirname "$0")
python "$here/evening.py"
echo
echo "minorguard decide $here/evening.ndjson --law cn.game   (the answer to the sixth line)"
minorguard decide "$here/evening.ndjson" --law cn.game | sed -n 6p
echo
minorguard calendar 2026-11 --age 14 --law cn.game
