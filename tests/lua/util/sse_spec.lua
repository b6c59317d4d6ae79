local sse = require "util.sse"

describe("a reader of server-sent events", function()
  local STREAM = ": hello\nevent: a\ndata: one\ndata: two\n\ndata:three\r\n\r\n\n\nevent: empty\n\ndata: last\rid:"
    .. " 7\r\r"
  local EVENTS = { { event = "a", data = "one\ntwo" }, { event = "message", data = "three" },
    { event = "message", data = "last" } }

  it("reads the same however the stream is cut", function()
    for first = 0, #STREAM do
      for _, second in ipairs { first, math.min(first + 1, #STREAM), math.min(first + 7, #STREAM) } do
        local reader, got = sse.new(), {}
        for _, piece in ipairs { STREAM:sub(1, first), STREAM:sub(first + 1, second), STREAM:sub(second + 1), "\n" } do
          for _, event in ipairs(reader:feed(piece)) do got[#got + 1] = event end
        end
        assert.are.same(EVENTS, got)
      end
    end
  end)

  it("refuses a line without an end", function()
    local reader = sse.new()
    local _, err = reader:feed(("x"):rep(1024 * 1024 + 1))
    assert.are.equal("upstream", err.code)
  end)
end)
