local mime = require "util.mime"

local function letter(given)
  local full = { from = "school@example.org", to = "ada@example.org", subject = "Hello", text = "Text.", id = "1",
    date = 0 }
  for name, value in pairs(given or {}) do full[name] = value end
  return mime.message(full)
end

describe("a letter", function()
  it("has its headers and its text", function()
    local text = letter()
    assert.is_truthy(text:find("^Date: Thu, 01 Jan 1970 00:00:00 %+0000\r\nFrom: school@example.org\r\n"))
    assert.is_truthy(text:find("\r\nMessage%-ID: <1@example.org>\r\n"))
    assert.is_truthy(text:find("\r\n\r\nText.\r\n$"))
  end)

  it("writes other scripts as words of base64, cut between characters", function()
    assert.is_truthy(letter { subject = "Grüße" }:find("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n", 1, true))
    for line in letter { subject = ("中"):rep(60) }:gmatch("[^\r\n]+") do
      local word = line:match("=%?UTF%-8%?B%?(.-)%?=")
      if word then assert.are.equal(0, #require "host.crypto".unbase64(word) % 3) end
      assert.is_true(#line <= 90)
    end
  end)

  it("lets nobody add a header", function()
    assert.is_nil(letter { subject = "a\r\nBcc: eve@example.org" }:find("\nBcc"))
  end)

  it("folds long lines and escapes what is not plain, never within an escape", function()
    local body = letter { text = ("é="):rep(60) .. "\n.\nend " }:match("\r\n\r\n(.*)$")
    for line in body:gmatch("([^\r]*)\r\n") do assert.is_true(#line <= 76) end
    local back = body:gsub("=\r\n", ""):gsub("=(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    assert.are.equal(("é="):rep(60) .. "\r\n.\r\nend \r\n", back)
  end)
end)
