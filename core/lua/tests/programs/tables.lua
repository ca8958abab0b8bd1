local function p(...) print(...) end
local function list(t) local r = {} for i = 1, table.maxn(t) do r[i] = tostring(t[i]) end return "[" .. table.concat(r, ",") .. "]" .. #t end
local t = {} table.insert(t, 1) table.insert(t, 2) table.insert(t, 1, 0) table.insert(t, 10, "far") p(list(t)) table.insert(t, -2, "neg") p(t[-2], list(t))
t = {1, 2, 3, 4} p(table.remove(t), table.remove(t, 1), table.remove(t, 5), table.remove({}), table.remove({}, 1), list(t), select("#", table.remove({})))
p(table.concat({}), table.concat({1, 2, 3}), table.concat({1, "a", 2.5}, ", "), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1, 2}, ",", 3), table.concat({"x"}, ",", 1, 1))
p(table.maxn({1, 2, [10] = 1, [2.5] = 1, x = 1}), table.maxn({}), table.getn({1, 2, 3}))
p(unpack({1, 2, 3})) p(unpack({1, nil, 3})) p(unpack({1, 2, 3}, 2)) p(unpack({1, 2, 3}, 2, 3)) p(unpack({}, 1, 3)) p(unpack({1, 2}, 3)) p(pcall(unpack, {}, 1, 1e6)) p(select("#", unpack({}, 1, 100)))
table.foreach({10, 20}, p) table.foreachi({10, 20}, p) p(table.foreach({a = 1}, function(k, v) return k end), table.foreachi({5, 6}, function(i, v) if i == 2 then return v end end))
-- sort
local function check(t, f) table.sort(t, f) for i = 2, #t do local a, b = t[i - 1], t[i] if f then assert(not f(b, a)) else assert(not (b < a)) end end return list(t) end
p(check{}, check{1}, check{2, 1}, check{3, 1, 2}, check{5, 4, 3, 2, 1}, check{1, 1, 1, 1}, check{"b", "a", "c"}, check({1, 2, 3, 4, 5}, function(a, b) return a > b end))
local r = 12345 local function rnd() r = (r * 16807) % 2147483647 return r end
for n = 1, 40 do local t = {} for i = 1, n * 3 do t[i] = rnd() % (n * 2) end check(t) end
local recs = {} for i = 1, 50 do recs[i] = {k = rnd() % 5, id = i} end table.sort(recs, function(a, b) return a.k < b.k end) local ids = {} for i, v in ipairs(recs) do ids[i] = v.k .. ":" .. v.id end p(table.concat(ids, " "))
p(pcall(table.sort, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, function() return true end)) p(pcall(table.sort, {3, 1, "x"})) p(pcall(table.sort, {1, 2, nil, 4}, function(a, b) return a < b end)) p(pcall(table.sort, {1, 2, 3}, function() error("cmp") end))
-- borders, in the array part and the hash part
local function borders(...) p(#{...}, select("#", ...)) end borders() borders(1) borders(nil) borders(1, nil) borders(nil, 1) borders(1, nil, 3) borders(nil, nil, 3) borders(1, 2, nil, 4) borders(nil, 2, nil, 4)
local t = {} for i = 1, 20 do t[i] = i end for i = 20, 1, -1 do t[i] = nil p(#t) end
t = {} for i = 20, 1, -1 do t[i] = i end p(#t) t = {n = 1, 1, 2, nil, 4} p(#t) t[5] = 5 p(#t) t[3] = 3 p(#t) t = {} t[1] = 1 t[2] = 2 t[4] = 4 p(#t) t[3] = 3 p(#t) t = {} t[2] = 1 p(#t) t = {10, 20, 30, nil} p(#t) t = {1, 2, 3} t[#t + 1] = 4 t[3] = nil p(#t) t[4] = nil p(#t) t = {} for i = 1, 100 do t[i] = i end for i = 1, 100, 2 do t[i] = nil end p(#t) t = {1,2,3,4,5} t[3] = nil t[5] = nil p(#t)
for n = 0, 40 do local t = {} for i = 1, n do t[i] = 1 end local u = {} for i = n, 1, -1 do u[i] = 1 end t[n + 2] = 1 p(n, #t, #u) end
-- the order of pairs: numbers and strings, as they were put in
local function order(t) local r = {} for k, v in pairs(t) do r[#r + 1] = tostring(k) .. "=" .. tostring(v) end p(table.concat(r, " ")) end
order{} order{1, 2, 3} order{a = 1, b = 2, c = 3} order{1, 2, x = 1, 3, y = 2} order{[1] = 1, [2] = 2, [4] = 4, [8] = 8} order{[0] = 0, [-1] = -1, [1.5] = 1.5, [1e10] = 1, [2^40] = 2, [true] = 1, [false] = 0}
local o = {} for _, w in ipairs{"id", "name", "data", "opts", "timestamp", "delay", "priority", "attempts", "progress", "returnvalue", "stacktrace", "finishedOn", "processedOn", "parent", "queue"} do o[w] = #w order(o) end
for _, w in ipairs{"name", "opts", "delay"} do o[w] = nil end order(o) o.extra1 = 1 o.extra2 = 2 o.name = "again" order(o)
for i = 1, 30 do local t = {} for j = 1, i do t[j * j % 31] = j t["k" .. j] = j end order(t) end
for i = 1, 12 do local t = {} for j = 1, i do t[j / 4] = j end order(t) end
local t = {} for i = 1, 10 do t[i] = i end for k in pairs(t) do t[k] = nil end p(next(t)) t = {a = 1, b = 2, c = 3, d = 4} for k in pairs(t) do t[k] = nil collectgarbage() end p(next(t))
p(next({}), next({5}), next({a = 1}), next({1, 2}, 1), next({1, 2}, 2)) p(rawlen == nil, table.unpack == nil, table.pack == nil)
p(rawget({a = 1}, "a"), rawset({}, "a", 1).a, rawequal({}, {}))
local t = {} t[1.0] = "a" t[2^53] = "b" p(t[1], t[2^53], t["1"]) t[-0] = "zero" p(t[0], t[-0]) t.x = nil p(t.x)
local big = {} for i = 1, 10000 do big[i] = i end local s = 0 for i, v in ipairs(big) do s = s + v end for k, v in pairs(big) do s = s + v end p(s, #big) for i = 1, 10000 do big[i] = nil end p(#big, next(big))
local h = {} for i = 1, 2000 do h["k" .. i] = i end s = 0 for k, v in pairs(h) do s = s + v end p(s) for i = 1, 2000, 2 do h["k" .. i] = nil end s = 0 for k, v in pairs(h) do s = s + v end p(s)
local f = {} for i = 1, 100 do f[function() end] = i end s = 0 for k, v in pairs(f) do s = s + v end p(s) f = {} for i = 1, 100 do f[{}] = i end s = 0 for k, v in pairs(f) do s = s + v end p(s)
for i, v in ipairs({1, 2, nil, 4}) do p(i, v) end for i, v in ipairs({}) do p("never") end

