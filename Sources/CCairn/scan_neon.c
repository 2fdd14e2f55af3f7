// Anchors in NEON: 8 streams.
#if defined(__aarch64__)
#include "scan_kernels.h"

#include <arm_neon.h>
#include <string.h>

#define NAME cairn_anchors_neon
#define TARGET
#define VECTOR uint16x8_t
#define LANES 1
#define REST cairn_anchors_scalar
#define COLUMNS columns_neon
#define STEP step_neon

#define BYTES(v) vreinterpretq_u8_u16(v)
#define WORDS(v) vreinterpretq_u16_u8(v)
#define LOAD_ROW(p, n) WORDS(vld1q_u8(p))
#define BROADCAST128(p) LOAD_ROW(p, 0)
#define SET16(x) vdupq_n_u16((uint16_t)(x))
#define ADD16(x, y) vaddq_u16(x, y)
#define XOR(x, y) veorq_u16(x, y)
#define SHIFT_RIGHT16(x, n) vshrq_n_u16(x, n)
#define UNPACK_LOW16(x, y) vzip1q_u16(x, y)
#define UNPACK_HIGH16(x, y) vzip2q_u16(x, y)
#define LOOK_UP(a, b, v)                                                                  \
    a = WORDS(vqtbl1q_u8(BYTES(lower), vandq_u8(BYTES(v), vdupq_n_u8(15)))),              \
    b = WORDS(vqtbl1q_u8(BYTES(upper), vshrq_n_u8(BYTES(v), 4)))
#define LOWER_BYTES(a, b) vandq_u16(veorq_u16(a, b), SET16(0xff))
#define MARK(marks, hash, wanted, bit)                                                    \
    marks = vorrq_u16(                                                                    \
        marks, vandq_u16(SET16(bit), vceqzq_u16(vandq_u16(hash, wanted))))
#define STORE_ROW(p, n, v) vst1q_u8(p, BYTES(v))

#include "scan_streams.inc"
#endif
