// SPDX-License-Identifier: MIT
/*
 * VERSION: the protocol version, and what each side can take.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "tools/device/vfio-user/server.h"

/* Objects within objects that a client may send; deeper text is refused. */
#define JSON_DEPTH	8

/* *ret_value keeps its value when there is no such number. */
static int read_number(struct json_object *capabilities, const char *name, uint32_t *ret_value)
{
	struct json_object *number;
	int64_t value;

	if (!json_object_object_get_ex(capabilities, name, &number))
		return 0;
	if (!json_object_is_type(number, json_type_int))
		return -EINVAL;
	value = json_object_get_int64(number);
	if (value < 0)
		return -EINVAL;
	*ret_value = value > UINT32_MAX ? UINT32_MAX : value;
	return 0;
}

static int read_capabilities(struct eb_connection *connection, struct json_object *root)
{
	struct json_object *capabilities;
	uint32_t bytes = VFIO_USER_DEFAULT_DATA_BYTES;
	int result;

	if (!json_object_is_type(root, json_type_object))
		return -EINVAL;
	if (json_object_object_get_ex(root, "capabilities", &capabilities)) {
		if (!json_object_is_type(capabilities, json_type_object))
			return -EINVAL;
		result = read_number(capabilities, "max_data_xfer_size", &bytes);
		if (result != 0)
			return result;
	}
	if (bytes == 0)
		return -EINVAL;
	connection->client_data_bytes = bytes;
	return 0;
}

/* The text must be one JSON object and end with its only zero byte. */
static int parse_text(struct eb_connection *connection, const char *text, size_t size)
{
	struct json_tokener *tokener;
	struct json_object *root;
	int result = -EINVAL;

	if (memchr(text, '\0', size) != text + size - 1)
		return -EINVAL;
	tokener = json_tokener_new_ex(JSON_DEPTH);
	if (tokener == NULL)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tokener, text, size);
	if (root != NULL && json_tokener_get_error(tokener) == json_tokener_success)
		result = read_capabilities(connection, root);
	json_object_put(root);
	json_tokener_free(tokener);
	return result;
}

static void write_reply(const struct vfio_user_version *proposed, struct eb_reply *reply)
{
	struct vfio_user_version version = {
		.major = VFIO_USER_MAJOR,
		.minor = proposed->minor < VFIO_USER_MINOR ? proposed->minor : VFIO_USER_MINOR,
	};
	int length;

	memcpy(reply->payload, &version, sizeof(version));
	length = snprintf((char *)reply->payload + sizeof(version),
			  sizeof(reply->payload) - sizeof(version),
			  "{\"capabilities\":{\"max_msg_fds\":%d,\"max_data_xfer_size\":%u,"
			  "\"max_dma_maps\":%d,\"pgsizes\":%d}}",
			  EB_MESSAGE_FDS, EB_DATA_BYTES_MAX, EB_DMA_RANGES_MAX, EB_DMA_PAGE);
	reply->size = sizeof(version) + length + 1;
}

int eb_handle_version(struct eb_server *server, struct eb_message *message,
		      struct eb_reply *reply)
{
	struct eb_connection *connection = &server->connection;
	struct vfio_user_version proposed;
	int result = 0;

	if (connection->negotiated) {
		eb_server_log(server, "VERSION a second time");
		return -EINVAL;
	}
	memcpy(&proposed, message->payload, sizeof(proposed));
	if (proposed.major != VFIO_USER_MAJOR) {
		eb_server_log(server, "client speaks protocol %u.%u, this server %u.%u",
			      proposed.major, proposed.minor, VFIO_USER_MAJOR, VFIO_USER_MINOR);
		return -EINVAL;
	}
	connection->client_data_bytes = VFIO_USER_DEFAULT_DATA_BYTES;
	if (message->size > sizeof(proposed))
		result = parse_text(connection, (char *)message->payload + sizeof(proposed),
				    message->size - sizeof(proposed));
	if (result != 0) {
		eb_server_log(server, "VERSION's capabilities are not the JSON they should be");
		return result;
	}
	connection->negotiated = true;
	write_reply(&proposed, reply);
	return 0;
}
