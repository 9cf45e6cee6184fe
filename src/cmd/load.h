/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CMD_LOAD_H
#define POLLGAP_CMD_LOAD_H

#include <stdint.h>
#include <stdio.h>

struct json;

/* The words of 'pollgap load'. argv[0] is the word. Each returns an exit status. */
int load_server_run(int argc, char **argv);
int load_client_run(int argc, char **argv);
int load_spikes_run(int argc, char **argv);

/*
 * Values of their options. Each returns 0, or STATUS_USAGE after one line on stderr that quotes
 * text. word: "load client".
 */
int load_parse_time(const char *word, const char *name, const char *text, uint64_t max_ns,
		    uint64_t *ret_ns);
int load_parse_size(const char *word, const char *name, const char *text, uint64_t *ret_bytes);
int load_parse_port(const char *word, const char *name, const char *text, uint16_t *ret_port);
int load_parse_number(const char *word, const char *name, const char *text, uint64_t max,
		      uint64_t *ret_number);

void load_json_number(struct json *json, const char *name, uint64_t number);

/* Flushes stdout. Returns an exit status; a reader that had enough is no failure. */
int load_finish(const char *word);

#endif
