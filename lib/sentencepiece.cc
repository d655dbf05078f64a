// SPDX-License-Identifier: MIT
/*
 * The one C++ file: calls the SentencePiece library and turns what it throws or refuses
 * into outcomes.
 */
#include "lib/sentencepiece.h"

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <sentencepiece_processor.h>

struct eb_sentencepiece {
	::sentencepiece::SentencePieceProcessor processor;
};

extern "C" enum eb_sentencepiece_outcome
eb_sentencepiece_load(const void *model, size_t size, struct eb_sentencepiece **ret_sentencepiece,
		   char *message, size_t message_size)
{
	struct eb_sentencepiece *loaded = nullptr;

	try {
		loaded = new struct eb_sentencepiece;
		const auto status = loaded->processor.LoadFromSerializedProto(
			std::string_view(static_cast<const char *>(model), size));

		if (status.ok()) {
			*ret_sentencepiece = loaded;
			return EB_SENTENCEPIECE_OK;
		}
		snprintf(message, message_size, "%s", status.error_message());
	} catch (const std::bad_alloc &) {
		delete loaded;
		return EB_SENTENCEPIECE_NO_MEMORY;
	} catch (const std::exception &exception) {
		snprintf(message, message_size, "%s", exception.what());
	} catch (...) {
		snprintf(message, message_size, "unknown reason");
	}
	delete loaded;
	return EB_SENTENCEPIECE_REFUSED;
}

extern "C" void eb_sentencepiece_free(struct eb_sentencepiece *sentencepiece)
{
	delete sentencepiece;
}

extern "C" uint32_t eb_sentencepiece_id(const struct eb_sentencepiece *sentencepiece,
					const char *piece, size_t size)
{
	try {
		return static_cast<uint32_t>(
			sentencepiece->processor.PieceToId(std::string_view(piece, size)));
	} catch (...) {
		return static_cast<uint32_t>(sentencepiece->processor.unk_id());
	}
}

extern "C" enum eb_sentencepiece_outcome
eb_sentencepiece_encode(const struct eb_sentencepiece *sentencepiece, const char *text, size_t size,
		     eb_sentencepiece_sink sink, void *opaque)
{
	try {
		std::vector<std::string> pieces;
		const auto status =
			sentencepiece->processor.Encode(std::string_view(text, size), &pieces);

		if (!status.ok())
			return EB_SENTENCEPIECE_REFUSED;
		for (const auto &piece : pieces)
			sink(opaque, static_cast<uint32_t>(sentencepiece->processor.PieceToId(piece)),
			     piece.data(), piece.size());
	} catch (const std::bad_alloc &) {
		return EB_SENTENCEPIECE_NO_MEMORY;
	} catch (...) {
		return EB_SENTENCEPIECE_REFUSED;
	}
	return EB_SENTENCEPIECE_OK;
}
