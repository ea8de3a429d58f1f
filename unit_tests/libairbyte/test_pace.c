#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "pace.h"

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
without_a_limit_it_is_always_ready(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 0, .per_ms = 1000});
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ab_pace_ready_at(&pace, 7), 7);
		ab_pace_take(&pace);
	}
	for (int i = 0; i < 100; i++)
		ab_pace_stamp(&pace, 8);
	assert_int_equal(ab_pace_ready_at(&pace, 8), 8);
	ab_pace_release(&pace);
}

static void
the_last_slot_waits_for_a_reply(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 2, .per_ms = 1000});
	for (int i = 0; i < 2; i++) {
		assert_true(ab_pace_ready_at(&pace, 0) <= 0);
		ab_pace_take(&pace);
	}
	assert_int_equal(ab_pace_ready_at(&pace, 1000000), INT64_MAX);
	ab_pace_stamp(&pace, 1000000);
	assert_int_equal(ab_pace_ready_at(&pace, 1000000), 1001001);
	ab_pace_release(&pace);
}

static void
a_slot_is_free_when_the_window_has_passed_since_its_reply(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 1, .per_ms = 1000});
	ab_pace_take(&pace);
	ab_pace_stamp(&pace, 300);
	assert_int_equal(ab_pace_ready_at(&pace, 300), 1301);
	assert_int_equal(ab_pace_ready_at(&pace, 1300), 1301);
	assert_true(ab_pace_ready_at(&pace, 1301) <= 1301);
	ab_pace_take(&pace);
	assert_int_equal(ab_pace_ready_at(&pace, 1301), INT64_MAX);
	ab_pace_release(&pace);
}

static void
take(struct ab_pace *pace, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ab_pace_take(pace);
}

static void
stamp(struct ab_pace *pace, size_t count, int64_t now_ms)
{
	for (size_t i = 0; i < count; i++)
		ab_pace_stamp(pace, now_ms);
}

static void
a_bucket_gives_its_burst_at_once_and_then_the_rate(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 10, .per_ms = 1000, .burst = 200});
	for (size_t i = 0; i < 200; i++) {
		assert_true(ab_pace_ready_at(&pace, 5) <= 5);
		ab_pace_take(&pace);
	}
	stamp(&pace, 200, 5);
	for (int64_t ready_ms = 106; ready_ms < 10000; ready_ms += 100) {
		assert_int_equal(ab_pace_ready_at(&pace, ready_ms - 1), ready_ms);
		ab_pace_take(&pace);
		ab_pace_stamp(&pace, ready_ms);
	}
	ab_pace_release(&pace);
}

static void
a_token_begins_to_come_back_with_its_reply(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 10, .per_ms = 1000, .burst = 3});
	take(&pace, 3);
	assert_int_equal(ab_pace_ready_at(&pace, 1000000), INT64_MAX);
	ab_pace_stamp(&pace, 1000000);
	assert_int_equal(ab_pace_ready_at(&pace, 1000000), 1000101);
	assert_int_equal(ab_pace_ready_at(&pace, 1000100), 1000101);
	assert_true(ab_pace_ready_at(&pace, 1000101) <= 1000101);
	ab_pace_take(&pace);
	assert_int_equal(ab_pace_ready_at(&pace, 2000000), INT64_MAX);
	ab_pace_release(&pace);
}

static void
a_bucket_that_rested_holds_no_more_than_its_burst(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 10, .per_ms = 1000, .burst = 5});
	take(&pace, 5);
	stamp(&pace, 5, 1000);
	for (int i = 0; i < 5; i++) {
		assert_true(ab_pace_ready_at(&pace, 900000000) <= 900000000);
		ab_pace_take(&pace);
	}
	assert_int_equal(ab_pace_ready_at(&pace, 900000000), INT64_MAX);
	ab_pace_release(&pace);
}

/* 7 in 1000 ms: 142.857 ms each, in sum neither more nor less. */
static void
a_refusal_empties_the_bucket_for_a_while(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 10, .per_ms = 1000, .burst = 200});
	take(&pace, 3);
	stamp(&pace, 1, 5000);
	assert_true(ab_pace_ready_at(&pace, 5000) <= 5000);
	ab_pace_refuse(&pace);
	assert_int_equal(ab_pace_ready_at(&pace, 5000), 6101);
	/* More refusals of the same moment do not add up. */
	stamp(&pace, 2, 5000);
	ab_pace_refuse(&pace);
	assert_in_range(ab_pace_ready_at(&pace, 5000), 6101, 6301);
	/* Then it goes on at the rate. */
	for (int64_t ready_ms = ab_pace_ready_at(&pace, 5000); ready_ms < 9000;) {
		ab_pace_take(&pace);
		ab_pace_stamp(&pace, ready_ms);
		const int64_t next_ms = ab_pace_ready_at(&pace, ready_ms);
		assert_in_range(next_ms - ready_ms, 99, 101);
		ready_ms = next_ms;
	}
	ab_pace_release(&pace);
	ab_pace_init(&pace, &(struct ab_rate){.requests = 10, .per_ms = 1000});
	take(&pace, 1);
	stamp(&pace, 1, 5000);
	ab_pace_refuse(&pace);
	assert_int_equal(ab_pace_ready_at(&pace, 5000), 5000);
	ab_pace_release(&pace);
}

static void
fractions_of_a_millisecond_add_up(void **unused)
{
	struct ab_pace pace;

	(void)unused;
	ab_pace_init(&pace, &(struct ab_rate){.requests = 7, .per_ms = 1000, .burst = 7000});
	take(&pace, 7000);
	stamp(&pace, 7000, 99);
	for (int64_t taken = 1; taken <= 7000; taken++) {
		const int64_t due_ms = 100 + (taken * 1000 + 6) / 7;
		assert_int_equal(ab_pace_ready_at(&pace, 99), due_ms);
		ab_pace_take(&pace);
	}
	ab_pace_release(&pace);
}

/* --- a service that counts, and a client that sends whenever it may --- */

enum { IN_FLIGHT = 64, REQUESTS = 4000 };

struct simulation {
	struct ab_pace pace;
	uint64_t random;
	int64_t latency_max_us;
	int64_t pause_max_us;         /* now and then the client has nothing to send */
	int64_t counted_us[REQUESTS]; /* when the service counted each, unsorted */
	size_t counted;
	int64_t replies_us[IN_FLIGHT];
	size_t in_flight;
};

/* The service counts a request at any moment between its start and its reply. */
static void
start(struct simulation *sim, int64_t now_us)
{
	const int64_t latency =
	    (int64_t)(next_random(&sim->random) % (uint64_t)(sim->latency_max_us + 1));
	const int64_t before = (int64_t)(next_random(&sim->random) % (uint64_t)(latency + 1));

	ab_pace_take(&sim->pace);
	sim->replies_us[sim->in_flight++] = now_us + latency;
	sim->counted_us[sim->counted++] = now_us + before;
}

static void
collect_replies(struct simulation *sim, int64_t now_us)
{
	for (size_t i = sim->in_flight; i-- > 0;) {
		if (sim->replies_us[i] > now_us)
			continue;
		ab_pace_stamp(&sim->pace, now_us / 1000);
		sim->in_flight--;
		sim->replies_us[i] = sim->replies_us[sim->in_flight];
	}
}

static int64_t
next_reply(const struct simulation *sim)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sim->in_flight; i++) {
		if (sim->replies_us[i] < next)
			next = sim->replies_us[i];
	}
	return next;
}

static bool
wants_to_send(const struct simulation *sim)
{
	return sim->in_flight < IN_FLIGHT && sim->counted < REQUESTS;
}

/* Sends until REQUESTS were counted; returns how long that took. */
static int64_t
run(struct simulation *sim)
{
	const int64_t begin = 123456789;
	int64_t now_us = begin;

	while (sim->counted < REQUESTS) {
		collect_replies(sim, now_us);
		int64_t ready_ms = ab_pace_ready_at(&sim->pace, now_us / 1000);
		while (wants_to_send(sim) && ready_ms <= now_us / 1000) {
			start(sim, now_us);
			ready_ms = ab_pace_ready_at(&sim->pace, now_us / 1000);
		}
		int64_t next = next_reply(sim);
		if (wants_to_send(sim) && ready_ms != INT64_MAX) {
			/* Woken at any moment of that millisecond, or a little late. */
			const int64_t late = (int64_t)(next_random(&sim->random) % 1500);
			const int64_t wake = ready_ms * 1000 + late;
			next = wake < next ? wake : next;
		}
		now_us = next > now_us ? next : now_us + 1;
		if (sim->pause_max_us > 0 && next_random(&sim->random) % 64 == 0)
			now_us +=
			    (int64_t)(next_random(&sim->random) % (uint64_t)sim->pause_max_us);
	}
	return now_us - begin;
}

static int
compare_times(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a;
	const int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
expect_within_limit(struct simulation *sim, uint64_t seed)
{
	const size_t limit = sim->pace.rate.requests;
	const int64_t window_us = sim->pace.rate.per_ms * 1000;

	qsort(sim->counted_us, sim->counted, sizeof(sim->counted_us[0]), compare_times);
	for (size_t i = limit; i < sim->counted; i++) {
		if (sim->counted_us[i] - sim->counted_us[i - limit] < window_us) {
			fail_msg("seed %llu: more than %zu requests within %lld ms",
			    (unsigned long long)seed, limit, (long long)sim->pace.rate.per_ms);
		}
	}
}

/* A bucket that is refilled without rounding, in parts: per_us of them are a token. */
static void
expect_no_refusal(struct simulation *sim, uint64_t seed)
{
	const int64_t token = sim->pace.rate.per_ms * 1000;
	const int64_t full = (int64_t)sim->pace.rate.burst * token;
	int64_t held = full;
	int64_t at_us = 0;

	qsort(sim->counted_us, sim->counted, sizeof(sim->counted_us[0]), compare_times);
	for (size_t i = 0; i < sim->counted; i++) {
		held += (sim->counted_us[i] - at_us) * (int64_t)sim->pace.rate.requests;
		held = (held < full ? held : full) - token;
		at_us = sim->counted_us[i];
		if (held < 0)
			fail_msg("seed %llu: request %zu is refused", (unsigned long long)seed, i);
	}
}

static struct simulation *
simulate(uint64_t seed, const struct ab_rate *rate, int64_t latency_max_us, int64_t pause_max_us,
    int64_t *took_us)
{
	struct simulation *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim->random = seed * 0x9E3779B97F4A7C15;
	sim->latency_max_us = latency_max_us;
	sim->pause_max_us = pause_max_us;
	ab_pace_init(&sim->pace, rate);
	*took_us = run(sim);
	return sim;
}

static void
no_window_ever_holds_more_than_the_limit(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t random = seed * 0x2545F4914F6CDD1D;
		const struct ab_rate rate = {.requests = 1 + next_random(&random) % 40,
		    .per_ms = (int64_t)(1 + next_random(&random) % 3000)};
		const int64_t latency_us = (int64_t)(next_random(&random) % 5000000);
		int64_t took_us = 0;
		struct simulation *sim = simulate(seed, &rate, latency_us, 0, &took_us);
		expect_within_limit(sim, seed);
		ab_pace_release(&sim->pace);
		free(sim);
	}
}

static void
no_bucket_is_ever_asked_for_more_than_it_holds(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		uint64_t random = seed * 0x2545F4914F6CDD1D;
		const struct ab_rate rate = {.requests = 1 + next_random(&random) % 300,
		    .per_ms = (int64_t)(1 + next_random(&random) % 3000),
		    .burst = 1 + next_random(&random) % 300};
		const int64_t fill_us =
		    (int64_t)rate.burst * rate.per_ms * 1000 / (int64_t)rate.requests;
		const int64_t latency_us =
		    (int64_t)(next_random(&random) % 2000000) >> next_random(&random) % 16;
		const int64_t pause_us = next_random(&random) % 2 == 0 ? 0 : 2 * fill_us;
		int64_t took_us = 0;
		struct simulation *sim = simulate(seed, &rate, latency_us, pause_us, &took_us);
		expect_no_refusal(sim, seed);
		ab_pace_release(&sim->pace);
		free(sim);
	}
}

/* What a slot costs is the window and the latency; with little latency the limit is reached. */
static void
throughput_reaches_the_limit(void **unused)
{
	static const struct ab_rate table[] = {
	    {1, 1000, 0}, {4, 1000, 0}, {30, 1000, 0}, {50, 10000, 0}};

	(void)unused;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const int64_t windows = REQUESTS / (int64_t)table[i].requests;
		int64_t took_us = 0;
		struct simulation *sim = simulate(i + 1, &table[i], 10000, 0, &took_us);
		assert_true(took_us <= windows * table[i].per_ms * 1000 / 100 * 102);
		ab_pace_release(&sim->pace);
		free(sim);
	}
}

/* Also of a bucket whose replies take long, as long as its burst covers what is on the way. */
static void
throughput_reaches_the_rate_of_the_bucket(void **unused)
{
	static const struct ab_rate table[] = {
	    {10, 1000, 200}, {7, 1000, 3}, {1000, 1000, 100}, {300, 60000, 20}};

	(void)unused;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const int64_t refilled = REQUESTS - (int64_t)table[i].burst;
		const int64_t least_us =
		    refilled * table[i].per_ms * 1000 / (int64_t)table[i].requests;
		int64_t took_us = 0;
		struct simulation *sim = simulate(i + 1, &table[i], 30000, 0, &took_us);
		assert_in_range(took_us, least_us - 1000000, least_us / 100 * 102);
		ab_pace_release(&sim->pace);
		free(sim);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_limit_it_is_always_ready),
	    cmocka_unit_test(the_last_slot_waits_for_a_reply),
	    cmocka_unit_test(a_slot_is_free_when_the_window_has_passed_since_its_reply),
	    cmocka_unit_test(a_bucket_gives_its_burst_at_once_and_then_the_rate),
	    cmocka_unit_test(a_token_begins_to_come_back_with_its_reply),
	    cmocka_unit_test(a_bucket_that_rested_holds_no_more_than_its_burst),
	    cmocka_unit_test(a_refusal_empties_the_bucket_for_a_while),
	    cmocka_unit_test(fractions_of_a_millisecond_add_up),
	    cmocka_unit_test(no_window_ever_holds_more_than_the_limit),
	    cmocka_unit_test(throughput_reaches_the_limit),
	    cmocka_unit_test(no_bucket_is_ever_asked_for_more_than_it_holds),
	    cmocka_unit_test(throughput_reaches_the_rate_of_the_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
