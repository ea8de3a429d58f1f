#!/bin/sh
# Runs the fuzz target unit_tests/<room>/fuzz_<name> of a build for so many seconds, from its inputs
# and those that earlier runs found. What it found, its log and inputs that break it stay in the
# build. Prints one line; the exit code is 0 if nothing broke.
build=$1
target=$2
seconds=$3
found=$build/found/${target#unit_tests/}
broken=$build/broken/${target#unit_tests/}
log=$found.log

mkdir -p "$found" "$broken"
"$build/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
	-print_final_stats=1 -artifact_prefix="$broken/" "$found" "$target" > /dev/null 2> "$log"
code=$?
number() {
	sed -n "s/.*$1[: ]*\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1
}
printf '%-40s %12s executions %7s edges %6s inputs %s\n' "${target#unit_tests/}" \
	"$(number stat::number_of_executed_units)" "$(number ' cov')" "$(number ' corp')" \
	"$([ $code -eq 0 ] && echo clean || echo "BROKEN: see $log and $broken")"
[ $code -eq 0 ]
