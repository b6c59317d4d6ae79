-- tests/support/texts.lua: pages such as a teacher pastes them.

local M = {}

M.water = [[
The Water Cycle

Water is always moving. The water cycle is the journey of water between the sea, the air and the land. Energy from the
sun drives the whole cycle.

Evaporation
Evaporation is the process by which liquid water becomes water vapour. The sun warms the surface of oceans, lakes and
rivers, and tiny particles of water rise into the air. Plants also release water vapour through their leaves, which is
called transpiration.

Condensation
Warm air rises and cools. Condensation is the change of water vapour back into liquid drops. These drops gather around
dust and form clouds. Dr. Smith showed that clouds near the U.S. coast contain more salt.

Precipitation means water that falls from clouds as rain, snow or hail. When drops in a cloud grow too heavy, they fall.
Some of this water flows over the ground into rivers, and some sinks into the soil. Groundwater is water stored below
the surface in the soil and rocks. Rivers carry the water back to the sea, where the cycle begins again.
]]

return M
