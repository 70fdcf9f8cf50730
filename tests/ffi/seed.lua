-- The small program of the other files in this folder, with LuaJIT's ffi: luajit seed.lua LIBRARY CDEF
local ffi = require("ffi")
local file = assert(io.open(arg[2]))
ffi.cdef(file:read("*a"))
file:close()
local tensor = ffi.load(arg[1])

local function check(status)
  if status ~= 0 then
    error(ffi.string(tensor.tensor_last_error()), 0)
  end
end

-- The one result of an operation.
local function call(operation, ...)
  local out = ffi.new("tensor_t*[1]")
  local arguments = {...}
  arguments[#arguments + 1] = out
  check(operation(unpack(arguments)))
  return out[0]
end

local options = tensor.tensor_options_default()
options.requires_grad = true
local x = call(tensor.tensor_ones, ffi.new("int64_t[2]", 2, 2), 2, options)
local y = call(tensor.tensor_add_scalar, x, tensor.tensor_scalar_double(2))
local hook = ffi.cast("tensor_status_t (*)(void*, tensor_t**)", function()
  print("a gradient came by")
  return 0
end)
check(tensor.tensor_register_hook(y, hook, nil, nil, nil))
local z = call(tensor.tensor_mul_scalar, call(tensor.tensor_mul, y, y), tensor.tensor_scalar_double(3))
local mean = call(tensor.tensor_mean, z)
local value = ffi.new("double[1]")
check(tensor.tensor_item_double(mean, value))
print(string.format("mean %g", value[0]))
check(tensor.tensor_backward(mean))
local elements = ffi.new("float[4]")
check(tensor.tensor_copy_to(call(tensor.tensor_grad, x), elements, 16))
print(string.format("gradient %g %g %g %g", elements[0], elements[1], elements[2], elements[3]))
local ok, message = pcall(call, tensor.tensor_mm, x, mean)
print("error " .. message)
