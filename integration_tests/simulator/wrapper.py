"""The script that is a connector's process 1, and its environment.

The platform does not run the image's entry point. It runs `sh -c` with a script that evaluates
AIRBYTE_ENTRYPOINT in a background subshell, looks every 10 s for a file TERMINATED in its working
directory, and leaves the exit code in exitCode.txt. So an abort kills that subshell: the connector
gets no signal, and dies when the script ends.

Some shells redirect in the process that waits for the command, others in the command's own. Here it
is the latter, so that the connector alone holds the FIFOs, and the platform sees what it closes.
"""

DEST = "/dest"
CONFIG = "/config"
CHANNELS = ("stderr", "stdout", "stdin")  # in the order in which both sides open them

SCRIPT = """\
if [ -z "$AIRBYTE_ENTRYPOINT" ]; then
	echo 'AIRBYTE_ENTRYPOINT is not set'
	exit 127
fi
( eval "( exec $AIRBYTE_ENTRYPOINT {arguments} {redirections} )" ) &
connector=$!
( while true; do
	if [ -f TERMINATED ]; then
		kill $connector
		exit
	fi
	sleep {poll_seconds}
done ) &
wait $connector
code=$?
echo $code > TEMP_EXIT_CODE.txt
mv TEMP_EXIT_CODE.txt exitCode.txt
exit $code
"""


POLL_SECONDS = 10


def write_script(poll_seconds=POLL_SECONDS):
    """`write` between three FIFOs."""
    return SCRIPT.format(
        poll_seconds=poll_seconds,
        arguments=f"write --config {DEST}/connectorConfig.json --catalog {DEST}/catalog.json",
        redirections=f"2> {DEST}/stderr > {DEST}/stdout < {DEST}/stdin")


def answer_script(command):
    """`spec` or `check`, whose output is a file that is read after the end."""
    options = f" --config {CONFIG}/connectionConfiguration.json" if command == "check" else ""
    return SCRIPT.format(poll_seconds=POLL_SECONDS, arguments=f"{command} {options}",
                         redirections=f"> {CONFIG}/jobOutput.json")


def write_environment(image, job, attempt):
    """The variables of a destination in a sync. Optional ones are left out; there is none that
    tells the memory limit."""
    return {
        "DATA_CHANNEL_MEDIUM": "STDIO", "DATA_CHANNEL_FORMAT": "JSONL",
        "WORKER_CONNECTOR_IMAGE": image, "WORKER_JOB_ID": str(job),
        "WORKER_JOB_ATTEMPT": str(attempt), "DEPLOYMENT_MODE": "OSS",
        "USE_STREAM_CAPABLE_STATE": "true", "USE_FILE_TRANSFER": "false",
        "CONCURRENT_SOURCE_STREAM_READ": "false", "LOG_LEVEL": "INFO",
        "AIRBYTE_ENABLE_UNSAFE_CODE": "false", "JAVA_OPTS": ""}


def answer_environment(command):
    """The variables of `spec` and `check`: neither LOG_LEVEL nor WORKER_*."""
    return {"OPERATION_TYPE": command, "WORKLOAD_ID": f"workload-{command}",
            "DEPLOYMENT_MODE": "OSS", "USE_STREAM_CAPABLE_STATE": "true"}
