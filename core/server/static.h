/* server/static.h: answering with a file of a service's static folders. Called by bind/server.c. */
#ifndef SERVER_STATIC_H
#define SERVER_STATIC_H

#include "server/request.h"
#include "server/response.h"

/* Answers with the file at path, "/…" below a folder of the service, or with a folder's prefix in front. False, and
 * nothing is answered, if there is none. response holds status and extra fields. */
bool static_send(struct request *r, struct response *response, struct str path);

#endif
