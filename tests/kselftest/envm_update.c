// SPDX-License-Identifier: MIT
/*
 * edgebert-envm: works on the eNVM for the scripts that cut its power or break it meanwhile.
 *
 * usage: edgebert-envm install SEED BYTES    a pattern to the slot that is not active
 *        edgebert-envm check SEED...         the active image is one of these patterns, and whole
 *        edgebert-envm look-up               a job looks up embeddings in the active image: its result
 *        edgebert-envm read SLOT OFFSET BYTES
 *        edgebert-envm lock SLOT             until a reset of the function
 *        edgebert-envm info                  one "name value" per line
 * "check" prints the seed.  Exit status: 0; 1 with the call that failed and its errno; 2 usage.
 */
#include "tests/kselftest/envm.h"

static int fail(const char *call)
{
	printf("%s: %s\n", call, strerror(errno));
	return 1;
}

static int install(int fd, uint32_t seed, uint32_t size)
{
	uint32_t slot = envm_info(fd).active_slot == SLOT_A ? SLOT_B : SLOT_A;
	uint8_t *bytes = calloc(1, size);
	struct drm_edgebert_envm_image image;
	uint64_t generation;
	char name[16];

	CHECK(bytes != NULL);
	envm_pattern(bytes, size, seed);
	snprintf(name, sizeof(name), "pattern %u", seed);
	image = envm_image_of(bytes, size, name);
	if (try_envm_erase(fd, slot))
		return fail("erase");
	if (try_envm_program(fd, slot, 0, bytes, size))
		return fail("program");
	if (try_envm_verify(fd, slot, 0, bytes, size))
		return fail("verify");
	if (try_envm_commit(fd, slot, &image, &generation))
		return fail("commit");
	free(bytes);
	return 0;
}

/* What a job sees of the image, one page. */
static int check_job(int fd, const uint8_t *wanted)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, fd, 1);
	command_copy(&w.stream, 0, EDGEBERT_HW_OPERAND(1, 0),
		     EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0), ENVM_PAGE);
	result = result_of(fd, w.context, submit(fd, w.context, &w.job));
	if (result.error || memcmp(w.destination.memory, wanted, ENVM_PAGE)) {
		printf("job: error %d, status %u, or other data\n", result.error, result.status);
		return 1;
	}
	return 0;
}

/* The first rows of a table at the beginning of the image, as a model's first job does. */
static int look_up(int fd)
{
	struct drm_edgebert_result result;
	struct edgebert_hw_command *embed;
	struct workload w;
	uint32_t i;

	workload_init(&w, fd, 1);
	for (i = 0; i < 4; i++)
		((uint32_t *)w.source.memory)[i] = i;
	embed = w.stream.memory;
	memset(embed, 0, sizeof(*embed));
	embed->opcode = EDGEBERT_HW_OP_EMBED;
	embed->embed.indices = EDGEBERT_HW_OPERAND(0, 0);
	embed->embed.table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0);
	embed->embed.output = EDGEBERT_HW_OPERAND(1, 0);
	embed->embed.table_stride = 64;
	embed->embed.output_stride = 64;
	embed->embed.table_rows = 4;
	embed->embed.rows = 4;
	embed->embed.columns = 64;
	result = result_of(fd, w.context, submit(fd, w.context, &w.job));
	printf("error %d, status %u, command %u, address %#x\n", result.error, result.status,
	       result.fault_command, result.fault_address);
	return 0;
}

static int check_image(int fd, const struct drm_edgebert_envm_info *info, uint32_t seed)
{
	uint8_t *wanted = malloc(info->image.bytes), *found = malloc(info->image.bytes);
	int status;

	CHECK(wanted && found);
	envm_pattern(wanted, info->image.bytes, seed);
	if (try_envm_read(fd, info->active_slot, 0, found, info->image.bytes))
		return fail("read");
	if (memcmp(found, wanted, info->image.bytes)) {
		printf("the image is damaged\n");
		return 1;
	}
	status = check_job(fd, wanted);
	free(wanted);
	free(found);
	return status;
}

static int check(int fd, char **seeds)
{
	struct drm_edgebert_envm_info info = envm_info(fd);
	char name[16];

	if (!info.generation) {
		printf("no image is active\n");
		return 1;
	}
	for (; *seeds; seeds++) {
		snprintf(name, sizeof(name), "pattern %s", *seeds);
		if (strcmp(name, (const char *)info.image.name))
			continue;
		if (check_image(fd, &info, (uint32_t)atoi(*seeds)))
			return 1;
		printf("%s\n", *seeds);
		return 0;
	}
	printf("the active image is \"%.32s\"\n", info.image.name);
	return 1;
}

static int read_slot(int fd, uint32_t slot, uint32_t offset, uint32_t size)
{
	void *bytes = malloc(size);

	CHECK(bytes != NULL);
	return try_envm_read(fd, slot, offset, bytes, size) ? fail("read") : 0;
}

static int print_info(int fd)
{
	struct drm_edgebert_envm_info info;

	if (try_envm_info(fd, &info))
		return fail("info");
	printf("generation %llu\nactive_slot %d\nname %.32s\n", (unsigned long long)info.generation,
	       (int)info.active_slot, info.image.name);
	printf("ecc_corrected %llu\necc_failed %llu\nwear_max %u\nwear_mean %u\nlocked %u\n",
	       (unsigned long long)info.ecc_corrected, (unsigned long long)info.ecc_failed,
	       info.wear_max, info.wear_mean, info.locked);
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	int fd = device_open();

	if (!strcmp(command, "install") && argc == 4)
		return install(fd, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
	if (!strcmp(command, "check") && argc > 2)
		return check(fd, argv + 2);
	if (!strcmp(command, "read") && argc == 5)
		return read_slot(fd, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]),
				 (uint32_t)atoi(argv[4]));
	if (!strcmp(command, "look-up") && argc == 2)
		return look_up(fd);
	if (!strcmp(command, "lock") && argc == 3)
		return try_envm_lock(fd, (uint32_t)atoi(argv[2])) ? fail("lock") : 0;
	if (!strcmp(command, "info") && argc == 2)
		return print_info(fd);
	fprintf(stderr, "usage: edgebert-envm install SEED BYTES | check SEED... | "
		"look-up | read SLOT OFFSET BYTES | lock SLOT | info\n");
	return 2;
}
