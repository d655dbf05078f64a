// SPDX-License-Identifier: MIT
/*
 * Reading labelled sentences, as text through the tokenizer or as token ids.
 */
#include "tools/model/sentences.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/columns.h"
#include "tools/model/file.h"

#define FILE_BYTES_MAX (256u << 20)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Together the words that were not seen count as one word in twenty of the sentences seen. */
#define UNSEEN_COUNT 0.05

/* A file's lines, cut in place. */
struct lines {
	const char *path;
	char *bytes;
	char **items;
	size_t count;
};

static enum eb_status split_lines(const char *path, struct lines *lines)
{
	size_t size, capacity = 1;
	enum eb_status status;

	lines->path = path;
	status = eb_file_read(path, FILE_BYTES_MAX, &lines->bytes, &size);
	if (status)
		return status;
	for (size_t i = 0; i < size; i++)
		capacity += lines->bytes[i] == '\n';
	lines->items = malloc(capacity * sizeof(*lines->items));
	if (!lines->items)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for %zu lines", path, capacity);
	for (char *line = lines->bytes; line < lines->bytes + size;) {
		char *end = memchr(line, '\n', (size_t)(lines->bytes + size - line));

		lines->items[lines->count++] = line;
		if (!end)
			break;
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		line = end + 1;
	}
	return EB_OK;
}

static void free_lines(struct lines *lines)
{
	free(lines->items);
	free(lines->bytes);
}

static enum eb_status parse_label(const struct lines *lines, size_t line, const char *text,
				  unsigned int classes, unsigned int *ret_label)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || errno || value >= classes)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s:%zu: label \"%.20s\" is not a number from 0 to %u",
			       lines->path, line + 1, text, classes - 1);
	*ret_label = (unsigned int)value;
	return EB_OK;
}

/* What a sentence's tokens and types are copied from. */
struct sequence {
	uint32_t tokens[EDGEBERT_HW_SEQUENCE_MAX];
	uint32_t types[EDGEBERT_HW_SEQUENCE_MAX];
	bool pair;
};

static uint32_t *copy_words(const uint32_t *words, size_t count)
{
	uint32_t *copy = malloc(count * sizeof(*copy));

	if (copy)
		memcpy(copy, words, count * sizeof(*copy));
	return copy;
}

static enum eb_status append(struct eb_sentences *sentences, const struct eb_sentence *sentence,
			     const struct sequence *sequence)
{
	struct eb_sentence *copy = &sentences->items[sentences->count++];

	*copy = *sentence;
	copy->tokens = copy_words(sequence->tokens, sentence->count);
	if (sequence->pair)
		copy->types = copy_words(sequence->types, sentence->count);
	if (!copy->tokens || (sequence->pair && !copy->types))
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for sentence %zu", sentences->count);
	if (sentence->count > sentences->longest)
		sentences->longest = sentence->count;
	return EB_OK;
}

/* A file of examples as it is read. */
struct examples {
	const struct lines *lines;
	const struct eb_tokenizer *tokenizer;
	const struct eb_class_names *classes;
	struct eb_columns columns;
};

static const char *class_name(const void *opaque, uint32_t index)
{
	return ((const struct eb_class_names *)opaque)->names[index];
}

static enum eb_status read_cells(const struct examples *examples, size_t line,
				 struct eb_example_cells *cells, unsigned int *ret_label)
{
	const char *text = examples->lines->items[line];
	int64_t label;

	if (!eb_columns_split(&examples->columns, text, strlen(text), cells))
		return eb_fail(EB_INVALID_ARGUMENT, "%s:%zu: has fewer columns than the header",
			       examples->lines->path, line + 1);
	label = eb_label_parse(cells->label, examples->classes->count, class_name,
			       examples->classes);
	if (label < 0)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s:%zu: label \"%.*s\" is neither a class of the checkpoint nor a number from 0 to %u",
			       examples->lines->path, line + 1,
			       (int)(cells->label.size < 20 ? cells->label.size : 20),
			       cells->label.text, examples->classes->count - 1);
	*ret_label = (unsigned int)label;
	return EB_OK;
}

static enum eb_status parse_example(const struct examples *examples, size_t line,
				    struct eb_sentences *sentences)
{
	struct sequence sequence = { .pair = examples->columns.pair };
	struct eb_sentence sentence = { 0 };
	struct eb_example_cells cells;
	enum eb_status status;
	int truncated;

	status = read_cells(examples, line, &cells, &sentence.label);
	if (status)
		return status;
	if (sequence.pair) {
		const struct eb_text texts[2] = { { cells.first.text, cells.first.size },
						  { cells.second.text, cells.second.size } };

		status = eb_tokenizer_encode_pair(examples->tokenizer, texts, sequence.tokens,
						  sequence.types, EDGEBERT_HW_SEQUENCE_MAX,
						  &sentence.count, &truncated);
	} else {
		status = eb_tokenizer_encode(examples->tokenizer, cells.first.text,
					     cells.first.size, sequence.tokens,
					     EDGEBERT_HW_SEQUENCE_MAX, &sentence.count, &truncated);
	}
	if (status)
		return eb_fail(status, "%s:%zu: %s", examples->lines->path, line + 1,
			       eb_error_detail());
	return append(sentences, &sentence, &sequence);
}

/* Lines of the file after the first, at most limit of them, evenly spread. */
static enum eb_status parse_text(struct examples *examples, size_t limit,
				 struct eb_sentences *sentences)
{
	const struct lines *lines = examples->lines;
	size_t available = lines->count ? lines->count - 1 : 0;
	size_t count = limit && limit < available ? limit : available;
	enum eb_status status = EB_OK;
	const char *header;

	if (count == 0)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: needs a header line and at least one line with text and label",
			       lines->path);
	header = lines->items[0];
	if (strncmp(header, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		header += strlen(BYTE_ORDER_MARK);
	if (!eb_columns_find(header, strlen(header), &examples->columns))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s:1: the header does not name the columns that are needed: "
			       EB_COLUMNS_WANTED "; columns are separated by tabs", lines->path);
	sentences->pairs = examples->columns.pair;
	sentences->items = calloc(count, sizeof(*sentences->items));
	if (!sentences->items)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", lines->path);
	for (size_t i = 0; i < count && !status; i++)
		status = parse_example(examples, 1 + i * available / count, sentences);
	return status;
}

enum eb_status eb_sentences_from_text(const char *path, const struct eb_tokenizer *tokenizer,
				      size_t limit, const struct eb_class_names *classes,
				      struct eb_sentences *ret_sentences)
{
	struct eb_sentences sentences = { 0 };
	struct lines lines = { 0 };
	struct examples examples = { .lines = &lines, .tokenizer = tokenizer,
				     .classes = classes };
	enum eb_status status;

	status = split_lines(path, &lines);
	if (!status)
		status = parse_text(&examples, limit, &sentences);
	free_lines(&lines);
	if (status)
		eb_sentences_free(&sentences);
	else
		*ret_sentences = sentences;
	return status;
}

static enum eb_status parse_id_line(const struct lines *lines, size_t line,
				    uint32_t vocabulary_size, size_t longest,
				    struct eb_sentences *sentences)
{
	struct sequence sequence = { .pair = false };
	struct eb_sentence sentence = { 0 };
	char *next = strchr(lines->items[line], '\t');
	enum eb_status status;

	if (!next)
		return eb_fail(EB_INVALID_ARGUMENT, "%s:%zu: is not \"label<TAB>id id ...\"",
			       lines->path, line + 1);
	*next++ = '\0';
	status = parse_label(lines, line, lines->items[line], EDGEBERT_HW_CLASSES_MAX,
			     &sentence.label);
	while (!status && *next) {
		char *end;
		unsigned long id = strtoul(next, &end, 10);

		if (end == next || id >= vocabulary_size || sentence.count == longest)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "%s:%zu: \"%.20s\" is not an id below %u, or the line has more than %zu",
				       lines->path, line + 1, next, vocabulary_size, longest);
		sequence.tokens[sentence.count++] = (uint32_t)id;
		next = end + strspn(end, " ");
	}
	return status ? status : append(sentences, &sentence, &sequence);
}

enum eb_status eb_sentences_from_ids(const char *path, uint32_t vocabulary_size, size_t longest,
				     struct eb_sentences *ret_sentences)
{
	struct eb_sentences sentences = { 0 };
	struct lines lines = { 0 };
	enum eb_status status;

	if (longest > EDGEBERT_HW_SEQUENCE_MAX)
		longest = EDGEBERT_HW_SEQUENCE_MAX;
	status = split_lines(path, &lines);
	if (!status) {
		sentences.items = calloc(lines.count + 1, sizeof(*sentences.items));
		if (!sentences.items)
			status = eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", path);
	}
	for (size_t i = 0; i < lines.count && !status; i++)
		status = parse_id_line(&lines, i, vocabulary_size, longest, &sentences);
	free_lines(&lines);
	if (status)
		eb_sentences_free(&sentences);
	else
		*ret_sentences = sentences;
	return status;
}

double *eb_sentences_count_tokens(const struct eb_sentences *sentences, size_t size)
{
	double *counts = malloc(size * sizeof(*counts));

	for (size_t i = 0; i < size && counts; i++)
		counts[i] = UNSEEN_COUNT;
	for (size_t s = 0; s < sentences->count && counts; s++) {
		for (size_t t = 0; t < sentences->items[s].count; t++)
			counts[sentences->items[s].tokens[t]]++;
	}
	return counts;
}

void eb_sentences_free(struct eb_sentences *sentences)
{
	for (size_t i = 0; i < sentences->count; i++) {
		free(sentences->items[i].tokens);
		free(sentences->items[i].types);
	}
	free(sentences->items);
	memset(sentences, 0, sizeof(*sentences));
}
