// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of images in the eNVM: what is written is read back, and nothing else is accepted.
 */
#include "../edgebert_envm_header.h"
#include "edgebert_kunit.h"

static const struct drm_edgebert_envm_image sample = {
	.id = { 1, 2, 3 },
	.name = "sample",
	.bytes = 4096,
	.crc32 = 0x12345678,
};

static const struct drm_edgebert_envm_image nothing;

static void edgebert_envm_header_round_trip(struct kunit *test)
{
	struct edgebert_hw_envm_header header;
	struct drm_edgebert_envm_image image;

	edgebert_envm_header_build(&header, 7, DRM_EDGEBERT_ENVM_SLOT_B, &sample);
	KUNIT_EXPECT_TRUE(test, edgebert_envm_header_valid(&header));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(header.sequence), 7);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(header.slot), DRM_EDGEBERT_ENVM_SLOT_B);
	edgebert_envm_header_image(&header, &image);
	KUNIT_EXPECT_MEMEQ(test, &image, &sample, sizeof(image));
	edgebert_envm_header_build(&header, 8, DRM_EDGEBERT_ENVM_SLOT_NONE, &nothing);
	KUNIT_EXPECT_TRUE(test, edgebert_envm_header_valid(&header));
}

/* A header torn by a power cut, or with a bit lost: every single one is noticed. */
static void edgebert_envm_header_every_bit(struct kunit *test)
{
	const size_t covered = offsetofend(struct edgebert_hw_envm_header, crc32);
	struct edgebert_hw_envm_header header;
	u8 *bytes = (u8 *)&header;
	size_t bit;

	edgebert_envm_header_build(&header, 7, DRM_EDGEBERT_ENVM_SLOT_A, &sample);
	for (bit = 0; bit < covered * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE_MSG(test, edgebert_envm_header_valid(&header), "bit %zu", bit);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_TRUE(test, edgebert_envm_header_valid(&header));
	memset(&header, 0xff, sizeof(header));
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
	memset(&header, 0, sizeof(header));
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
}

/* Whole headers about what can not be. */
static void edgebert_envm_header_nonsense(struct kunit *test)
{
	struct drm_edgebert_envm_image image = sample;
	struct edgebert_hw_envm_header header;

	edgebert_envm_header_build(&header, 0, DRM_EDGEBERT_ENVM_SLOT_A, &sample);
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
	edgebert_envm_header_build(&header, U64_MAX, DRM_EDGEBERT_ENVM_SLOT_A, &sample);
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
	edgebert_envm_header_build(&header, 7, 3, &sample);
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
	edgebert_envm_header_build(&header, 7, DRM_EDGEBERT_ENVM_SLOT_NONE, &sample);
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
	image.bytes = edgebert_envm_slot_range(DRM_EDGEBERT_ENVM_SLOT_A)->bytes + 1;
	edgebert_envm_header_build(&header, 7, DRM_EDGEBERT_ENVM_SLOT_A, &image);
	KUNIT_EXPECT_FALSE(test, edgebert_envm_header_valid(&header));
}

static void edgebert_envm_image_rules(struct kunit *test)
{
	struct drm_edgebert_envm_image image = sample;

	KUNIT_EXPECT_TRUE(test, edgebert_envm_image_valid(&image, DRM_EDGEBERT_ENVM_SLOT_A));
	image.bytes = 0;
	KUNIT_EXPECT_FALSE(test, edgebert_envm_image_valid(&image, DRM_EDGEBERT_ENVM_SLOT_A));
	image = sample;
	memset(image.id, 0, sizeof(image.id));
	KUNIT_EXPECT_FALSE(test, edgebert_envm_image_valid(&image, DRM_EDGEBERT_ENVM_SLOT_A));
	image = sample;
	image.name[sizeof(image.name) - 1] = 'x';
	KUNIT_EXPECT_FALSE(test, edgebert_envm_image_valid(&image, DRM_EDGEBERT_ENVM_SLOT_A));
	memset(image.name, 'x', sizeof(image.name));
	KUNIT_EXPECT_TRUE(test, edgebert_envm_image_valid(&image, DRM_EDGEBERT_ENVM_SLOT_A));
	KUNIT_EXPECT_FALSE(test, edgebert_envm_image_valid(&image, U32_MAX - 1));
}

/* Slots A and B do not overlap, and WHOLE is both. */
static void edgebert_envm_slots(struct kunit *test)
{
	const struct edgebert_envm_range *a = edgebert_envm_slot_range(DRM_EDGEBERT_ENVM_SLOT_A);
	const struct edgebert_envm_range *b = edgebert_envm_slot_range(DRM_EDGEBERT_ENVM_SLOT_B);
	const struct edgebert_envm_range *whole =
		edgebert_envm_slot_range(DRM_EDGEBERT_ENVM_SLOT_WHOLE);

	KUNIT_EXPECT_LE(test, a->address + a->bytes, b->address);
	KUNIT_EXPECT_EQ(test, whole->address, a->address);
	KUNIT_EXPECT_GE(test, whole->address + whole->bytes, b->address + b->bytes);
	KUNIT_EXPECT_EQ(test, a->parts & b->parts, 0);
	KUNIT_EXPECT_EQ(test, a->parts | b->parts, whole->parts);
	KUNIT_EXPECT_NULL(test, edgebert_envm_slot_range(DRM_EDGEBERT_ENVM_SLOT_NONE));
	KUNIT_EXPECT_NULL(test, edgebert_envm_slot_range(3));
}

static struct kunit_case edgebert_envm_header_cases[] = {
	KUNIT_CASE(edgebert_envm_header_round_trip),
	KUNIT_CASE(edgebert_envm_header_every_bit),
	KUNIT_CASE(edgebert_envm_header_nonsense),
	KUNIT_CASE(edgebert_envm_image_rules),
	KUNIT_CASE(edgebert_envm_slots),
	{ }
};

struct kunit_suite edgebert_envm_header_suite = {
	.name = "edgebert_envm_header",
	.test_cases = edgebert_envm_header_cases,
};
