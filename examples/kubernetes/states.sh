#!/bin/sh
# What a destination acknowledged, from one run to the next: a file with a STATE message a line.
#
#   states.sh keep FILE        adds the STATEs of a destination's output; the rest goes to the log
#   states.sh give FILE ARRAY  leaves of each stream the last STATE, or the last global one, and
#                              makes a source's --state of them: no ARRAY if there are none
#
# A state that is not written as sources write it is refused, not guessed at. For busybox, whose awk
# does not notice a full disk by itself; it holds one line at a time.
set -eo pipefail

fail() {
	echo "states: $1" >&2
	exit 1
}

functions='
# A text without the blanks outside of its strings.
function dense(text,    found, before) {
	while (match(text, /"([^"\\]|\\.)*"/)) {
		before = substr(text, 1, RSTART - 1)
		gsub(/[ \t]/, "", before)
		found = found before substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
	}
	gsub(/[ \t]/, "", text)
	return found text
}

# What a line is a state of, a stream or "GLOBAL"; "" if it has another form, or a second beginning.
function scope(line,    start, end) {
	start = dense(substr(line, 1, 4096))
	end = substr(line, length(line) > 512 ? length(line) - 512 : 1)
	if (!sub(/^[{]"type":"STATE","state":[{]"type":/, "", start) ||
	    end !~ /"destinationStats":[{][^{}]*[}][ \t]*[}][ \t]*[}]$/ ||
	    line ~ /[^ \t][ \t]*[{][ \t]*"type"[ \t]*:[ \t]*"STATE"/)
		return ""
	if (start ~ /^"GLOBAL",/)
		return "GLOBAL"
	if (!match(start, /^"STREAM","stream":[{]"stream_descriptor":[{]("([^"\\]|\\.)*"|[^"}])*[}]/))
		return ""
	start = substr(start, 1, RLENGTH)
	sub(/,"namespace":null/, "", start)
	return start
}

function fail(reason) {
	print "states: " reason > "/dev/stderr"
	exit 1
}
'

keep() {
	touch "$1"
	# Half of the room, in blocks of 512 bytes: what give() makes of the file must fit beside it.
	free=$(df -Pk "$1" | awk 'END { print $4 }')
	ulimit -f $((free + $(du -k "$1" | cut -f 1)))
	trap '' XFSZ
	awk "$functions"'
		/^[{]"type":"(LOG|TRACE)",/ {
			print > "/dev/stderr"
			next
		}
		scope($0) == "" {
			fail("one is not as sources write them, and is not kept")
		}
		{
			print
			fflush()
		}' | { cat >> "$1" || fail "no room for more: $1 may take half of its volume"; }
}

# The file is read twice: to choose the lines, and to print them. A kill may have cut the last one.
chosen() {
	awk -v whole="$(wc -l < "$1")" "$functions"'
		FNR > whole {
			next
		}
		NR > FNR {
			if (FNR in chosen)
				print
			next
		}
		{
			name = scope($0)
			if (name == "")
				fail(FILENAME ": line " FNR " is not as sources write states")
			if ((name == "GLOBAL") != global) {
				global = !global
				delete last
				delete chosen
			}
			delete chosen[last[name]]
			last[name] = FNR
			chosen[FNR] = 1
		}' "$1" "$1"
}

# The values of "state" as an array.
array() {
	awk '
		{
			head = substr($0, 1, 4096)
			match(head, /^[^{]*[{][^{]*/)
			print (NR > 1 ? "," : "[")
			print substr($0, RLENGTH + 1, length($0) - RLENGTH - 1)
		}
		END {
			print "]"
		}' "$1"
}

give() {
	touch "$1"
	chosen "$1" | cat > "$2.lines"
	[ ! -s "$2.lines" ] || array "$2.lines" | cat > "$2"
	cat "$2.lines" > "$1.new" || {
		rm -f "$1.new"
		fail "no room for another file beside $1, which stays as it is"
	}
	rm "$2.lines"
	sync "$1.new"
	mv "$1.new" "$1"
}

"$@"
