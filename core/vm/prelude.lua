-- Runs first in every VM: strict globals, coroutines through which host calls wait, the shim of waiting calls, and
-- what served scripts do not get. Called by vm.c with (host, served); returns shim(fn), which bind_waiting() uses.
--
-- A host call waits by yielding MARK. Only the task's outermost coroutine is resumed by the core, so coroutine.resume
-- and coroutine.wrap hand a MARK outward and the results inward: user code sees none of it.

local host, served = ...
local MARK, CANCEL, refuse, can_yield = host.mark, host.cancel, host.refuse, host.can_yield
local resume, yield, create = coroutine.resume, coroutine.yield, coroutine.create
local error, setmetatable, rawset, select = error, setmetatable, rawset, select

local function forward(co, ok, mark, ...)
  if ok and mark == MARK then
    -- refuse() ends the wait and gives what makes the shim inside co raise: LuaJIT cannot yield from here.
    if can_yield() then return forward(co, resume(co, yield(MARK))) end
    return forward(co, resume(co, refuse()))
  end
  return ok, mark, ...
end

rawset(coroutine, "resume", function(co, ...)
  return forward(co, resume(co, ...))
end)

local function unwrap(ok, ...)
  if ok then return ... end
  error((...), 0)
end

rawset(coroutine, "wrap", function(fn)
  local co = create(fn)
  return function(...) return unwrap(forward(co, resume(co, ...))) end
end)

local function finish(first, ...)
  if first == CANCEL then error((...), 0) end
  return first, ...
end

local function shim(fn)
  return function(...) return finish(fn(...)) end
end

-- A library of which served scripts get a part; what is missing is named where it is used.
local function closed(name, fields, hint)
  local kept = {}
  for _, field in ipairs(fields) do kept[field] = _G[name] and _G[name][field] end
  return setmetatable(kept, {
    __index = function(_, field)
      error(name .. "." .. tostring(field) .. " is not open to served scripts" .. hint, 2)
    end,
  })
end

if served then
  local load, type, pairs = load, type, pairs
  local function text_only(chunk, name, _, ...)
    if type(chunk) ~= "string" then
      error("load takes a string in served scripts", 3)
    elseif chunk:sub(1, 1) == "\27" then
      error("bytecode is not open to served scripts", 3)
    end
    if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
    return load(chunk, name, "t")
  end
  rawset(_G, "load", function(chunk, name, mode, ...) return text_only(chunk, name, mode, ...) end)
  rawset(_G, "loadstring", function(chunk, name) return text_only(chunk, name) end)
  local parts = {
    os = closed("os", { "clock", "date", "difftime", "getenv", "time" }, ""),
    io = closed("io", {}, ": host.file reads the accepted set"),
    debug = closed("debug", { "traceback", "getinfo" }, ""),
    package = closed("package", { "loaded" }, ""),
  }
  for name, part in pairs(parts) do
    rawset(_G, name, part)
    package.loaded[name] = part
  end
  for _, name in ipairs { "dofile", "loadfile", "module", "newproxy", "print" } do rawset(_G, name, nil) end
end

-- Strict globals. In a command's VM the system's own modules (busted and its kind) may do as they are used to.
local getinfo, sub = debug.getinfo, string.sub
local function lenient()
  if served then return false end
  local source = getinfo(3, "S").source
  return source == "=[C]" or sub(source, 1, 5) == "@/usr"
end

setmetatable(_G, {
  __newindex = function(t, name, value)
    if not lenient() then
      error("assignment to global '" .. tostring(name) .. "': write local in front of its first use", 2)
    end
    rawset(t, name, value)
  end,
  __index = function(_, name)
    if lenient() then return nil end
    error("global '" .. tostring(name) .. "' is not defined", 2)
  end,
})

return shim
