---@meta host.log

-- One JSON line each, with time, level, worker, generation, request and task added by the core.

---@class host.log
local log = {}

---@param message string a constant sentence; what varies goes into fields
---@param fields? table<string, string|number|boolean>
function log.debug(message, fields) end

---@param message string
---@param fields? table<string, string|number|boolean>
function log.info(message, fields) end

---@param message string
---@param fields? table<string, string|number|boolean>
function log.warn(message, fields) end

---@param message string
---@param fields? table<string, string|number|boolean>
function log.error(message, fields) end

return log
