/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/claims.h"

#include <math.h>
#include <stddef.h>

#define MORE_THAN_1 (1 + 1e-9)

const struct claim claims[] = {
	{ "F1",
	  "The server's peak receive queue grows with the request rate.",
	  { { 1, "the ratio is above 1", MORE_THAN_1, INFINITY, NULL } } },
	{ "F2",
	  "At its peak the receive queue holds about 60 kB, which are about 200 requests.",
	  { { 1, "150 to 250 requests are queued", 150, 250, NULL },
	    { 3, "the post's gauge shows 50 to 70 kB", 50e3, 70e3, NULL } } },
	{ "F3",
	  "The client's receive queue barely rises above zero.",
	  { { 1, "it stays below a tenth of the server's", 0, 0.1, NULL } } },
	{ "F4",
	  "Some time_squeeze events occur.",
	  { { 1, "there is one at least", 1, INFINITY, NULL } } },
	{ "F5",
	  "The queue never explodes: the client has 128 requests in flight on a connection.",
	  { { 1, "no more than 128 requests are queued with the cap", 0, 128, NULL },
	    { 2, "more are without it", 128 + 1e-9, INFINITY, NULL } } },
	/* The highest threshold of the captures: more than any of these servers' replies and
	 * packets in flight come to, so the peer takes no more. */
	{ "F6",
	  "Without the cap queued bytes grow until back-pressure reaches the client.",
	  { { 2, "the client's send queue comes to 256 KiB", 256 * 1024, INFINITY,
	      "it does not lag far enough behind this load" } } },
	{ "F7",
	  "The probe's cost is negligible.",
	  { { 1, "99 % of the throughput are kept under a capture", 0.99, INFINITY, NULL },
	    { 2, "p99 grows by 5 % at most", 0, 1.05, NULL },
	    { 3, "99 % of the throughput are kept under the post's own probe, rebuilt", 0.99,
	      INFINITY, NULL } } },
	{ "F8",
	  "Polling would have missed the spikes.",
	  { { 1, "half of them or more are missed", 0.5, 1, NULL } } },
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

enum verdict rule_judge(const struct rule *rule, const struct estimate *estimate)
{
	if (!estimate->interval)
		return VERDICT_TOO_FEW;
	if (estimate->low >= rule->low && estimate->high <= rule->high)
		return VERDICT_CONFIRMED;
	if (estimate->high < rule->low && rule->untested)
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
