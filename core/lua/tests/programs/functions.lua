local function p(...) print(...) end
-- environments
local env = {p = p, tostring = tostring} local f = loadstring("x = 1; p(x, y); y = 2; return function() return y end") setfenv(f, env) local g = f() p(env.x, env.y, g(), x, y) p(getfenv(f) == env, getfenv(g) == env, getfenv(p) == _G, getfenv(1) == _G, getfenv() == _G, getfenv(0) == _G)
local function h() setfenv(1, {p = p}) p(q) q = 1 p(q) end h() p(q) local function lvl() return getfenv(2) == _G end p(lvl())
p(setfenv(function() return z end, {z = "zed"})()) setmetatable(env, {__index = _G, __newindex = function(t, k, v) rawset(t, k, tostring(v) .. "!") end}) setfenv(loadstring("newvar = 5 p(newvar, type)"), env)
local f2 = setfenv(loadstring("newvar = 5 return newvar, type ~= nil"), env) p(f2())
-- load
local parts = {"return ", "1 ", "+ 2", nil} local i = 0 p(load(function() i = i + 1 return parts[i] end)()) i = 0 parts = {"x =", " ="} p(load(function() i = i + 1 return parts[i] end, "=chunk")) p(type(load(function() return nil end))) p(pcall(load, function() return {} end)) p(pcall(load, function() error("reader") end)) i = 0 p(load(function() i = i + 1 return i == 1 and "return 5" or "" end)())
p(loadstring("return ...")(1, 2), loadstring("")(), (loadstring("return 1", "name")()))
-- gc
local before = collectgarbage("count") p(type(before), before > 0, type(gcinfo())) for i = 1, 100000 do local t = {i, tostring(i)} end collectgarbage() local after = collectgarbage("count") p(after < before * 20 + 2000) p(collectgarbage(), collectgarbage("collect"), type(collectgarbage("setpause", 100))) collectgarbage("stop") collectgarbage("restart")
local keep = {} for i = 1, 1000 do keep[i] = {i, {i}, "s" .. i, function() return i end} end for i = 1, 20000 do local junk = {{}, "j" .. i} end for i = 1, 1000 do assert(keep[i][1] == i and keep[i][2][1] == i and keep[i][3] == "s" .. i and keep[i][4]() == i) end p("kept")
local list = nil for i = 1, 50000 do list = {next = list, v = i} end collectgarbage() local n = 0 while list do n = n + 1 list = list.next end p(n)
local s = "" for i = 1, 2000 do s = s .. i end p(#s) local c = {} for i = 1, 200 do local x = i c[i] = function() x = x + 1 return x end end collectgarbage() local sum = 0 for i = 1, 200 do sum = sum + c[i]() end p(sum)
-- math
p(math.abs(-5), math.ceil(1.5), math.ceil(-1.5), math.floor(1.5), math.floor(-1.5), math.max(1, 3, 2), math.min(3, 1, 2), math.sqrt(16), math.pow(2, 10), math.exp(0), math.log(1), math.log10(1000), math.fmod(7, 3), math.fmod(-7, 3), math.mod(7, 3), math.huge, -math.huge, math.pi)
p(math.modf(3.7), math.modf(-3.7), math.modf(1/0), math.modf(5)) p(math.frexp(8), math.frexp(0), math.frexp(0.3), math.ldexp(0.5, 4), math.ldexp(1, -1)) p(math.deg(math.pi), math.rad(180), math.sin(0), math.cos(0), math.tan(0), math.asin(1), math.acos(1), math.atan(1), math.atan2(1, 1), math.sinh(1), math.cosh(1), math.tanh(1))
for i = -5, 5 do local x = i * 1.37 p(math.sin(x), math.cos(x), math.tan(x), math.exp(x), math.atan(x), math.floor(x), math.ceil(x), x ^ 3, 2 ^ x, math.sinh(x), math.tanh(x), math.fmod(x, 1)) if x > 0 then p(math.log(x), math.log10(x), math.sqrt(x), x ^ 0.5, x ^ -1.5) end end
p(2 ^ 0.5, 10 ^ 2, 10 ^ -2, (-2) ^ 3, (-8) ^ 2, 0 ^ 0, 2 ^ 1000, 2 ^ -1074, 1e308 * 10, -1e308 * 10, 5 % 3.5, -5 % 3.5, 1e15 % 7, 2^53 + 1, 0.1 + 0.2 == 0.3, 1 / 3 * 3 == 1, -0 == 0, 1/-0 < 0)
p(math.random() >= 0, math.random(5) <= 5, math.random(3, 4) >= 3) math.randomseed(42)
p(tostring(1e15), tostring(1e14), 1e15 + 1, 123456789012345678)
p(assert(1, 2), (assert(true, "m"))) p(pcall(assert, false, "m")) p(pcall(assert, nil)) p(type(_G), _G._G == _G, _VERSION, type(gcinfo))
-- many arguments and results
local function count(...) return select("#", ...) end local many = {} for i = 1, 240 do many[i] = i end p(count(unpack(many)), count(unpack(many), unpack(many))) p((select(240, unpack(many)))) p(string.char(unpack(many, 65, 90))) p(math.max(unpack(many)))
local function spread(...) return ... end p(count(spread(unpack(many))), #{spread(unpack(many))}, #{1, 2, spread(unpack(many))}) local t = {} for i = 1, 5000 do t[i] = i end p(count(unpack(t)), #{unpack(t)}, (function(...) local a, b = ... return a + b end)(unpack(t)))
local ack ack = function(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) else return ack(m - 1, ack(m, n - 1)) end end p(ack(2, 3)) local function even(n) if n == 0 then return true end return (function(m) if m == 0 then return false end return even(m - 1) end)(n - 1) end p(even(100))
local Y = function(f) return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end) end p(Y(function(self) return function(n) return n == 0 and 1 or n * self(n - 1) end end)(10))
for a, b in next, {1}, nil, 4, 5 do local x = a print(a, b, x) end
for k in pairs({5}), 1, 2, 3, 4, 5 do print(k) end
