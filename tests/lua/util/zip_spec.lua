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

  it("may be empty", function()
    assert.are.equal("None\n", read(zip.archive {}))
  end)
end)
