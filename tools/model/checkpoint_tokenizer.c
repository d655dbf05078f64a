// SPDX-License-Identifier: MIT
/*
 * The tokenizer of a checkpoint folder: which kind, its vocabulary, and how it treats the
 * text, from tokenizer_config.json, tokenizer.json or config.json, in this order.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sentencepiece_check.h"
#include "lib/status.h"
#include "tools/model/checkpoint.h"
#include "tools/model/file.h"

#define JSON_BYTES_MAX (64u << 20)
#define VOCABULARY_BYTES_MAX (64u << 20)
#define WORDPIECE_FILE "vocab.txt"
#define SENTENCEPIECE_FILE "spiece.model"

/* The files that may say how text is treated; NULL where the folder does not have one. */
struct settings {
	const char *directory;
	json_object *tokenizer_config, *tokenizer, *config;
	json_object *normalizer;	/* within tokenizer */
};

static bool has_member(const char *directory, const char *name)
{
	char *path = eb_path_join(directory, name);
	bool has = path && access(path, F_OK) == 0;

	free(path);
	return has;
}

/* *ret_object stays NULL when the folder has no such file. */
static enum eb_status read_json(const char *directory, const char *name,
				json_object **ret_object)
{
	char *path = eb_path_join(directory, name), *text = NULL;
	enum json_tokener_error error;
	enum eb_status status;
	size_t size;

	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", directory);
	if (access(path, F_OK) != 0) {
		free(path);
		return EB_OK;
	}
	status = eb_file_read(path, JSON_BYTES_MAX, &text, &size);
	if (!status) {
		*ret_object = json_tokener_parse_verbose(text, &error);
		if (!json_object_is_type(*ret_object, json_type_object))
			status = eb_fail(EB_INVALID_ARGUMENT, "%s: is not a JSON object: %s; take "
					 "the file that the checkpoint was published with", path,
					 json_tokener_error_desc(error));
	}
	free(text);
	free(path);
	return status;
}

/* tokenizer.json has BERT's normaliser by itself or in a sequence of several. */
static json_object *find_normalizer(json_object *tokenizer)
{
	json_object *normalizer, *list, *type;

	if (!json_object_object_get_ex(tokenizer, "normalizer", &normalizer))
		return NULL;
	if (!json_object_object_get_ex(normalizer, "normalizers", &list) ||
	    !json_object_is_type(list, json_type_array))
		return normalizer;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);

		if (json_object_object_get_ex(entry, "type", &type) &&
		    strcmp(json_object_get_string(type), "BertNormalizer") == 0)
			return entry;
	}
	return NULL;
}

/* 1, 0, or -1 for null and for a key that is not there. */
static enum eb_status read_choice(const struct settings *settings, json_object *object,
				  const char *file, const char *key, int *ret_choice)
{
	json_object *value;

	*ret_choice = -1;
	if (!object || !json_object_object_get_ex(object, key, &value) || !value)
		return EB_OK;
	if (!json_object_is_type(value, json_type_boolean))
		return eb_fail(EB_INVALID_ARGUMENT, "%s/%s: \"%s\" is neither true nor false",
			       settings->directory, file, key);
	*ret_choice = json_object_get_boolean(value);
	return EB_OK;
}

/* The first of the files that says something decides. */
static enum eb_status choose(const struct settings *settings, const char *key,
			     const char *normalizer_key, int otherwise, int *ret_choice)
{
	enum eb_status status;

	status = read_choice(settings, settings->tokenizer_config, "tokenizer_config.json", key,
			     ret_choice);
	if (!status && *ret_choice < 0 && normalizer_key)
		status = read_choice(settings, settings->normalizer, "tokenizer.json",
				     normalizer_key, ret_choice);
	if (!status && *ret_choice < 0)
		status = read_choice(settings, settings->config, "config.json", key, ret_choice);
	if (!status && *ret_choice < 0)
		*ret_choice = otherwise;
	return status;
}

static const char *tokenizer_class(const struct settings *settings)
{
	json_object *name;

	if (!settings->tokenizer_config ||
	    !json_object_object_get_ex(settings->tokenizer_config, "tokenizer_class", &name))
		return NULL;
	return json_object_get_string(name);
}

static bool begins_with(const char *text, const char *start)
{
	return text && strncmp(text, start, strlen(start)) == 0;
}

/* The words of tokenizer.json, by which some checkpoints replace vocab.txt; NULL: none. */
static json_object *find_words(const struct settings *settings)
{
	json_object *model, *type, *words;

	if (!settings->tokenizer ||
	    !json_object_object_get_ex(settings->tokenizer, "model", &model) ||
	    !json_object_object_get_ex(model, "type", &type) ||
	    strcmp(json_object_get_string(type), "WordPiece") != 0 ||
	    !json_object_object_get_ex(model, "vocab", &words) ||
	    !json_object_is_type(words, json_type_object))
		return NULL;
	return words;
}

/* SentencePiece serves many networks, which prepare their text in other ways. */
static enum eb_status choose_kind(const struct settings *settings, enum eb_model_tokenizer *ret_kind)
{
	const char *directory = settings->directory, *class = tokenizer_class(settings);
	bool words = has_member(directory, WORDPIECE_FILE);
	bool pieces = has_member(directory, SENTENCEPIECE_FILE);

	if (!words && !pieces && find_words(settings)) {
		*ret_kind = EB_MODEL_TOKENIZER_WORDPIECE;
		return EB_OK;
	}
	if (!words && !pieces)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: holds neither " WORDPIECE_FILE
			       " (WordPiece) nor " SENTENCEPIECE_FILE " (SentencePiece), nor a "
			       "tokenizer.json with a WordPiece model: add the one that the network "
			       "was trained with", directory);
	if (words && pieces && !class)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: holds " WORDPIECE_FILE " and "
			       SENTENCEPIECE_FILE ", and no tokenizer_config.json whose "
			       "\"tokenizer_class\" chooses: remove the wrong one", directory);
	if (words && pieces)
		pieces = begins_with(class, "Albert");
	if (pieces && class && !begins_with(class, "Albert"))
		return eb_fail(EB_INVALID_ARGUMENT, "%s/tokenizer_config.json: \"tokenizer_class\" "
			       "is \"%.40s\"; supported with " SENTENCEPIECE_FILE
			       " is AlbertTokenizer", directory, class);
	*ret_kind = pieces ? EB_MODEL_TOKENIZER_SENTENCEPIECE : EB_MODEL_TOKENIZER_WORDPIECE;
	return EB_OK;
}

static enum eb_status wordpiece_flags(const struct settings *settings, uint32_t *flags)
{
	int strip, split;
	enum eb_status status;

	status = choose(settings, "strip_accents", "strip_accents", -1, &strip);
	if (!status)
		status = choose(settings, "tokenize_chinese_chars", "handle_chinese_chars", 1,
				&split);
	if (status)
		return status;
	if (strip == 0)
		*flags |= EB_MODEL_TOKENIZER_KEEP_ACCENTS;
	else if (strip == 1 && !(*flags & EB_MODEL_TOKENIZER_LOWER_CASE))
		*flags |= EB_MODEL_TOKENIZER_STRIP_ACCENTS;
	if (!split)
		*flags |= EB_MODEL_TOKENIZER_JOIN_IDEOGRAPHS;
	return EB_OK;
}

static enum eb_status albert_flags(const struct settings *settings, uint32_t *flags)
{
	int keep, remove_space;
	enum eb_status status;

	status = choose(settings, "keep_accents", NULL, 0, &keep);
	if (!status)
		status = choose(settings, "remove_space", NULL, 1, &remove_space);
	if (status)
		return status;
	if (keep)
		*flags |= EB_MODEL_TOKENIZER_KEEP_ACCENTS;
	if (!remove_space)
		*flags |= EB_MODEL_TOKENIZER_KEEP_SPACES;
	return EB_OK;
}

static enum eb_status read_settings(const struct settings *settings,
				    struct eb_checkpoint *checkpoint)
{
	enum eb_status status = choose_kind(settings, &checkpoint->tokenizer);
	int lower_case;

	if (status)
		return status;
	status = choose(settings, "do_lower_case", "lowercase", 1, &lower_case);
	if (status)
		return status;
	if (lower_case)
		checkpoint->tokenizer_flags = EB_MODEL_TOKENIZER_LOWER_CASE;
	return checkpoint->tokenizer == EB_MODEL_TOKENIZER_WORDPIECE ?
		       wordpiece_flags(settings, &checkpoint->tokenizer_flags) :
		       albert_flags(settings, &checkpoint->tokenizer_flags);
}

static size_t count_lines(const char *text, size_t size)
{
	size_t lines = 0;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines + (size && text[size - 1] != '\n');
}

static enum eb_status check_size(const struct eb_checkpoint *checkpoint)
{
	const char *text = checkpoint->vocabulary, *unit = "lines";
	size_t size = checkpoint->vocabulary_size, count;

	if (checkpoint->tokenizer == EB_MODEL_TOKENIZER_SENTENCEPIECE) {
		struct sentencepiece_facts facts;
		enum eb_status status = sentencepiece_check(text, size, &facts);

		if (status)
			return eb_fail(status, "%s/" SENTENCEPIECE_FILE ": %s",
				       checkpoint->directory, eb_error_detail());
		count = facts.pieces;
		unit = "pieces";
	} else {
		count = count_lines(text, size);
	}
	if (count != checkpoint->shape.vocabulary_size)
		return eb_fail(EB_INVALID_ARGUMENT, "%s/%s: has %zu %s, config.json says %u; take "
			       "the file that the network was trained with", checkpoint->directory,
			       checkpoint->vocabulary_name, count, unit,
			       checkpoint->shape.vocabulary_size);
	return EB_OK;
}

/* Words by id, each with a line of its own; ids without gaps. */
static enum eb_status order_words(struct eb_checkpoint *checkpoint, json_object *words,
				  const char **lines, size_t count)
{
	size_t size = 0;

	json_object_object_foreach(words, word, id) {
		int64_t index = json_object_get_int64(id);

		if (index < 0 || (size_t)index >= count || lines[index] || !*word ||
		    strchr(word, '\n'))
			return eb_fail(EB_INVALID_ARGUMENT, "%s/tokenizer.json: \"vocab\": word "
				       "'%.40s' has id %lld; ids must be 0 to %zu, each once: take the "
				       "file that the checkpoint was published with",
				       checkpoint->directory, word, (long long)index, count - 1);
		lines[index] = word;
		size += strlen(word) + 1;
	}
	checkpoint->vocabulary = malloc(size + 1);
	if (!checkpoint->vocabulary)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	for (size_t i = 0; i < count; i++) {
		char *end = stpcpy(checkpoint->vocabulary + checkpoint->vocabulary_size, lines[i]);

		*end++ = '\n';
		checkpoint->vocabulary_size = (size_t)(end - checkpoint->vocabulary);
	}
	return EB_OK;
}

static enum eb_status take_words(struct eb_checkpoint *checkpoint, json_object *words)
{
	size_t count = (size_t)json_object_object_length(words);
	const char **lines = calloc(count + 1, sizeof(*lines));
	enum eb_status status;

	if (!lines)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	status = order_words(checkpoint, words, lines, count);
	free(lines);
	return status ? status : check_size(checkpoint);
}

static enum eb_status read_vocabulary(const struct settings *settings,
				      struct eb_checkpoint *checkpoint)
{
	enum eb_status status;
	char *path;

	checkpoint->vocabulary_name = checkpoint->tokenizer == EB_MODEL_TOKENIZER_WORDPIECE ?
					      WORDPIECE_FILE : SENTENCEPIECE_FILE;
	if (!has_member(checkpoint->directory, checkpoint->vocabulary_name))
		return take_words(checkpoint, find_words(settings));
	path = eb_path_join(checkpoint->directory, checkpoint->vocabulary_name);
	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	status = eb_file_read(path, VOCABULARY_BYTES_MAX, &checkpoint->vocabulary,
			      &checkpoint->vocabulary_size);
	free(path);
	return status ? status : check_size(checkpoint);
}

enum eb_status eb_checkpoint_read_tokenizer(struct eb_checkpoint *checkpoint)
{
	struct settings settings = { .directory = checkpoint->directory };
	enum eb_status status;

	status = read_json(settings.directory, "tokenizer_config.json",
			   &settings.tokenizer_config);
	if (!status)
		status = read_json(settings.directory, "tokenizer.json", &settings.tokenizer);
	if (!status)
		status = read_json(settings.directory, "config.json", &settings.config);
	if (settings.tokenizer)
		settings.normalizer = find_normalizer(settings.tokenizer);
	if (!status)
		status = read_settings(&settings, checkpoint);
	if (!status)
		status = read_vocabulary(&settings, checkpoint);
	json_object_put(settings.tokenizer_config);
	json_object_put(settings.tokenizer);
	json_object_put(settings.config);
	return status;
}

enum eb_status eb_checkpoint_tokenizer(const struct eb_checkpoint *checkpoint,
				       unsigned int longest, struct eb_tokenizer **ret_tokenizer)
{
	enum eb_status status;

	status = eb_tokenizer_create(checkpoint->tokenizer, checkpoint->tokenizer_flags,
				     checkpoint->vocabulary, checkpoint->vocabulary_size, longest,
				     ret_tokenizer);
	if (status)
		return eb_fail(status, "%s/%s: %s", checkpoint->directory,
			       checkpoint->vocabulary_name, eb_error_detail());
	return EB_OK;
}
