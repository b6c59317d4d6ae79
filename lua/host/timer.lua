---@meta host.timer

-- Timers belong to the generation that made them: they start at its swap and end when the next one takes over.

---@class host.timer
local timer = {}

---@class host.timer.handle
local handle = {}

---Runs fn as a task again and again; a run that is late or still busy is skipped, not stacked.
---@param name string label in logs and metrics
---@param seconds number
---@param fn fun()
---@return host.timer.handle
function timer.every(name, seconds, fn) end

---Runs fn once as a task.
---@param name string
---@param seconds number
---@param fn fun()
---@return host.timer.handle
function timer.after(name, seconds, fn) end

function handle:stop() end

---@return number seconds on a clock that never goes back, for measuring
function timer.now() end

---@return number seconds since 1970, UTC, with fractions
function timer.wall() end

return timer
