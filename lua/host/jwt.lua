---@meta host.jwt

-- JSON Web Tokens (RFC 7519, 8725). Verified tokens are cached, bounded, never beyond exp.

---@class host.jwt
local jwt = {}

---@class host.jwt.key
---@field alg "HS256"|"RS256"|"ES256"
---@field key string secret (32 octets or more) or PEM

---@param claims table
---@param key host.jwt.key
---@param kid? string
---@return string token
function jwt.sign(claims, key, kid) end

---The algorithm is the key's, never the token's choice. A token that names an audience is refused unless it is asked for.
---@param token string
---@param options { key?: host.jwt.key, keys?: table<string, host.jwt.key>, issuer?: string, audience?: string, leeway?: integer } keys: by kid
---@return table? claims
---@return host.error? err "malformed", "signature", "expired", "not_yet", "audience", "issuer", "key"
function jwt.verify(token, options) end

---A new private key. Takes its time on the spot: for commands.
---@param alg "RS256"|"ES256"
---@return string pem
function jwt.generate(alg) end

---The public key of a PEM, private or public, as a JSON Web Key (RFC 7517).
---@param pem string
---@return { kty: "RSA"|"EC", alg: "RS256"|"ES256", n?: string, e?: string, crv?: string, x?: string, y?: string }
function jwt.to_jwk(pem) end

---The PEM of a JSON Web Key that others publish.
---@param jwk table
---@return string? pem nil if it is neither an RSA nor a P-256 key
---@return "RS256"|"ES256"? alg
function jwt.to_pem(jwk) end

return jwt
