local crypto = require "host.crypto"
local store = require "host.store"

local function new_name() return crypto.uuid() end

describe("host.store", function()
  it("has a file when it is finished, and not before", function()
    local name = new_name()
    local file = assert(store.create(name))
    assert.is_true(file:write("one "))
    assert.is_true(file:write(("x"):rep(200000)))
    assert.are.equal("not_found", select(2, store.read(name, 0, 10)).code)
    assert.are.equal(crypto.sha256("one " .. ("x"):rep(200000)), file:finish())
    assert.are.equal("one xx", store.read(name, 0, 6))
    assert.are.equal("xx", store.read(name, 200002, 100))
    assert.are.equal("", store.read(name, 300000, 100))
    assert.has_error(function() file:write("more") end)
    assert.is_true(store.remove(name))
    assert.are.equal("not_found", select(2, store.remove(name)).code)
  end)

  it("keeps nothing of a file that is given up", function()
    local name = new_name()
    local file = assert(store.create(name))
    assert.is_nil((store.create(name)))
    assert.is_true(file:write("half"))
    file:cancel()
    file:cancel()
    assert.has_error(function() file:finish() end)
    assert(store.create(name))
    collectgarbage()
    collectgarbage()
    assert.is_truthy(store.create(name))
  end)

  it("removes what was left unfinished", function()
    local name = new_name()
    local file = assert(store.create(name))
    assert.is_true(store.remove(name))
    file:cancel()
  end)

  it("takes names that lead nowhere else", function()
    for _, name in ipairs { "", "../x", "a/b", "A", "a.b", ("a"):rep(65), "a\0b" } do
      assert.has_error(function() store.read(name, 0, 1) end)
    end
  end)

  it("is one task's at a time", function()
    local task = require "host.task"
    local file = assert(store.create(new_name()))
    local _, failure = pcall(task.all, {
      function() return file:write(("x"):rep(1000000)) end,
      function() return file:write("y") end,
    })
    assert.matches("busy", tostring(failure))
    file:cancel()
  end)
end)
