#!/bin/sh
# Runs the unit test programs named as arguments; prints what failed, and the counts.
# EMULATOR runs programs of another architecture.
passed=0
failed=0
for program; do
	output=$($EMULATOR "$program" 2>&1)
	code=$?
	n=$(printf '%s\n' "$output" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' | tail -n 1)
	f=$(printf '%s\n' "$output" | sed -n 's/^\[  FAILED  \] .*tests*: \([0-9]*\) test(s).*/\1/p' | tail -n 1)
	if [ $code -ne 0 ] || [ "${n:-0}" -eq 0 ]; then
		printf '%s\n%s: exit code %s\n' "$output" "$program" "$code"
		[ "${f:-0}" -gt 0 ] || f=1
	fi
	passed=$((passed + ${n:-0}))
	failed=$((failed + ${f:-0}))
done
echo "unit: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
