-- What outside testers of the API run against: as production, but for a throw-away database, limits of 1,000 requests
-- per second, and no second factor. `tools/dev --contract` starts it; the environment that it prepares names the stores.

local contract = include("production")
local development = include("development")

contract.databases = development.databases
contract.control = ".run/contract.sock"
contract.access_log = false
contract.development = true -- allows `toolboxd seed --contract`
contract.rate_limit = 60000
contract.auth_rate_limit = 60000
contract.public_url = "http://localhost"

return contract
