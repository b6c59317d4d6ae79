---@meta host.settings

-- The effective settings as a read-only nested table; durations are seconds, sizes octets, secrets plain strings.
-- A name that no row declares raises.

---@type table<string, any>
local settings = {}

return settings
