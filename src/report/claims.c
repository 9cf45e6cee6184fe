/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/claims.h"

#include <math.h>
#include <stddef.h>

#define MORE_THAN_1 (1 + 1e-9)

const struct claim claims[] = {
	{ "F1",
	  "The server's peak receive queue grows with the request rate.",
	  { { .place = 1, .text = "the ratio is above 1", .low = MORE_THAN_1, .high = INFINITY } } },
	{ "F2",
	  "At its peak the receive queue holds about 60 kB, which are about 200 requests.",
	  { { .place = 1, .text = "150 to 250 requests are queued", .low = 150, .high = 250 },
	    { .place = 3,
	      .text = "the post's gauge shows 50 to 70 kB",
	      .low = 50e3,
	      .high = 70e3 } } },
	{ "F3",
	  "The client's receive queue barely rises above zero.",
	  { { .place = 1,
	      .text = "it stays below a tenth of the server's",
	      .low = 0,
	      .high = 0.1 } } },
	{ "F4",
	  "Some time_squeeze events occur.",
	  { { .place = 1, .text = "there is one at least", .low = 1, .high = INFINITY } } },
	{ "F5",
	  "The queue never explodes: the client has 128 requests in flight on a connection.",
	  { { .place = 1,
	      .text = "no more than 128 requests are queued with the cap",
	      .low = 0,
	      .high = 128 },
	    { .place = 2, .text = "more are without it", .low = 128 + 1e-9, .high = INFINITY } } },
	/* The highest threshold of the captures. */
	{ "F6",
	  "Without the cap queued bytes grow until back-pressure reaches the client.",
	  { { .place = 2,
	      .text = "the client's send queue comes to 256 KiB",
	      .low = 256 * 1024,
	      .high = INFINITY,
	      .untested_place = 6,
	      .untested_from = 0.9,
	      .untested =
		      "nine tenths of what is in flight or more lie in the server's receive queue, which has room for it" } } },
	{ "F7",
	  "The probe's cost is negligible.",
	  { { .place = 1,
	      .text = "99 % of the throughput are kept under a capture",
	      .low = 0.99,
	      .high = INFINITY },
	    { .place = 2, .text = "p99 grows by 5 % at most", .low = 0, .high = 1.05 },
	    { .place = 3,
	      .text = "99 % of the throughput are kept under the post's own probe, rebuilt",
	      .low = 0.99,
	      .high = INFINITY } } },
	{ "F8",
	  "Polling would have missed the spikes.",
	  { { .place = 1, .text = "half of them or more are missed", .low = 0.5, .high = 1 } } },
	{ .name = NULL },
};

const struct rule *claim_rule(const struct claim *claim, int64_t place)
{
	for (unsigned index = 0; index < RULES_MAX; index++) {
		if (claim->rule[index].text && claim->rule[index].place == place)
			return &claim->rule[index];
	}
	return NULL;
}

enum verdict rule_judge(const struct rule *rule, const struct estimate *estimate,
			const struct estimate *untested)
{
	if (!estimate->interval)
		return VERDICT_TOO_FEW;
	if (estimate->low >= rule->low && estimate->high <= rule->high)
		return VERDICT_CONFIRMED;
	if (estimate->high < rule->low && rule->untested_place && untested && untested->interval &&
	    untested->low >= rule->untested_from)
		return VERDICT_UNTESTED;
	if (estimate->high < rule->low || estimate->low > rule->high)
		return VERDICT_REFUTED;
	return VERDICT_NOT_SETTLED;
}

const char *verdict_text(enum verdict verdict)
{
	static const char *const text[] = {
		[VERDICT_CONFIRMED] = "confirmed",
		[VERDICT_REFUTED] = "refuted",
		[VERDICT_NOT_SETTLED] = "not settled: the interval holds both",
		[VERDICT_TOO_FEW] = "not settled: too few repetitions",
		[VERDICT_UNTESTED] = "can't be tested here",
	};

	return text[verdict];
}

const char *verdict_of_all(const unsigned servers[VERDICTS])
{
	unsigned open = servers[VERDICT_NOT_SETTLED] + servers[VERDICT_TOO_FEW];

	if (servers[VERDICT_CONFIRMED] && servers[VERDICT_REFUTED])
		return "confirmed with a condition: it depends on the server";
	if (servers[VERDICT_CONFIRMED])
		return open ? "confirmed with a condition: not on every server" : "confirmed";
	if (servers[VERDICT_REFUTED])
		return open ? "refuted where it is settled" : "refuted";
	return open ? "not settled" : "can't be tested here";
}
