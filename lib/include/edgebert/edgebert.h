/* SPDX-License-Identifier: MIT */
/**
 * @file
 * libedgebert-rt: sentence classification on EdgeBERT accelerators.
 *
 * Objects point one way: a request holds its engine, an engine its model and
 * device.  Releasing an object while others still use it is safe.  Every object
 * may be used from several threads at once unless its function says otherwise.
 * Functions that can fail return enum eb_status and leave their ret_ outputs
 * untouched on failure; eb_error_detail() then says what, where and what to do.
 * Energy, cycles and latency of the device are modelled figures and named so.
 */
#ifndef EDGEBERT_EDGEBERT_H
#define EDGEBERT_EDGEBERT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EB_API __attribute__((visibility("default")))
#define EB_WARN_UNUSED __attribute__((warn_unused_result))
#else
#define EB_API
#define EB_WARN_UNUSED
#endif

/** Version of this header; eb_version() is that of the loaded library. */
#define EB_VERSION_MAJOR 0
/** See EB_VERSION_MAJOR. */
#define EB_VERSION_MINOR 1
/** See EB_VERSION_MAJOR. */
#define EB_VERSION_PATCH 0

/** Layers that a model can have. */
#define EB_LAYERS_MAX 24
/** Classes that a model can have. */
#define EB_CLASSES_MAX 16
/** Entropy of a layer that was not run, or has no exit. */
#define EB_ENTROPY_NOT_ASSESSED (-1.0f)

/**
 * EB_STATUS(name, value, text, remedy): one list makes the enum, the texts, the
 * command line's exit codes and the documentation.
 */
#define EB_STATUS_LIST(EB_STATUS) \
	EB_STATUS(OK, 0, "success", "nothing to do") \
	EB_STATUS(INVALID_ARGUMENT, 1, "invalid argument", "correct the call") \
	EB_STATUS(OUT_OF_MEMORY, 2, "out of memory", "free memory or use a smaller model") \
	EB_STATUS(INTERNAL, 3, "internal error", "please report it with the detail text") \
	EB_STATUS(NO_DEVICE, 10, "no EdgeBERT device", \
		  "load the module (modprobe edgebert) or use the reference backend") \
	EB_STATUS(NO_MODULE, 11, "the edgebert module is not loaded", "run: modprobe edgebert") \
	EB_STATUS(PERMISSION, 12, "no permission on the device node", \
		  "add the user to the node's group") \
	EB_STATUS(DRIVER_VERSION, 13, "driver and library do not fit together", \
		  "upgrade the older of the two") \
	EB_STATUS(DEVICE_LOST, 14, "the device disappeared", "check the board, open it again") \
	EB_STATUS(DEVICE_FAULT, 15, "the device reported a fault in this job", \
		  "recompile the model; if it persists, report it") \
	EB_STATUS(DEVICE_TIMEOUT, 16, "the device made no progress", "retry; see the kernel log") \
	EB_STATUS(CANCELED, 17, "the job was cancelled", "submit it again") \
	EB_STATUS(BUSY, 18, "too many jobs in flight", "wait for results first") \
	EB_STATUS(MODEL_NOT_FOUND, 20, "model file can not be opened", "check the path") \
	EB_STATUS(MODEL_NOT_A_MODEL, 21, "not an EdgeBERT model file", \
		  "make one with: edgebert compile") \
	EB_STATUS(MODEL_VERSION, 22, "model file of another format version", \
		  "recompile the model with this version's edgebert compile") \
	EB_STATUS(MODEL_CORRUPT, 23, "model file is damaged", "copy or compile it again") \
	EB_STATUS(MODEL_UNSUPPORTED, 24, "model does not fit this device", \
		  "compile it for this device") \
	EB_STATUS(IMAGE_NOT_INSTALLED, 25, "the model's image is not in the device's eNVM", \
		  "install it: edgebert envm program IMAGE") \
	EB_STATUS(IMAGE_NOT_FOUND, 26, "eNVM image file can not be opened", "check the path") \
	EB_STATUS(IMAGE_CORRUPT, 27, "not a sound eNVM image file", \
		  "copy it again, or make it with: edgebert compile --envm-image") \
	EB_STATUS(ENVM_FAILED, 28, "the device's eNVM failed", \
		  "program it again; if it persists, its cells are worn") \
	EB_STATUS(TEXT_INVALID, 30, "text is not valid UTF-8", "convert the input to UTF-8") \
	EB_STATUS(TEXT_EMPTY, 31, "text has no tokens", "give at least one word") \
	EB_STATUS(TARGET_UNREACHABLE, 40, "target latency can not be met", \
		  "raise the target or use a smaller model")

/** How a call ended; values are pinned.  EB_STATUS_LIST has text and remedy of each. */
enum eb_status {
#define EB_STATUS_ENUM(name, value, text, remedy) EB_##name = value,
	EB_STATUS_LIST(EB_STATUS_ENUM)
#undef EB_STATUS_ENUM
};

/** An open device, or the reference backend. */
struct eb_device;
/** A model file in memory. */
struct eb_model;
/** A model on a device with a policy. */
struct eb_engine;
/** A sentence that was submitted. */
struct eb_request;

/* ---- library ---------------------------------------------------------------- */

/**
 * The version of the loaded library.
 * @return "major.minor.patch"
 */
EB_API const char *eb_version(void);

/**
 * The name of a status, which does not change.
 * @param status any
 * @return for example "EB_NO_DEVICE"; never NULL
 */
EB_API const char *eb_status_name(enum eb_status status);

/**
 * What a status means.
 * @param status any
 * @return one line; never NULL
 */
EB_API const char *eb_status_text(enum eb_status status);

/**
 * What to do about a status.
 * @param status any
 * @return one line; never NULL
 */
EB_API const char *eb_status_remedy(enum eb_status status);

/**
 * What the last failing call of this thread met: object, reason, remedy in one or
 * two sentences.
 * @return never NULL; valid until the thread's next library call
 */
EB_API const char *eb_error_detail(void);

/* ---- devices ------------------------------------------------------------------ */

/** What runs the jobs. */
enum eb_backend {
	EB_BACKEND_ACCEL,	/**< a device node below /dev/accel */
	EB_BACKEND_REFERENCE,	/**< the device core in this process: same bits, no device */
};

/** How much a message matters. */
enum eb_log_level {
	EB_LOG_ERROR,		/**< work is lost or ends with errors */
	EB_LOG_WARNING,		/**< work goes on, but not as before */
	EB_LOG_INFO,		/**< what is used, and what was chosen */
};

/** Which device, and how; fields that are zero are defaults. */
struct eb_device_options {
	size_t size;		/**< sizeof(struct eb_device_options) */
	enum eb_backend backend;	/**< what runs the jobs */
	const char *path;	/**< ACCEL: device node; NULL: the first EdgeBERT found */
	const char *profile;	/**< REFERENCE: device profile; NULL: the default */
	/** REFERENCE: threads that work on one sentence, at most 64; 0: one.  Same results. */
	uint32_t threads;
	/**
	 * ACCEL: 1: when the device disappears, its work goes on on another node with the same
	 * profile, operating points and capabilities; sentences on it are run again there.
	 */
	uint32_t failover;
	/**
	 * Told what happens to the device beyond results and errors; NULL: nobody.  Called
	 * from any thread, several at once; must not call the library.
	 */
	void (*log)(void *opaque, enum eb_log_level level, const char *message);
	void *log_opaque;	/**< passed to log */
	/** REFERENCE: image file (.evm) that is in the eNVM; NULL: none. */
	const char *envm_image;
	size_t :0;
};

/** A voltage and a frequency. */
struct eb_operating_point {
	uint32_t khz;		/**< clock */
	uint32_t millivolt;	/**< supply */
	uint32_t microwatt;	/**< dense compute, modelled */
};

/** What a device is. */
struct eb_device_info {
	size_t size;			/**< in: sizeof(struct eb_device_info) */
	enum eb_backend backend;	/**< what runs the jobs */
	char path[64];			/**< device node, or "reference" */
	char bus_address[32];		/**< PCI address, or "" */
	char driver_name[32];		/**< kernel driver, or "" */
	char driver_version[32];	/**< "major.minor.patch", or "" */
	uint32_t hardware_version;	/**< major << 16 | minor */
	uint32_t capabilities;		/**< EDGEBERT_HW_CAP_* */
	char profile[17];		/**< of performance and energy */
	uint32_t data_buffer_bytes;	/**< of each decoder */
	uint32_t aux_buffer_bytes;	/**< of the auxiliary buffer */
	uint32_t envm_bytes;		/**< of the embedded non-volatile memory */
	uint32_t operating_point_count;	/**< of operating_points */
	struct eb_operating_point operating_points[16];	/**< by frequency, lowest first */
	size_t :0;
};

/**
 * Finds the EdgeBERT nodes that there are now (libudev).
 * @param found called for each, with strings that are valid during the call; stops when it
 * returns non-zero
 * @param opaque passed to found
 * @return EB_OK, also when there is none; EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY or EB_INTERNAL
 */
EB_API enum eb_status eb_device_find(int (*found)(const char *path, const char *bus_address,
						  void *opaque),
				     void *opaque) EB_WARN_UNUSED;

/** What eb_device_monitor_next met. */
enum eb_device_change {
	EB_DEVICE_UNCHANGED,	/**< nothing, or nothing of ours */
	EB_DEVICE_ADDED,	/**< a node can be opened now */
	EB_DEVICE_REMOVED,	/**< a node is gone */
};

/** Watches for devices that come and go. */
struct eb_device_monitor;

/**
 * Begins to watch for EdgeBERT nodes that come and go.  Nodes that are there already are not
 * told; find them with eb_device_find.
 * @param ret_monitor to be closed with eb_device_monitor_close
 * @return EB_OK, EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY, or EB_INTERNAL where the system has no
 * device events
 */
EB_API enum eb_status eb_device_monitor_open(struct eb_device_monitor **ret_monitor)
	EB_WARN_UNUSED;

/**
 * A descriptor that is readable while eb_device_monitor_next has something to look at.
 * @param monitor NULL gives -1
 * @return owned by the monitor: poll it, never read it
 */
EB_API int eb_device_monitor_fd(struct eb_device_monitor *monitor);

/**
 * The next change; never waits.
 * @param monitor any monitor; several threads share its changes
 * @param ret_change EB_DEVICE_UNCHANGED: there is none now
 * @param path receives the node of a change
 * @param path_size bytes; 64 are enough
 * @return EB_OK or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_device_monitor_next(struct eb_device_monitor *monitor,
					     enum eb_device_change *ret_change, char *path,
					     size_t path_size) EB_WARN_UNUSED;

/**
 * Ends watching.
 * @param monitor may be NULL
 * @return NULL
 */
EB_API struct eb_device_monitor *eb_device_monitor_close(struct eb_device_monitor *monitor);

/**
 * Opens a device.
 * @param options NULL: the first device node that is found
 * @param ret_device with one reference
 * @return EB_OK; EB_NO_DEVICE, EB_NO_MODULE, EB_PERMISSION, EB_DRIVER_VERSION, EB_DEVICE_LOST,
 * EB_BUSY when the device has no address space left; EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY or
 * EB_INTERNAL
 */
EB_API enum eb_status eb_device_open(const struct eb_device_options *options,
				     struct eb_device **ret_device) EB_WARN_UNUSED;

/**
 * One more reference.
 * @param device not NULL
 * @return device
 */
EB_API struct eb_device *eb_device_ref(struct eb_device *device);

/**
 * Lets go of a reference; the last one closes the device.
 * @param device may be NULL, and still be used by engines
 * @return NULL
 */
EB_API struct eb_device *eb_device_unref(struct eb_device *device);

/**
 * What a device is; with failover, the one where work goes now.
 * @param device any
 * @param info filled up to its size
 * @return EB_OK or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_device_get_info(struct eb_device *device,
					 struct eb_device_info *info) EB_WARN_UNUSED;

/** What the jobs of everybody took on a device; REFERENCE: of this open device. */
struct eb_device_counters {
	size_t size;		/**< in: sizeof(struct eb_device_counters) */
	uint64_t jobs;		/**< that ended */
	uint64_t faults;	/**< those of them that met a fault */
	uint64_t cycles;	/**< modelled */
	uint64_t busy_ns;	/**< modelled */
	uint64_t energy_uj;	/**< modelled */
	/**
	 * Models made ready on this open device, and the bytes of weights, programs and tables
	 * that were copied to its memory for that; engines of the same model share them, and
	 * what lies in the eNVM is not among them.
	 */
	uint64_t models_loaded;
	uint64_t bytes_loaded;	/**< see models_loaded */
	size_t :0;
};

/**
 * Reads a device's counters; with failover, of the one where work goes now.
 * @param device any
 * @param counters filled up to its size
 * @return EB_OK, EB_INVALID_ARGUMENT or EB_DEVICE_LOST
 */
EB_API enum eb_status eb_device_get_counters(struct eb_device *device,
					     struct eb_device_counters *counters) EB_WARN_UNUSED;

/* ---- eNVM: what models share stays in the device ---------------------------------- */

/** Where an image lies in the eNVM. */
enum eb_envm_slot {
	EB_ENVM_SLOT_A,		/**< first half */
	EB_ENVM_SLOT_B,		/**< second half */
	EB_ENVM_SLOT_WHOLE,	/**< both, for a large image */
	EB_ENVM_SLOT_NONE,	/**< no image is active */
};

/** What is in the eNVM of a device, and its state. */
struct eb_envm_info {
	size_t size;			/**< in: sizeof(struct eb_envm_info) */
	uint64_t generation;		/**< grows with each change of the image; 0: there is none */
	char image_id[33];		/**< of the active image, hexadecimal; "" if there is none */
	char image_name[33];		/**< the same, for people */
	uint32_t image_bytes;		/**< its size */
	enum eb_envm_slot active_slot;	/**< where it lies */
	uint32_t slot_bytes[3];		/**< sizes of slots A, B and WHOLE */
	uint32_t locked_slots;		/**< bit 0: A, bit 1: B; until the device is reset */
	uint32_t done_bytes;		/**< how far an operation under way has come */
	uint32_t total_bytes;		/**< how far it goes; 0: there is none */
	uint64_t ecc_corrected;		/**< errors corrected since power-on */
	uint64_t ecc_failed;		/**< errors that could not be corrected since power-on */
	uint32_t wear_max;		/**< erases of the most worn sector */
	uint32_t wear_mean;		/**< erases of a sector on average */
	size_t :0;
};

/**
 * Asks what is in the eNVM; anyone may.
 * @param device any
 * @param info filled up to its size
 * @return EB_OK, EB_INVALID_ARGUMENT, EB_DEVICE_LOST, or EB_MODEL_UNSUPPORTED: the device has
 *         no eNVM that can be programmed
 */
EB_API enum eb_status eb_envm_get_info(struct eb_device *device,
				       struct eb_envm_info *info) EB_WARN_UNUSED;

/**
 * Told how an installation or comparison goes on, on the caller's thread.
 * @param opaque what was handed in
 * @param step what is done, in words
 * @param done_bytes of this step
 * @param total_bytes of this step
 */
typedef void eb_envm_progress(void *opaque, const char *step, uint64_t done_bytes,
			      uint64_t total_bytes);

/** An image that needs both slots may replace the active one: without any in between. */
#define EB_ENVM_REPLACE (1u << 0)

/**
 * Installs an image file (.evm) and makes it the active one; does nothing when it is that
 * already.  Whenever power fails on the way, the old or the new image is active afterwards
 * and whole, except with EB_ENVM_REPLACE.  Jobs that run keep the image they started with.
 * @param device one installation at a time
 * @param path the file
 * @param flags EB_ENVM_REPLACE or 0
 * @param progress may be NULL
 * @param opaque handed to progress
 * @return EB_OK; EB_PERMISSION: it needs the privilege CAP_SYS_ADMIN, or a slot is locked;
 *         EB_BUSY: no slot is free (EB_ENVM_REPLACE would help), or running jobs still use it;
 *         EB_IMAGE_NOT_FOUND, EB_IMAGE_CORRUPT, EB_MODEL_UNSUPPORTED (too large, no eNVM),
 *         EB_ENVM_FAILED, EB_DEVICE_LOST, EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY
 */
EB_API enum eb_status eb_envm_install(struct eb_device *device, const char *path, uint32_t flags,
				      eb_envm_progress *progress, void *opaque) EB_WARN_UNUSED;

/**
 * Compares the active image with a file (.evm), byte for byte as jobs read it; anyone may.
 * @param device any
 * @param path the file
 * @param progress may be NULL
 * @param opaque handed to progress
 * @return EB_OK: it is there, whole; EB_IMAGE_NOT_INSTALLED: another one or none is active, or
 *         it differs; else as eb_envm_install
 */
EB_API enum eb_status eb_envm_compare(struct eb_device *device, const char *path,
				      eb_envm_progress *progress, void *opaque) EB_WARN_UNUSED;

/* ---- models -------------------------------------------------------------------- */

/** What a model is; strings are owned by the model. */
struct eb_model_info {
	size_t size;			/**< in: sizeof(struct eb_model_info) */
	const char *name;		/**< as its metadata say */
	const char *architecture;	/**< "bert" or "albert" */
	uint32_t layers;		/**< encoder layers */
	uint32_t hidden_size;		/**< width of the activations between layers */
	uint32_t attention_heads;	/**< of each layer */
	uint32_t intermediate_size;	/**< width inside the feed-forward part */
	uint32_t vocabulary_size;	/**< token ids are below it */
	uint32_t classes;		/**< number of labels */
	uint32_t sequence_max;		/**< tokens, special ones included */
	uint32_t exit_count;		/**< 0: no exit heads before the last layer */
	float default_entropy_threshold;	/**< nats */
	uint64_t weight_bytes;		/**< as uploaded */
	uint32_t sentence_pairs;	/**< 1: made for pairs of texts (eb_engine_run_pair) */
	uint32_t exit_predictor;	/**< 1: there is one, which EB_POLICY_LATENCY needs */
	uint32_t embedding_size;	/**< width of the embedding table */
	const char *tokenizer;		/**< "wordpiece" or "sentencepiece" */
	size_t :0;
};

/**
 * Reads and checks a model file.  The file may be replaced or removed afterwards.
 * @param path of the .ebm file
 * @param ret_model with one reference
 * @return EB_OK, EB_MODEL_NOT_FOUND, EB_MODEL_NOT_A_MODEL, EB_MODEL_VERSION, EB_MODEL_CORRUPT,
 * EB_MODEL_UNSUPPORTED, EB_INVALID_ARGUMENT or EB_OUT_OF_MEMORY
 */
EB_API enum eb_status eb_model_open(const char *path, struct eb_model **ret_model) EB_WARN_UNUSED;

/**
 * The same for a model file in memory, which is not copied.
 * @param data 64-byte aligned; stays valid and unchanged as long as the model
 * @param data_size bytes
 * @param ret_model with one reference
 * @return as eb_model_open
 */
EB_API enum eb_status eb_model_open_memory(const void *data, size_t data_size,
					   struct eb_model **ret_model) EB_WARN_UNUSED;

/**
 * One more reference.
 * @param model not NULL
 * @return model
 */
EB_API struct eb_model *eb_model_ref(struct eb_model *model);

/**
 * Lets go of a reference; the last one frees the model.
 * @param model may be NULL, and still be used by engines
 * @return NULL
 */
EB_API struct eb_model *eb_model_unref(struct eb_model *model);

/**
 * What a model is.
 * @param model any
 * @param info filled up to its size
 * @return EB_OK or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_model_get_info(const struct eb_model *model,
					struct eb_model_info *info) EB_WARN_UNUSED;

/**
 * The name of a class.
 * @param model any
 * @param label as in eb_result.label
 * @return owned by the model; NULL when label is out of range
 */
EB_API const char *eb_model_label(const struct eb_model *model, uint32_t label);

/**
 * Token ids of a text, special tokens included.
 * @param model any
 * @param text UTF-8, no terminator needed
 * @param text_size bytes
 * @param token_ids receives them; NULL with capacity 0 to ask for the count
 * @param capacity of token_ids; no more are written
 * @param ret_count the full count, whatever the capacity
 * @param ret_truncated whether the model's sequence_max cut the text
 * @return EB_OK, EB_TEXT_INVALID, EB_TEXT_EMPTY or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_model_tokenize(const struct eb_model *model, const char *text,
					size_t text_size, uint32_t *token_ids, size_t capacity,
					size_t *ret_count, int *ret_truncated) EB_WARN_UNUSED;

/**
 * The same for a pair of texts.  Where sequence_max cuts, the longer text loses tokens.
 * @param model any
 * @param first UTF-8
 * @param first_size bytes
 * @param second UTF-8
 * @param second_size bytes
 * @param token_ids receives the token ids
 * @param token_types receives 0 for tokens of the first text and 1 for those of the second
 * @param capacity of token_ids and of token_types
 * @param ret_count the full count, whatever the capacity
 * @param ret_truncated whether the model's sequence_max cut a text
 * @return as eb_model_tokenize
 */
EB_API enum eb_status eb_model_tokenize_pair(const struct eb_model *model, const char *first,
					     size_t first_size, const char *second,
					     size_t second_size, uint32_t *token_ids,
					     uint32_t *token_types, size_t capacity,
					     size_t *ret_count, int *ret_truncated) EB_WARN_UNUSED;

/* ---- engines -------------------------------------------------------------------- */

/** How deep a sentence goes and at which operating point. */
enum eb_policy {
	EB_POLICY_FULL,		/**< All layers. */
	EB_POLICY_ENTROPY,	/**< First layer whose entropy passes (paper, algorithm 1). */
	/** Predicted exit, at the point of least modelled energy that meets the target (alg. 2). */
	EB_POLICY_LATENCY,
	/** Layer 1 at the highest point, then as eb_engine_options.decide says. */
	EB_POLICY_CUSTOM,
};

/** Who carries out EB_POLICY_LATENCY.  Answers are the same, see Documentation/runtime.md. */
enum eb_latency_mode {
	EB_LATENCY_AUTOMATIC,	/**< The device where it can and the other options let it. */
	EB_LATENCY_TWO_JOBS,	/**< The library, between a job of layer 1 and one of the rest. */
	EB_LATENCY_ONE_JOB,	/**< The device; EB_MODEL_UNSUPPORTED where it can not. */
};

/** What eb_engine_options.target_latency_us is a limit for. */
enum eb_target_scope {
	EB_TARGET_DEVICE_TIME,	/**< Modelled device time of the sentence; the same on any host. */
	EB_TARGET_END_TO_END,	/**< That and the measured time from submission to the device. */
};

/** What becomes of a sentence for which no operating point meets the target. */
enum eb_unreachable {
	/** It runs at the highest point; eb_result.target_unreachable says so. */
	EB_UNREACHABLE_BEST_EFFORT,
	/** It ends with EB_TARGET_UNREACHABLE after layer 1; needs the two-job mode. */
	EB_UNREACHABLE_REFUSE,
};

/** Operating point: the highest that the device has. */
#define EB_OPERATING_POINT_HIGHEST (-1)

/** What EB_POLICY_CUSTOM decides from, and its decision; see eb_engine_options.decide. */
struct eb_decision {
	size_t size;			/**< sizeof(struct eb_decision) of the library */
	uint32_t token_count;		/**< tokens of the sentence */
	uint32_t layers;		/**< layers of the model */
	float entropy;			/**< after layer 1, nats */
	uint32_t predicted_layer;	/**< the model's prediction; 0: it has no predictor */
	uint64_t elapsed_ns;		/**< spent of the target, as its scope counts */
	uint64_t target_latency_ns;	/**< 0: none */
	uint32_t operating_point_low;	/**< lowest point that is allowed now */
	uint32_t operating_point_high;	/**< highest point that is allowed now */

	float entropy_threshold;	/**< in, out: layers exit at or below; negative: never */
	uint32_t layer_limit;		/**< in, out: last layer that may run; 1: stop here */
	uint32_t operating_point;	/**< in, out: of the layers after the first */
	size_t :0;
};

/** Settings of an engine; fields that are zero are defaults unless said otherwise. */
struct eb_engine_options {
	size_t size;			/**< sizeof(struct eb_engine_options) */
	enum eb_policy policy;		/**< default EB_POLICY_FULL */
	float entropy_threshold;	/**< nats; negative: the model's default */
	/** LATENCY: required; CUSTOM: optional; others: 0.  See target_scope. */
	uint32_t target_latency_us;
	int operating_point;		/**< FULL, ENTROPY: index or EB_OPERATING_POINT_HIGHEST */
	enum eb_latency_mode latency_mode;	/**< LATENCY */
	enum eb_target_scope target_scope;	/**< LATENCY, CUSTOM */
	enum eb_unreachable unreachable;	/**< LATENCY */
	uint32_t reserved;			/**< 0 */
	/**
	 * CUSTOM, required: called once per sentence after layer 1, from any thread and from
	 * several at once, with the library's choice filled in.  It must not call the library
	 * on the same engine's requests.  A decision outside of the model's layers or the
	 * device's points ends the sentence with EB_INVALID_ARGUMENT.
	 */
	void (*decide)(void *opaque, struct eb_decision *decision);
	void *decide_opaque;			/**< passed to decide */
	size_t :0;
};

/**
 * Creates an engine; uploads the model unless it is on the device already.
 * @param device referenced by the engine
 * @param model referenced by the engine
 * @param options not NULL
 * @param ret_engine with one reference
 * @return EB_OK; EB_MODEL_UNSUPPORTED when model, device and policy do not fit together;
 * EB_TARGET_UNREACHABLE when no sentence could ever meet the target; EB_DEVICE_LOST,
 * EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY or EB_INTERNAL
 */
EB_API enum eb_status eb_engine_create(struct eb_device *device, struct eb_model *model,
				       const struct eb_engine_options *options,
				       struct eb_engine **ret_engine) EB_WARN_UNUSED;

/**
 * One more reference.
 * @param engine not NULL
 * @return engine
 */
EB_API struct eb_engine *eb_engine_ref(struct eb_engine *engine);

/**
 * Lets go of a reference; the last one frees the engine.
 * @param engine may be NULL, and still be used by requests
 * @return NULL
 */
EB_API struct eb_engine *eb_engine_unref(struct eb_engine *engine);

/** What became of a sentence. */
struct eb_result {
	size_t size;			/**< in: sizeof(struct eb_result) */
	uint32_t label;			/**< class with the largest logit, see eb_model_label */
	uint32_t class_count;		/**< logits and scores that count */
	float logits[EB_CLASSES_MAX];	/**< of the exit layer, exact device values (Q6.10) */
	float scores[EB_CLASSES_MAX];	/**< softmax of logits, computed by the host */
	uint32_t token_count;		/**< special tokens included */
	int truncated;			/**< the text was cut to the model's sequence_max */
	uint32_t exit_layer;		/**< 1-based */
	uint32_t predicted_layer;	/**< LATENCY (1: none was needed); 0 otherwise */
	uint32_t layers_assessed;	/**< the last one whose entropy was computed */
	float entropies[EB_LAYERS_MAX];	/**< nats per layer, EB_ENTROPY_NOT_ASSESSED if not */
	uint32_t operating_point;	/**< of layers after the first (LATENCY), of all (others) */
	uint32_t mhz;			/**< of that point */
	uint32_t millivolt;		/**< of that point */
	uint64_t modelled_cycles;	/**< of all its jobs */
	uint64_t modelled_latency_ns;	/**< device time from start to result */
	uint64_t modelled_energy_pj;	/**< of all its jobs */
	uint64_t target_latency_ns;	/**< 0: none */
	int deadline_missed;		/**< latency, as the target's scope counts, over target */
	uint64_t host_ns;		/**< measured: submission to result, tokenizing included */
	uint32_t layer_labels[EB_LAYERS_MAX];	/**< answer of each assessed layer, else 0 */
	uint32_t jobs;			/**< jobs it took: 2 where the library decided */
	uint32_t transitions;		/**< voltage/frequency transitions, going there included */
	uint32_t throttled;		/**< non-zero: temperature held a job below its point */
	uint32_t target_unreachable;	/**< non-zero: no point met the target, as far as known */
	/** Measured: from submission until the device began, and between jobs. */
	uint64_t queue_ns;
	size_t :0;
};

/**
 * Tokenizes, runs and waits.
 * @param engine any engine
 * @param text UTF-8, no terminator needed
 * @param text_size bytes
 * @param result filled up to its size on success, else untouched
 * @return EB_OK; EB_TEXT_INVALID, EB_TEXT_EMPTY; EB_TARGET_UNREACHABLE with
 * EB_UNREACHABLE_REFUSE; EB_DEVICE_LOST, EB_DEVICE_FAULT, EB_DEVICE_TIMEOUT, EB_CANCELED;
 * EB_INVALID_ARGUMENT, EB_OUT_OF_MEMORY or EB_INTERNAL
 */
EB_API enum eb_status eb_engine_run(struct eb_engine *engine, const char *text, size_t text_size,
				    struct eb_result *result) EB_WARN_UNUSED;
/**
 * The same for a pair of texts, as models for pairs take them (a question and a sentence, a
 * premise and a hypothesis).  Neither may be empty; where the model's sequence_max cuts, the
 * longer one loses tokens.
 * @param engine any engine
 * @param first UTF-8, no terminator needed
 * @param first_size bytes
 * @param second UTF-8, no terminator needed
 * @param second_size bytes
 * @param result filled on success
 * @return as eb_engine_run; EB_TEXT_INVALID and EB_TEXT_EMPTY say which text
 */
EB_API enum eb_status eb_engine_run_pair(struct eb_engine *engine, const char *first,
					 size_t first_size, const char *second,
					 size_t second_size,
					 struct eb_result *result) EB_WARN_UNUSED;
/**
 * eb_engine_run for token ids.
 * @param engine any engine
 * @param token_ids special tokens included, each below the model's vocabulary_size
 * @param token_count at most the model's sequence_max
 * @param result filled up to its size on success, else untouched
 * @return as eb_engine_run; EB_TEXT_EMPTY when token_count is 0
 */
EB_API enum eb_status eb_engine_run_tokens(struct eb_engine *engine, const uint32_t *token_ids,
					   size_t token_count,
					   struct eb_result *result) EB_WARN_UNUSED;

/**
 * What became of an engine's sentences since it was created.  Percentiles are upper bounds,
 * at most 1/32 above the true value; the largest values are exact.
 */
struct eb_engine_statistics {
	size_t size;			/**< in: sizeof(struct eb_engine_statistics) */
	uint64_t sentences;		/**< ended with a result */
	uint64_t failures;		/**< ended with an error, bad text included */
	uint64_t cancelled;		/**< let go before they began */
	uint64_t jobs;			/**< of the sentences */
	uint64_t deadline_misses;	/**< sentences over their target */
	uint64_t targets_unreachable;	/**< sentences that no point could have met it for */
	uint64_t throttled;		/**< sentences held below their point by temperature */
	uint64_t transitions;		/**< voltage/frequency transitions */
	uint64_t exits[EB_LAYERS_MAX];	/**< sentences that left at layer n + 1 */
	uint64_t predictions[EB_LAYERS_MAX];	/**< sentences predicted to leave at layer n + 1 */
	uint64_t points[16];		/**< sentences by their last operating point */
	uint64_t modelled_cycles;	/**< sum */
	uint64_t modelled_energy_pj;	/**< sum */
	uint64_t modelled_latency_ns;	/**< sum */
	uint64_t modelled_latency_p50_ns;	/**< of half of them at most */
	uint64_t modelled_latency_p90_ns;	/**< of 90 % at most */
	uint64_t modelled_latency_p99_ns;	/**< of 99 % at most */
	uint64_t modelled_latency_max_ns;	/**< largest */
	uint64_t host_ns;		/**< measured, submission to result, sum */
	uint64_t host_p50_ns;		/**< of half of them at most */
	uint64_t host_p90_ns;		/**< of 90 % at most */
	uint64_t host_p99_ns;		/**< of 99 % at most */
	uint64_t host_max_ns;		/**< largest */
	uint64_t queue_ns;		/**< measured, see eb_result.queue_ns, sum */
	uint64_t queue_max_ns;		/**< largest */
	uint64_t device_ns;		/**< measured: the device was at these jobs, sum */
	uint64_t reruns;		/**< of sentences whose job was cancelled with another's */
	uint64_t failovers;		/**< times that the engine moved to another device */
	size_t :0;
};

/**
 * Reads the statistics; all figures are of one moment.
 * @param engine any engine
 * @param statistics filled up to its size
 * @return EB_OK or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_engine_get_statistics(struct eb_engine *engine,
					       struct eb_engine_statistics *statistics)
	EB_WARN_UNUSED;

/**
 * Estimates modelled time and energy of a job of layers first to last, the transition to the
 * point included: what the latency policy chooses by.
 * @param engine any engine whose model has a cycle table for the device
 * @param token_count tokens of the sentence
 * @param first_layer from 1
 * @param last_layer at most the model's layers
 * @param operating_point index
 * @param ret_latency_ns modelled; NULL: not wanted
 * @param ret_energy_pj modelled; NULL: not wanted
 * @return EB_OK, EB_INVALID_ARGUMENT, or EB_MODEL_UNSUPPORTED without a cycle table
 */
EB_API enum eb_status eb_engine_estimate(struct eb_engine *engine, uint32_t token_count,
					 uint32_t first_layer, uint32_t last_layer,
					 uint32_t operating_point, uint64_t *ret_latency_ns,
					 uint64_t *ret_energy_pj) EB_WARN_UNUSED;

/** A text or a pair of texts of a batch: UTF-8, no terminator needed. */
struct eb_batch_text {
	const char *text;	/**< the text, or the first of a pair */
	size_t size;		/**< bytes */
	const char *second;	/**< second text of a pair; NULL: a single text */
	size_t second_size;	/**< bytes */
};

/**
 * Submits several texts at once, in order: all are accepted or none.  Keeps a device busy
 * from the first to the last without a call of the application in between.
 * @param engine any engine
 * @param texts copied
 * @param count of texts and of ret_requests, at most 4096
 * @param ret_requests one per text, each to be let go with eb_request_unref
 * @return EB_OK, EB_INVALID_ARGUMENT, EB_BUSY or EB_OUT_OF_MEMORY
 */
EB_API enum eb_status eb_engine_submit_batch(struct eb_engine *engine,
					     const struct eb_batch_text *texts, size_t count,
					     struct eb_request **ret_requests) EB_WARN_UNUSED;

/**
 * Submits a text and returns at once; several requests of an engine may be in flight.
 * @param engine referenced by the request
 * @param text UTF-8, copied
 * @param text_size bytes
 * @param ret_request to be let go with eb_request_unref
 * @return EB_OK, EB_BUSY when 4096 requests are queued, EB_INVALID_ARGUMENT or EB_OUT_OF_MEMORY;
 * what is wrong with the text is the request's outcome
 */
EB_API enum eb_status eb_engine_submit(struct eb_engine *engine, const char *text,
				       size_t text_size,
				       struct eb_request **ret_request) EB_WARN_UNUSED;
/**
 * The same for a pair of texts, see eb_engine_run_pair.
 * @param engine referenced by the request
 * @param first UTF-8, copied
 * @param first_size bytes
 * @param second UTF-8, copied
 * @param second_size bytes
 * @param ret_request to be let go with eb_request_unref
 * @return as eb_engine_submit
 */
EB_API enum eb_status eb_engine_submit_pair(struct eb_engine *engine, const char *first,
					    size_t first_size, const char *second,
					    size_t second_size,
					    struct eb_request **ret_request) EB_WARN_UNUSED;

/**
 * A descriptor that becomes readable when the request ended, and stays so.
 * @param request NULL gives -1
 * @return owned by the request: poll it, never read or close it
 */
EB_API int eb_request_fd(struct eb_request *request);

/**
 * Waits for a request; may be called again, and from several threads.
 * @param request any request
 * @param timeout_ns relative; 0: only look; negative: no limit
 * @param ret_done whether the request ended; the rest is written only then
 * @param ret_outcome how, as eb_engine_run returns it; eb_error_detail() then tells of it
 * @param result filled up to its size when the outcome is EB_OK, else untouched
 * @return of waiting: EB_OK or EB_INVALID_ARGUMENT
 */
EB_API enum eb_status eb_request_wait(struct eb_request *request, int64_t timeout_ns,
				      int *ret_done, enum eb_status *ret_outcome,
				      struct eb_result *result) EB_WARN_UNUSED;

/**
 * Lets go of a request: one that is queued is taken back, one that runs is waited for.
 * @param request may be NULL; not used by other threads any more
 * @return NULL
 */
EB_API struct eb_request *eb_request_unref(struct eb_request *request);

#ifdef __cplusplus
}
#endif

#endif /* EDGEBERT_EDGEBERT_H */
