/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CLAIMS_H
#define POLLGAP_CLAIMS_H

#include <stdint.h>

#include "base/bootstrap.h"

/* The claims F1 to F8 of the 2017 post, and by which rules they are judged. */

enum { RULES_MAX = 3 };

/* What a claim comes to in one measure: it holds for a server if the whole interval lies from low
 * to high. */
struct rule {
	int64_t place; /* of the measure in view finding_value */
	const char *text; /* NULL: there is no such rule */
	double low;
	double high;
	/* An interval below low settles nothing where that of another measure, of this place, lies
	 * at or above from: the load is none that would test the claim. 0: it refutes. */
	int64_t untested_place;
	double untested_from;
	const char *untested; /* why */
};

struct claim {
	const char *name;
	const char *text;
	struct rule rule[RULES_MAX];
};

/* Ends with a claim whose name is NULL. */
extern const struct claim claims[];

enum verdict {
	VERDICT_CONFIRMED,
	VERDICT_REFUTED,
	VERDICT_NOT_SETTLED, /* the interval holds both */
	VERDICT_TOO_FEW, /* repetitions for an interval */
	VERDICT_UNTESTED,
	VERDICTS
};

/* The claim's rule on the measure of that place, or NULL. */
const struct rule *claim_rule(const struct claim *claim, int64_t place);

/* Of one server. untested: of the rule's untested_place, NULL where there is none. */
enum verdict rule_judge(const struct rule *rule, const struct estimate *estimate,
			const struct estimate *untested);

/* As it stands beside a server's figure: "confirmed", "not settled: too few repetitions". */
const char *verdict_text(enum verdict verdict);

/* Of all servers, by how many came to which verdict. */
const char *verdict_of_all(const unsigned servers[VERDICTS]);

#endif
