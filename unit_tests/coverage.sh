#!/bin/sh
# What the programs of a coverage build have run through: a report for each file, as text and HTML,
# and a line for the library and the connectors. Fails if the first is below the floor, in percent
# of lines.
build=$1
floor=$2
program=$3
shift 3

# Programs have functions of the same name, which is only worth a warning.
tool() {
	name=$1
	shift
	"$(clang -print-prog-name="$name")" "$@" 2> "$build/$name.log" || {
		cat "$build/$name.log" >&2
		exit 1
	}
}

tool llvm-profdata merge -o "$build/profile" "$build"/profiles/*
set -- "$program" $(printf -- '-object %s ' "$@") -instr-profile "$build/profile"
tool llvm-cov show "$@" -format html -output-dir "$build/html" libairbyte connectors
for part in libairbyte connectors; do
	tool llvm-cov report "$@" -show-branch-summary=false $part > "$build/$part.txt"
	covered=$(awk '/^TOTAL/ { print $10 }' "$build/$part.txt")
	echo "coverage: $covered of the lines of $part, see $build/$part.txt and $build/html/index.html"
	if [ $part = libairbyte ] && [ "${covered%%.*}" -lt "$floor" ]; then
		echo "that is less than $floor %"
		code=1
	fi
done
exit ${code:-0}
