-- The requests and signatures that Amazon publishes for S3 (API reference, "Signature calculations", header-based).
local sigv4 = require "util.sigv4"

local KEYS = { id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region = "us-east-1" }
local MAY_24_2013 = 1369353600

local function signature(request)
  request.host = "examplebucket.s3.amazonaws.com"
  local headers = sigv4.sign(request, KEYS, MAY_24_2013)
  return headers.authorization:match("Signature=(%x+)$"), headers
end

describe("a signature", function()
  it("is Amazon's for a GET of a range", function()
    local found, headers = signature { method = "GET", path = "/test.txt", query = {},
      headers = { range = "bytes=0-9" }, digest = sigv4.EMPTY }
    assert.are.equal("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", found)
    assert.are.equal("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
      .. "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=" .. found, headers.authorization)
    assert.are.equal("20130524T000000Z", headers["x-amz-date"])
    assert.is_nil(headers.host)
  end)

  it("is Amazon's for a PUT with a payload", function()
    assert.are.equal("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd", (signature {
      method = "PUT", path = "/test%24file.text", query = {},
      headers = { date = "Fri, 24 May 2013 00:00:00 GMT", ["x-amz-storage-class"] = "REDUCED_REDUNDANCY" },
      digest = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" }))
  end)

  it("is Amazon's for a query, with and without a value", function()
    assert.are.equal("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", (signature {
      method = "GET", path = "/", query = { lifecycle = "" }, headers = {}, digest = sigv4.EMPTY }))
    assert.are.equal("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", (signature {
      method = "GET", path = "/", query = { ["max-keys"] = "2", prefix = "J" }, headers = {}, digest = sigv4.EMPTY }))
  end)
end)
