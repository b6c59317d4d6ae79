local attributes = require "sync.attributes"

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- The doubles' bytes as Python's struct.pack("<d", …) gives them.
local DOUBLES = {
  [0] = "0000000000000000", [1] = "000000000000f03f", [-2] = "00000000000000c0", [0.1] = "9a9999999999b93f",
  [100.5] = "0000000000205940", [1e300] = "9c7500883ce4377e", [5e-324] = "0100000000000000",
  [2.2250738585072014e-308] = "0000000000001000", [1.7976931348623157e308] = "ffffffffffffef7f",
  [-1234567.875] = "000000e087d632c1",
}

describe("sync.attributes", function()
  it("encodes base64 as RFC 4648 section 10 shows", function()
    local vectors = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy" }
    for bytes, expected in pairs(vectors) do
      assert.equal(expected, attributes.base64(bytes))
    end
    assert.equal("AP/+gA==", attributes.base64("\0\255\254\128"))
  end)

  it("writes doubles bit by bit", function()
    for n, bytes in pairs(DOUBLES) do
      assert.equal("0100000001000000" .. "78" .. "06" .. bytes, hex(attributes.encode({ x = n })))
    end
  end)

  it("writes strings and booleans, sorted by name", function()
    assert.equal("02000000" .. "0100000061" .. "0301" .. "0100000062" .. "02" .. "020000006869",
      hex(attributes.encode({ b = "hi", a = true })))
  end)
end)
