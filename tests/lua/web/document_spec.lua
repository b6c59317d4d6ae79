local document = require "web.document"
local permission = require "web.permission"
local task = require "host.task"

local function ask(handler, tag)
  return handler { header = function(_, name) return name == "if-none-match" and tag or nil end }
end

describe("a served document", function()
  local version, patience
  before_each(function()
    version, permission.version = permission.version, 7
    patience = document.PATIENCE
  end)
  after_each(function() permission.version, document.PATIENCE = version, patience end)

  it("waits until it is known who may do what", function()
    permission.version = 0
    local answers = task.all {
      function() return (ask(document.handler(function() return { permission.version } end))) end,
      function()
        task.sleep(0.03)
        permission.version = 1
        return true
      end,
    }
    assert.are.equal(200, answers[1])
  end)

  it("is not told if that does not come", function()
    permission.version, document.PATIENCE = 0, 0.05
    local status, err = ask(document.handler(function() return {} end))
    assert.is_nil(status)
    assert.are.equal("unavailable", err.code)
  end)

  it("is made once, and anew when permissions change", function()
    local made = 0
    local handler = document.handler(function()
      made = made + 1
      return { made = made }
    end)
    local _, text, headers = ask(handler)
    assert.are.equal('{"made":1}', text)
    assert.are.same({ 200, text, headers }, { ask(handler) })
    assert.are.equal(304, (ask(handler, headers.etag)))
    permission.version = 8
    assert.are.equal('{"made":2}', select(2, ask(handler, headers.etag)))
  end)

  it("is never half of one and half of another", function()
    local made = 0
    local handler = document.handler(function()
      made = made + 1
      local before = permission.version
      if made == 1 then task.sleep(0.02) end
      return { permission.version == before and "whole" or "half" }
    end)
    local texts = task.all {
      function() return select(2, ask(handler)) end,
      function()
        task.sleep(0.01)
        permission.version = 8
        return select(2, ask(handler))
      end,
    }
    assert.are.same({ '["whole"]', '["whole"]' }, texts)
    assert.are.equal('["whole"]', select(2, ask(handler)))
  end)
end)
