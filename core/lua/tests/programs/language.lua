-- Statements, scopes, closures, varargs, assignments.
print("numbers", 1, 1.0, -0, 0.1, 1e15, 1e14, 123456789012345, 1e100, 2^53, 0x10, 0xff, 1e-5, .5, 5., 3e2, 100 / 3)
print("strings", 'a"b', "a'b", "tab\tnl\\n", "\65\066\0670", #"a\0b", [[long
string]], [==[with ]] inside]==], "line\
break", '\q', "\'\"", [[
first newline skipped]])
local a, b, c = 1, 2
print(a, b, c)
a, b = b, a
print(a, b)
local t = {1, 2, 3}
local i = 1
i, t[i] = i + 1, 20
print(i, t[1], t[2])
do
  local a = {}
  local j = 3
  j, a[j], a[j + 1] = 5, "x", "y"
  print(j, a[3], a[4], a[5])
end
for i = 3, 1, -1 do io = nil; local i = i * 2; print("down", i) end
for i = 1, 0 do print("never") end
for i = 1, 2, 0.5 do print("half", i) end
for i = "1", "3" do print("strings as numbers", i) end
print(pcall(function() for i = 1, "x" do end end))
print(pcall(function() for i = {}, 1 do end end))
print(pcall(function() for i = 1, 2, nil do end end))
local k = 0
while true do k = k + 1; if k == 3 then break end end
print(k)
repeat local stop = k > 5; k = k + 1 until stop
print(k)
for key, value, extra in next, {10} do print(key, value, extra) end
for w in (function() local n = 0; return function() n = n + 1; if n < 4 then return n, n * n end end end)() do print("iterator", w) end
-- closures
local function counter() local n = 0; return function() n = n + 1; return n end, function() return n end end
local inc, get = counter()
inc(); inc(); print(get())
local fs = {}
for i = 1, 3 do fs[i] = function(d) i = i + d; return i end end
print(fs[1](10), fs[1](10), fs[2](1), fs[3](0))
local gs = {}
local n = 0
while n < 3 do n = n + 1; local m = n; gs[n] = function() m = m + 1; return m end end
print(gs[1](), gs[1](), gs[2](), gs[3]())
local hs = {}
local r = 0
repeat r = r + 1; local q = r; hs[r] = function() return q end until q >= 3 and hs[1]() == 1
print(hs[1](), hs[2](), hs[3]())
do
  local x = 1
  local function f() return function() x = x + 1; return x end end
  local g, h = f(), f()
  print(g(), h(), g(), x)
end
for i = 1, 3 do
  local f = function() return i end
  if i == 2 then print("break with closure", f()); break end
end
-- varargs
local function va(...) return select("#", ...), ... end
print(va()); print(va(nil)); print(va(1, nil, nil))
print((va(1, 2)))
print(#{va(1, 2, 3)}, #{va(1, 2), va(1, 2)}, #{(va(1, 2))})
local function old(...) return arg.n, arg[1], arg[2] end
print(old(), old(5), old(5, nil), (old(1, 2, 3)))
local function both(a, ...) local x, y = ...; return a, x, y end
print(both(1), both(1, 2), both(1, 2, 3, 4))
local function tail(n, ...) if n == 0 then return ... end return tail(n - 1, n, ...) end
print(tail(5))
print(select("#", tail(100)))
local function deep(n) if n == 0 then return "bottom" end return deep(n - 1) end
print(deep(100000))
print(pcall(select, 0)); print(select(-1, 1, 2, 3)); print(select(2, 1, 2, 3)); print(pcall(select, -5, 1))
-- operators
print(1 + 2 * 3 - 4 / 2, 2 ^ 3 ^ 2, -2 ^ 2, not nil == true, 1 .. 2 .. 3, "a" .. 1 + 2)
print(7 % 3, -7 % 3, 7 % -3, -7 % -3, 5.5 % 2, -1 % 1, 0 % 5, 5 % math.huge, -5 % math.huge)
print(1 < 2, 1 <= 1, 2 > 1, 2 >= 3, "a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" < "a")
print(1 == 1.0, "1" == 1, nil == false, {} == {}, print == print)
print(1 and 2, nil and 1, false or "x", nil or false, 1 or error("no"), false and error("no"))
print(not 1, not nil, not not 0)
print("10" + 5, "3" * "4", 10 .. "", "0x10" + 0, " 5 " * 2, -"2", "1e1" / 1)
print(#"", #"abc", #{}, #{1, 2, 3}, #{1, nil, 3}, #{nil, nil, 3}, #{n = 1}, #{1, 2, nil}, #{nil}, #{1, nil, 3, nil})
local function truth(x) if x then return "true" else return "false" end end
print(truth(0), truth(""), truth(nil), truth(false), truth({}))
local x = nil
print(x == nil and "nil" or "value", (x or {}).y, x and x.y)
local cond = 5
print(cond > 3 and cond < 10, cond > 3 and "in" or "out", not (cond > 3), (cond == 5) == true)
local z = cond > 3; local y = cond < 3; local w = not (z and y) or y
print(z, y, w)
local m = {f = function(self, v) return self.v + v end, v = 10}
print(m:f(5), m.f(m, 6), m["f"](m, 7), ("x"):rep(3), ("%d"):format(3))
function m.g(a) return a end
function m:h(a) return self.v, a end
m.n = {}; function m.n.deep() return "deep" end; function m.n:method() return self == m.n end
print(m.g(1), m:h(2), m.n.deep(), m.n:method())
print(type(nil), type(1), type("x"), type({}), type(print), type(function() end), type(coroutine.create(function() end)))
do local function f() return 1, 2, 3 end
  local t = {f(), f(), x = f(), [10] = f()}
  print(#t, t[1], t[2], t[3], t[4], t.x, t[10])
  print(f(), (f()))
  print((f()))
  local a, b, c, d = f(); print(a, b, c, d)
  a, b, c, d = 0, f(); print(a, b, c, d)
  local t2 = {f(), nil}; print(#t2)
end
local big = {}
for i = 1, 300 do big[i] = i end
local s = "return {" .. table.concat(big, ",") .. "}"
print(#loadstring(s)(), loadstring(s)()[299])
print(loadstring("return " .. ("("):rep(50) .. "1" .. (")"):rep(50))())
print(loadstring("local a = 1; return function() return a end")()())
do local function f(a, b, c) return c, b, a end print(f(1), f(1, 2), f(1, 2, 3, 4)) end
goto_is_a_name = 1; local goto = 5; print(goto)
