/* crypto/memory.h: where OpenSSL takes its memory from. Called by main.c. */
#ifndef CRYPTO_MEMORY_H
#define CRYPTO_MEMORY_H

/* Large blocks, which are those of password hashes, in huge pages from now on: scrypt reads its 32 MiB in random order,
 * and with pages of 4 KiB spends a third of its time in finding them. Before OpenSSL's first use, else without effect.
 */
void crypto_memory_init(void);

#endif
