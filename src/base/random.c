/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

double random_share(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / (double)((uint64_t)1 << 53);
}
