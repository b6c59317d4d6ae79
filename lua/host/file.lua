---@meta host.file

-- The accepted set (views, Luau, other assets as setting assets names them): the same for all workers, changed by a reload only, never read from the disk.

---@class host.file
local file = {}

---@param name string path from the configuration's root, such as "lua/services/dashboard/views/class.html"
---@return string? content
function file.read(name) end

---@param prefix string
---@return string[] names, sorted
function file.list(prefix) end

---@param name string
---@return string? digest of the content, for cache keys and ETags
function file.digest(name) end

return file
