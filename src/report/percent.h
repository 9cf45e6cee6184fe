/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PERCENT_H
#define POLLGAP_PERCENT_H

enum { PERCENT_TEXT_BYTES = 32 };

/*
 * A ratio of 0 to 1 as percent, without the sign: "99.96". It has as many decimals as it takes to
 * tell it from 0 and from 100 (0.99996 is "99.996", 0.00004 is "0.004"), at least one, and none for
 * exactly 0 and 1. Beyond six decimals it says "<0.000001" or ">99.999999". text holds
 * PERCENT_TEXT_BYTES and is returned.
 */
const char *percent_read(double ratio, char *text);

#endif
