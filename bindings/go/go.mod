module libtensor

go 1.19
