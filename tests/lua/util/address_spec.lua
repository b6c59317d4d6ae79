local address = require "util.address"

describe("networks of clients", function()
  it("are the address itself with IPv4, and the first 64 bits with IPv6", function()
    for given, wanted in pairs {
      ["192.0.2.7"] = "192.0.2.7", ["::ffff:192.0.2.7"] = "192.0.2.7", [""] = "",
      ["2001:db8:1:2:3:4:5:6"] = "2001:db8:1:2::/64", ["2001:db8:1:2::9"] = "2001:db8:1:2::/64",
      ["2001:db8::9"] = "2001:db8:0:0::/64", ["::1"] = "0:0:0:0::/64", ["fe80::1:2:3:4:5"] = "fe80:0:0:1::/64",
      ["1:2:3:4:5:6:7::"] = "1:2:3:4::/64",
    } do
      assert.equal(wanted, address.network(given))
    end
  end)
end)
