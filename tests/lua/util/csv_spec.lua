local csv = require "util.csv"

-- All rows of a text that comes in pieces of some size.
local function read(text, size, limits)
  local reader, all = csv.new(limits), {}
  local function take(rows, err)
    if not rows then return nil, err end
    for _, row in ipairs(rows) do all[#all + 1] = row end
    return true
  end
  for at = 1, #text, size do
    local ok, err = take(reader:feed(text:sub(at, at + size - 1)))
    if not ok then return nil, err end
  end
  local ok, err = take(reader:finish())
  if not ok then return nil, err end
  return all
end

local function fields(text, size)
  local out = {}
  for i, row in ipairs(assert(read(text, size))) do out[i] = row.fields end
  return out
end

describe("csv", function()
  it("gives the same rows however the text is cut", function()
    local text = '\239\187\191name,note\r\n"Ada ""A"" L",\n"two\r\nlines","a,b"\n\nlast,""'
    for size = 1, #text do
      assert.are.same({ { "name", "note" }, { 'Ada "A" L', "" }, { "two\r\nlines", "a,b" }, { "last", "" } },
        fields(text, size))
    end
  end)

  it("says where a row begins", function()
    local rows = assert(read('a\n"b\nc"\n\nd\n', 3))
    assert.are.same({ 1, 2, 5 }, { rows[1].line, rows[2].line, rows[3].line })
  end)

  it("names the line of what is wrong", function()
    local function failure(text, limits) return select(2, read(text, 2, limits)) end
    assert.matches("^line 2: a quotation mark", failure('a\nb"c\n'))
    assert.matches("^line 1: text follows", failure('"a"b\n'))
    assert.matches("^line 2: a carriage return", failure("a\nb\rc\n"))
    assert.matches("^line 2: the text ends", failure('a\n"b'))
    assert.matches("^line 1: a field is too long", failure("abcdef\n", { field = 5 }))
    assert.matches("^line 1: too many columns", failure("a,b,c\n", { columns = 2 }))
  end)

  it("has no rows in nothing", function()
    assert.are.same({}, read("", 1))
    assert.are.same({}, read("\n\r\n", 1))
  end)
end)
