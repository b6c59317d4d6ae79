-- host.form: the events of a form, however its octets come.

local form = require "host.form"

local TYPE = "multipart/form-data; boundary=XyZ"
local BODY = table.concat({
  "--XyZ", 'Content-Disposition: form-data; name="title"', "", "Hello",
  "--XyZ", 'Content-Disposition: form-data; name="file"; filename="a.txt"', "Content-Type: text/plain", "",
  "one\r\ntwo",
  "--XyZ--", "",
}, "\r\n")

-- The parts of a body that comes in pieces of `step` octets.
local function parts_of(body, step)
  local reader, parts = assert(form.new(TYPE)), {}
  for from = 1, #body, step do
    for _, event in ipairs(assert(reader:feed(body:sub(from, from + step - 1)))) do
      if event.kind == "part" then
        parts[#parts + 1] = { name = event.name, filename = event.filename, type = event.type, content = "" }
      elseif event.kind == "data" then
        parts[#parts].content = parts[#parts].content .. event.data
      end
    end
  end
  return parts, reader:complete()
end

describe("host.form", function()
  it("gives the same parts for every split", function()
    for step = 1, #BODY do
      local parts, complete = parts_of(BODY, step)
      assert.is_true(complete)
      assert.same({
        { name = "title", content = "Hello" },
        { name = "file", filename = "a.txt", type = "text/plain", content = "one\r\ntwo" },
      }, parts)
    end
  end)

  it("knows a truncated body", function()
    local _, complete = parts_of(BODY:sub(1, -6), 7)
    assert.is_false(complete)
  end)

  it("refuses what is no form, and says why", function()
    local reader, err = form.new("application/json")
    assert.is_nil(reader)
    assert.equal("form", err.code)
    reader = assert(form.new(TYPE))
    local events
    events, err = reader:feed("--XyZ\r\nno colon\r\n\r\n")
    assert.is_nil(events)
    assert.equal("malformed part head", err.message)
  end)

  it("limits the number of parts", function()
    local reader = assert(form.new(TYPE, 1))
    local events, err = reader:feed(BODY)
    assert.is_nil(events)
    assert.equal("too many parts", err.message)
    assert.has_error(function() form.new(TYPE, 0) end)
  end)
end)
