local log = {}
local function ev(name) return function(a, b) return name .. ":" .. tostring(type(a)) .. "," .. tostring(type(b)) end end
local mt = {} for _, n in ipairs{"add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "len"} do mt["__" .. n] = ev(n) end
mt.__call = function(self, ...) return "call", select("#", ...), ... end
mt.__tostring = function() return "object" end
local o, p = setmetatable({}, mt), setmetatable({}, mt)
print(o + 1, 1 + o, o - 1, 2 - o, o * 2, o / 2, o % 2, o ^ 2, -o, o .. "x", "x" .. o, 1 .. o, o .. p, o + p, "5" + o)
print(#o == 0, o(1, nil), o(), tostring(o), pcall(o, 5))
print("a" .. "b" .. o .. "c" .. "d")
local c = setmetatable({v = 1}, {__eq = function(a, b) return a.v == b.v end, __lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v end})
local d = setmetatable({v = 2}, getmetatable(c))
print(c == d, c ~= d, c < d, c <= d, c > d, c >= d, c == c, c == 1)
local e = setmetatable({v = 1}, {__lt = function(a, b) return a.v < b.v end}) local f = setmetatable({v = 2}, getmetatable(e))
print(e <= f, f <= e, e >= f, not (e <= f)) print(pcall(function() return c < e end))
print(c == setmetatable({v = 1}, {__eq = function() return true end}))
if c < d then print("lt branch") end if not (c > d) then print("not gt branch") end while c > d do print("never") end
local x = c < d and "yes" or "no" print(x)
-- __index and __newindex
local base = {greet = function() return "hi" end, n = 1} local mid = setmetatable({}, {__index = base}) local top = setmetatable({}, {__index = mid})
print(top.greet(), top.n, top.missing, rawget(top, "n"))
local t = setmetatable({}, {__index = function(t, k) return k .. "?" end, __newindex = function(t, k, v) rawset(t, k, v * 2) end})
t.a = 5 print(t.a, t.b, t[1], pcall(function() return t[true] end)) t.a = 7 print(t.a)
local store = {} local proxy = setmetatable({}, {__index = store, __newindex = store}) proxy.x = 1 print(rawget(proxy, "x"), store.x, proxy.x)
local s = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k .. "=" .. tostring(v) end}) s.a = 1 s.b = nil s[1] = 2 print(table.concat(log, ";"), next(s))
print(("x").len == string.len, ("abc"):upper(), #"abc", ("x").y) print(pcall(function() ("x").y = 1 end))
print(getmetatable("x").__index == string, getmetatable(1), getmetatable({}))
local prot = setmetatable({}, {__metatable = "locked"}) print(getmetatable(prot), pcall(setmetatable, prot, {}))
local loop = {} setmetatable(loop, {__index = loop}) print(pcall(function() return loop.x end)) setmetatable(loop, {__newindex = loop}) print(pcall(function() loop.x = 1 end))
local callme = setmetatable({}, {__call = function(self, a) return a end}) print(callme(1), pcall(callme, 2), (callme(3))) local function tail() return callme(4) end print(tail())
print(pcall(setmetatable({}, {__call = 5}))) local cc = setmetatable({}, {__call = callme}) print(pcall(cc, 1))
for a, b in setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c < 4 then return c, c * 10 end end}) do print("call iterator", a, b) end
print(tostring(setmetatable({}, {__tostring = function() return 5 end})) == "5", pcall(tostring, setmetatable({}, {__tostring = function() error("ts") end})))
local u = setmetatable({}, {__unm = function(a, b) return rawequal(a, b) end, __len = function() return 7 end}) print(-u, #u)
local cnt = setmetatable({}, {__index = function(t, k) local v = k * 2 rawset(t, k, v) return v end}) print(cnt[1], cnt[2], rawget(cnt, 1))
local str = setmetatable({}, {__concat = function(a, b) return (type(a) == "table" and "T" or a) .. (type(b) == "table" and "T" or b) end}) print(str .. "a", "a" .. str, "a" .. 1 .. str .. 2 .. "b", str .. str)
print(pcall(function() return {} .. str end), pcall(function() return str < str end))
local A = {} A.__index = A function A.new(v) return setmetatable({v = v}, A) end function A:get() return self.v end function A.__add(a, b) return A.new(a.v + b.v) end
local B = setmetatable({}, {__index = A}) B.__index = B B.__add = A.__add function B.new(v) local o = A.new(v) return setmetatable(o, B) end function B:double() return self:get() * 2 end
print((B.new(3) + B.new(4)):get(), B.new(5):double())
local co = coroutine.wrap(function() local y = setmetatable({}, {__index = function(t, k) return k end}) for i = 1, 3 do coroutine.yield(y[i]) end end) print(co(), co(), co())
mt.__add = nil print(pcall(function() return o + 1 end)) mt.__add = function() return "again" end print(o + 1)
local m2 = {} local q = setmetatable({}, m2) print(q.x) m2.__index = function() return "late" end print(q.x) m2.__index = nil print(q.x) rawset(m2, "__index", {x = "raw"}) print(q.x)
print(rawequal(o, o), rawequal(o, p), rawequal("a", "a"), rawequal(1, 1))
local r = setmetatable({}, {__le = function() return nil end}) print(r <= r, r >= r, not (r <= r))
local weak = setmetatable({}, {__mode = "k"}) weak[{}] = 1 local key = {} weak[key] = 2 collectgarbage() local count = 0 for k in pairs(weak) do count = count + 1 end print(count)
local wv = setmetatable({}, {__mode = "v"}) wv[1] = {} wv[2] = key wv[3] = "str" wv.x = {} collectgarbage() print(wv[1], wv[2] == key, wv[3], wv.x)
local wkv = setmetatable({}, {__mode = "kv"}) wkv[{}] = key wkv[key] = {} wkv[1] = key collectgarbage() count = 0 for k in pairs(wkv) do count = count + 1 end print(count)
