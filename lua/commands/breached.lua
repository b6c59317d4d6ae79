-- toolboxd breached: passwords that nobody may choose, because breaches have made them known.

local crypto = require "host.crypto"
local db = require "model.db"
local password = require "model.password"

local usage = [[
usage: toolboxd breached [--config FILE] import FILE | words FILE | count

  import FILE  lines of SHA-1 digests in hex, in order, each perhaps followed by a colon and a count: what the
               downloader of "Pwned Passwords" (range API, k-anonymity) writes
  words FILE   lines of passwords, in any order, such as a dictionary
  count        how many are known

What was imported before is replaced in one transaction: until it commits the old list is in force. Of each digest 84
bits are kept, 8 octets in the table, so a billion passwords take about 8 GB.]]

local function complain(message)
  io.stderr:write("toolboxd breached: ", message, "\n")
  return 1
end

-- Digests of a file of digests, in its order; a line that is none, or that goes back, raises with its number.
local function digests(path)
  local file, why = io.open(path, "rb")
  if not file then error(why, 0) end
  local number, last = 0, ""
  return function()
    local line = file:read("*l")
    if not line then
      file:close()
      return nil
    end
    number = number + 1
    local digest = line:match("^(%x+):?%d*%s*$")
    if not digest or #digest ~= 40 then error(("%s:%d: expected a SHA-1 in hex"):format(path, number), 0) end
    digest = digest:lower()
    if digest < last then error(("%s:%d: the lines are not in order"):format(path, number), 0) end
    last = digest
    return digest
  end
end

local function digests_of_words(path)
  local list = {}
  for word in io.lines(path) do
    word = word:gsub("\r$", "")
    if word ~= "" then list[#list + 1] = crypto.hex(crypto.sha1(word)) end
  end
  table.sort(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

-- Rows for COPY: all digests with the same first 20 bits are one row, "prefix<tab>\\xHEX".
local function rows(next_digest)
  local prefix, parts, last, count = nil, {}, nil, 0
  local ended = false
  local function row()
    return ("%d\t\\\\x%s\n"):format(prefix, table.concat(parts))
  end
  local function piece()
    while not ended do
      local digest = next_digest()
      local own = digest and tonumber(digest:sub(1, 5), 16)
      local full = prefix and own ~= prefix and row()
      if own ~= prefix then prefix, parts, last = own, {}, nil end
      if digest then
        local kept = digest:sub(6, 5 + 2 * password.WIDTH)
        if kept ~= last then parts[#parts + 1], last, count = kept, kept, count + 1 end
      else
        ended = true
      end
      if full then return full end
    end
  end
  return piece, function() return count end
end

local function replace(next_digest)
  local piece, count = rows(next_digest)
  local done, err = db.education.host:hold(function(conn)
    local cleared, failure = conn:script("begin; delete from breached_passwords")
    if not cleared then return nil, failure end
    local copied, refused = conn:copy("copy breached_passwords (prefix, hashes) from stdin", piece)
    if not copied then return nil, refused end
    return conn:script("commit")
  end, { pipeline = false })
  if not done then return complain(err.message) end
  io.write(("%d passwords are refused from now on\n"):format(count()))
  return 0
end

local commands = {}

function commands.import(path) return path and replace(digests(path)) end

function commands.words(path) return path and replace(digests_of_words(path)) end

function commands.count()
  local row, err = db.education:one({ "select coalesce(sum(length(hashes)) / ?, 0)::float8 as n"
    .. " from breached_passwords", password.WIDTH })
  if not row then return complain(err.reason or err.message) end
  io.write(("%d\n"):format(row.n))
  return 0
end

local function run(name, path)
  local command = commands[name or ""]
  local status = command and command(path)
  if not status then
    io.stderr:write(usage, "\n")
    return 2
  end
  return status
end

return { usage = usage, run = run }
