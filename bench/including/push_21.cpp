// For bench/compile_time: the same as push_1.cpp with 21 types.

#define TYPES(use)                                                                                                \
    use(0) use(1) use(2) use(3) use(4) use(5) use(6) use(7) use(8) use(9) use(10) use(11) use(12) use(13) use(14) \
        use(15) use(16) use(17) use(18) use(19) use(20)

#include "push_1.cpp"
