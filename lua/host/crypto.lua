---@meta host.crypto

---@class host.crypto
local crypto = {}

---@param data string
---@return string digest raw octets
function crypto.sha256(data) end

---SHA-256 of what comes in pieces.
---@return host.crypto.hasher
function crypto.hasher() end

---@class host.crypto.hasher
local hasher = {}

---@param piece string
function hasher:add(piece) end

---The digest of all pieces; the object is used up.
---@return string digest raw octets
function hasher:finish() end

---@param data string
---@return string digest raw octets; only for formats that ask for SHA-1
function crypto.sha1(data) end

---@param hash "sha256"|"sha512"|"sha1"
---@param key string
---@param data string
---@return string mac raw octets
function crypto.hmac(hash, key, data) end

---@param octets integer 1–65536
---@return string from the system's generator
function crypto.random(octets) end

---@return string version 7 UUID (RFC 9562): sorts by time
function crypto.uuid() end

---Takes the same time whatever differs.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

---@param octets string
---@return string lower case
function crypto.hex(octets) end

---@param text string
---@return string? octets nil if text is not hex
function crypto.unhex(text) end

---@param octets string
---@return string
function crypto.base64(octets) end

---@param text string
---@return string? octets nil if not canonical base64
function crypto.unbase64(text) end

---@param octets string
---@return string without padding
function crypto.base64url(octets) end

---@param text string
---@return string? octets
function crypto.unbase64url(text) end

---Waits: scrypt in the thread pool.
---@param password string at most 4096 octets
---@return string? hash with its parameters
---@return host.error? err "unavailable": too many wait for the thread pool
function crypto.password_hash(password) end

---Waits. A malformed hash is false after the same work.
---@param password string
---@param hash string
---@return boolean matches
---@return boolean stale made with weaker parameters than today's
function crypto.password_verify(password, hash) end

---AES-256-GCM with a random nonce in front.
---@param key string 32 octets
---@param plain string
---@param context? string authenticated, not encrypted
---@return string
function crypto.seal(key, plain, context) end

---@param key string
---@param sealed string
---@param context? string
---@return string? plain nil if it was changed or the key is another
function crypto.unseal(key, sealed, context) end

return crypto
