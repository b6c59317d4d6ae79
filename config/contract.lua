-- What outside testers of the API run against: as production, but for a throw-away database, limits of 1,000 requests
-- per second and user or address, and no second factor. `tools/dev --contract` starts it and prepares the environment
-- that names the stores and the secrets.

local contract = include("production")
local development = include("development")

local PER_SECOND = 1000

contract.databases = development.databases
contract.control = ".run/contract/control.sock"
contract.media_folder = ".run/contract/media"
contract.development = true -- allows `toolboxd seed --contract`
contract.access_log = false
contract.workers = 2
contract.redis = nil
contract.token_secret, contract.data_key, contract.index_key = nil, nil, nil
contract.public_url = "http://localhost"
contract.rate_window = "1 s"
contract.rate_limit, contract.auth_rate_limit = PER_SECOND, PER_SECOND
contract.login_failures, contract.address_failures = 60 * PER_SECOND, 60 * PER_SECOND -- they have no window
contract.staff_second_factor = false

return contract
