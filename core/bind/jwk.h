/* bind/jwk.h: keys for bind/jwt.c. */
#ifndef BIND_JWK_H
#define BIND_JWK_H

#include <lua.h>

/* Adds generate, to_jwk and to_pem to the table on top. */
void bind_jwk(lua_State *L);

#endif
