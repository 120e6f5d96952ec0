// One-line vector operations that inline into Swift. Clang's vectors import as SIMD16 and friends. Operators in C keep
// long straight-line code in whole registers, where Swift's generic SIMD operators may come apart into lanes.
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
#endif

typedef float idv_f32x16 __attribute__((ext_vector_type(16)));
typedef float idv_f32x4 __attribute__((ext_vector_type(4)));
typedef int8_t idv_i8x16 __attribute__((ext_vector_type(16)));

#define IDV_INLINE static inline __attribute__((always_inline, unused))

IDV_INLINE idv_f32x16 idv_add(idv_f32x16 a, idv_f32x16 b) { return a + b; }
IDV_INLINE idv_f32x16 idv_mul(idv_f32x16 a, idv_f32x16 b) { return a * b; }
/// a · b + c: fused where the tier has an instruction for it, otherwise rounded twice (never a library call).
IDV_INLINE idv_f32x16 idv_fma(idv_f32x16 a, idv_f32x16 b, idv_f32x16 c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}
#if defined(__aarch64__)
/// a · b[lane] + c, fused: one instruction where `lane` is a constant.
IDV_INLINE idv_f32x4 idv_fma_lane(idv_f32x4 a, idv_f32x4 b, int lane, idv_f32x4 c) {
  return __builtin_elementwise_fma(a, (idv_f32x4)(b[lane]), c);
}
/// Lane by lane x > 0 ? a : b.
IDV_INLINE idv_f32x4 idv_where_positive4(idv_f32x4 x, idv_f32x4 a, idv_f32x4 b) { return x > 0 ? a : b; }
#endif
#if defined(__aarch64__)
// One instruction each; of a number and what is none, the number. Comparison and choice would be two.
IDV_INLINE idv_f32x16 idv_max(idv_f32x16 a, idv_f32x16 b) { return __builtin_elementwise_max(a, b); }
IDV_INLINE idv_f32x16 idv_min(idv_f32x16 a, idv_f32x16 b) { return __builtin_elementwise_min(a, b); }
#else
// One instruction each; of a number and what is none, the second.
IDV_INLINE idv_f32x16 idv_max(idv_f32x16 a, idv_f32x16 b) { return a > b ? a : b; }
IDV_INLINE idv_f32x16 idv_min(idv_f32x16 a, idv_f32x16 b) { return a < b ? a : b; }
#endif
/// Lane by lane x > 0 ? a : b.
IDV_INLINE idv_f32x16 idv_where_positive(idv_f32x16 x, idv_f32x16 a, idv_f32x16 b) { return x > 0 ? a : b; }
/// Lane by lane x == y ? a : b.
IDV_INLINE idv_f32x16 idv_where_equal(idv_f32x16 x, idv_f32x16 y, idv_f32x16 a, idv_f32x16 b) { return x == y ? a : b; }

// The same on as many floats as one register holds: for what keeps many vectors at hand. On narrow tiers, sixteen floats
// take two or four registers each, and a dozen of them would be stored and loaded again and again.
#if defined(__AVX512F__)
#define IDV_REGISTER_FLOATS 16
#elif defined(__AVX2__)
#define IDV_REGISTER_FLOATS 8
#else
#define IDV_REGISTER_FLOATS 4
#endif
typedef float idv_register __attribute__((ext_vector_type(IDV_REGISTER_FLOATS)));

IDV_INLINE idv_register idv_add_r(idv_register a, idv_register b) { return a + b; }
IDV_INLINE idv_register idv_sub_r(idv_register a, idv_register b) { return a - b; }
IDV_INLINE idv_register idv_mul_r(idv_register a, idv_register b) { return a * b; }
IDV_INLINE idv_register idv_fma_r(idv_register a, idv_register b, idv_register c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}
/// Lane by lane x > 0 ? x : slope · x.
IDV_INLINE idv_register idv_leaky_relu_r(idv_register x, idv_register slope) { return x > 0 ? x : x * slope; }

typedef int32_t idv_i32x16 __attribute__((ext_vector_type(16)));
/// Lane by lane the larger of a, itself a magnitude, and |b|; not a number where either is not. Floats without a sign are
/// ordered as their bits are, with infinity and what is not a number above the others.
IDV_INLINE idv_f32x16 idv_larger_magnitude(idv_f32x16 a, idv_f32x16 b) {
  return (idv_f32x16)__builtin_elementwise_max((idv_i32x16)a, (idv_i32x16)b & 0x7fffffff);
}
/// The largest of sixteen magnitudes, in the same order.
IDV_INLINE float idv_largest_magnitude(idv_f32x16 v) {
#if defined(__AVX512F__)
  const int32_t bits = _mm512_reduce_max_epi32((__m512i)v);
#else
  const int32_t bits = __builtin_reduce_max((idv_i32x16)v);
#endif
  float largest;
  memcpy(&largest, &bits, sizeof largest);
  return largest;
}

/// The largest of each of four rows of sixteen magnitudes, in the same order. Rows are compared lane by lane while they are
/// turned, so that four take a third of what one by one they would.
IDV_INLINE idv_f32x4 idv_largest_magnitudes(idv_f32x16 a, idv_f32x16 b, idv_f32x16 c, idv_f32x16 d) {
  typedef int32_t i32x8 __attribute__((ext_vector_type(8)));
  typedef int32_t i32x4 __attribute__((ext_vector_type(4)));
#define IDV_LARGER(x, y) __builtin_elementwise_max(x, y)
#define IDV_INTERLEAVE_32(x, y, l, h) \
  __builtin_shufflevector((idv_i32x16)x, (idv_i32x16)y, l, 16 + l, h, 16 + h, 4 + l, 20 + l, 4 + h, 20 + h, 8 + l, \
    24 + l, 8 + h, 24 + h, 12 + l, 28 + l, 12 + h, 28 + h)
#define IDV_INTERLEAVE_64(x, y, l) \
  __builtin_shufflevector(x, y, l, 1 + l, 16 + l, 17 + l, 4 + l, 5 + l, 20 + l, 21 + l, 8 + l, 9 + l, 24 + l, 25 + l, \
    12 + l, 13 + l, 28 + l, 29 + l)
  const idv_i32x16 ab = IDV_LARGER(IDV_INTERLEAVE_32(a, b, 0, 1), IDV_INTERLEAVE_32(a, b, 2, 3));
  const idv_i32x16 cd = IDV_LARGER(IDV_INTERLEAVE_32(c, d, 0, 1), IDV_INTERLEAVE_32(c, d, 2, 3));
  const idv_i32x16 all = IDV_LARGER(IDV_INTERLEAVE_64(ab, cd, 0), IDV_INTERLEAVE_64(ab, cd, 2));
  const i32x8 half = IDV_LARGER((i32x8)all.lo, (i32x8)all.hi);
  return (idv_f32x4)IDV_LARGER((i32x4)half.lo, (i32x4)half.hi);
#undef IDV_LARGER
#undef IDV_INTERLEAVE_32
#undef IDV_INTERLEAVE_64
}
/// Lane by lane x > limit ? a : 0.
IDV_INLINE idv_f32x4 idv_where_above4(idv_f32x4 x, float limit, idv_f32x4 a) { return x > limit ? a : 0; }

/// Sixteen bytes, at any address: offset + the nearest integers, ties to even, from -127 to 127.
IDV_INLINE void idv_quantize(uint8_t *_Nonnull to, idv_f32x16 v, uint8_t offset) {
  // 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
  const idv_f32x16 most = 127;
  v = v > -most ? v : -most;
  v = v < most ? v : most;
  const idv_i32x16 shifted = (idv_i32x16)(v + 12582912.0f);
  const idv_i8x16 codes = __builtin_convertvector(shifted, idv_i8x16) + (idv_i8x16)(int8_t)offset;
  memcpy(to, &codes, sizeof codes);
}

#if defined(__AVX512VNNI__)
IDV_INLINE idv_i32x16 idv_spread_i32(int32_t value) { return (idv_i32x16)_mm512_set1_epi32(value); }
/// Lane by lane sums + a.low · b.low + a.high · b.high, the halves of 32 bits taken as int16.
IDV_INLINE idv_i32x16 idv_dot_pairs(idv_i32x16 sums, idv_i32x16 a, idv_i32x16 b) {
  return (idv_i32x16)_mm512_dpwssd_epi32((__m512i)sums, (__m512i)a, (__m512i)b);
}
IDV_INLINE idv_f32x16 idv_floats_from_i32(idv_i32x16 v) { return __builtin_convertvector(v, idv_f32x16); }
/// Lane by lane sums + the four products of a's bytes, unsigned, and b's, signed.
IDV_INLINE idv_i32x16 idv_dot_bytes(idv_i32x16 sums, idv_i32x16 a, idv_i32x16 b) {
  return (idv_i32x16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)a, (__m512i)b);
}
/// Sixteen int16, at any address, from floats: rounded to the nearest, ties to even; out of range to the nearest int16.
IDV_INLINE void idv_narrow(uint16_t *_Nonnull to, idv_f32x16 v) {
  _mm256_storeu_si256((__m256i *)to, _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32((__m512)v)));
}
/// The same of two vectors, one behind the other.
IDV_INLINE void idv_narrow_two(uint16_t *_Nonnull to, idv_f32x16 v, idv_f32x16 w) {
  // Packing takes turns between the two in quarters of registers.
  const __m512i packed = _mm512_packs_epi32(_mm512_cvtps_epi32((__m512)v), _mm512_cvtps_epi32((__m512)w));
  const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi64(order, packed));
}
/// Sixteen pairs of int16 side by side, low first, rounded alike; they must be in range.
IDV_INLINE idv_i32x16 idv_pair_words(idv_f32x16 low, idv_f32x16 high) {
  const idv_i32x16 a = (idv_i32x16)_mm512_cvtps_epi32((__m512)low);
  const idv_i32x16 b = (idv_i32x16)_mm512_cvtps_epi32((__m512)high);
  return (a & 0xffff) | (b << 16);
}
/// A matrix of 16 × 16 int16, pairs of rows side by side, the other way round: [c / 2][o][c % 2] becomes [o / 2][c][o % 2].
/// Strides of pairs of rows.
IDV_INLINE void idv_transpose_pairs(
    uint16_t *_Nonnull to, long to_stride, const uint16_t *_Nonnull from, long stride) {
  // Of two neighboring columns the words of each channel side by side: eight bytes that stay together from here on.
  const __m512i together = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  __m512i row[8], half[8], quarter[8];
  for (int i = 0; i < 8; ++i) row[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(from + i * stride), together);
  for (int i = 0; i < 8; i += 2) {
    half[i] = _mm512_unpacklo_epi64(row[i], row[i + 1]);
    half[i + 1] = _mm512_unpackhi_epi64(row[i], row[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int k = 0; k < 2; ++k) {
      quarter[i + k] = _mm512_shuffle_i64x2(half[i + k], half[i + k + 2], 0x88);
      quarter[i + k + 2] = _mm512_shuffle_i64x2(half[i + k], half[i + k + 2], 0xdd);
    }
  }
  for (int k = 0; k < 4; ++k) {
    _mm512_storeu_si512(to + k * to_stride, _mm512_shuffle_i64x2(quarter[k], quarter[k + 4], 0x88));
    _mm512_storeu_si512(to + (k + 4) * to_stride, _mm512_shuffle_i64x2(quarter[k], quarter[k + 4], 0xdd));
  }
}
#endif

#if defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
typedef uint16_t idv_u16x8 __attribute__((ext_vector_type(8)));
typedef float idv_f32x8 __attribute__((ext_vector_type(8)));
typedef _Float16 idv_f16x8 __attribute__((ext_vector_type(8)));

/// a · b[lane] + c of halves, as bits, fused: one instruction where `lane` is a constant.
IDV_INLINE idv_u16x8 idv_fma_lane_f16(idv_u16x8 a, idv_u16x8 b, int lane, idv_u16x8 c) {
  return (idv_u16x8)__builtin_elementwise_fma((idv_f16x8)a, (idv_f16x8)(((idv_f16x8)b)[lane]), (idv_f16x8)c);
}
/// Eight floats, at any address, from halves.
IDV_INLINE void idv_store_f16(float *_Nonnull to, idv_u16x8 v) {
  idv_f32x8 wide = __builtin_convertvector((idv_f16x8)v, idv_f32x8);
  memcpy(to, &wide, sizeof wide);
}
/// The same, added to what is there.
IDV_INLINE void idv_accumulate_f16(float *_Nonnull to, idv_u16x8 v) {
  idv_f32x8 sum;
  memcpy(&sum, to, sizeof sum);
  sum += __builtin_convertvector((idv_f16x8)v, idv_f32x8);
  memcpy(to, &sum, sizeof sum);
}
/// Sixteen halves, at any address, from floats.
IDV_INLINE void idv_narrow(uint16_t *_Nonnull to, idv_f32x16 v) {
  typedef _Float16 half16 __attribute__((ext_vector_type(16)));
  half16 narrow = __builtin_convertvector(v, half16);
  memcpy(to, &narrow, sizeof narrow);
}
/// The same of two vectors, one behind the other.
IDV_INLINE void idv_narrow_two(uint16_t *_Nonnull to, idv_f32x16 v, idv_f32x16 w) {
  idv_narrow(to, v);
  idv_narrow(to + 16, w);
}
#endif

#if defined(__ARM_FEATURE_DOTPROD)
typedef int32_t idv_i32x4 __attribute__((ext_vector_type(4)));
/// Lane by lane sums + the four products of a's bytes and those of b[lane], all signed: one instruction where `lane` is a
/// constant.
IDV_INLINE idv_i32x4 idv_dot_lane(idv_i32x4 sums, idv_i32x4 a, idv_i32x4 b, int lane) {
  return (idv_i32x4)vdotq_s32((int32x4_t)sums, (int8x16_t)a, (int8x16_t)(idv_i32x4)(b[lane]));
}
/// Sixteen int32, at any address, as floats.
IDV_INLINE idv_f32x16 idv_floats_from_i32_at(const void *_Nonnull p) {
  idv_i32x16 v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, idv_f32x16);
}
#endif

#if defined(__ARM_FEATURE_MATMUL_INT8)
/// Of two rows of eight bytes a and two of b, all signed: sums[2i + j] + a[i] · b[j], in one instruction.
IDV_INLINE idv_i32x4 idv_dot_matrix(idv_i32x4 sums, idv_i32x4 a, idv_i32x4 b) {
  return (idv_i32x4)vmmlaq_s32((int32x4_t)sums, (int8x16_t)a, (int8x16_t)b);
}
/// The low halves of both, side by side, and the high ones.
IDV_INLINE idv_i32x4 idv_low_halves(idv_i32x4 a, idv_i32x4 b) { return __builtin_shufflevector(a, b, 0, 1, 4, 5); }
IDV_INLINE idv_i32x4 idv_high_halves(idv_i32x4 a, idv_i32x4 b) { return __builtin_shufflevector(a, b, 2, 3, 6, 7); }
/// What is read from memory from here on is read then: not before, and not kept from before.
IDV_INLINE void idv_load_again(void) { __asm__ volatile("" ::: "memory"); }
#endif

/// The same value, unknown to the compiler: a loop up to it is not unrolled. (Of a whole tap's products the compiler
/// hoists all broadcasts, and spills them.)
IDV_INLINE intptr_t idv_unknown(intptr_t value) {
  __asm__("" : "+r"(value));
  return value;
}

IDV_INLINE void idv_prefetch(const void *_Nonnull p) { __builtin_prefetch(p, 0, 2); }

/// memcpy that inlines into Swift without a generic in between.
IDV_INLINE void idv_copy(void *_Nonnull to, const void *_Nonnull from, intptr_t bytes) {
  memcpy(to, from, (size_t)bytes);
}

/// Sixteen int8, at any address, as floats.
IDV_INLINE idv_f32x16 idv_load_i8(const void *_Nonnull p) {
  idv_i8x16 v;
  memcpy(&v, p, 16);
#if defined(__aarch64__)
  // Width by width and half by half: converted at once, each quarter is shifted up and down again.
  typedef int8_t i8x8 __attribute__((ext_vector_type(8)));
  typedef int16_t i16x8 __attribute__((ext_vector_type(8)));
  const i16x8 low = __builtin_convertvector((i8x8)v.lo, i16x8), high = __builtin_convertvector((i8x8)v.hi, i16x8);
  idv_f32x16 r;
  r.lo.lo = __builtin_convertvector(low.lo, idv_f32x4);
  r.lo.hi = __builtin_convertvector(low.hi, idv_f32x4);
  r.hi.lo = __builtin_convertvector(high.lo, idv_f32x4);
  r.hi.hi = __builtin_convertvector(high.hi, idv_f32x4);
  return r;
#else
  return __builtin_convertvector(v, idv_f32x16);
#endif
}

/// Sixteen IEEE halves, at any address, as floats.
IDV_INLINE idv_f32x16 idv_load_f16(const void *_Nonnull p) {
#if defined(__AVX512F__)
  return (idv_f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__)
  union { __m256 half[2]; idv_f32x16 all; } u;
  u.half[0] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  u.half[1] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1));
  return u.all;
#elif defined(__aarch64__)
  typedef __fp16 half16 __attribute__((ext_vector_type(16)));
  half16 v;
  memcpy(&v, p, 32);
  return __builtin_convertvector(v, idv_f32x16);
#else
  // Exponent rebiased by one multiplication, which also normalizes subnormals; infinities and NaN put back by hand.
  idv_f32x16 r;
  const unsigned char *bytes = (const unsigned char *)p;
  for (int i = 0; i < 16; i++) {
    uint16_t h;
    memcpy(&h, bytes + 2 * i, 2);
    uint32_t bits = (uint32_t)(h & 0x7fff) << 13;
    float f;
    memcpy(&f, &bits, 4);
    f *= 0x1p112f;
    memcpy(&bits, &f, 4);
    if ((h & 0x7c00) == 0x7c00) bits |= 0x7f800000;
    bits |= (uint32_t)(h & 0x8000) << 16;
    memcpy(&f, &bits, 4);
    r[i] = f;
  }
  return r;
#endif
}

// One stage of a 16×16 transposition: rows i and i + d exchange the lanes where they differ in bit d.
#define IDV_LANE_A(l, d) (((l) & (d)) == 0 ? (l) : 16 + (l) - (d))
#define IDV_LANE_B(l, d) (((l) & (d)) == 0 ? (l) + (d) : 16 + (l))
#define IDV_LANES(F, d) \
  F(0, d), F(1, d), F(2, d), F(3, d), F(4, d), F(5, d), F(6, d), F(7, d), F(8, d), F(9, d), F(10, d), F(11, d), \
      F(12, d), F(13, d), F(14, d), F(15, d)
#define IDV_STAGE(r, d) \
  _Pragma("unroll") for (int i = 0; i < 16; i++) if ((i & (d)) == 0) { \
    idv_f32x16 a = r[i], b = r[i + (d)]; \
    r[i] = __builtin_shufflevector(a, b, IDV_LANES(IDV_LANE_A, d)); \
    r[i + (d)] = __builtin_shufflevector(a, b, IDV_LANES(IDV_LANE_B, d)); \
  }

/// to[j][i] = factor · from[i][j], 16×16 floats, rows `stride` floats apart.
IDV_INLINE void idv_transpose16(
    float *_Nonnull to, intptr_t to_stride, const float *_Nonnull from, intptr_t from_stride, float factor) {
  idv_f32x16 r[16];
  _Pragma("unroll") for (int i = 0; i < 16; i++) {
    memcpy(&r[i], from + i * from_stride, sizeof r[i]);
    r[i] = r[i] * factor;
  }
  IDV_STAGE(r, 8)
  IDV_STAGE(r, 4)
  IDV_STAGE(r, 2)
  IDV_STAGE(r, 1)
  _Pragma("unroll") for (int i = 0; i < 16; i++) memcpy(to + i * to_stride, &r[i], sizeof r[i]);
}

// Sums of rows i and i + d over the lanes where they differ in bit d, side by side: a stage of a transposition, added up. 8, 4, 2 and
// 1, one after the other, add as `horizontalSum` does.
#define IDV_FOLD(a, b, d) \
  (__builtin_shufflevector(a, b, IDV_LANES(IDV_LANE_A, d)) + __builtin_shufflevector(a, b, IDV_LANES(IDV_LANE_B, d)))
IDV_INLINE idv_f32x16 idv_fold8(idv_f32x16 a, idv_f32x16 b) { return IDV_FOLD(a, b, 8); }
IDV_INLINE idv_f32x16 idv_fold4(idv_f32x16 a, idv_f32x16 b) { return IDV_FOLD(a, b, 4); }
IDV_INLINE idv_f32x16 idv_fold2(idv_f32x16 a, idv_f32x16 b) { return IDV_FOLD(a, b, 2); }
IDV_INLINE idv_f32x16 idv_fold1(idv_f32x16 a, idv_f32x16 b) { return IDV_FOLD(a, b, 1); }

/// Lanes i, 8 + i and 4 + i; then 12 + i. One instruction where i is a constant.
IDV_INLINE idv_f32x16 idv_spread(idv_f32x16 v, int i) {
#define IDV_SPREAD(i) \
  __builtin_shufflevector(v, v, i, 8 + i, 4 + i, 12 + i, 12 + i, 12 + i, 12 + i, 12 + i, 12 + i, 12 + i, 12 + i, 12 + i, \
      12 + i, 12 + i, 12 + i, 12 + i)
  return i == 0 ? IDV_SPREAD(0) : i == 1 ? IDV_SPREAD(1) : i == 2 ? IDV_SPREAD(2) : IDV_SPREAD(3);
#undef IDV_SPREAD
}
