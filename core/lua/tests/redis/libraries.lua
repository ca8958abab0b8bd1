local out = {}
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function show(v) if type(v)=="string" then return '"'..v..'"' elseif type(v)=="table" then local r={} for k,x in pairs(v) do r[#r+1]=tostring(k).."="..show(x) end table.sort(r) return "{"..table.concat(r,",").."}" end return tostring(v) end
local function p(...) local r={} for i=1,select('#',...) do r[i]=show((select(i,...))) end out[#out+1]=table.concat(r," ") end
local function px(...) local r={} for i=1,select('#',...) do local v=(select(i,...)) r[i]=type(v)=="string" and hex(v) or show(v) end out[#out+1]=table.concat(r," ") end
-- cjson
for _, v in ipairs{1, 1.5, 1/3, 1e15, 1e20, -0.1, "a\"b\\c/d\n\t\r\b\f\1\127", {}, {1,2,3}, {1,nil,3}, {a=1}, {[1]=1,[5]=2}, {[1]=1,[20]=2}, {[1.5]=1}, {{}, {{}}}, true, false, {x={y={z=1}}}, "\195\169", 2^53, 123456789012, 0.1} do p(pcall(cjson.encode, v)) end
p(pcall(cjson.encode, {[true]=1})) p(pcall(cjson.encode, function() end)) p(pcall(cjson.encode, {tostring}))
p(pcall(cjson.encode)) p(pcall(cjson.encode, 1, 2)) p(pcall(cjson.encode, 1/0)) p(pcall(cjson.encode, 0/0)) p(pcall(cjson.encode, {1/0}))
p(cjson.encode({1, cjson.null, "x"}), cjson.encode(cjson.null), cjson.encode{1,2,3,nil,5,n=1})
local deep = {} for i=1,1001 do deep={deep} end p(pcall(cjson.encode, deep))
for _, s in ipairs{'1','-1.5e3','"x"','[]','{}','[1,2,[3]]','{"a":1,"b":[true,false,null]}','  [ 1 , 2 ] ','[1,]','{"a"}','{a:1}','{"a":1,}','[1 2]','"abc','"\\u00e9\\ud83d\\ude00"','"\\ud83d"','"\\x"','nul','tru','+1','0x10','inf','-inf','01','1 2','','   ','[','{','{"a":','[1','"\\u12"','"a\nb"','1e400','-','.5','1.','{"a":1 "b":2}','[[[[[1]]]]]','{"1":1,"2":2}','"\\/\\b\\f\\n\\r\\t\\"\\\\"', '}', ']', ':', ',', 'a', '[1}', '{"a":1]', '\239\187\1911'} do p(s, pcall(cjson.decode, s)) end
p(pcall(cjson.decode, "1\0002")) p(pcall(cjson.decode, "\0001")) p(pcall(cjson.decode)) p(pcall(cjson.decode, 12)) p(pcall(cjson.decode, {}))
p(pcall(cjson.decode, ("["):rep(1001))) p(pcall(cjson.decode, ("["):rep(1000))) p(#cjson.encode(cjson.decode(("["):rep(900)..("]"):rep(900))))
p(cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision(), cjson.encode_keep_buffer(), cjson.encode_invalid_numbers(), cjson.decode_invalid_numbers(), cjson.encode_sparse_array())
p(cjson.encode_number_precision(3), cjson.encode(math.pi), cjson.encode(1e10), cjson.encode_number_precision(14))
p(cjson.encode_invalid_numbers(true), cjson.encode(1/0), cjson.encode(0/0), cjson.encode_invalid_numbers("null"), cjson.encode{1/0,0/0}, cjson.encode_invalid_numbers(false))
p(cjson.decode_invalid_numbers(false)) for _, s in ipairs{'0x10','inf','nan','-inf','01','-0x1','+1','1.5','-nan', 'Infinity', '-'} do p(pcall(cjson.decode, s)) end p(cjson.decode_invalid_numbers(true))
p(cjson.encode_sparse_array(true, 2, 10)) p(cjson.encode({[100]=1})) p(cjson.encode_sparse_array(false,0,0)) p(#cjson.encode({[100]=1})) p(cjson.encode_sparse_array(false,2,10))
p(pcall(cjson.encode_max_depth, 0)) p(pcall(cjson.encode_number_precision, 15)) p(pcall(cjson.encode_invalid_numbers, "x")) p(pcall(cjson.encode_max_depth, 1, 2)) p(pcall(cjson.encode_keep_buffer, "off")) p(cjson.encode_keep_buffer(true)) p(pcall(cjson.encode_keep_buffer, "null"))
p(cjson.encode_max_depth(2), pcall(cjson.encode, {{{}}})) p(cjson.encode_max_depth(1000))
local c2 = cjson.new() p(c2.encode_number_precision(2), c2.encode(math.pi), cjson.encode(math.pi), c2._NAME, c2._VERSION)
local big = {} for i=1,50 do big["key"..i]=i end p(cjson.encode(big))
local mixed = {1,2,3,x=1,y=2,[10]=5,[-1]=6,[2.5]=7} p(cjson.encode(mixed))
-- cmsgpack
for _, v in ipairs{0,1,127,128,255,256,65535,65536,2^32-1,2^32,2^53,2^63,-1,-32,-33,-128,-129,-32768,-32769,-2^31,-2^31-1,-2^63,1.5,0.1,1/0,-1/0,1e300,"",("x"):rep(31),("x"):rep(32),true,false,{},{1,2},{a=1},{1,nil,3},{[2]=1},{[0]=1},{{{}}}, {[1.5]=1}} do local s = cmsgpack.pack(v) px(s) p(cmsgpack.unpack(s)) end
px(#cmsgpack.pack(("x"):rep(255)), #cmsgpack.pack(("x"):rep(256)), #cmsgpack.pack(("x"):rep(65535)), #cmsgpack.pack(("x"):rep(65536)))
local t = {} for i=1,20 do t[i]=i end px(cmsgpack.pack(t)) local m = {} for i=1,20 do m["k"..i]=i end px(cmsgpack.pack(m)) for i=1,70000 do t[i]=1 end p(#cmsgpack.pack(t))
local n = {} for i=1,20 do n={n} end px(cmsgpack.pack(n)) px(cmsgpack.pack(1,"a",nil,{1})) px(cmsgpack.pack(cjson.null))
p(pcall(cmsgpack.pack)) p(pcall(cmsgpack.unpack)) p(pcall(cmsgpack.unpack, {}))
for _, s in ipairs{"\193","\146\1","\217","\217\5ab","\196\1a","\129\192\1","\147\1\2","\220\0","\221\255\255\255\255","\223\255\255\255\255","\202\0","\207\255\255\255\255\255\255\255\255","\211\255\255\255\255\255\255\255\255","\208\128","\1\2\3","", "\219\255\255\255\255a", "\129\203\127\248\0\0\0\0\0\0\1"} do p(pcall(cmsgpack.unpack, s)) end
p(cmsgpack.unpack_one("\1\2\3")) p(cmsgpack.unpack_one("\1\2\3", 2)) p(cmsgpack.unpack_one("\1")) p(cmsgpack.unpack_limit("\1\2\3", 2)) p(cmsgpack.unpack_limit("\1\2\3", 2, 1)) p(cmsgpack.unpack_limit("\1\2\3", 0, 1)) p(cmsgpack.unpack_limit("\1\2\3", 0, 0)) p(pcall(cmsgpack.unpack_limit, "\1\2\3", -1)) p(pcall(cmsgpack.unpack_one, "\1", 5)) p(pcall(cmsgpack.unpack_one, "\1", -1)) p(cmsgpack.unpack_one("\1", 1)) p(pcall(cmsgpack.unpack_limit, "\1"))
p(pcall(cmsgpack.unpack, ("\145"):rep(100).."\1"))
-- struct
for _, a in ipairs{{">I2I4bhl",1,2,3,4,5},{"<i4",-2},{"s","hello"},{"c0","hello"},{"c3","hello"},{"Bd",1,1.5},{"!4bi4",1,2},{"i",1},{">d",1.5},{">f",1.5},{"i9",-1},{"i16",300},{"I1",300},{"b",-200},{"bx!8d",1,2},{"i4 i4",1,2},{"!2bi4",1,2},{"T",7},{"H",65537},{"L",2^63},{"l",-2^63},{"!bi3",1,2},{"!bi6",1,2},{"i0",1},{"I8",2^64}} do p(a[1]) px(pcall(struct.pack, unpack(a))) local ok, s = pcall(struct.pack, unpack(a)) if ok then p(pcall(struct.unpack, a[1], s)) end p(pcall(struct.size, a[1])) end
for _, a in ipairs{{"i4","ab"},{"y","ab"},{"s","hello"},{"bc0","\3abc"},{"c0","abc"},{"i4","abcdefgh",3},{"i4","abcdefgh",0},{"i4","abcdefgh",6},{"c9","abc"},{"bc0","\9abc"},{"b","\255"},{"B","\255"},{">i3","\255\255\254"},{"i99","a"},{"sb","ab\0\1"},{"!4bxi4","\1\0\0\0\2\0\0\0"},{"i4"},{}, {"", ""}, {"i99999999999","a"}, {"bbc0","\1\2ab"}} do p(pcall(struct.unpack, unpack(a))) end
p(pcall(struct.pack, "i4", "x")) p(pcall(struct.pack, "i4")) p(pcall(struct.pack)) p(pcall(struct.pack, "!3i", 1)) p(pcall(struct.pack, "i33", 1)) p(pcall(struct.pack,"c6","abc")) p(pcall(struct.size)) p(pcall(struct.size,"c0")) p(struct.size("!8bd")) p(struct.size("!bi4c3h"))
-- bit
p(bit.tobit(2^32+5), bit.tobit(-1), bit.tobit(2^31), bit.tobit(1.5), bit.tobit(2.5), bit.bnot(0), bit.band(0xff,0x0f,7), bit.bor(1,2,4), bit.bxor(5,3), bit.lshift(1,31), bit.lshift(1,32), bit.rshift(-1,28), bit.arshift(-256,4), bit.rol(0x12345678,8), bit.ror(0x12345678,8), bit.bswap(0x12345678), bit.tohex(255), bit.tohex(255,4), bit.tohex(255,-4), bit.tohex(-1,20), bit.tohex(1,0), bit.tobit("7"), bit.tobit(1e100), bit.tobit(0xffffffff), bit.tohex(0xabcdef, -8), bit.bor(2^40, 1))
p(pcall(bit.band)) p(pcall(bit.band, "x")) p(bit.tobit(-2^31-1), bit.tobit(2^52), bit.tobit(2^51+0.5))
-- random
math.randomseed(0) p(math.random(), math.random(10), math.random(5,9), math.random()) math.randomseed(12345) p(math.random(), math.random(1000000)) math.randomseed(-7) p(math.random()) p(pcall(math.random, 0)) p(pcall(math.random, 2, 1)) p(pcall(math.random,1,2,3))
-- pairs order
local o = {} for _, w in ipairs{"alpha","beta","gamma","delta","id","name","value","timestamp","jobId","data","opts","delay","priority","x","y","z","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} do o[w]=#w end local r = {} for k in pairs(o) do r[#r+1]=k end p(table.concat(r, ",")) o.gamma=nil o.new1=1 o.new2=2 r={} for k in pairs(o) do r[#r+1]=k end p(table.concat(r, ","))
local o = {} for i=1,30 do o[i*i]=i o[i/4]=i end r={} for k in pairs(o) do r[#r+1]=k end p(table.concat(r, ","))
return table.concat(out, "\n")
