local json = require "host.json"
local jsonrpc = require "services.mcp.jsonrpc"

local function kind(text)
  return jsonrpc.kind((json.decode(text)))
end

-- Answers every request with its method and notes what else came.
local function answer(text, batches)
  local seen = {}
  local reply, broken = jsonrpc.answer(text, batches or false, function(message, what)
    table.insert(seen, what)
    if what == "request" then return jsonrpc.result(message.id, message.method) end
  end)
  return reply, broken, seen
end

describe("services.mcp.jsonrpc", function()
  it("tells requests, notifications and responses", function()
    assert.equal("request", kind('{"jsonrpc":"2.0","id":1,"method":"a"}'))
    assert.equal("request", kind('{"jsonrpc":"2.0","id":"x","method":"a","params":{}}'))
    assert.equal("notification", kind('{"jsonrpc":"2.0","method":"a"}'))
    assert.equal("response", kind('{"jsonrpc":"2.0","id":1,"result":{}}'))
    assert.equal("response", kind('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}'))
  end)

  it("refuses what is none of them", function()
    for _, text in ipairs({
      '{"id":1,"method":"a"}', '{"jsonrpc":"1.0","id":1,"method":"a"}', '{"jsonrpc":"2.0","id":null,"method":"a"}',
      '{"jsonrpc":"2.0","id":1.5,"method":"a"}', '{"jsonrpc":"2.0","id":1,"method":5}', '{"jsonrpc":"2.0","id":1}',
      '{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}', '{"jsonrpc":"2.0","id":1,"result":1,"error":{}}',
      '{"jsonrpc":"2.0","id":{},"method":"a"}', '"text"', "5", "[]",
    }) do
      assert.is_nil((kind(text)), text)
    end
  end)

  it("answers a request and says nothing to a notification", function()
    assert.same({ jsonrpc = "2.0", id = 7, result = "a" }, (answer('{"jsonrpc":"2.0","id":7,"method":"a"}')))
    local reply, broken, seen = answer('{"jsonrpc":"2.0","method":"a"}')
    assert.is_nil(reply)
    assert.is_false(broken)
    assert.same({ "notification" }, seen)
  end)

  it("tells a broken text from an invalid message, without an id that it cannot know", function()
    local reply, broken = answer("{oops")
    assert.same({ -32700, true }, { reply.error.code, broken })
    assert.is_nil(reply.id)
    reply = answer('{"jsonrpc":"2.0","id":4,"method":1}')
    assert.same({ -32600, 4 }, { reply.error.code, reply.id })
  end)

  it("takes a batch only where the version has them", function()
    local text = '[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"n"},5]'
    local reply, broken = answer(text)
    assert.same({ -32600, true }, { reply.error.code, broken })
    reply, broken = answer(text, true)
    assert.is_false(broken)
    assert.same({ 2, "a", -32600 }, { #reply, reply[1].result, reply[2].error.code })
    assert.is_nil((answer('[{"jsonrpc":"2.0","method":"n"}]', true)))
    assert.equal(-32600, answer("[]", true).error.code)
  end)
end)
