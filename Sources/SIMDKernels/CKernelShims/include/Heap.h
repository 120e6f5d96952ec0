#pragma once

/// Makes large blocks of the heap mappings of their own, which go back to the system when they are freed. By default the
/// first that is freed moves the limit up, and later ones leave holes in the heap. Nothing where the C library has no say.
void idinv_return_large_blocks(void);
