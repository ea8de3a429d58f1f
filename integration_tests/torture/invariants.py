"""What must hold after each attempt, whatever went wrong: each a function of a trial and the
outcome of its last attempt, which yields what is wrong.
"""

import json
from signal import SIGTERM

from torture.faults import PASSING, UNTRUSTED
from torture.outcome import STATE_START
from torture.records import CONTENT
from torture.seldom import NAMED

MIB = 1 << 20
MEMORY = 48 * MIB
MEMORY_FOR_HUGE_RECORDS = 128 * MIB
SHORT_STATE = 4096  # bytes; what is longer may be cut by a kill


def broken(trial, outcome):
    """All that is wrong."""
    return [f"{function.__name__.replace('_', ' ')}: {problem}"
            for function in INVARIANTS for problem in function(trial, outcome)]


# --- what the service holds -----------------------------------------------------------------------


def the_service_holds_what_it_must(trial, outcome):
    """Nothing acknowledged is missing, nothing is there twice, the newest of a key is there, an
    overwrite is all or nothing."""
    at_once = trial.schedule.settings.get("overwrite_when") == "first_batch"
    for name, model in trial.models.items():
        yield from model.problems(outcome.held.get(name, []), outcome.before.get(name, []),
                                  at_once or outcome.has_ended(name))


def nothing_is_made_twice(trial, outcome):
    """Also where the reply to its making was lost."""
    del trial
    return outcome.doubles


def records_of_one_object_keep_their_order(trial, outcome):
    """Also where several streams write it."""
    yield from trial.order.problems(outcome.turns)


def rejections_are_as_they_must_be(trial, outcome):
    """What is rejected is what cannot be taken; a refusal may have part of a batch rejected. Where
    it is known which records are refused, others only with them, no other is."""
    records = {name: {one.number: one for one in model.stream.records}
               for name, model in trial.models.items()}
    refused = any(one["status"] in trial.service.rejecting or one.get("rule") == NAMED
                  for one in outcome.requests)
    only = outcome.faults.refused
    for name, number in outcome.rejected:
        may_be = refused and (not only or records[name][number] in only)
        if not may_be and not trial.service.rejects(records[name][number]):
            yield f"stream {name}: v {number} was rejected"


# --- states ---------------------------------------------------------------------------------------


def states_come_back_as_they_came(trial, outcome):
    """In order for each scope, byte for byte, none left out, none made up; the counts agree."""
    for line in outcome.strange:
        yield f"this answers no state: {line[:200]}"
    for scope in {state.stream for state in outcome.input.states}:
        sent = [state for state in outcome.input.states if state.stream == scope]
        came = [state for state, _ in outcome.acknowledged if state.stream == scope]
        if came != sent[:len(came)]:
            yield f"states {[one.number for one in came]} of {scope or 'all'} came back"
    for state, line in outcome.acknowledged:
        wanted = answer(trial, state, line)
        if line != wanted:
            yield f"a state came back as {line[-200:]}, not {wanted[-200:]}"


def answer(trial, state, line):
    """What a state must come back as."""
    if trial.schedule.protocol == "singer":
        return json.dumps(json.loads(state.line)["value"])
    stats = json.loads(line)["state"]["destinationStats"]
    return state.answer(int(stats.get("rejectedRecordCount", 0)))


def counts_agree(trial, outcome):
    """Rejected records are counted in the states that follow them."""
    rejected = {name: [] for name in trial.models}
    for name, number in outcome.rejected:
        rejected[name].append(number)
    for state, line in outcome.acknowledged if trial.schedule.protocol == "airbyte" else ():
        told = json.loads(line)["state"]["destinationStats"].get("rejectedRecordCount", 0)
        found = sum(one.number in rejected[one.stream] for one in state.records)
        if told != found:
            yield f"state {state.number} tells of {told} rejected records, not {found}"
    if outcome.counted is not None and outcome.succeeded:
        came = sum(len(state.records) for state in outcome.input.states)
        if outcome.ended_well and outcome.counted != came - len(outcome.rejected):
            yield f"metrics count {outcome.counted} of {came} records"


def only_a_long_state_is_torn(trial, outcome):
    """And only by a kill."""
    del trial
    if outcome.torn and outcome.faults.around != "closed output":
        is_long = len(outcome.torn) > SHORT_STATE or outcome.torn.startswith(STATE_START)
        if not outcome.faults.is_killed or not is_long:
            yield f"the last line has no end: {outcome.torn[:100]!r}"


# --- the end --------------------------------------------------------------------------------------


def the_run_ends(trial, outcome):
    """It does not hang."""
    del trial
    if outcome.said.code is None:
        yield "it did not end"


def exit_code_zero_means_all_is_acknowledged(trial, outcome):
    """All that came, that is, and that its end was a good one."""
    del trial
    if not outcome.succeeded:
        return
    if outcome.faults.around == "closed output":
        if outcome.faults.at == 0 and outcome.input.states:
            yield "the exit code is 0, and no state could be written"
        return
    fed = [one for one in outcome.input.within(outcome.said.fed) if one in outcome.input.states]
    if len(outcome.acknowledged) != len(fed):
        yield f"the exit code is 0, with {len(outcome.acknowledged)} of {len(fed)} states"
    if outcome.faults.around == "end in mid-line" or outcome.failures:
        yield f"the exit code is 0 after {outcome.failures or 'half a line'}"
    if outcome.input.wrong_key is not None:
        yield "the exit code is 0 after a record without its key"


def a_failure_is_told_once_and_last(trial, outcome):
    """With exit code 1, and a kind that what went wrong may have."""
    if outcome.said.code in (0, None) or outcome.faults.is_killed and outcome.said.code < 0:
        return
    if outcome.said.code != 1:
        yield f"the exit code is {outcome.said.code}: {outcome.talk[-500:]}"
        return
    if outcome.faults.around == "closed output" and trial.schedule.protocol == "airbyte":
        return
    if len(outcome.failures) != 1 or not outcome.last_is_failure:
        yield f"the failure is told as {outcome.failures}"
        return
    kind, message = outcome.failures[0]
    kinds = outcome.faults.kinds(answers(outcome), trial.service)
    if not kinds:
        yield f"it failed without cause: {message[:500]}"
    elif kind is not None and kind not in kinds:
        yield f"a {kind}, where {' or '.join(sorted(kinds))} is due: {message[:500]}"


def a_wrong_key_ends_the_input_and_no_more(trial, outcome):
    """It is told by its line and stream, and what came before it is stored and acknowledged."""
    del trial
    if outcome.input.wrong_key is None or outcome.faults.rules:
        return
    if not outcome.refuses_key:
        yield f"line {outcome.input.wrong_key} is not what is told of: {outcome.failures}"
    if len(outcome.acknowledged) != len(outcome.input.states):
        yield f"{len(outcome.acknowledged)} of {len(outcome.input.states)} states came back"


def a_signal_that_is_heard_is_told(trial, outcome):
    """As a failure is; if nothing else went wrong, by its name. One that comes before anything was
    said, or when all is done, may end a run without a word."""
    del trial
    faults = outcome.faults
    is_heard = faults.around == "terminate" and faults.lines is not None
    if not is_heard or outcome.said.code != -SIGTERM:
        return
    if len(outcome.acknowledged) == len(outcome.input.states):
        return
    if len(outcome.failures) != 1 or not outcome.last_is_failure:
        yield f"the failure is told as {outcome.failures}"
    elif not faults.rules and "SIGTERM" not in outcome.failures[0][1]:
        yield f"it is not named: {outcome.failures[0][1][:500]}"


def an_untrusted_server_is_told_nothing(trial, outcome):
    """Its certificate ends the run, and the message says so. Only without a record that could be
    sent a run may have nothing to ask."""
    if outcome.faults.around not in UNTRUSTED:
        return
    if outcome.requests:
        yield f"{len(outcome.requests)} requests came through"
    if outcome.succeeded and not all(map(trial.service.withholds, outcome.came)):
        yield "the exit code is 0"
    for _, message in outcome.failures:
        if "certificate" not in message:
            yield f"the message is: {message[:500]}"


def answers(outcome):
    """The statuses that the rules gave, as far as the log has them; 0 for a reply that was lost."""
    given = {one["status"] for one in outcome.requests}
    return {rule["status"] for rule in outcome.faults.rules if rule.get("status") in given} | (
        {0} & given)


def one_passing_fault_fails_no_run(trial, outcome):
    """It is tried again."""
    del trial
    rules = outcome.faults.rules
    if outcome.faults.around not in (None, "dribble", "still") or outcome.said.code in (0, None):
        return
    is_alone = not rules or len(rules) == 1 and rules[0].get("times", 1) == 1
    is_passing = all(rule.get("cut") or rule.get("delay_ms") or (
        rule.get("status") in PASSING and "headers" not in rule) for rule in rules)
    if is_alone and is_passing:
        yield f"it failed: {outcome.failures}"


def a_refused_record_fails_no_run(trial, outcome):
    """It is found and rejected, or tried again. If the service takes no other of its stream, and
    refuses it with all that comes with it, it may be that something is set wrongly."""
    only = outcome.faults.refused
    if not only or outcome.faults.around not in (None, "dribble", "still"):
        return
    is_named = any("refuse" in rule for rule in outcome.faults.rules)
    others = [one for one in outcome.came if one.stream == only[0].stream and one not in only
              and not trial.service.withholds(one)]
    if (is_named or others) and not outcome.succeeded:
        yield f"it failed: {outcome.failures}"


def nothing_is_asked_after_a_refusal(trial, outcome):
    """What was on its way at that moment may still come."""
    given = {one["status"] for one in outcome.faults.rules if "status" in one}
    refused = [one for one in outcome.requests
               if one["status"] in given and trial.service.is_final(one)]
    if not refused:
        return
    first = min(refused, key=lambda one: one["done_ms"])
    later = [one for one in outcome.requests if one["at_ms"] > first["done_ms"]]
    if len(later) >= trial.service.in_flight:
        yield f"{len(later)} requests came after a {first['status']}"
    again = [one for one in later if essence(one) == essence(first)]
    is_unique = first["method"] != "GET" and "records" not in first
    if again and is_unique:  # others alike may have been on their way
        yield f"what was refused with {first['status']} was asked again"


def essence(request):
    """What is asked, but for the time and the answer."""
    answers = ("n", "at_ms", "done_ms", "status", "authorized", "rule", "late")
    return {name: value for name, value in request.items() if name not in answers}


# --- what is printed, and what it takes -----------------------------------------------------------


def nothing_secret_is_printed(trial, outcome):
    """Neither secrets nor records, wherever."""
    output = outcome.said.stdout + outcome.said.stderr
    for secret in (*trial.service.secrets, CONTENT):
        if secret.encode() in output:
            at = output.index(secret.encode())
            yield f"{secret} is printed: {output[max(0, at - 200):at + 60]!r}"


def memory_stays_below_its_limit(trial, outcome):
    """Which is higher where single records are huge."""
    limit = MEMORY_FOR_HUGE_RECORDS if trial.schedule.is_huge else MEMORY
    if outcome.peak is not None and outcome.peak > limit:
        yield f"{outcome.peak / MIB:.1f} MiB, of {limit // MIB}"


def an_attempt_without_faults_succeeds(trial, outcome):
    """So every schedule comes to its end."""
    del trial
    if outcome.faults.is_none and not outcome.succeeded:
        yield f"exit code {outcome.said.code}: {outcome.failures}, {outcome.talk[-500:]}"


INVARIANTS = (
    the_run_ends, the_service_holds_what_it_must, nothing_is_made_twice,
    records_of_one_object_keep_their_order, rejections_are_as_they_must_be, states_come_back_as_they_came, counts_agree,
    only_a_long_state_is_torn, exit_code_zero_means_all_is_acknowledged,
    a_failure_is_told_once_and_last, a_wrong_key_ends_the_input_and_no_more,
    a_signal_that_is_heard_is_told, an_untrusted_server_is_told_nothing,
    one_passing_fault_fails_no_run, a_refused_record_fails_no_run,
    nothing_is_asked_after_a_refusal, nothing_secret_is_printed, memory_stays_below_its_limit,
    an_attempt_without_faults_succeeds)
