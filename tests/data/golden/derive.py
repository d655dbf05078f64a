#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Vectors of the published EdgeBERT hardware model, derived again from its description.

This is an independent statement, in plain integers, of what the published blocks
compute, their defects included.  It shares no code with the device core.

    derive.py DIR          write the vector files into DIR
    derive.py --check DIR  recompute every vector file found in DIR and compare
"""
import csv
import os
import random
import sys


# ---- Words -----------------------------------------------------------------------------

def int16(value):
    return ((value + 0x8000) & 0xFFFF) - 0x8000


def truncate(numerator, denominator):
    """Division toward zero."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def multiply(a, b):
    return int16((a * b) >> 10)


# ---- AdaptivFloat<8,3> -----------------------------------------------------------------

def mantissa(code):
    if code & 0x7F == 0:
        return 0
    magnitude = (16 + (code & 15)) << (code >> 4 & 7)
    return -magnitude if code & 0x80 else magnitude


def value(code, bias):
    return mantissa(code) * 2.0 ** (bias - 14)


def decode(code, bias):
    magnitude = (abs(mantissa(code)) << bias) >> 4
    return -magnitude if code & 0x80 else magnitude


def encode(word, fraction_bits, bias):
    """As published: a negative overflow gives 0x7f, a flushed -2^(bias-10) gives 0x80."""
    if word == 0:
        return 0
    exponent = abs(word).bit_length() - 1
    if exponent > 4:
        step = 1 << (exponent - 4)
        rounded = abs((2 * word + step) // (2 * step))
        if rounded == 32:
            rounded, exponent = 16, exponent + 1
    else:
        rounded = abs(word) << (4 - exponent)
    field = exponent - fraction_bits - bias + 10
    if field < 0:
        return 0
    if field > 7:
        return 0x7F
    return (0x80 if word < 0 else 0) | field << 4 | (rounded - 16)


# ---- Elementary functions --------------------------------------------------------------

def exp(word):
    """Unsigned 16-bit pattern, 10 fraction bits."""
    slope, start = (194, 230, 273, 325), (1022, 1216, 1446, 1719)
    power = (word * 23637) >> 13
    whole, fraction = power >> 11, power & 2047
    line = slope[fraction >> 9] * (fraction & 511) + (start[fraction >> 9] << 9)
    shift = whole - 9
    return (line << shift if shift >= 0 else line >> -shift) & 0xFFFF


def normalise(word):
    length = word.bit_length()
    return word << (16 - length), length - 10


def ln(word):
    slope = (348, 310, 281, 256, 236, 218, 204, 191)
    start = (-2045, -1697, -1387, -1105, -849, -612, -394, -190)
    if word == 0:
        return -32768
    leading, exponent = normalise(word)
    distance = (leading - 32768) >> 1
    line = slope[distance >> 11] * (distance & 2047) + (start[distance >> 11] << 11)
    return int16(((line + (exponent << 22)) * 2839) >> 24)


def inverse_sqrt(word):
    slope = (-331, -279, -240, -210, -185, -165, -148, -134)
    start = (5789, 5458, 5178, 4938, 4728, 4543, 4378, 4229)
    if word == 0:
        return -1
    leading, exponent = normalise(word)
    distance = leading - 32768
    line = slope[distance >> 12] * (distance & 4095) + (start[distance >> 12] << 12)
    if exponent & 1:
        line = (line * 2896) >> 12
    return int16(line >> (14 + (exponent >> 1)))


# ---- Units -----------------------------------------------------------------------------

def product(a, b):
    return int16(mantissa(a) * mantissa(b))


def post(accumulator, config):
    word = accumulator >> config["right_shift"]
    if config["is_bias"]:
        word = int16(word + config["weight_bias"])
    if config["is_relu"] and word < 0:
        word = 0
    return encode(max(word, -32767), 12, config["adf_bias"])


def tile_sums(rows0, rows1):
    """Per k tile of 16: sums of in0[j] * in1[i], index 16 * i + j."""
    depth = len(rows0[0])
    for first in range(0, depth, 16):
        yield [int16(sum(mantissa(rows0[j][k]) * mantissa(rows1[i][k])
                         for k in range(first, first + 16)))
               for i in range(16) for j in range(16)]


def softmax(codes, span, bias, span_bias):
    words = [decode(code, bias) for code in codes]
    greatest = max([-32767] + words)
    total = sum(exp(int16(word - greatest)) for word in words) & 0xFFFF
    shift = int16(greatest + ln(total))
    return [encode(multiply(int16(exp(int16(word - shift))), decode(code, span_bias)), 10, bias)
            for word, code in zip(words, span)]


def layernorm(codes, gamma, beta, biases):
    words = [decode(code, biases[0]) for code in codes]
    count, total, squares = len(words), 0, 0
    for first in range(0, count, 16):
        vector = words[first:first + 16]
        total += int16(sum(vector))
        squares += int16(sum(multiply(word, word) for word in vector))
    mean = truncate(total, count)
    square = mean * mean & 0x1FFFF
    square = (square - 0x20000 if square & 0x10000 else square) >> 10
    variance = int16(truncate(squares, count) - square)
    inverse = inverse_sqrt(variance & 0xFFFF)
    result = []
    for word, scale, shift in zip(words, gamma, beta):
        normal = multiply(int16(word - mean), inverse)
        normal = multiply(normal, decode(scale, biases[1]))
        result.append(encode(int16(normal + decode(shift, biases[2])), 10, biases[0]))
    return result


def entropy(codes, bias):
    words = [decode(code, bias) for code in codes]
    greatest = max([-32767] + words)
    exponentials = [exp(int16(word - greatest)) for word in words]
    total = int16(sum(exponentials))
    weighted = int16(sum(multiply(word, int16(e)) for word, e in zip(words, exponentials)))
    return int16(ln(total & 0xFFFF) + greatest - truncate(weighted * 1024, total))


# ---- Files: each yields header and rows of text ----------------------------------------

def text(codes):
    return bytes(codes).hex()


def random_codes(source, count, least=0, most=255, zeros=0.0):
    return [0 if source.random() < zeros else source.randint(least, most)
            for _ in range(count)]


def row_of_exponents(source, count, low, high):
    """Codes of either sign with exponents low..high."""
    return [source.randint(0, 1) << 7 | source.randint(low, high) << 4 | source.randint(0, 15)
            for _ in range(count)]


def file_decode(_):
    yield ["code", "bias", "value", "fixed_q6_10"]
    for code in list(range(0, 256, 5)) + [127, 128, 129, 254]:
        for bias in range(8):
            yield [code, bias, repr(value(code, bias)), decode(code, bias)]


def file_intervals(fraction_bits):
    def rows(_):
        yield ["bias", "lo", "hi", "code"]
        for bias in (0, 2, 4, 5, 7):
            low, code = -32768, encode(-32768, fraction_bits, bias)
            for word in range(-32767, 32769):
                now = encode(word, fraction_bits, bias) if word < 32768 else None
                if now != code:
                    yield [bias, low, word - 1, code]
                    low, code = word, now
    return rows


def file_grid(source):
    yield ["frac_bits", "int16", "real"] + ["b%d" % bias for bias in range(8)]
    for bits in (10, 12):
        for word in sorted(source.randint(-32768, 32767) for _ in range(150)):
            yield [bits, word, "%.10g" % (word / (1 << bits))] + [
                encode(word, bits, bias) for bias in range(8)]


def file_products(_):
    for a in range(0, 128, 2):
        yield [product(a, b) for b in range(128)]


def file_exp(source):
    yield ["in_q6_10", "out_uq6_10", "out_as_int16"]
    for word in sorted(set(range(-8000, 4300, 41)) |
                       {source.randint(-32768, 32767) for _ in range(200)}):
        yield [word, exp(word), int16(exp(word))]


def file_unsigned(function):
    def rows(source):
        yield ["in_uq6_10", "out_int16"]
        for word in sorted(set(range(0, 3000, 7)) | {1 << bit for bit in range(16)} |
                           {source.randint(0, 65535) for _ in range(300)}):
            yield [word, function(word)]
    return rows


def file_multiply(source):
    yield ["a", "b", "out"]
    for _ in range(300):
        limit = source.choice((100, 3000, 32767))
        a, b = source.randint(-limit, limit), source.randint(-limit, limit)
        yield [a, b, multiply(a, b)]


def post_config(source):
    return {"is_relu": source.randint(0, 1), "is_bias": source.randint(0, 1),
            "weight_bias": source.randint(-128, 127), "adf_bias": source.randint(1, 5),
            "right_shift": source.choice((0, 0, 1, 2, 4, 6))}


CONFIG = ["is_relu", "is_bias", "weight_bias", "adf_bias", "right_shift"]


def file_post(source):
    yield ["acc_int16"] + CONFIG + ["code"]
    for _ in range(12):
        config = post_config(source)
        for _ in range(40):
            accumulator = source.randint(-32768, 32767)
            yield [accumulator] + [config[name] for name in CONFIG] + [post(accumulator, config)]


def tile_operands(source, kind, depth):
    make = {
        "small": lambda: row_of_exponents(source, depth, 0, 2),
        "sparse": lambda: random_codes(source, depth, zeros=0.8),
        "full": lambda: random_codes(source, depth),
        "largest": lambda: [0x7F] * depth,
        "zeros": lambda: [0x80 if source.random() < 0.3 else source.randint(0, 63)
                          for _ in range(depth)],
    }[kind]
    return [make() for _ in range(16)]


def tile_cases(source, depth):
    for case, kind in enumerate(("small", "sparse", "full", "largest", "zeros"), 1):
        rows0, rows1 = tile_operands(source, kind, depth), tile_operands(source, kind, depth)
        yield case, post_config(source), rows0, rows1


def file_tile(depth):
    def rows(source):
        yield ["case", "M"] + CONFIG + ["cycles", "in0_hex", "in1_hex", "out_hex"]
        for case, config, rows0, rows1 in tile_cases(source, depth):
            sums = [int16(sum(tiles)) for tiles in zip(*tile_sums(rows0, rows1))]
            yield [case, depth] + [config[name] for name in CONFIG] + [
                19 + 33 * depth // 16, text(sum(rows0, [])), text(sum(rows1, [])),
                text(post(total, config) for total in sums)]
    return rows


def file_tile_sums(depth):
    def rows(source):
        yield ["case", "psum_int16_row_major_16x16"]
        for case, _, rows0, rows1 in tile_cases(source, depth):
            yield [case] + [word for tile in tile_sums(rows0, rows1) for word in tile]
    return rows


def span_codes(source, length):
    one = 0x60
    kind = source.randint(0, 2)
    if kind == 0:
        return [one] * length
    if kind == 1:
        return [one if i < length * 3 // 4 else 0 for i in range(length)]
    return [encode(1024 - 1024 * i // length, 10, 4) for i in range(length)]


def file_softmax(source):
    yield ["case", "len", "rows", "act_bias", "span_bias", "cycles", "in_hex", "span_hex",
           "out_hex"]
    for case in range(24):
        length, bias = source.choice((16, 32, 64, 128)), source.randint(0, 7)
        codes = random_codes(source, length)
        if case % 6 == 5:
            codes = [source.choice((0x10, 0x11))] * length
        span = span_codes(source, length)
        yield [case, length, 1, bias, 4, 13 * length // 16 + 3, text(codes), text(span),
               text(softmax(codes, span, bias, 4))]


def file_layernorm(source):
    yield ["case", "len", "rows", "act_bias", "gamma_bias", "beta_bias", "base_gamma",
           "base_beta", "cycles", "in_hex", "aux_hex", "out_hex"]
    for case in range(20):
        length, bias = source.choice((16, 32, 64, 128)), source.choice((3, 4, 5))
        codes = row_of_exponents(source, length, 0, source.choice((4, 6, 7)))
        gamma, beta = row_of_exponents(source, length, 4, 6), row_of_exponents(source, length, 3, 5)
        gamma = [code & 0x7F for code in gamma]
        yield [case, length, 1, bias, 4, 3, 0, length, 13 * length // 16 + 4, text(codes),
               text(gamma + beta), text(layernorm(codes, gamma, beta, (bias, 4, 3)))]


def file_add(source):
    yield ["case", "vectors", "bias1", "bias2", "bias_out", "cycles", "in1_hex", "in2_hex",
           "out_hex"]
    for case in range(24):
        vectors, biases = source.randint(1, 4), [source.randint(0, 7) for _ in range(3)]
        a, b = random_codes(source, 16 * vectors), random_codes(source, 16 * vectors)
        out = [encode(int16(decode(x, biases[0]) + decode(y, biases[1])), 10, biases[2])
               for x, y in zip(a, b)]
        yield [case, vectors] + biases + [8 * vectors + 3, text(a), text(b), text(out)]


def file_entropy(source):
    yield ["case", "classes", "pad_code", "act_bias", "threshold", "entropy_q6_10", "status",
           "cycles", "exact_entropy_of_classes", "in_hex"]
    for case in range(60):
        classes, bias = source.choice((2, 3, 16)), source.choice((5, 6, 7))
        codes = row_of_exponents(source, classes, 0, source.choice((3, 5, 7)))
        codes += [255] * (16 - classes)
        result, threshold = entropy(codes, bias), source.randint(0, 900)
        yield [case, classes, 255, bias, threshold, result, 3 if result <= threshold else 2, 10,
               "", text(codes)]


FILES = {
    "adf_decode.csv": file_decode,
    "adf_encode_q6_10_intervals.csv": file_intervals(10),
    "adf_encode_q4_12_intervals.csv": file_intervals(12),
    "adf_encode_grid.csv": file_grid,
    "adf_mul_int16.csv": file_products,
    "pwl_exp.csv": file_exp,
    "pwl_ln.csv": file_unsigned(ln),
    "pwl_invsqrt.csv": file_unsigned(inverse_sqrt),
    "emul_q6_10.csv": file_multiply,
    "accum_post.csv": file_post,
    "matmul_tile_M16.csv": file_tile(16),
    "matmul_tile_psum_M16.csv": file_tile_sums(16),
    "matmul_tile_M64.csv": file_tile(64),
    "matmul_tile_psum_M64.csv": file_tile_sums(64),
    "softmax_patched.csv": file_softmax,
    "layernorm_patched.csv": file_layernorm,
    "elemadd.csv": file_add,
    "entropy_patched.csv": file_entropy,
}


def seed_of(name):
    """The sums of a tile file belong to the operands of its partner."""
    return name.replace("_psum", "")


def generate(folder):
    for name, rows in FILES.items():
        with open(os.path.join(folder, name), "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows(random.Random(seed_of(name))))


# ---- Checking files from elsewhere -----------------------------------------------------

def codes_of(row, column):
    return list(bytes.fromhex(row[column]))


def config_of(row):
    return {name: int(row[name]) for name in CONFIG}


def recompute_tile(row):
    depth, in0, in1 = int(row["M"]), codes_of(row, "in0_hex"), codes_of(row, "in1_hex")
    split = lambda codes: [codes[r * depth:(r + 1) * depth] for r in range(16)]
    sums = [int16(sum(tiles)) for tiles in zip(*tile_sums(split(in0), split(in1)))]
    return text(post(total, config_of(row)) for total in sums) == row["out_hex"]


def recompute_softmax(row):
    length, result = int(row["len"]), []
    codes, span = codes_of(row, "in_hex"), codes_of(row, "span_hex")
    for first in range(0, len(codes), length):
        result += softmax(codes[first:first + length], span, int(row["act_bias"]),
                          int(row["span_bias"]))
    return text(result) == row["out_hex"]


def recompute_layernorm(row):
    length, result = int(row["len"]), []
    codes, aux = codes_of(row, "in_hex"), codes_of(row, "aux_hex")
    gamma, beta = int(row["base_gamma"]), int(row["base_beta"])
    biases = [int(row[name]) for name in ("act_bias", "gamma_bias", "beta_bias")]
    for first in range(0, len(codes), length):
        result += layernorm(codes[first:first + length], aux[gamma:gamma + length],
                            aux[beta:beta + length], biases)
    return text(result) == row["out_hex"]


def recompute_add(row):
    biases = [int(row[name]) for name in ("bias1", "bias2", "bias_out")]
    return text(encode(int16(decode(a, biases[0]) + decode(b, biases[1])), 10, biases[2])
                for a, b in zip(codes_of(row, "in1_hex"), codes_of(row, "in2_hex"))) \
        == row["out_hex"]


def recompute_interval(bits):
    return lambda row: all(encode(word, bits, int(row["bias"])) == int(row["code"])
                           for word in range(int(row["lo"]), int(row["hi"]) + 1))


RECOMPUTE = {
    "adf_decode.csv": lambda row: decode(int(row["code"]), int(row["bias"])) ==
    int(row["fixed_q6_10"]),
    "adf_encode_q6_10_intervals.csv": recompute_interval(10),
    "adf_encode_q4_12_intervals.csv": recompute_interval(12),
    "adf_encode_grid.csv": lambda row: all(
        encode(int(row["int16"]), int(row["frac_bits"]), bias) == int(row["b%d" % bias])
        for bias in range(8)),
    "pwl_exp.csv": lambda row: exp(int(row["in_q6_10"])) == int(row["out_uq6_10"]),
    "pwl_ln.csv": lambda row: ln(int(row["in_uq6_10"])) == int(row["out_int16"]),
    "pwl_invsqrt.csv": lambda row: inverse_sqrt(int(row["in_uq6_10"])) == int(row["out_int16"]),
    "emul_q6_10.csv": lambda row: multiply(int(row["a"]), int(row["b"])) == int(row["out"]),
    "accum_post.csv": lambda row: post(int(row["acc_int16"]), config_of(row)) == int(row["code"]),
    "softmax_patched.csv": recompute_softmax,
    "layernorm_patched.csv": recompute_layernorm,
    "elemadd.csv": recompute_add,
    "entropy_patched.csv": lambda row: entropy(codes_of(row, "in_hex"), int(row["act_bias"])) ==
    int(row["entropy_q6_10"]),
    "matmul_tile_M16.csv": recompute_tile,
    "matmul_tile_M64.csv": recompute_tile,
    "matmul_tile_M128.csv": recompute_tile,
}


def check(folder):
    failures = 0
    for name, matches in RECOMPUTE.items():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            continue
        with open(path, newline="") as file:
            results = [matches(row) for row in csv.DictReader(file)]
        failures += results.count(False)
        print("%-34s %5d of %5d agree" % (name, results.count(True), len(results)))
    return failures


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        sys.exit(1 if check(sys.argv[2]) else 0)
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    generate(sys.argv[1])


if __name__ == "__main__":
    main()
