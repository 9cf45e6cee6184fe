/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/csv_field.h"
#include "report/csv.h"
#include "report/headline.h"
#include "report/json.h"
#include "report/percent.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/utf8.h"

/* What is printed into it ends up in text. */
struct page {
	FILE *out;
	char *text;
	size_t bytes;
};

static void page_open(struct page *page)
{
	*page = (struct page){ 0 };
	page->out = open_memstream(&page->text, &page->bytes);
	assert_non_null(page->out);
}

static void page_expect(struct page *page, const char *expected)
{
	assert_int_equal(fclose(page->out), 0);
	assert_string_equal(page->text, expected);
	free(page->text);
}

static void percent_is_never_rounded_to_0_or_100(void **state)
{
	static const struct {
		double ratio;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1, "100" },
		{ 0.5, "50.0" },
		{ 1.0 / 3, "33.3" },
		{ 84089.0 / 84120, "99.96" },
		{ 0.9995, "99.95" },
		{ 0.99996, "99.996" },
		{ 0.00004, "0.004" },
		{ 0.999, "99.9" },
		{ 0.9990001, "99.90" },
		{ 0.001, "0.1" },
		{ 0.0009, "0.09" },
		{ 0.999999, "99.9999" },
		{ 0.99999999, "99.999999" },
		{ 0.999999999, ">99.999999" },
		{ 0.000000001, "<0.000001" },
		{ 0.99999999999999989,
		  "100" }, /* Wilson's bound for 23 of 23, as it comes out of floating point */
		{ 1.0000000000000002, "100" },
		{ -0.0000000000000001, "0" },
	};
	char text[PERCENT_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(percent_read(cases[i].ratio, text), cases[i].text);
}

static void width_counts_columns_and_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_width(""), 0);
	assert_int_equal(utf8_width("4 KiB"), 5);
	assert_int_equal(utf8_width("99.95–99.97"), 11);
	assert_int_equal(utf8_width("≤ 12 KiB"), 8);
	assert_int_equal(utf8_width("e\xcc\x81t\xc3\xa9"), 3); /* e + combining acute, t, é */
	assert_int_equal(utf8_width("\xe6\x9d\xb1\xe4\xba\xac!"), 5); /* two Han characters */
	assert_int_equal(utf8_width("a\xffz"),
			 3); /* a byte that is no UTF-8 takes the place of one character */
}

static void broken_utf8_is_found_by_each_rule(void **state)
{
	static const char *const broken[] = {
		"\x80", /* a continuation byte alone */
		"\xc3", /* cut short */
		"\xe2\x82", /* cut short */
		"\xc0\xaf", /* overlong */
		"\xe0\x80\xaf", /* overlong */
		"\xed\xa0\x80", /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
	};
	uint32_t code_point;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(utf8_decode(broken[i], &code_point), 1);
		assert_int_equal(code_point, 0xfffd);
	}
	assert_int_equal(utf8_decode("\xf4\x8f\xbf\xbf", &code_point), 4);
	assert_int_equal(code_point, 0x10ffff);
	assert_int_equal(utf8_decode("\xe2\x89\xa4", &code_point), 3);
	assert_int_equal(code_point, 0x2264);
}

static void names_cannot_steer_a_terminal(void **state)
{
	struct page page;

	(void)state;
	page_open(&page);
	utf8_print(page.out, "a\x1b[31mb\nc\xc2\x9b"
			     "d\x7f\xfe\xc3\xa9");
	page_expect(&page, "a\xef\xbf\xbd[31mb\xef\xbf\xbd"
			   "c\xef\xbf\xbd"
			   "d\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
}

static void table_aligns_columns_and_leaves_no_trailing_spaces(void **state)
{
	static const struct table_column columns[] = {
		{ "gauge", TABLE_LEFT },
		{ "at or\nabove", TABLE_RIGHT },
		{ "its peak", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table = table_new(columns, 3);
	struct page page;

	(void)state;
	assert_non_null(table);
	table_cell(table, "%s", "rx_queue");
	table_cell(table, "%d KiB", 4);
	table_cell(table, "≤ %d B", 7);
	table_cell(table, "%s", "");
	table_cell(table, "%d KiB", 16);
	table_cell(table, "%s", "");
	page_open(&page);
	assert_int_equal(table_print(table, 2, page.out), 0);
	page_expect(&page, "             at or\n"
			   "  gauge      above  its peak\n"
			   "  --------  ------  --------\n"
			   "  rx_queue   4 KiB     ≤ 7 B\n"
			   "            16 KiB\n");
}

static void csv_fields_are_quoted_where_they_must_be(void **state)
{
	static const struct {
		const char *field;
		const char *text;
	} cases[] = {
		{ NULL, "" },
		{ "", "\"\"" },
		{ "rx_queue", "rx_queue" },
		{ "two words", "two words" },
		{ "a,b", "\"a,b\"" },
		{ "say \"no\"", "\"say \"\"no\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "cr\r", "\"cr\r\"" },
		{ " edge", "\" edge\"" },
		{ "edge ", "\"edge \"" },
		{ "\xc3\xa9", "\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page page;

		page_open(&page);
		csv_print_field(cases[i].field, page.out);
		page_expect(&page, cases[i].text);
	}
}

static void json_nests_and_escapes(void **state)
{
	struct page page;
	struct json json = { 0 };

	(void)state;
	page_open(&page);
	json.out = page.out;
	json_object_begin(&json, NULL);
	json_string(&json, "text", "\"\\/\b\f\n\r\t\x01\x1f\x7f\xff\xc3\xa9");
	json_string(&json, "none", NULL);
	json_boolean(&json, "true", true);
	json_boolean(&json, "false", false);
	json_array_begin(&json, "empty");
	json_array_end(&json);
	json_array_begin(&json, "numbers");
	json_number(&json, NULL, "-3");
	json_number(&json, NULL, "0.9996");
	json_number(&json, NULL, "1.0e+20");
	json_number(&json, NULL, "-Inf");
	json_array_end(&json);
	json_object_end(&json);
	page_expect(&page,
		    "{\n"
		    "  \"text\": \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\ufffd\xc3\xa9\",\n"
		    "  \"none\": null,\n"
		    "  \"true\": true,\n"
		    "  \"false\": false,\n"
		    "  \"empty\": [],\n"
		    "  \"numbers\": [\n"
		    "    -3,\n"
		    "    0.9996,\n"
		    "    1.0e+20,\n"
		    "    null\n"
		    "  ]\n"
		    "}\n");
}

static const struct summary_poller slow = { .poller_id = 1,
					    .period_ns = 1000000000,
					    .source = "proc",
					    .label = "1 s" };
static const struct summary_poller fast = { .poller_id = 2,
					    .period_ns = 5000000,
					    .source = "proc",
					    .label = "5 ms" };

static struct summary summary_of(const struct summary_poller *poller, int64_t threshold_bytes,
				 int64_t spikes, int64_t seen)
{
	return (struct summary){
		.poller = poller,
		.gauge = "rx_queue",
		.threshold.bytes = threshold_bytes,
		.spikes = spikes,
		.seen = seen,
		.missed = spikes - seen,
		.miss_ratio = spikes ? (double)(spikes - seen) / (double)spikes :
				       (double)__builtin_nan(""),
		.expected_miss_ratio = spikes ? 0.9995 : (double)__builtin_nan(""),
	};
}

static void json_at_the_top_may_be_an_array(void **state)
{
	struct page page;
	struct json json = { 0 };

	(void)state;
	page_open(&page);
	json.out = page.out;
	json_array_begin(&json, NULL);
	json_object_begin(&json, NULL);
	json_object_end(&json);
	json_string(&json, NULL, "x");
	json_array_end(&json);
	page_expect(&page, "[\n  {},\n  \"x\"\n]\n");
}

static void headline_takes_the_highest_threshold_with_enough_spikes(void **state)
{
	struct summary rows[] = {
		summary_of(&slow, 4096, 150001, 31), summary_of(&fast, 4096, 150001, 70001),
		summary_of(&slow, 16384, 84120, 31), summary_of(&fast, 16384, 84120, 42121),
		summary_of(&slow, 65536, 29, 3),     summary_of(&fast, 65536, 29, 23),
		summary_of(&slow, 262144, 0, 0),     summary_of(&fast, 262144, 0, 0),
		summary_of(&slow, 1048576, 0, 0),    summary_of(&fast, 1048576, 0, 0),
	};
	const struct summary_set set = { .rows = rows,
					 .row_count = sizeof(rows) / sizeof(rows[0]) };
	struct page page;

	(void)state;
	rows[2].longest_missed_ns = 212000000;
	rows[2].longest_missed_peak_bytes = 122880;
	page_open(&page);
	headline_print(&set, 0, page.out);
	page_expect(
		&page,
		"rx_queue (bytes received that the application has not read yet):\n"
		"  Of 84,120 spikes at or above 16 KiB the 1 s poller saw 31 and missed 99.96 %; theory expects 99.95 %;\n"
		"  the longest missed one lasted 212 ms and peaked at 120 KiB.\n"
		"  The 5 ms poller missed 49.9 %.\n"
		"  No spike reached 256 KiB.\n");
}

static void headline_gives_bounds_for_folded_spikes(void **state)
{
	struct summary rows[] = { summary_of(&slow, 4096, 29, 0) };
	const struct summary_set set = { .rows = rows, .row_count = 1 };
	struct page page;

	(void)state;
	rows[0].longest_missed_ns = 1000000;
	rows[0].longest_missed_peak_bytes = 12288;
	rows[0].longest_missed_bound = true;
	page_open(&page);
	headline_print(&set, 0, page.out);
	page_expect(
		&page,
		"rx_queue (bytes received that the application has not read yet):\n"
		"  Of 29 spikes at or above 4 KiB the 1 s poller saw none and missed 100 %; theory expects 99.95 %;\n"
		"  the missed ones lasted less than 1 ms each and peaked at 12 KiB at most.\n");
}

static void headline_says_when_there_was_nothing_to_see(void **state)
{
	struct summary rows[] = { summary_of(&slow, 4096, 0, 0), summary_of(&slow, 16384, 0, 0) };
	const struct summary_set set = { .rows = rows, .row_count = 2 };
	struct page page;

	(void)state;
	page_open(&page);
	headline_print(&set, 0, page.out);
	page_expect(&page, "rx_queue (bytes received that the application has not read yet):\n"
			   "  No spike reached 4 KiB.\n");
	rows[0].censored = 3;
	page_open(&page);
	headline_print(&set, 0, page.out);
	page_expect(&page, "rx_queue (bytes received that the application has not read yet):\n"
			   "  No spike began and ended while a poller ran, so none is judged.\n"
			   "  No spike reached 16 KiB.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent_is_never_rounded_to_0_or_100),
		cmocka_unit_test(width_counts_columns_and_not_bytes),
		cmocka_unit_test(broken_utf8_is_found_by_each_rule),
		cmocka_unit_test(names_cannot_steer_a_terminal),
		cmocka_unit_test(table_aligns_columns_and_leaves_no_trailing_spaces),
		cmocka_unit_test(csv_fields_are_quoted_where_they_must_be),
		cmocka_unit_test(json_nests_and_escapes),
		cmocka_unit_test(json_at_the_top_may_be_an_array),
		cmocka_unit_test(headline_takes_the_highest_threshold_with_enough_spikes),
		cmocka_unit_test(headline_gives_bounds_for_folded_spikes),
		cmocka_unit_test(headline_says_when_there_was_nothing_to_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
