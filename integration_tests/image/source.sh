#!/bin/sh
# A source: read --config FILE --catalog FILE [--state FILE]. The configuration says how many records
# of the stream "users" it has ("records"), after how many comes a STATE ("every"; one comes after the
# last too), and after how many it fails ("fails_after", 0 for never). With --state it goes on behind
# the one that it is given. Its first line is no message, as with many a source.
set -eu

command=$1
shift
state=
while [ $# -gt 0 ]; do
	case $1 in
	--config) config=$2 ;;
	--catalog) catalog=$2 ;;
	--state) state=$2 ;;
	*) exit 2 ;;
	esac
	shift 2
done
[ "$command" = read ] && [ -s "$catalog" ] || exit 2

# The number behind a key of a file.
number() {
	sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$2"
}

say() {
	printf '%s\n' "$1"
}

records=$(number records "$config")
every=$(number every "$config")
fails_after=$(number fails_after "$config")
position=0
[ -z "$state" ] || position=$(number cursor "$state")
unstated=0

# What a source says of a stream: STARTED, RUNNING or COMPLETE.
status() {
	say '{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1700000000000.0,"stream_status":{"stream_descriptor":{"name":"users"},"status":"'$1'"}}}'
}

say 'Loading config...'
say '{"type":"LOG","log":{"level":"INFO","message":"the source begins"}}'
status STARTED
[ "$position" -ge "$records" ] || status RUNNING
while [ "$position" -lt "$records" ]; do
	position=$((position + 1))
	say '{"type":"RECORD","record":{"stream":"users","data":{"id":'$position',"name":"n'$position'"},"emitted_at":1700000000000}}'
	unstated=$((unstated + 1))
	if [ "$position" -eq "$fails_after" ]; then
		say '{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000.0,"error":{"message":"the source broke","failure_type":"transient_error"}}}'
		exit 3
	fi
	if [ $((position % every)) -eq 0 ] || [ "$position" -eq "$records" ]; then
		say '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"cursor":'$position'}},"sourceStats":{"recordCount":'$unstated'.0}}}'
		unstated=0
	fi
done
status COMPLETE
