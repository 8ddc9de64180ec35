"""The vector types and their operations, as numba extensions over LLVM's vector instructions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

_intrinsic: Callable[[Any], Any] = intrinsic
_lower: Callable[..., Callable[[Any], Any]] = lower_builtin

LANES = 16
"""Replicas in a vector: one AVX-512 register, two AVX2 ones, four of NEON."""

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_WORDS = ir.VectorType(ir.IntType(32), LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)


class LanesType(types.Type):
    """:data:`LANES` single-precision numbers."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{LANES}")


class WordsType(types.Type):
    """:data:`LANES` unsigned 32-bit words."""

    def __init__(self) -> None:
        super().__init__(name=f"Words{LANES}")


class MaskType(types.Type):
    """:data:`LANES` truth values."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask{LANES}")


lanes = LanesType()
words = WordsType()
mask = MaskType()


def _register(kind: type[types.Type], vector: ir.VectorType) -> None:
    @register_model(kind)
    class _Model(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: types.Type) -> None:
            super().__init__(manager, fe_type, vector)


_register(LanesType, _FLOATS)
_register(WordsType, _WORDS)
_register(MaskType, _BITS)


def _splat(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _as_lanes(context: Any, builder: Any, value: Any, kind: types.Type) -> Any:
    if isinstance(kind, LanesType):
        return value
    return _splat(builder, context.cast(builder, value, kind, types.float32), _FLOATS)


def _as_words(context: Any, builder: Any, value: Any, kind: types.Type) -> Any:
    if isinstance(kind, WordsType):
        return value
    return _splat(builder, context.cast(builder, value, kind, types.uint32), _WORDS)


Emit = Callable[[Any, Any, Any], Any]


def _binary(operation: Any, result: types.Type, widen: Callable[..., Any], emit: Emit) -> None:
    """Teach numba ``operation`` between vectors, and between a vector and a scalar."""

    @infer_global(operation)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 2 or result not in args:
                return None
            if all(arg == result or isinstance(arg, types.Number) for arg in args):
                return signature(result, *args)
            return None

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = [widen(context, builder, a, t) for a, t in zip(args, sig.args, strict=True)]
        return emit(builder, *wide)

    kind = type(result)
    for pair in ((kind, kind), (kind, types.Number), (types.Number, kind)):
        _lower(operation, *pair)(lower)


_binary(operator.add, lanes, _as_lanes, lambda b, x, y: b.fadd(x, y))
_binary(operator.sub, lanes, _as_lanes, lambda b, x, y: b.fsub(x, y))
_binary(operator.mul, lanes, _as_lanes, lambda b, x, y: b.fmul(x, y))
_binary(operator.truediv, lanes, _as_lanes, lambda b, x, y: b.fdiv(x, y))


def _word_operation(name: str) -> Emit:
    return lambda builder, x, y: getattr(builder, name)(x, y)


for _operation, _name in (
    (operator.add, "add"),
    (operator.xor, "xor"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.lshift, "shl"),
    (operator.rshift, "lshr"),
):
    _binary(_operation, words, _as_words, _word_operation(_name))


@infer_global(operator.neg)
class _Negation(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(lanes, lanes) if args == (lanes,) else None


@_lower(operator.neg, LanesType)
def _negate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.fneg(args[0])


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, row: Any, row_type: Any) -> Any:
    """Address of row ``row`` of a C-contiguous (rows, LANES) array."""
    data = context.make_array(array_type)(context, builder, array).data
    index = context.cast(builder, row, row_type, types.intp)
    offset = builder.mul(index, ir.Constant(index.type, LANES))
    return builder.gep(data, [offset])


def _checked(array: Any, dtype: types.Type) -> bool:
    return isinstance(array, types.Array) and array.dtype == dtype and array.ndim == 2 and array.layout == "C"


def _loader(dtype: types.Type, result: types.Type, vector: ir.VectorType) -> Any:
    def load(typing: Any, array: Any, row: Any) -> Any:
        if not _checked(array, dtype):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            place = _pointer(context, builder, sig.args[0], args[0], args[1], sig.args[1])
            place = builder.bitcast(place, vector.as_pointer())
            value = builder.load(place)
            value.align = 4
            return value

        return result(array, row), emit

    return _intrinsic(load)


def _storer(dtype: types.Type, stored: types.Type, vector: ir.VectorType) -> Any:
    def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
        if not _checked(array, dtype) or value != stored:
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            place = _pointer(context, builder, sig.args[0], args[0], args[1], sig.args[1])
            place = builder.bitcast(place, vector.as_pointer())
            builder.store(args[2], place).align = 4
            return context.get_dummy_value()

        return types.void(array, row, value), emit

    return _intrinsic(store)


load = _loader(types.float32, lanes, _FLOATS)
store = _storer(types.float32, lanes, _FLOATS)
load_words = _loader(types.uint32, words, _WORDS)
store_words = _storer(types.uint32, words, _WORDS)


@_intrinsic
def splat(typing: Any, value: Any) -> Any:
    """The same number in every lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _as_lanes(context, builder, args[0], sig.args[0])

    return lanes(value), emit


def _call(name: str, arity: int) -> Any:
    """An LLVM intrinsic on single-precision vectors."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = [_as_lanes(context, builder, a, t) for a, t in zip(args, sig.args, strict=True)]
        kind = ir.FunctionType(_FLOATS, [_FLOATS] * arity)
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
        return builder.call(function, wide)

    if arity == 3:

        def ternary(typing: Any, x: Any, y: Any, z: Any) -> Any:
            return lanes(x, y, z), emit

        return _intrinsic(ternary)

    def unary(typing: Any, x: Any) -> Any:
        return lanes(x), emit

    return _intrinsic(unary)


sqrt = _call("sqrt", 1)
magnitude = _call("fabs", 1)
fused = _call("fma", 3)


def _choice(relation: str) -> Any:
    """x where x is in a relation to y, else y: of equal zeros and of no numbers y, on every processor."""

    def choose(typing: Any, x: Any, y: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            wide = [_as_lanes(context, builder, a, t) for a, t in zip(args, sig.args, strict=True)]
            return builder.select(builder.fcmp_ordered(relation, *wide), *wide)

        return lanes(x, y), emit

    return _intrinsic(choose)


minimum = _choice("<")
maximum = _choice(">")


@_intrinsic
def less(typing: Any, x: Any, y: Any) -> Any:
    """Mask of the lanes in which x < y."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = [_as_lanes(context, builder, a, t) for a, t in zip(args, sig.args, strict=True)]
        return builder.fcmp_ordered("<", *wide)

    return mask(x, y), emit


@_intrinsic
def select(typing: Any, chosen: Any, x: Any, y: Any) -> Any:
    """x in the lanes of the mask, y in the others."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = [_as_lanes(context, builder, a, t) for a, t in zip(args[1:], sig.args[1:], strict=True)]
        return builder.select(args[0], *wide)

    return lanes(chosen, x, y), emit


@_intrinsic
def any_lane(typing: Any, chosen: Any) -> Any:
    """Whether the mask holds in any lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(1), [_BITS])
        name = f"llvm.vector.reduce.or.v{LANES}i1"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)

    return types.boolean(chosen), emit


@_intrinsic
def rotate_left(typing: Any, value: Any, bits: Any) -> Any:
    """Words rotated by a number of bits."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_WORDS, [_WORDS] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fshl.v{LANES}i32")
        return builder.call(function, [args[0], args[0], _as_words(context, builder, args[1], sig.args[1])])

    return words(value, bits), emit


def _cast(instruction: str, source: types.Type, result: types.Type, vector: ir.VectorType) -> Any:
    def cast(typing: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return getattr(builder, instruction)(args[0], vector)

        return (result(value), emit) if value == source else None

    return _intrinsic(cast)


as_words = _cast("bitcast", lanes, words, _WORDS)
as_float = _cast("bitcast", words, lanes, _FLOATS)
convert = _cast("uitofp", words, lanes, _FLOATS)
