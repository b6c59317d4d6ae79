local sniff = require "util.sniff"

describe("sniff", function()
  it("knows files by how they begin", function()
    local files = {
      ["image/png"] = "\137PNG\r\n\26\n....", ["image/jpeg"] = "\255\216\255\224..", ["image/gif"] = "GIF89a..",
      ["image/webp"] = "RIFF\1\2\3\4WEBPVP8 ", ["application/pdf"] = "%PDF-1.7", ["audio/mpeg"] = "ID3\4",
      ["audio/ogg"] = "OggS\0\2", ["video/mp4"] = "\0\0\0\24ftypisom", ["video/webm"] = "\26\69\223\163\1webm",
    }
    for kind, head in pairs(files) do assert.are.equal(kind, sniff.type(head)) end
    for _, kind in ipairs(sniff.TYPES) do assert.is_truthy(files[kind], kind) end
  end)

  it("knows nothing that a browser may run", function()
    for _, head in ipairs { "", "<html>", "<svg xmlns", "<?xml", "PK\3\4", "\127ELF", "MZ", "GIF8", "RIFF1234WAVE",
      "\0\0\0\24ftyphtml", "#!/bin/sh" } do
      assert.is_nil(sniff.type(head))
    end
  end)

  it("names a file after what it is", function()
    assert.are.same({ "a.png", "a.PNG", "x.html.png", "b.jpeg" }, { sniff.name("a.html", "image/png"),
      sniff.name("a.PNG", "image/png"), sniff.name("x.html.png", "image/png"), sniff.name("b.jpeg", "image/jpeg") })
    assert.are.equal("file.pdf", sniff.name("file", "application/pdf"))
  end)
end)
