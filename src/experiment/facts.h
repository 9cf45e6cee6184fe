/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_EXPERIMENT_FACTS_H
#define POLLGAP_EXPERIMENT_FACTS_H

/* What of this machine bears on a result: kernel, processor, sysctls. Calls each() for every one
 * that can be read, until it returns other than 0, which is returned. */
int experiment_facts(int (*each)(void *context, const char *name, const char *value),
		     void *context);

#endif
