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

/* --- a service that counts, and a client that sends whenever it may --- */

enum { IN_FLIGHT = 64, REQUESTS = 4000 };

struct simulation {
	struct ab_pace pace;
	uint64_t random;
	int64_t latency_max_us;
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

static struct simulation *
simulate(uint64_t seed, const struct ab_rate *rate, int64_t latency_max_us, int64_t *took_us)
{
	struct simulation *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim->random = seed * 0x9E3779B97F4A7C15;
	sim->latency_max_us = latency_max_us;
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
		struct simulation *sim = simulate(seed, &rate, latency_us, &took_us);
		expect_within_limit(sim, seed);
		ab_pace_release(&sim->pace);
		free(sim);
	}
}

/* What a slot costs is the window and the latency; with little latency the limit is reached. */
static void
throughput_reaches_the_limit(void **unused)
{
	static const struct ab_rate table[] = {{1, 1000}, {4, 1000}, {30, 1000}, {50, 10000}};

	(void)unused;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const int64_t windows = REQUESTS / (int64_t)table[i].requests;
		int64_t took_us = 0;
		struct simulation *sim = simulate(i + 1, &table[i], 10000, &took_us);
		assert_true(took_us <= windows * table[i].per_ms * 1000 / 100 * 102);
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
	    cmocka_unit_test(no_window_ever_holds_more_than_the_limit),
	    cmocka_unit_test(throughput_reaches_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
