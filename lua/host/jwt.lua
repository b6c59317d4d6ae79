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

return jwt
