/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/failure.h"
#include "report/csv.h"
#include "report/field.h"
#include "report/json.h"
#include "report/text.h"
#include "store/store.h"

struct capture_list {
	int64_t *capture_ids;
	size_t count;
};

static int take_capture(void *context, const struct store_row *row)
{
	struct capture_list *list = context;
	int64_t *grown = reallocarray(list->capture_ids, list->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->capture_ids = grown;
	grown[list->count++] = field_integer(row, "capture_id");
	return 0;
}

static void capture_list_freep(struct capture_list *list)
{
	free(list->capture_ids);
}

/* The captures to report, and a word where there are none. */
static int list_captures(struct store *store, int64_t capture_id, struct capture_list *list,
			 struct failure *failure)
{
	_cleanup_(capture_list_freep) struct capture_list all = { 0 };
	int error = store_query(store, "report_capture", capture_id, take_capture, list, failure);

	if (error < 0 || list->count > 0)
		return error;
	error = store_query(store, "report_capture", 0, take_capture, &all, failure);
	if (error < 0)
		return error;
	if (all.count == 0)
		return failure_set(
			failure, ENOENT,
			"the file holds no capture yet: 'pollgap capture -o FILE' adds one");
	if (all.count == 1)
		return failure_set(failure, ENOENT,
				   "the file holds no capture %" PRId64 ", only capture %" PRId64,
				   capture_id, all.capture_ids[0]);
	return failure_set(failure, ENOENT,
			   "the file holds no capture %" PRId64 ", only %zu captures from %" PRId64
			   " to %" PRId64,
			   capture_id, all.count, all.capture_ids[0],
			   all.capture_ids[all.count - 1]);
}

struct csv_context {
	FILE *out;
	bool head_printed;
};

static int take_csv(void *context, const struct store_row *row)
{
	struct csv_context *csv = context;

	if (!csv->head_printed)
		csv_print_head(row, csv->out);
	csv->head_printed = true;
	csv_print_row(row, csv->out);
	return 0;
}

static int print_csv(struct store *store, const struct capture_list *list, FILE *out,
		     struct failure *failure)
{
	struct csv_context csv = { .out = out };
	int error = 0;

	for (size_t i = 0; error == 0 && i < list->count; i++)
		error = store_query(store, "report_summary", list->capture_ids[i], take_csv, &csv,
				    failure);
	return error;
}

static void json_row(struct json *json, const struct store_row *row)
{
	for (int column = 0; column < store_row_columns(row); column++) {
		const char *name = store_row_name(row, column);
		const char *text = store_row_text(row, column);

		if (store_row_is_number(row, column))
			json_number(json, name, text);
		else
			json_string(json, name, text);
	}
}

static int take_json_capture(void *context, const struct store_row *row)
{
	json_row(context, row);
	return 0;
}

static int take_json(void *context, const struct store_row *row)
{
	json_object_begin(context, NULL);
	json_row(context, row);
	json_object_end(context);
	return 0;
}

static int print_json(struct store *store, const struct capture_list *list, FILE *out,
		      struct failure *failure)
{
	static const struct {
		const char *name;
		const char *query;
	} arrays[] = {
		{ "pollers", "report_poller" },
		{ "summary", "report_summary" },
		{ "by_duration", "report_by_duration" },
		{ "period_needed", "report_period" },
		{ "cost", "report_cost" },
		{ "softnet", "report_softnet" },
		{ "completeness", "report_completeness" },
		{ "losses", "report_loss" },
	};
	struct json json = { .out = out };
	int error = 0;

	json_object_begin(&json, NULL);
	json_array_begin(&json, "captures");
	for (size_t i = 0; error == 0 && i < list->count; i++) {
		json_object_begin(&json, NULL);
		error = store_query(store, "report_capture", list->capture_ids[i],
				    take_json_capture, &json, failure);
		for (size_t k = 0; error == 0 && k < sizeof(arrays) / sizeof(arrays[0]); k++) {
			json_array_begin(&json, arrays[k].name);
			error = store_query(store, arrays[k].query, list->capture_ids[i], take_json,
					    &json, failure);
			json_array_end(&json);
		}
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return error;
}

static int print_text(struct store *store, const struct capture_list *list, FILE *out,
		      struct failure *failure)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < list->count; i++) {
		if (i > 0)
			fputs("\n\n", out);
		error = text_print(store, list->capture_ids[i], out, failure);
	}
	return error;
}

/* The views that are asked for each capture, and for parts of it. */
static int keep_views(struct store *store, enum report_format format, struct failure *failure)
{
	static const char *const views[] = { "missed_spike_summary", "missed_spike_by_duration",
					     "period_needed", "measurement_cost" };
	size_t count = format == REPORT_CSV ? 1 : sizeof(views) / sizeof(views[0]);
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++)
		error = store_keep_view(store, views[i], failure);
	return error;
}

static int print_report(struct store *store, const struct report_options *options, FILE *out,
			struct failure *failure)
{
	_cleanup_(capture_list_freep) struct capture_list list = { 0 };
	int error = list_captures(store, options->capture_id, &list, failure);

	if (error == 0)
		error = keep_views(store, options->format, failure);
	if (error < 0)
		return error;
	switch (options->format) {
	case REPORT_CSV:
		return print_csv(store, &list, out, failure);
	case REPORT_JSON:
		return print_json(store, &list, out, failure);
	case REPORT_TEXT:
		break;
	}
	return print_text(store, &list, out, failure);
}

/*
 * A report is written at once when it is whole: an error of the file leaves no half of it behind,
 * and an error of the output is known with its reason.
 */
static int write_whole(const char *text, size_t bytes, FILE *out, struct failure *failure)
{
	int error;

	errno = 0;
	if (fwrite(text, 1, bytes, out) == bytes && fflush(out) == 0)
		return 0;
	error = errno ? errno : EIO;
	return failure_set(failure, error, "cannot write the report: %s", strerror(error));
}

static int no_memory(struct failure *failure)
{
	return failure_set(failure, ENOMEM, "not enough memory for the report");
}

static int print_whole(struct store *store, const struct report_options *options, bool first_only,
		       FILE *out, struct failure *failure)
{
	_cleanup_(freep) char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);
	bool failed;
	int error;

	if (!memory)
		return no_memory(failure);
	error = store_tally(store, failure);
	if (!error)
		error = first_only ? text_print_first(store, options->capture_id, memory, failure) :
				     print_report(store, options, memory, failure);
	failed = ferror(memory) != 0;
	failed = fclose(memory) != 0 || failed;
	if (failed || error == -ENOMEM)
		return no_memory(failure);
	return error < 0 ? error : write_whole(text, bytes, out, failure);
}

int report_print(struct store *store, const struct report_options *options, FILE *out,
		 struct failure *failure)
{
	return print_whole(store, options, false, out, failure);
}

int report_print_first(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	const struct report_options options = { .format = REPORT_TEXT, .capture_id = capture_id };

	return print_whole(store, &options, true, out, failure);
}
