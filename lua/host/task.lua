---@meta host.task

-- Tasks: every request, message, timer and job runs in one. Calls marked "waits" suspend the task, never the loop.

---@class host.task
local task = {}

---Expected failures of host calls: `nil, err`. Other fields depend on the module (see there).
---@class host.error
---@field code string a word that programs compare, such as "timeout"
---@field message string a sentence for people

---Waits.
---@param seconds number 0 lets other tasks run first
function task.sleep(seconds) end

---Runs functions side by side and waits for all. If one raises, the others are cancelled and the error is raised again.
---Queries of one pool that are sent in the same turn share a pipeline and its sync.
---@param functions (fun(): any)[]
---@return any[] results the first value that each returned, by index
function task.all(functions) end

---Runs functions side by side, waits for the first to return, cancels the others.
---@param functions (fun(): any)[]
---@return integer index of the winner
---@return any value its first value
function task.race(functions) end

---Runs fn with a deadline of its own.
---@param seconds number
---@param fn fun(): any
---@return any value what fn returned, or nil
---@return host.error? err code "deadline"
function task.within(seconds, fn) end

---Starts a task that outlives this one (its errors are logged). The name labels logs and metrics.
---@param name string
---@param fn fun(...)
function task.spawn(name, fn, ...) end

---From here on the task goes on although its client goes away.
function task.detach() end

---@class host.task.current
---@field id integer
---@field label string
---@field generation integer

---@return host.task.current
function task.current() end

---@class host.queue
local queue = {}

---@param capacity? integer default: 1024
---@return host.queue
function task.queue(capacity) end

---Waits while the queue is full.
---@param value any not nil
---@param timeout? number seconds
---@return boolean? ok
---@return host.error? err "timeout" or "closed"
function queue:push(value, timeout) end

---Waits while the queue is empty.
---@param timeout? number seconds
---@return any value
---@return host.error? err "timeout", or "closed" once it is closed and empty
function queue:pop(timeout) end

---Wakes everyone who waits. Values still in it can be popped.
function queue:close() end

---@return integer
function queue:length() end

---@class host.semaphore
local semaphore = {}

---@param permits integer
---@return host.semaphore
function task.semaphore(permits) end

---Waits for a permit, runs fn, gives the permit back also when fn raises.
---@param fn fun(): any
---@param timeout? number seconds
---@return any value what fn returned, or nil
---@return host.error? err "timeout"
function semaphore:with(fn, timeout) end

return task
