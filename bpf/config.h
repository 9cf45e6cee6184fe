/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_CONFIG_H
#define POLLGAP_CONFIG_H

#include "shared.h"

const volatile struct probe_config config;
volatile struct probe_shared shared;

#endif
