-- toolboxd audit: checks that the audit log is as it was written.

local audit = require "model.audit"
local id = require "util.id"

local usage = [[
usage: toolboxd audit [--config FILE] verify [SCHOOL]

Recomputes the chain of each school (or of the one with this id; 00000000-0000-0000-0000-000000000000 is the chain of
what belongs to no school), prints its length and the digest of its last entry, and names the first broken link. Whoever
keeps these digests elsewhere can tell later that nothing was rewritten. Exit status: 0 all whole, 1 one is broken.]]

local function verify(school)
  local chains, err = audit.verify(school)
  if not chains then
    io.stderr:write("toolboxd audit: ", err.reason or err.message, "\n")
    return 1
  end
  local code = 0
  for _, chain in ipairs(chains) do
    if chain.broken then
      code = 1
      io.write(("%s  broken at entry %d: %s\n"):format(chain.chain, chain.broken, chain.reason))
    else
      io.write(("%s  %d entries  %s\n"):format(chain.chain, chain.entries, chain.head))
    end
  end
  return code
end

local function run(command, school, more)
  if command ~= "verify" or more or (school and not id.is_uuid(school)) then
    io.stderr:write(usage, "\n")
    return 2
  end
  return verify(school)
end

return { usage = usage, run = run }
