local zip = require "util.zip"

describe("archives", function()
  -- Read by a program that is not ours.
  local function read(octets)
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(octets)
    file:close()
    local pipe = assert(io.popen("/usr/bin/python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]);"
      .. " print(z.testzip()); [print(i.filename, len(z.read(i))) for i in z.infolist()]' " .. path))
    local text = pipe:read("*a")
    pipe:close()
    os.remove(path)
    return text
  end

  it("are read by others, with their check sums", function()
    local made = zip.archive { { name = "a.json", text = "{}" }, { name = "leer.csv", text = "" },
      { name = "größe.txt", text = ("ä\n"):rep(1000) } }
    assert.are.equal("None\na.json 2\nleer.csv 0\ngröße.txt 3000\n", read(made))
  end)

  it("go on with files that come in pieces", function()
    local parts = {}
    local made = zip.archive { { name = "a.json", text = "{}" }, { name = "b.csv", text = "b\r\n" } }
    local writer = zip.reopen(made, function(piece)
      parts[#parts + 1] = piece
      return true
    end)
    for n = 1, 2 do
      local left = 3
      assert.is_true(writer:stream("media/" .. n, function()
        left = left - 1
        return left >= 0 and ("\0\255x"):rep(1000 * n) or nil
      end))
    end
    writer:finish()
    assert.are.equal("None\na.json 2\nb.csv 3\nmedia/1 9000\nmedia/2 18000\n", read(table.concat(parts)))
  end)

  it("may be larger than 4 GiB", function()
    local parts = {}
    local writer = zip.writer(function(piece)
      parts[#parts + 1] = piece
      return true
    end)
    writer:add("a", "1")
    writer.offset = writer.offset + 5e9 -- as if so many octets had come between
    writer:add("b", "2")
    writer:finish()
    local made = table.concat(parts)
    local from = assert(made:find("PK\1\2", made:find("PK\1\2", 1, true) + 1, true))
    assert.truthy(made:find("\255\255\255\255b\1\0\8\0", from, true)) -- where b is, in an extra field
    assert.truthy(made:find("PK\6\6", 1, true) and made:find("PK\6\7", 1, true))
  end)

  it("stop where nobody reads any more", function()
    local writer = zip.writer(function() return false end)
    assert.is_false(writer:stream("a", function() return "endless" end))
  end)

  it("may be empty", function()
    assert.are.equal("None\n", read(zip.archive {}))
  end)
end)
