-- What setting media may say; the conversation with a store is tests/flows/media_s3_test.py's.
local s3 = require "storage.s3"

local function settings(changes)
  local made = { url = "https://s3.example", bucket = "files", region = "us-east-1", prefix = "", key_id = "a",
    key = "b" }
  for name, value in pairs(changes) do made[name] = value end
  return made
end

describe("an object store", function()
  it("is not made of settings that could not be meant", function()
    assert.is_table(s3.new(settings {}))
    assert.is_table(s3.new(settings { url = "http://127.0.0.1:9000/", prefix = "media/of-people_1/" }))
    for name, wrong in pairs { url = "ftp://s3.example", bucket = "a/b", prefix = "a b" } do
      assert.has_error(function() s3.new(settings { [name] = wrong }) end)
    end
    local ok, message = pcall(s3.new, settings { url = "https://s3.example/path" })
    assert.is_false(ok)
    assert.matches("^setting media.url:", message)
  end)
end)
