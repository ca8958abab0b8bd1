local function p(...) print(...) end
local co = coroutine.create(function(a, b) p("start", a, b) local c, d = coroutine.yield(a + b, "x") p("mid", c, d) local e = coroutine.yield() p("end", e) return "r1", "r2" end)
p(coroutine.status(co), coroutine.resume(co, 1, 2)) p(coroutine.status(co), coroutine.resume(co, "c", "d")) p(coroutine.resume(co, "e")) p(coroutine.status(co), coroutine.resume(co)) p(coroutine.running())
local gen = coroutine.wrap(function(n) for i = 1, n do coroutine.yield(i) end end) p(gen(3), gen(), gen(), gen(), pcall(gen))
local function perm(a, n) n = n or #a if n <= 1 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n] perm(a, n - 1) a[n], a[i] = a[i], a[n] end end end
for a in coroutine.wrap(function() perm{1, 2, 3} end) do p(table.concat(a, " ")) end
co = coroutine.create(function() error("boom") end) p(coroutine.resume(co)) p(coroutine.status(co))
co = coroutine.create(function() error({}) end) local ok, e = coroutine.resume(co) p(ok, type(e))
co = coroutine.create(function() local x = nil; x() end) p(coroutine.resume(co))
co = coroutine.create(function() return coroutine.status(co), coroutine.running() == co, coroutine.resume(co) end) p(coroutine.resume(co))
local outer outer = coroutine.create(function() local inner = coroutine.create(function() p(coroutine.status(outer)) coroutine.yield("inner") p(coroutine.resume(outer)) return "done" end) p(coroutine.resume(inner)) coroutine.yield("outer") p(coroutine.resume(inner)) p(coroutine.status(inner)) end) p(coroutine.resume(outer)) p(coroutine.resume(outer)) p(coroutine.status(outer))
co = coroutine.wrap(function(...) local n = select("#", ...) while true do n = n + select("#", coroutine.yield(n)) end end) p(co(1, 2), co(), co(nil, nil), co(1))
co = coroutine.create(function() return unpack({1, 2, 3}) end) p(coroutine.resume(co))
local function tree(t) if t then tree(t[1]) coroutine.yield(t[2]) tree(t[3]) end end local r = {} for v in coroutine.wrap(function() tree{{nil, 1, nil}, 2, {{nil, 3, nil}, 4, nil}} end) do r[#r + 1] = v end p(table.concat(r, ","))
local prod = coroutine.create(function() for i = 1, 3 do coroutine.yield("item" .. i) end return nil end) local function recv() local ok, v = coroutine.resume(prod) return v end p(recv(), recv(), recv(), recv())
local cos = {} for i = 1, 100 do cos[i] = coroutine.wrap(function() local s = 0 while true do s = s + coroutine.yield(s) end end) cos[i]() end for j = 1, 10 do for i = 1, 100 do cos[i](i) end end p(cos[1](0), cos[50](0), cos[100](0))
for i = 1, 1000 do local c = coroutine.create(function() coroutine.yield(i) end) coroutine.resume(c) if i % 100 == 0 then collectgarbage() end end
co = coroutine.wrap(function() return pcall(function() error("in pcall in co") end) end) p(co()) co = coroutine.wrap(function() local ok, m = pcall(error, "x") coroutine.yield(ok, m) return "after" end) p(co()) p(co())
co = coroutine.create(function() local t = {} for i = 1, 5 do t[i] = coroutine.yield(i) end return table.concat(t, "-") end) coroutine.resume(co) for i = 1, 4 do coroutine.resume(co, "v" .. i) end p(coroutine.resume(co, "v5"))
co = coroutine.wrap(function() local function rec(n) if n == 0 then coroutine.yield("deep") else rec(n - 1) end end rec(1000) return "back" end) p(co(), co())
p(pcall(coroutine.wrap(function() coroutine.wrap(function() error("nested") end)() end))) p(select("#", coroutine.resume(coroutine.create(function() end)))) p(coroutine.resume(coroutine.create(function(...) return select("#", ...), ... end), nil, nil))
co = coroutine.create(function() for i = 1, 2 do coroutine.yield(i) end end) while coroutine.status(co) ~= "dead" do p(coroutine.resume(co)) end
p(coroutine.wrap(function() return setmetatable({}, {__index = function(t, k) return k end}).key end)())
local mt = {__call = function(self, x) return coroutine.yield(x) end} co = coroutine.wrap(function() return "got " .. setmetatable({}, mt)("asked") end) p(co(), co("answer"))
