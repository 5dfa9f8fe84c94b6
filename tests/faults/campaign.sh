#!/usr/bin/env bash
# Real faults around two services, a primary and its standby, and a comparison with the simulator's truth at the end.
#   campaign.sh [MINUTES] [--seed N]        10 minutes unless told otherwise; exit code 1: something differs
# Needs nothing running. As root it fills a disk, too.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

minutes=10
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  minutes=$1
  shift
fi
tests/support/install_packages.sh build test
tests/support/build.sh release campaign
exec build/release/tests/faults/campaign --seconds $((minutes * 60)) "$@"
