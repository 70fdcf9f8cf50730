# The small program of the other files in this folder, with Perl's FFI::Platypus.
use strict;
use warnings;
use FFI::Platypus 2.00;

my $ffi = FFI::Platypus->new(api => 2, lib => $ARGV[0]);

package Options {
  use FFI::Platypus::Record;
  record_layout_1(
    uint64 => 'struct_size', sint32 => 'dtype', sint32 => 'device_type', sint32 => 'device_index',
    sint8 => 'requires_grad', 'string(3)' => 'padding',
  );
}
package Scalar {
  use FFI::Platypus::Record;
  record_layout_1(sint32 => 'dtype', sint32 => 'reserved', double => 'float64', double => 'rest');
}
package main;
$ffi->type('record(Options)' => 'options');
$ffi->type('record(Scalar)' => 'scalar');
$ffi->type('(opaque, opaque)->sint32' => 'hook');

sub attach { $ffi->attach(@_) }
attach(tensor_last_error => [] => 'string');
attach(tensor_options_default => [] => 'options');
attach(tensor_scalar_double => ['double'] => 'scalar');
attach(tensor_ones => ['sint64[2]', 'size_t', 'options*', 'opaque*'] => 'sint32');
attach(tensor_add_scalar => ['opaque', 'scalar', 'opaque*'] => 'sint32');
attach(tensor_mul_scalar => ['opaque', 'scalar', 'opaque*'] => 'sint32');
attach($_ => ['opaque', 'opaque', 'opaque*'] => 'sint32') for qw(tensor_mul tensor_mm);
attach($_ => ['opaque', 'opaque*'] => 'sint32') for qw(tensor_mean tensor_grad);
attach(tensor_item_double => ['opaque', 'double*'] => 'sint32');
attach(tensor_backward => ['opaque'] => 'sint32');
attach(tensor_copy_to => ['opaque', 'float[4]', 'size_t'] => 'sint32');
attach(tensor_register_hook => ['opaque', 'hook', 'opaque', 'opaque', 'opaque'] => 'sint32');

sub check { my ($status) = @_; die tensor_last_error() . "\n" if $status; }

# The one result of an operation.
sub call {
  my ($operation, @arguments) = @_;
  my $out;
  check($operation->(@arguments, \$out));
  return $out;
}

$| = 1;
my $options = tensor_options_default();
$options->requires_grad(1);
my $x = call(\&tensor_ones, [2, 2], 2, $options);
my $y = call(\&tensor_add_scalar, $x, tensor_scalar_double(2));
my $hook = $ffi->closure(sub { print "a gradient came by\n"; return 0; });
check(tensor_register_hook($y, $hook, undef, undef, undef));
my $z = call(\&tensor_mul_scalar, call(\&tensor_mul, $y, $y), tensor_scalar_double(3));
my $mean = call(\&tensor_mean, $z);
my $value = 0.0;
check(tensor_item_double($mean, \$value));
printf "mean %g\n", $value;
check(tensor_backward($mean));
my @elements = (0, 0, 0, 0);
check(tensor_copy_to(call(\&tensor_grad, $x), \@elements, 16));
printf "gradient %g %g %g %g\n", @elements;
eval { call(\&tensor_mm, $x, $mean) };
print "error $@";
