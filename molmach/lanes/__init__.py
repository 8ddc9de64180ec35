"""Explicit vector arithmetic for compiled kernels: one number a lane, one lane a replica.

A numba extension. Vectors of :data:`LANES` single-precision numbers live in the processor's
registers, so a kernel that is written as its equations runs for that many replicas at once,
whatever the compiler's own vectoriser thinks of it. Arithmetic is IEEE single precision with fused
multiply-add and without reordering: a lane's numbers depend neither on its neighbours nor on how
wide the processor's registers are.
"""
