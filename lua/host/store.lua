---@meta host.store

-- Files that people upload, in the folder of setting media_folder. A file has its name only when it is complete and on
-- disk; one that is not finished is removed. Names are 1 to 64 of a-z, 0-9 and "-".

---@class host.store
local store = {}

---Waits.
---@param name string an unfinished file of this name must not be there
---@return host.store.file? file
---@return host.error? err unavailable (the disk's own words), not_found (there is no such folder)
function store.create(name) end

---Waits. Fewer octets than asked for, or none, at the file's end.
---@param name string
---@param offset integer
---@param length integer 1–1048576
---@return string? octets
---@return host.error? err not_found, unavailable
function store.read(name, offset, length) end

---Waits. An unfinished file of this name, left by the end of a process, is removed too.
---@param name string
---@return true? removed
---@return host.error? err not_found, unavailable
function store.remove(name) end

---@class host.store.file
local file = {}

---Waits until the disk has taken it. A second task that works on the file meanwhile raises "busy".
---@param chunk string
---@return true? written
---@return host.error? err unavailable, such as a full disk
function file:write(chunk) end

---Waits. From here on the file is there under its name, whatever happens to the machine.
---@return string? digest SHA-256 of the whole, raw octets
---@return host.error? err unavailable
function file:finish() end

---Gives the file up, unless it is finished; the collector does so too.
function file:cancel() end

return store
